import type { Item } from '../../core/datapath/plan.ts';
import type { Ensured, Kernel, KernelChange, Remaining } from './kernel.ts';

/** The items that live in nftables. */
export type NftItem = Extract<Item, { readonly kind: 'ruleset' | 'element' | 'forward-accept' }>;

export function isNftItem(item: Item): item is NftItem {
  return item.kind === 'ruleset' || item.kind === 'element' || item.kind === 'forward-accept';
}

/**
 * nftables and connection tracking of the host's namespace, as LinuxKernel uses them. Synchronous: a transaction takes
 * microseconds, and so an ADD has no gap in which another one could come between its items.
 */
export interface NftDoor {
  /**
   * Makes items exist, in order, as `Kernel.ensure` promises. Neighbouring elements should go as one transaction.
   * `fresh`: most probably none of the elements is there, so that nothing need be looked at before.
   */
  ensure(items: readonly NftItem[], fresh?: boolean): Ensured;
  /** Makes items not exist, as `Kernel.remove` promises. */
  remove(items: readonly NftItem[]): readonly Remaining[];
  /**
   * Those of the given items that exist, and what else is in the places they speak of and differs: a ruleset with its
   * real tag.
   */
  observe(items: readonly NftItem[]): readonly NftItem[];
  /** All elements of our table, its ruleset, and the accept rules that bear our mark. */
  inventory(): readonly NftItem[];
  /** The one that takes long, and so does not hold the caller. */
  forgetFlows(flows: Parameters<Kernel['forgetFlows']>[0]): Promise<void>;
  /** Looks anew at what `observe` tells of these items from memory: the legacy FORWARD chain. */
  refresh(items: readonly NftItem[]): Promise<void>;
  /** Tells of changes that others made to our table or to a forward chain we have rules in. */
  watch(listener: (change: KernelChange) => void): () => void;
  close(): void;
}
