import { type Address, contains, type Family, lengthOf, type Prefix } from '../../src/base/ip.ts';
import { isFault } from './change.ts';
import type { Cloud, Env } from './cloud.ts';
import type { Fault } from './fault.ts';
import type { Id, Subnet } from './nouns.ts';
import type { AddressWishes, Request, Wish } from './request.ts';
import {
  addressAt,
  chooser,
  chosen,
  chosenBlock,
  fitsBlock,
  freed,
  freedBlock,
  freeBlocksIn,
  freeIn,
  holderAt,
  holderWithin,
  isForPrefixes,
  NOBODY,
  offsetOf,
  type Space,
  taken,
  takenBlock,
} from './space.ts';
import {
  chosen6,
  chosenBlock6,
  freeBlocks6,
  freed6,
  isFreeBlock6,
  isKept6,
  isReserved6,
  type Space6,
  taken6,
} from './space6.ts';

/** What a NIC holds, or is given. */
export interface Holding {
  readonly addresses: readonly Address[];
  readonly prefixes: readonly Prefix[];
  readonly addresses6: readonly Address[];
  readonly prefixes6: readonly Prefix[];
}

/** To whom, where, and for which request. */
export interface Giving {
  readonly to: Id;
  readonly subnet: Subnet;
  readonly during: Request['do'];
  readonly env: Env;
}

/** A subnet's space after a gift, and the gift in the order asked for. */
export interface Given {
  readonly space: Space;
  readonly given: Holding;
}

/** Gives all that is wished, or nothing: the space where it has a holder, and what it is. */
export function give(cloud: Cloud, wishes: AddressWishes, giving: Giving): Given | Fault {
  const space = cloud.spaces.get(giving.subnet.id);
  if (space === undefined) return { why: 'not-found', kind: 'subnet', id: giving.subnet.id };
  const choose = chooser(cloud.rules, giving.env.random);
  let at: Space = space;
  const hand = <T>(wish: Wish<T> | undefined, one: One<T>): readonly T[] | Fault => {
    const all = handed(at, wish, { one, choose, giving });
    if (isFault(all)) return all;
    at = all.space;
    return all.list;
  };
  const addresses = hand(wishes.addresses, ADDRESS);
  if (isFault(addresses)) return addresses;
  const prefixes = hand(wishes.prefixes, PREFIX);
  if (isFault(prefixes)) return prefixes;
  const addresses6 = hand(wishes.addresses6, ADDRESS6);
  if (isFault(addresses6)) return addresses6;
  const prefixes6 = hand(wishes.prefixes6, PREFIX6);
  if (isFault(prefixes6)) return prefixes6;
  return { space: at, given: { addresses, prefixes, addresses6, prefixes6 } };
}

/** The space in which a holding is free again. */
export function takenBack(before: Space, { addresses, prefixes, addresses6, prefixes6 }: Holding): Space {
  let space = before;
  for (const it of addresses) space = freed(space, offsetOf(space, it));
  for (const it of prefixes) space = freedBlock(space, it);
  let { v6 } = space;
  if (v6 === undefined) return space;
  for (const it of addresses6) v6 = freed6(v6, it);
  for (const it of prefixes6) v6 = { ...v6, prefixes: v6.prefixes.delete(it) };
  return { ...space, v6 };
}

/** How one address or prefix is chosen, judged and taken; `none`: the fault of a choice without anything to choose. */
interface One<T> {
  readonly choice: (space: Space, choose: () => number) => T | undefined;
  readonly judge: (space: Space, it: T, giving: Giving) => Fault | undefined;
  readonly take: (space: Space, it: T, by: Id) => Space;
  readonly none: (space: Space, wanted: number, giving: Giving) => Fault;
}

function handed<T>(
  before: Space,
  wish: Wish<T> | undefined,
  { one, choose, giving }: { readonly one: One<T>; readonly choose: () => number; readonly giving: Giving },
): { readonly space: Space; readonly list: readonly T[] } | Fault {
  if (wish === undefined) return { space: before, list: [] };
  let space = before;
  const list: T[] = [];
  const count = 'count' in wish ? wish.count : wish.list.length;
  for (let i = 0; i < count; i++) {
    const it = 'count' in wish ? one.choice(space, choose) : wish.list[i];
    if (it === undefined) return one.none(before, count, giving);
    const fault = 'list' in wish ? one.judge(space, it, giving) : undefined;
    if (fault !== undefined) return fault;
    space = one.take(space, it, giving.to);
    list.push(it);
  }
  return { space, list };
}

const ADDRESS: One<Address> = {
  choice: (space, choose) => {
    const offset = chosen(space, choose);
    return offset === undefined ? undefined : addressAt(space, offset);
  },
  judge: (space, address, giving) => {
    const { id } = giving.subnet;
    if (!contains(space.range, address)) return { why: 'outside-subnet', address, subnet: id, range: space.range };
    const holder = holderAt(space, address);
    if (holder === NOBODY || isForPrefixes(space, offsetOf(space, address)))
      return { why: 'reserved-address', address, subnet: id };
    return takenFault(address, holder, giving);
  },
  take: (space, address, by) => taken(space, offsetOf(space, address), by),
  none: (space, wanted, { subnet, during }) => {
    return { why: 'subnet-empty', subnet: subnet.id, family: 'v4', wanted, free: freeIn(space), during };
  },
};

const PREFIX: One<Prefix> = {
  choice: chosenBlock,
  judge: (space, prefix, giving) => {
    const { id } = giving.subnet;
    if (!fitsBlock(space, prefix)) return { why: 'bad-range', range: prefix, because: 'length' };
    if (!contains(space.range, prefix))
      return { why: 'outside-subnet', address: prefix, subnet: id, range: space.range };
    const holder = holderWithin(space, prefix);
    return holder === NOBODY
      ? { why: 'reserved-address', address: prefix, subnet: id }
      : takenFault(prefix, holder, giving);
  },
  take: takenBlock,
  none: (space, wanted, giving) =>
    noPrefix(giving, { family: 'v4', wanted, free: freeBlocksIn(space), freeAddresses: freeIn(space) }),
};

const ADDRESS6: One<Address> = {
  choice: (space, choose) => space.v6 && chosen6(space.v6, choose),
  judge: (space, address, giving) => {
    const { id } = giving.subnet;
    if (space.v6 === undefined) return { why: 'no-range', subnet: id, family: 'v6' };
    const { range } = space.v6;
    if (!contains(range, address)) return { why: 'outside-subnet', address, subnet: id, range };
    if (isReserved6(space.v6, address) || isKept6(space.v6, address, 'prefix'))
      return { why: 'reserved-address', address, subnet: id };
    return takenFault(address, holderAt(space, address), giving);
  },
  take: (space, address, by) => in6(space, (v6) => taken6(v6, address, by)),
  none: (space, wanted, { subnet, during }) =>
    space.v6 === undefined
      ? { why: 'no-range', subnet: subnet.id, family: 'v6' }
      : { why: 'subnet-empty', subnet: subnet.id, family: 'v6', wanted, free: 0, during },
};

const PREFIX6: One<Prefix> = {
  choice: (space, choose) => space.v6 && chosenBlock6(space.v6, choose),
  judge: (space, prefix, giving) => {
    const { id } = giving.subnet;
    if (space.v6 === undefined) return { why: 'no-range', subnet: id, family: 'v6' };
    const { range, length } = space.v6;
    if (lengthOf(prefix) !== length) return { why: 'bad-range', range: prefix, because: 'length' };
    if (!contains(range, prefix)) return { why: 'outside-subnet', address: prefix, subnet: id, range };
    if (isFreeBlock6(space.v6, prefix)) return undefined;
    const holder = firstHolder6(space.v6, prefix);
    return holder === undefined
      ? { why: 'reserved-address', address: prefix, subnet: id }
      : takenFault(prefix, holder, giving);
  },
  take: (space, prefix, by) => in6(space, (v6) => ({ ...v6, prefixes: v6.prefixes.set(prefix, by) })),
  none: (space, wanted, giving) =>
    space.v6 === undefined
      ? { why: 'no-range', subnet: giving.subnet.id, family: 'v6' }
      : noPrefix(giving, { family: 'v6', wanted, free: freeBlocks6(space.v6), freeAddresses: 0 }),
};

function takenFault(address: Address | Prefix, holder: Id | undefined, giving: Giving): Fault | undefined {
  const { to, subnet, during } = giving;
  if (holder === undefined) return undefined;
  if (holder === to) return { why: 'already-assigned', address, nic: to };
  return { why: 'address-taken', address, nic: holder, subnet: subnet.id, during };
}

function noPrefix(
  { subnet, during }: Giving,
  facts: { readonly family: Family; readonly wanted: number; readonly free: number; readonly freeAddresses: number },
): Fault {
  return { why: 'no-free-prefix', subnet: subnet.id, during, ...facts };
}

function in6(space: Space, change: (v6: Space6) => Space6): Space {
  return space.v6 === undefined ? space : { ...space, v6: change(space.v6) };
}

function firstHolder6({ prefixes, used }: Space6, prefix: Prefix): Id | undefined {
  const whole = prefixes.get(prefix);
  if (whole !== undefined) return whole;
  for (const [address, id] of used) if (contains(prefix, address)) return id;
  return undefined;
}
