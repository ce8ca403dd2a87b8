import {
  type Address,
  addressIn,
  addressOfNumber,
  bitsOf,
  contains,
  familyOf,
  hostPrefix,
  lengthOf,
  numberOf,
  overlap,
  type Prefix,
  sizeOf,
} from '../../base/ip.ts';
import type { Range } from './event.ts';

// Which addresses of a range may be given. By arithmetic only: an IPv6 /64 costs what an IPv4 /24 costs.

/** Consecutive addresses as numbers, both ends included. */
export interface Run {
  readonly first: bigint;
  readonly last: bigint;
}

/** Why an address of a range is never given. */
export type ReservedReason = 'network' | 'gateway' | 'broadcast' | 'listed';

/**
 * Why an address of the range is never given, or undefined when it may be. The first address is the network's (IPv6:
 * the subnet routers' anycast address, RFC 4291, 2.6.1), the last of IPv4 its broadcast address. Ranges of one or two
 * addresses have neither (RFC 3021, RFC 6164) and no gateway unless one is named.
 */
export function reservedReason(range: Range, address: Address): ReservedReason | undefined {
  if (isNetwork(range)) {
    if (address === addressIn(range.prefix)) return 'network';
    if (familyOf(address) === 'v4' && numberOf(address) === lastOf(range.prefix)) return 'broadcast';
  }
  if (address === gatewayOf(range)) return 'gateway';
  const listed = range.reserved.some((it) => (it.includes('/') ? contains(it as Prefix, address) : it === address));
  return listed ? 'listed' : undefined;
}

/** The gateway of a range: the one that was named, else the address behind the network's, else none. */
export function gatewayOf(range: Range): Address | undefined {
  if (range.gateway !== undefined) return range.gateway;
  if (!isNetwork(range)) return undefined;
  return addressOfNumber(numberOf(addressIn(range.prefix)) + 1n, familyOf(range.prefix));
}

/** How many addresses of a range may be given. */
export function usableCount(range: Range): bigint {
  return runsOf(range).reduce((sum, run) => sum + run.last - run.first + 1n, 0n);
}

/** The addresses that may be given, in their order: everything between the reserved ones. */
export function runsOf(range: Range): readonly Run[] {
  const runs: Run[] = [];
  let next = numberOf(addressIn(range.prefix));
  for (const gap of gapsOf(range)) {
    if (gap.first > next) runs.push({ first: next, last: gap.first - 1n });
    if (gap.last >= next) next = gap.last + 1n;
  }
  const last = lastOf(range.prefix);
  if (next <= last) runs.push({ first: next, last });
  return runs;
}

/** What is never given, least first. Gaps may touch, overlap and reach out of the range. */
function gapsOf(range: Range): readonly Run[] {
  const gaps = range.reserved
    .map((it) => (it.includes('/') ? (it as Prefix) : hostPrefix(it as Address)))
    .filter((it) => overlap(range.prefix, it))
    .map((it) => ({ first: numberOf(addressIn(it)), last: lastOf(it) }));
  const gateway = gatewayOf(range);
  const singles = gateway !== undefined && contains(range.prefix, gateway) ? [numberOf(gateway)] : [];
  if (isNetwork(range)) {
    singles.push(numberOf(addressIn(range.prefix)));
    if (familyOf(range.prefix) === 'v4') singles.push(lastOf(range.prefix));
  }
  return [...gaps, ...singles.map((at) => ({ first: at, last: at }))].sort((a, b) =>
    a.first < b.first ? -1 : a.first > b.first ? 1 : 0,
  );
}

/** Neither one or two addresses, a host or a link between two, nor a part of somebody else's network. */
function isNetwork({ prefix, whole = false }: Range): boolean {
  return !whole && lengthOf(prefix) < bitsOf(familyOf(prefix)) - 1;
}

function lastOf(prefix: Prefix): bigint {
  return numberOf(addressIn(prefix)) + sizeOf(prefix) - 1n;
}
