import { FAMILY } from '../../wire/netlink/netfilter.ts';
import { messageOf } from '../../wire/nftables/batch.ts';
import { putSet, takeSet, type SetMessage } from '../../wire/nftables/set.ts';
import type { NftChannel } from './nft-channel.ts';
import { shapeOf, type SetShape } from './nft-element-codec.ts';

/** The sets of a table of family inet, as the kernel has them. */
export function readSets(channel: NftChannel, table: string): readonly SetMessage[] {
  const request = { name: 'getSet', family: FAMILY.inet, flags: 0 } as const;
  const body = messageOf({ ...request, body: (writer) => putSet(writer, { table }) });
  return channel
    .dump(body, `the sets of ${table}`)
    .map((message) => takeSet(message.body))
    .filter((set) => set.table === table);
}

/**
 * What elements of a table's sets look like. Read once: a set keeps its types for life, and only a new ruleset makes
 * it anew.
 */
export class NftShapes {
  readonly #channel: NftChannel;
  readonly #table: string;
  #known: ReadonlyMap<string, SetShape> = new Map();

  constructor(channel: NftChannel, table: string) {
    this.#channel = channel;
    this.#table = table;
  }

  /** Undefined for a set that is not there, or whose types are none of ours. */
  of(name: string): SetShape | undefined {
    if (!this.#known.has(name)) this.all();
    return this.#known.get(name);
  }

  /** Reads them again. */
  all(): readonly SetShape[] {
    const shapes = readSets(this.#channel, this.#table).flatMap((set) => shapeOf(set) ?? []);
    this.#known = new Map(shapes.map((shape) => [shape.name, shape]));
    return shapes;
  }

  /** The sets may have been made anew: read them before their next use. */
  forget(): void {
    this.#known = new Map();
  }
}
