import { show } from '../../core/datapath/plan.ts';
import { FLAG } from '../../wire/netlink/header.ts';
import { FAMILY } from '../../wire/netlink/netfilter.ts';
import { messageOf, type Operation } from '../../wire/nftables/batch.ts';
import { putElements, takeElements, type ElementMessage } from '../../wire/nftables/element.ts';
import { KernelError } from './kernel.ts';
import type { NftChannel } from './nft-channel.ts';
import { decodeElements, encodeElement, type ElementItem, type SetShape } from './nft-element-codec.ts';
import { NftRanges } from './nft-ranges.ts';
import { NftShapes } from './nft-shapes.ts';

/** An item as its set takes it. */
export interface Ready {
  readonly item: ElementItem;
  readonly shape: SetShape;
  readonly elements: readonly ElementMessage[];
}

/** Interval sets, and what they hold. */
export type Ranges = ReadonlyMap<SetShape, NftRanges>;

/** What there is in the sets of a table, and how items are spelled for them. */
export class ElementReading {
  readonly #channel: NftChannel;
  readonly #table: string;
  readonly #shapes: NftShapes;

  constructor(channel: NftChannel, table: string) {
    this.#channel = channel;
    this.#table = table;
    this.#shapes = new NftShapes(channel, table);
  }

  /** The sets may be made anew: look at them again before their next use. */
  forgetShapes(): void {
    this.#shapes.forget();
  }

  /** An item in the form of its set, or why there is none. */
  ready(item: ElementItem): Ready | KernelError {
    const shape = this.#shapes.of(item.set);
    if (shape === undefined)
      return new KernelError('absent', `cannot make ${show(item)}: ${this.#table} has no such set`);
    try {
      return { item, shape, elements: encodeElement(shape, item) };
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      return new KernelError('invalid', `cannot make ${show(item)}: ${error.message}`, { cause: error });
    }
  }

  /** Items in the form of their set; those that no set can have are left out, for they cannot exist. */
  known(items: readonly ElementItem[]): readonly Ready[] {
    return items.flatMap((item) => {
      const it = this.ready(item);
      return it instanceof KernelError ? [] : [it];
    });
  }

  /** What the interval sets of these items hold now. */
  ranges(ready: readonly Ready[]): Ranges {
    const shapes = new Set(ready.map(({ shape }) => shape).filter(({ interval }) => interval));
    return new Map([...shapes].map((shape) => [shape, new NftRanges(shape, this.#dump(shape))]));
  }

  /**
   * For each item what stands in its place: itself, its key with other data, ranges that overlap it; of ranges as they
   * were looked at.
   */
  standing(ready: readonly Ready[], ranges = this.ranges(ready)): readonly (readonly ElementItem[])[] {
    const single = ready.filter(({ shape }) => !shape.interval);
    const questions = single.map(({ shape, elements }) => this.operation('getElement', shape, elements));
    const answers = this.#channel.ask(questions, `elements of ${this.#table}`);
    const found = new Map(single.map((it, i) => [it, answers[i]]));
    return ready.map((it) => {
      const { shape, item } = it;
      if (shape.interval) return ranges.get(shape)?.meeting(item) ?? [];
      const answer = found.get(it);
      return answer === undefined ? [] : decodeElements(shape, takeElements(answer.body).elements ?? []);
    });
  }

  /** Every element of every set whose types we know. */
  all(): readonly ElementItem[] {
    return this.#shapes.all().flatMap((shape) => this.#dump(shape));
  }

  /** Making fails when the key is there; asking and deleting go by the key alone. */
  operation(name: 'newElement' | 'delElement' | 'getElement', shape: SetShape, elements: Ready['elements']): Operation {
    const make = name === 'newElement';
    const spelled = make ? elements : elements.map(keyAlone);
    const message = { table: this.#table, set: shape.name, ...(spelled.length === 0 ? {} : { elements: spelled }) };
    const flags = make ? FLAG.CREATE | FLAG.EXCL : 0;
    return { name, family: FAMILY.inet, flags, body: (writer) => putElements(writer, message) };
  }

  #dump(shape: SetShape): readonly ElementItem[] {
    const request = messageOf(this.operation('getElement', shape, []));
    const messages = this.#channel.dump(request, `the elements of ${shape.name}`);
    return decodeElements(
      shape,
      messages.flatMap((message) => takeElements(message.body).elements ?? []),
    );
  }
}

function keyAlone({ key, flags }: ElementMessage): ElementMessage {
  return { ...(key === undefined ? {} : { key }), ...(flags === undefined ? {} : { flags }) };
}
