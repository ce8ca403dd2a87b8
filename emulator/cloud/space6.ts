import {
  type Address,
  addressIn,
  contains,
  lengthOf,
  nth,
  offsetIn,
  type Prefix,
  rangeAround,
  sizeOf,
} from '../../src/base/ip.ts';
import { byText, SortedMap } from '../../src/base/sorted-map.ts';
import type { Id, Reservation } from './nouns.ts';
import type { CloudRules } from './rules.ts';

/** The IPv6 addresses of a subnet. There are so many that a blind choice is almost always free. */
export interface Space6 {
  readonly range: Prefix;
  readonly length: number; //                        of a NIC's prefix: 80
  readonly reserved: { readonly first: number; readonly last: number };
  readonly used: SortedMap<Address, Id>; //          single ones
  readonly prefixes: SortedMap<Prefix, Id>;
  readonly singles: SortedMap<Prefix, number>; //    prefixes that hold single ones, and how many
  readonly kept: readonly Pick<Reservation, 'range' | 'use'>[];
}

/** A space with nothing in it. */
export function newSpace6(rules: CloudRules, range: Prefix): Space6 {
  const { reserved, prefixLengths } = rules;
  return {
    range,
    length: prefixLengths.v6,
    reserved,
    used: SortedMap.empty<Address, Id>(byText),
    prefixes: SortedMap.empty<Prefix, Id>(byText),
    singles: SortedMap.empty<Prefix, number>(byText),
    kept: [],
  };
}

/** Who holds an address, singly or in a prefix. */
export function holder6(space: Space6, address: Address): Id | undefined {
  return space.used.get(address) ?? space.prefixes.get(rangeAround(address, space.length));
}

/** Whether nobody may have an address: the first ones and the last one of the range. */
export function isReserved6({ range, reserved }: Space6, address: Address): boolean {
  const offset = offsetIn(range, address);
  return offset < BigInt(reserved.first) || offset >= sizeOf(range) - BigInt(reserved.last);
}

/** Whether an address or prefix lies in a range that is kept for this use. */
export function isKept6(space: Space6, it: Address | Prefix, use?: Reservation['use']): boolean {
  return space.kept.some((kept) => (use === undefined || kept.use === use) && contains(kept.range, it));
}

/** The space in which an address, free before, has a holder. */
export function taken6(space: Space6, address: Address, by: Id): Space6 {
  const block = rangeAround(address, space.length);
  const singles = space.singles.set(block, (space.singles.get(block) ?? 0) + 1);
  return { ...space, used: space.used.set(address, by), singles };
}

/** The space in which an address is free again. */
export function freed6(space: Space6, address: Address): Space6 {
  const block = rangeAround(address, space.length);
  const left = (space.singles.get(block) ?? 0) - 1;
  const singles = left > 0 ? space.singles.set(block, left) : space.singles.delete(block);
  return { ...space, used: space.used.delete(address), singles };
}

/** Whether a prefix of the range can be given: aligned ones never overlap in part. */
export function isFreeBlock6(space: Space6, prefix: Prefix): boolean {
  if (space.prefixes.has(prefix) || space.singles.has(prefix)) return false;
  return !isReserved6(space, addressIn(prefix)) && !isReserved6(space, nth(prefix, sizeOf(prefix) - 1n));
}

const TRIES = 32;

/** A free address that is not reserved. Undefined when so many choices were taken that there is hardly one. */
export function chosen6(space: Space6, choose: () => number): Address | undefined {
  const bits = 128 - lengthOf(space.range);
  for (let i = 0; i < TRIES; i++) {
    // A constant choice, "the lowest", goes up from the first that may be had.
    const at = (someBits(bits, choose) + BigInt(space.reserved.first + space.used.size + i)) % (1n << BigInt(bits));
    const address = nth(space.range, at);
    if (holder6(space, address) !== undefined || isReserved6(space, address) || isKept6(space, address)) continue;
    return address;
  }
  return undefined;
}

/** A free prefix: of those reserved for it as long as there are some. */
export function chosenBlock6(space: Space6, choose: () => number): Prefix | undefined {
  for (const { range, use } of space.kept) {
    const found = use === 'prefix' ? blockWithin(space, range, choose) : undefined;
    if (found !== undefined) return found;
  }
  return blockWithin(space, space.range, choose, (it) => !isKept6(space, it));
}

/** How many prefixes are free, reserved for it or not. */
export function freeBlocks6(space: Space6): number {
  return 2 ** (space.length - lengthOf(space.range)) - space.prefixes.size - space.singles.size;
}

function blockWithin(
  space: Space6,
  range: Prefix,
  choose: () => number,
  fits: (prefix: Prefix) => boolean = () => true,
): Prefix | undefined {
  const bits = Math.min(24, space.length - lengthOf(range)); // 16 million are enough for anybody
  if (bits < 0) return undefined;
  const count = 2 ** bits;
  const start = Math.floor(choose() * count);
  const step = 1n << BigInt(128 - space.length);
  const most = Math.min(count, space.prefixes.size + space.singles.size + TRIES); // of so many one is free
  for (let i = 0; i < most; i++) {
    const prefix = `${nth(range, BigInt((start + i) % count) * step)}/${space.length}` as Prefix;
    if (isFreeBlock6(space, prefix) && fits(prefix)) return prefix;
  }
  return undefined;
}

function someBits(bits: number, choose: () => number): bigint {
  let value = 0n;
  for (let left = bits; left > 0; left -= 32) {
    const width = Math.min(32, left);
    value = (value << BigInt(width)) | BigInt(Math.floor(choose() * 2 ** width));
  }
  return value;
}
