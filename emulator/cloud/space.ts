import {
  type Address,
  addressIn,
  addressOfNumber,
  contains,
  lengthOf,
  numberOf,
  type Prefix,
  sizeOf,
} from '../../src/base/ip.ts';
import type { Random } from '../../src/base/random.ts';
import { byNumber, SortedMap } from '../../src/base/sorted-map.ts';
import type { Id, Reservation } from './nouns.ts';
import type { CloudRules } from './rules.ts';
import { holder6, newSpace6, type Space6 } from './space6.ts';

// Who holds which address of a subnet. An IPv4 address is its offset in the range here: all numbers are small.

/** The holder of what nobody may have: the network, the router, the broadcast address. */
export const NOBODY = '' as Id;

/** Half open. */
interface Interval {
  readonly from: number;
  readonly to: number;
}

/** The IPv4 addresses of a subnet in offsets, and its IPv6 addresses if it has some. */
export interface Space {
  readonly range: Prefix;
  readonly first: number; //                         the first address as a number
  readonly size: number;
  readonly block: number; //                         addresses of one prefix
  readonly used: SortedMap<number, Id>; //           every address of a prefix has its entry
  readonly busy: SortedMap<number, number>; //       blocks of which addresses are used, and how many
  readonly common: readonly Interval[]; //           where addresses and prefixes are chosen: no reservation
  readonly forPrefixes: readonly Interval[]; //      reserved for prefixes: those are tried first
  readonly v6?: Space6;
}

/** A subnet's space with nothing in it but what nobody may have. */
export function newSpace(rules: CloudRules, v4: Prefix, v6?: Prefix): Space {
  const size = Number(sizeOf(v4));
  let space: Space = {
    range: v4,
    first: Number(numberOf(addressIn(v4))),
    size,
    block: 2 ** (32 - rules.prefixLengths.v4),
    used: SortedMap.empty(byNumber),
    busy: SortedMap.empty(byNumber),
    common: [{ from: 0, to: size }],
    forPrefixes: [],
    ...(v6 === undefined ? {} : { v6: newSpace6(rules, v6) }),
  };
  const { first, last } = rules.reserved;
  for (let i = 0; i < Math.min(first, size); i++) space = taken(space, i, NOBODY);
  for (let i = Math.max(size - last, first); i < size; i++) space = taken(space, i, NOBODY);
  return space;
}

/** The same space with other reservations. What is already held there stays held. */
export function withReservations(space: Space, reservations: readonly Reservation[]): Space {
  const kept = reservations
    .filter(({ range }) => contains(space.range, range))
    .map(({ range, use }) => ({ use, from: offsetOf(space, addressIn(range)), length: Number(sizeOf(range)) }))
    .map(({ use, from, length }) => ({ use, from, to: from + length }))
    .toSorted((a, b) => a.from - b.from);
  const v6 = space.v6 && { ...space.v6, kept: reservations.filter(({ range }) => range.includes(':')) };
  const ends = [0, ...kept.map(({ to }) => to)];
  const common = ends.map((from, i) => ({ from, to: kept[i]?.from ?? space.size }));
  const forPrefixes = kept.filter(({ use }) => use === 'prefix');
  return { ...space, common, forPrefixes, ...(v6 === undefined ? {} : { v6 }) };
}

/** How many IPv4 addresses nobody holds. */
export function freeIn(space: Space): number {
  return space.size - space.used.size;
}

/** How many IPv4 prefixes could be given. */
export function freeBlocksIn(space: Space): number {
  return [...blocksOf(space, space.forPrefixes), ...blocksOf(space, space.common)].reduce(
    (sum, it) => sum + freeWithin(space.busy, it),
    0,
  );
}

/** Whether anybody holds anything, of either family. */
export function isEmpty(space: Space): boolean {
  if (space.v6 !== undefined && space.v6.used.size + space.v6.prefixes.size > 0) return false;
  for (const id of space.used.values()) if (id !== NOBODY) return false;
  return true;
}

/** Who holds an address of the range; NOBODY when nobody may. */
export function holderAt(space: Space, address: Address): Id | undefined {
  if (address.includes(':')) return space.v6 && holder6(space.v6, address);
  return space.used.get(offsetOf(space, address));
}

/** The offset of an IPv4 address, which may lie outside. */
export function offsetOf(space: Space, address: Address): number {
  return Number(numberOf(address)) - space.first;
}

/** The address at an offset. */
export function addressAt(space: Space, offset: number): Address {
  return addressOfNumber(BigInt(space.first + offset), 'v4');
}

/** Whether an offset lies in a range that is reserved for prefixes. */
export function isForPrefixes(space: Space, offset: number): boolean {
  return space.forPrefixes.some(({ from, to }) => offset >= from && offset < to);
}

/** The space in which an address, free before, has a holder. */
export function taken(space: Space, offset: number, by: Id): Space {
  const block = Math.floor(offset / space.block);
  const busy = space.busy.set(block, (space.busy.get(block) ?? 0) + 1);
  return { ...space, used: space.used.set(offset, by), busy };
}

/** The space in which an address is free again. */
export function freed(space: Space, offset: number): Space {
  const block = Math.floor(offset / space.block);
  const left = (space.busy.get(block) ?? 0) - 1;
  const busy = left > 0 ? space.busy.set(block, left) : space.busy.delete(block);
  return { ...space, used: space.used.delete(offset), busy };
}

/** The holder of any address of a prefix in the range, or undefined when all are free. */
export function holderWithin(space: Space, prefix: Prefix): Id | undefined {
  const from = offsetOf(space, addressIn(prefix));
  const next = space.used.from(from).next();
  return next.done !== true && next.value[0] < from + Number(sizeOf(prefix)) ? next.value[1] : undefined;
}

/** The space in which all addresses of a prefix, free before, have a holder. */
export function takenBlock(space: Space, prefix: Prefix, by: Id): Space {
  return eachOf(space, prefix, (it, offset) => taken(it, offset, by));
}

/** The space in which all addresses of a prefix are free again. */
export function freedBlock(space: Space, prefix: Prefix): Space {
  return eachOf(space, prefix, freed);
}

function eachOf(before: Space, prefix: Prefix, change: (space: Space, offset: number) => Space): Space {
  let space = before;
  const from = offsetOf(space, addressIn(prefix));
  for (let i = 0; i < Number(sizeOf(prefix)); i++) space = change(space, from + i);
  return space;
}

/** How one of many is chosen: a number in [0, 1). */
export function chooser(rules: CloudRules, random: Random): () => number {
  return rules.choice === 'lowest' ? () => 0 : () => random.fraction();
}

/** A free address that is not reserved, each as likely as any other. O(log² n). */
export function chosen(space: Space, choose: () => number): number | undefined {
  return nthFree(space.used, space.common, choose);
}

/** A free, aligned prefix: of those reserved for it as long as there are some. */
export function chosenBlock(space: Space, choose: () => number): Prefix | undefined {
  const kept = nthFree(space.busy, blocksOf(space, space.forPrefixes), choose);
  const block = kept ?? nthFree(space.busy, blocksOf(space, space.common), choose);
  if (block === undefined) return undefined;
  return `${addressAt(space, block * space.block)}/${32 - Math.log2(space.block)}` as Prefix;
}

/** The blocks that lie wholly in an interval of addresses. */
function blocksOf({ block }: Space, intervals: readonly Interval[]): readonly Interval[] {
  return intervals.map(({ from, to }) => ({ from: Math.ceil(from / block), to: Math.floor(to / block) }));
}

function freeWithin(used: SortedMap<number, unknown>, { from, to }: Interval): number {
  return from >= to ? 0 : to - from - (used.countBefore(to) - used.countBefore(from));
}

function nthFree(
  used: SortedMap<number, unknown>,
  intervals: readonly Interval[],
  choose: () => number,
): number | undefined {
  const counts = intervals.map((it) => freeWithin(used, it));
  const all = counts.reduce((sum, count) => sum + count, 0);
  if (all === 0) return undefined;
  let rank = Math.floor(choose() * all);
  for (const [i, interval] of intervals.entries()) {
    const count = Number(counts[i]);
    if (rank < count) return searched(used, interval, rank);
    rank -= count;
  }
  return undefined;
}

/** The free number with `rank` free ones before it in the interval, which has more than that. */
function searched(used: SortedMap<number, unknown>, { from, to }: Interval, rank: number): number {
  let [low, high] = [from, to - 1];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (freeWithin(used, { from, to: middle + 1 }) > rank) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Whether a prefix has the length that NICs are given. */
export function fitsBlock(space: Space, prefix: Prefix): boolean {
  return 2 ** (32 - lengthOf(prefix)) === space.block;
}
