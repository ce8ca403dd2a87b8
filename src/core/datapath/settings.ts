import type { Item, LinkRef } from './plan.ts';

/**
 * Reverse path filter 2: the kernel takes the larger of a link's and the node's value, so that only 2 means the same
 * on every node; 0 would let 127.0.0.2 in where route_localnet is set. Whose address a pod may use, `from_pods` of our
 * nftables table says.
 */
export function looseFilter(on: LinkRef): Item {
  return { kind: 'sysctl', on, key: 'v4.rp_filter', value: 2 };
}
