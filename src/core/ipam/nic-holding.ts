import type { Address, Prefix } from '../../base/ip.ts';
import type { Nic } from './cloud.ts';
import type { Holdable, NicReport } from './nic.ts';

// What a NIC holds, as reports spell it: told of in any order, written in one.

/** A NIC as a pool believes it to be. */
export function believed({ report, holds }: Nic): NicReport {
  return onlyHolding(report, [...holds.keys()]);
}

/** A NIC with this on it besides. */
export function holding(nic: NicReport, more: readonly Holdable[]): NicReport {
  return onlyHolding(nic, [...new Set([...unitsOf(nic), ...more])]);
}

/** A NIC without this. */
export function lacking(nic: NicReport, gone: readonly Holdable[]): NicReport {
  const left = new Set(gone);
  return onlyHolding(
    nic,
    unitsOf(nic).filter((it) => !left.has(it)),
  );
}

/** A NIC with this on it, and nothing else besides its own addresses. */
export function onlyHolding(nic: NicReport, all: readonly Holdable[]): NicReport {
  const sorted = all.toSorted();
  return { ...nic, addresses: sorted.filter(isSingle), prefixes: sorted.filter((it) => !isSingle(it)) as Prefix[] };
}

/** Everything on a NIC besides its own addresses. */
export function unitsOf(nic: NicReport | undefined): readonly Holdable[] {
  return nic === undefined ? [] : [...nic.addresses, ...nic.prefixes];
}

function isSingle(it: Holdable): it is Address {
  return !it.includes('/');
}
