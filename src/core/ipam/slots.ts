import type { Millis } from '../../base/clock.ts';
import { type Address, addressOfNumber, familyOf, numberOf, overlap, sizeOf } from '../../base/ip.ts';
import { SortedMap } from '../../base/sorted-map.ts';
import type { AttachmentId } from '../attachment.ts';
import type { Range } from './event.ts';
import type { Holdable } from './nic.ts';
import { type Block, byFreeAt, emptyPool, freeIn, type Pool, type Rest, type Rests, type Slot } from './pool.ts';
import { runsOf } from './ranges.ts';

// The only hands that change slots: everything that is counted or sorted by them changes with them, in O(log n).

/** The pool in which an address has this slot, or none any more. */
export function put(pool: Pool, address: Address, slot: Slot | undefined): Pool {
  const before = pool.slots.get(address);
  const slots = slot === undefined ? pool.slots.delete(address) : pool.slots.set(address, slot);
  const at = blockAt(pool, address);
  const block = pool.blocks[at];
  if (block === undefined) return { ...pool, slots, strays: moved(pool.strays, address, before, slot) };
  const count = (state: Slot['state']) => Number(slot?.state === state) - Number(before?.state === state);
  const changed: Block = {
    ...block,
    fresh: freshFrom(block, slots, block.fresh),
    idle: moved(block.idle, address, before, slot),
    promised: block.promised + count('promised'),
    claimed: block.claimed + count('claimed'),
  };
  return { ...pool, slots, blocks: pool.blocks.with(at, changed) };
}

function moved(rests: Rests, address: Address, from: Slot | undefined, to: Slot | undefined): Rests {
  const without = from?.state === 'idle' ? rests.delete({ address, freeAt: from.freeAt }) : rests;
  return to?.state === 'idle' ? without.set({ address, freeAt: to.freeAt }, true) : without;
}

/** The least address of a block from `at` on that has no slot. Every address is passed once in the life of a block. */
function freshFrom(block: Block, slots: Pool['slots'], at: bigint | undefined): bigint | undefined {
  let next = at;
  while (next !== undefined && slots.has(addressOfNumber(next, block.family))) next = usableFrom(block, next + 1n);
  return next;
}

function usableFrom(block: Block, at: bigint): bigint | undefined {
  const run = block.runs.find(({ last }) => last >= at);
  if (run === undefined) return undefined;
  return run.first > at ? run.first : at;
}

/** Whether nobody holds anything of what a NIC has, and nobody did lately. What is in no block is never unused. */
export function isUnusedAt(pool: Pool, it: Holdable, now: Millis): boolean {
  if (it.includes('/')) {
    const block = pool.blocks.find(
      ({ nic, range }) => nic !== undefined && range.prefix === it && range.whole === true,
    );
    return block !== undefined && block.claimed + block.promised === 0 && block.idle.size === freeIn(block, now);
  }
  const slot = pool.slots.get(it as Address);
  if (slot !== undefined && (slot.state !== 'idle' || slot.freeAt > now)) return false;
  return blockAt(pool, it as Address) >= 0;
}

/** The block that may give an address, or undefined: it is outside of all ranges, or reserved. */
export function blockOf(pool: Pool, address: Address): Block | undefined {
  return pool.blocks[blockAt(pool, address)];
}

function blockAt(pool: Pool, address: Address): number {
  const [family, number] = [familyOf(address), numberOf(address)];
  const holds = (block: Block) => block.runs.some(({ first, last }) => first <= number && number <= last);
  return pool.blocks.findIndex((block) => block.family === family && holds(block));
}

/** The pool in which an attachment holds these addresses, whatever they were before. */
export function claimed(pool: Pool, by: AttachmentId, addresses: readonly Address[]): Pool {
  const taken = addresses.reduce((all, address) => put(all, address, { state: 'claimed', by }), pool);
  return { ...taken, claims: taken.claims.set(by, addresses) };
}

/**
 * Takes all promises back, for them to be made anew: something is free earlier than was thought, or no longer ours.
 */
export function promiseAnew(pool: Pool): Pool {
  if (pool.waiting.length === 0) return pool;
  const back = rested(
    pool,
    pool.waiting.flatMap((it) => it.promised),
  );
  return { ...back, waiting: back.waiting.map((it) => ({ ...it, promised: [] })) };
}

/** The pool in which these addresses are kept for an attachment. */
export function promised(pool: Pool, to: AttachmentId, rests: readonly Rest[]): Pool {
  return rests.reduce((all, { address, freeAt }) => put(all, address, { state: 'promised', to, freeAt }), pool);
}

/** The pool in which nobody holds these addresses, each free from its own time on. */
export function rested(pool: Pool, rests: readonly Rest[]): Pool {
  return rests.reduce((all, { address, freeAt }) => put(all, address, { state: 'idle', freeAt }), pool);
}

/** Strays that have cooled are forgotten: should their range come back, they are as good as fresh. */
export function forgetStrays(pool: Pool, now: Millis): Pool {
  let left = pool;
  for (let first = left.strays.first(); first !== undefined && first[0].freeAt <= now; first = left.strays.first())
    left = put(left, first[0].address, undefined);
  return left;
}

/**
 * The same slots under other ranges. What lies outside of them, or is reserved there, is not given again. O(n).
 * Configuration refuses ranges that overlap; should two do so all the same, the wider one counts.
 */
export function withRanges(pool: Pool, ranges: readonly Range[]): Pool {
  const ofNics = pool.blocks.filter(({ nic }) => nic !== undefined);
  return withBlocks(pool, [
    ...disjoint(ranges).map((range) => bareBlock({ range, nic: undefined, stays: true })),
    ...ofNics,
  ]);
}

/** The same slots under these blocks and the ranges' own. What lies outside of them is not given again. O(n). */
export function withNicBlocks(pool: Pool, blocks: readonly Block[]): Pool {
  return withBlocks(pool, [...pool.blocks.filter(({ nic }) => nic === undefined), ...blocks]);
}

function withBlocks(pool: Pool, all: readonly Block[]): Pool {
  const blocks = all.map((block) => bareBlock(block, block.runs));
  const bare: Pool = { ...pool, blocks, slots: emptyPool(pool.policy).slots, strays: SortedMap.empty(byFreeAt) };
  let next = bare;
  for (const [address, slot] of pool.slots) next = put(next, address, slot);
  return next;
}

/** A block none of whose addresses was ever given. `runs`: its usable addresses, else all that the range allows. */
export function bareBlock(of: Pick<Block, 'range' | 'nic' | 'stays'>, runs = runsOf(of.range)): Block {
  const { range, nic, stays } = of;
  return {
    range,
    nic,
    stays,
    family: familyOf(range.prefix),
    runs,
    usable: runs.reduce((sum, run) => sum + run.last - run.first + 1n, 0n),
    fresh: runs[0]?.first,
    idle: SortedMap.empty(byFreeAt),
    promised: 0,
    claimed: 0,
  };
}

/** Of ranges that overlap the widest, of equal ones the first. */
function disjoint(ranges: readonly Range[]): readonly Range[] {
  const covers = (a: Range, b: Range) => overlap(a.prefix, b.prefix) && sizeOf(a.prefix) >= sizeOf(b.prefix);
  const kept = (range: Range, at: number) =>
    !ranges.some((other, i) => i !== at && covers(other, range) && (i < at || !covers(range, other)));
  return ranges.filter(kept);
}
