import type { Millis } from '../../base/clock.ts';
import { type Address, contains, type Family, type Prefix } from '../../base/ip.ts';
import { byNumber, byText, type Compare, SortedMap } from '../../base/sorted-map.ts';
import type { AttachmentId } from '../attachment.ts';
import { type Cloud, type CloudPolicy, cloudTick, emptyCloud } from './cloud.ts';
import type { Range } from './event.ts';
import type { Holdable, NicId, NicWish } from './nic.ts';
import type { Run } from './ranges.ts';

/** What the operator decides; fixed for the life of a pool. */
export interface PoolPolicy {
  readonly cooldownMs: Millis; //    between a DEL and the next ADD of one address
  readonly waitingLimit: number; // ADDs that may wait at once
  readonly cloud?: CloudPolicy; //  addresses come from NICs; absent: from ranges alone
}

/**
 * What the pool knows of an address that was ever given or adopted. One without a slot is fresh: nobody ever had it.
 * `idle` is cooling until `freeAt` and free from then on; 0 when it never reached the wire. `promised` is idle too,
 * but kept for an ADD that waits for it.
 */
export type Slot =
  | { readonly state: 'idle'; readonly freeAt: Millis }
  | { readonly state: 'promised'; readonly to: AttachmentId; readonly freeAt: Millis }
  | { readonly state: 'claimed'; readonly by: AttachmentId };

/** An address that nobody holds, and since (or from) when it is free. */
export interface Rest {
  readonly address: Address;
  readonly freeAt: Millis;
}

/** Longest free first; equal times in the order of their text, so that a run repeats. */
export const byFreeAt: Compare<Rest> = (a, b) => byNumber(a.freeAt, b.freeAt) || byText(a.address, b.address);

/** The idle addresses of a block. The values say nothing. */
export type Rests = SortedMap<Rest, true>;

/**
 * A range that addresses are given from, and what is known of its usable addresses. Of a NIC: a prefix of it, or all of
 * its single addresses, whose range is then their subnet.
 */
export interface Block {
  readonly range: Range;
  readonly nic: NicId | undefined;
  readonly stays: boolean; //             nobody can give it back: a range of the node, or the node's own NIC
  readonly family: Family;
  readonly runs: readonly Run[]; //       its usable addresses
  readonly usable: bigint; //             how many they are
  readonly fresh: bigint | undefined; // the least one without a slot; undefined when each has one
  readonly idle: Rests;
  readonly promised: number;
  readonly claimed: number;
}

/** An ADD that waits: until the addresses promised to it have cooled, or for what the cloud gives. */
export interface Waiting extends NicWish {
  readonly by: AttachmentId;
  readonly families: readonly Family[];
  readonly wanted: readonly Address[];
  readonly since: Millis;
  readonly until: Millis;
  readonly promised: readonly Rest[]; // empty: it waits for the cloud
  readonly keeper?: AttachmentId; //     of the claim
}

/** A value. Two claims never share an address, since an address has one slot. */
export interface Pool {
  readonly policy: PoolPolicy;
  readonly blocks: readonly Block[]; //   none holds an address of another
  readonly slots: SortedMap<Address, Slot>;
  readonly claims: SortedMap<AttachmentId, readonly Address[]>; // IPv4 first; of keepers too, while no pod has them
  readonly keepers: SortedMap<AttachmentId, AttachmentId>; //      of attachments whose addresses are kept afterwards
  readonly waiting: readonly Waiting[]; // oldest first
  readonly cloud: Cloud | undefined;
  //              idle addresses of no block: kept until they have cooled, should their range come back
  readonly strays: Rests;
}

/** No ranges, no claims. Every claim is refused until the ranges are known. */
export function emptyPool(policy: PoolPolicy): Pool {
  return {
    policy,
    blocks: [],
    slots: SortedMap.empty<Address, Slot>(byText),
    claims: SortedMap.empty<AttachmentId, readonly Address[]>(byText),
    keepers: SortedMap.empty<AttachmentId, AttachmentId>(byText),
    waiting: [],
    cloud: policy.cloud === undefined ? undefined : emptyCloud(policy.cloud),
    strays: SortedMap.empty(byFreeAt),
  };
}

/** The addresses an attachment holds, IPv4 first, or undefined. */
export function claimOf(pool: Pool, by: AttachmentId): readonly Address[] | undefined {
  return pool.claims.get(by);
}

/** Who holds an address, or undefined. Whom it is only promised to does not hold it. */
export function holderOf(pool: Pool, address: Address): AttachmentId | undefined {
  const slot = pool.slots.get(address);
  return slot?.state === 'claimed' ? slot.by : undefined;
}

/** The addresses of one family, counted: usable = free + claimed + cooling. */
export interface Census {
  readonly family: Family;
  readonly usable: bigint;
  readonly free: bigint;
  readonly claimed: number;
  readonly cooling: number; // those promised included
  readonly promised: number;
}

/** What the ranges of each family hold now. Claims outside of the ranges are not counted. */
export function census(pool: Pool, now: Millis): readonly Census[] {
  const families = (['v4', 'v6'] as const).filter((family) => pool.blocks.some((block) => block.family === family));
  return families.map((family) => censusOf(pool, family, now));
}

/** The same of one family; zeros when it has no range. */
export function censusOf(pool: Pool, family: Family, now: Millis): Census {
  const blocks = pool.blocks.filter((block) => block.family === family);
  const sum = (count: (block: Block) => number) => blocks.reduce((all, block) => all + count(block), 0);
  const usable = blocks.reduce((all, block) => all + block.usable, 0n);
  const claimed = sum((block) => block.claimed);
  const promised = sum((block) => block.promised);
  const cooling = promised + sum((block) => block.idle.size - freeIn(block, now));
  return { family, usable, free: usable - BigInt(claimed + cooling), claimed, cooling, promised };
}

/** Whether an ADD that wants one address of the family would have it at once. */
export function freeNow(pool: Pool, family: Family, now: Millis): boolean {
  return censusOf(pool, family, now).free > 0n;
}

/** How many used addresses of a block are free again. */
export function freeIn(block: Block, now: Millis): number {
  return block.idle.countBefore({ freeAt: now, address: '\uffff' as Address }); // behind every address of that time
}

/**
 * When the pool next wants a tick: an ADD that waits can have its addresses, which is before its patience ends, or has
 * waited for the cloud for too long; or there is something to ask of the cloud. Undefined: never.
 */
export function nextTick(pool: Pool): Millis | undefined {
  let next = pool.cloud === undefined ? Number.POSITIVE_INFINITY : cloudTick(pool.cloud);
  for (const { promised, until } of pool.waiting)
    next = Math.min(next, promised.length === 0 ? until : readyAt(promised));
  return next === Number.POSITIVE_INFINITY ? undefined : next;
}

/** When the last of some addresses is free; of none: never. */
export function readyAt(rests: readonly Rest[]): Millis {
  return rests.length === 0 ? Number.POSITIVE_INFINITY : Math.max(...rests.map(({ freeAt }) => freeAt));
}

/** What of a NIC, besides its own addresses, an address is reached by: itself, or the prefix in which it lies. */
export function heldAs(pool: Pool, address: Address): { readonly nic: NicId; readonly what: Holdable } | undefined {
  for (const { report, holds } of pool.cloud?.nics ?? []) {
    if (holds.has(address)) return { nic: report.id, what: address };
    for (const it of holds.keys())
      if (it.includes('/') && contains(it as Prefix, address)) return { nic: report.id, what: it };
  }
  return undefined;
}

/** The NIC whose own an address is; undefined: none of ours. */
export function ownerOf(pool: Pool, address: Address): NicId | undefined {
  return pool.cloud?.nics.find(({ report }) => report.primary.includes(address))?.report.id;
}

/** The NIC through which an address is reached, also while nothing is given from it; undefined: none of ours. */
export function nicOf(pool: Pool, address: Address): NicId | undefined {
  return ownerOf(pool, address) ?? heldAs(pool, address)?.nic;
}
