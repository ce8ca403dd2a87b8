import { TABLE_NAME } from '../../core/datapath/numbers.ts';
import type { Item } from '../../core/datapath/plan.ts';
import type { Logger } from '../../base/log.ts';
import { forgetFlows } from './conntrack.ts';
import { KernelError, type Ensured, type Kernel, type KernelChange, type Remaining } from './kernel.ts';
import type { Netns } from './netns.ts';
import { NftChannel } from './nft-channel.ts';
import type { NftDoor, NftItem } from './nft-door.ts';
import { NftElements } from './nft-elements.ts';
import type { ElementItem } from './nft-element-codec.ts';
import { NftForward, type ForwardItem } from './nft-forward.ts';
import { LegacyForward } from './nft-legacy.ts';
import { NftRuleset, type RulesetItem } from './nft-ruleset.ts';
import { NftWatch } from './nft-watch.ts';

export interface NftOptions {
  readonly log: Logger;
  /** The namespace to work in; without, that of the calling thread. It must stay open as long as the door. */
  readonly netns?: Netns;
}

/**
 * Opens nftables and connection tracking of a namespace. Throws KernelError, kind `unsupported` when the kernel has
 * none.
 */
export function openNft(options: NftOptions): NftDoor {
  return new NftKernel(options);
}

class NftKernel implements NftDoor {
  readonly #options: NftOptions;
  readonly #channel: NftChannel;
  readonly #elements: NftElements;
  readonly #ruleset: NftRuleset;
  readonly #forward: NftForward;
  readonly #legacy: LegacyForward;
  readonly #watches = new Set<NftWatch>();

  constructor(options: NftOptions) {
    this.#options = options;
    this.#channel = new NftChannel(options.netns);
    this.#elements = new NftElements(this.#channel, TABLE_NAME);
    this.#ruleset = new NftRuleset(this.#channel);
    this.#forward = new NftForward(this.#channel);
    this.#legacy = new LegacyForward(options.netns);
  }

  ensure(items: readonly NftItem[], fresh = false): Ensured {
    const made: Item[] = [];
    for (const run of runsOf(items)) {
      const done = this.#ensureRun(run, fresh);
      made.push(...done.made);
      if (done.failure !== undefined) return { made, failure: done.failure };
    }
    return { made };
  }

  remove(items: readonly NftItem[]): readonly Remaining[] {
    return runsOf(items).flatMap((run) => this.#removeRun(run));
  }

  observe(items: readonly NftItem[]): readonly NftItem[] {
    return runsOf(items).flatMap((run): readonly NftItem[] => {
      if (run.kind === 'element') return this.#elements.observe(run.items);
      if (run.kind === 'ruleset') return this.#ruleset.observe(run.item);
      return this.#forward.stands(run.item) && !this.#legacy.drops(run.item) ? [run.item] : [];
    });
  }

  inventory(): readonly NftItem[] {
    return [...this.#ruleset.inventory(TABLE_NAME), ...this.#elements.all(), ...this.#forward.inventory()];
  }

  forgetFlows(flows: Parameters<Kernel['forgetFlows']>[0]): Promise<void> {
    return forgetFlows(flows, this.#options.netns);
  }

  refresh(items: readonly NftItem[]): Promise<void> {
    return this.#legacy.look(items.filter((item) => item.kind === 'forward-accept'));
  }

  watch(listener: (change: KernelChange) => void): () => void {
    const { netns } = this.#options;
    const watch = new NftWatch({
      table: TABLE_NAME,
      ownPort: this.#channel.port,
      tell: listener,
      ...(netns === undefined ? {} : { netns }),
    });
    this.#watches.add(watch);
    return () => {
      this.#watches.delete(watch);
      watch.close();
    };
  }

  close(): void {
    for (const watch of this.#watches) watch.close();
    this.#watches.clear();
    this.#channel.close();
  }

  #ensureRun(run: Run, fresh: boolean): Ensured {
    try {
      if (run.kind === 'element') return this.#elements.ensure(run.items, fresh);
      if (run.kind === 'forward-accept') return this.#ensureForward(run.item);
      this.#elements.forgetShapes();
      return this.#ruleset.ensure(run.item);
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      return { made: [], failure: { item: run.item, error } };
    }
  }

  #ensureForward(item: ForwardItem): Ensured {
    const legacy = this.#legacy.accept(item);
    if (typeof legacy === 'object')
      this.#options.log.warn('legacy-forward-unclear', { range: item.range, reason: legacy.unclear });
    return this.#forward.ensure(item);
  }

  #removeRun(run: Run): readonly Remaining[] {
    try {
      if (run.kind === 'element') return this.#elements.remove(run.items);
      if (run.kind === 'ruleset') return this.#ruleset.remove(run.item);
      this.#legacy.remove(run.item);
      return this.#forward.remove(run.item);
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      const items = run.kind === 'element' ? run.items : [run.item];
      return items.map((item) => ({ item, error }));
    }
  }
}

/** What is done at once: neighbouring elements, as one transaction (`item` is the first of them), or one other item. */
type Run =
  | { readonly kind: 'element'; readonly item: ElementItem; readonly items: readonly ElementItem[] }
  | { readonly kind: 'ruleset'; readonly item: RulesetItem }
  | { readonly kind: 'forward-accept'; readonly item: ForwardItem };

function runsOf(items: readonly NftItem[]): readonly Run[] {
  const runs: Run[] = [];
  let elements: ElementItem[] | undefined; // of the last run
  for (const item of items) {
    if (item.kind === 'element' && elements !== undefined) {
      elements.push(item);
      continue;
    }
    elements = item.kind === 'element' ? [item] : undefined;
    if (item.kind === 'ruleset') runs.push({ kind: 'ruleset', item });
    else if (item.kind === 'forward-accept') runs.push({ kind: 'forward-accept', item });
    else runs.push({ kind: 'element', item, items: elements ?? [] });
  }
  return runs;
}
