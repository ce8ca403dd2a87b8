import {
  addressIn,
  contains,
  familyOf,
  lengthOf,
  rangeAround,
  type Address,
  type Family,
  type InterfaceAddress,
  type Prefix,
} from '../../base/ip.ts';
import { hash64 } from '../../base/hash.ts';
import { localMac, type Mac } from '../../base/mac.ts';
import { DEFAULT_MTU, VXLAN_OVERHEAD_V4, VXLAN_OVERHEAD_V6 } from './numbers.ts';

/** Another node: where it is, and which ranges stand behind it. `addresses` holds at most one of each family. */
export interface Peer {
  readonly name: string;
  readonly addresses: readonly Address[];
  readonly ranges: readonly Prefix[];
}

/** The node's link to the other nodes, as it was found. */
export interface LinkFacts {
  readonly name: string;
  readonly mtuBytes: number;
  readonly addresses: readonly InterfaceAddress[]; // global ones
  readonly acceptRa?: number; //                     absent: unknown, then it is left alone
}

/**
 * `auto`: direct where both nodes stand on one link, else through the tunnel. `never`: the network between them knows
 * the way.
 */
export type TunnelUse = 'auto' | 'always' | 'never';

/** How one range of a peer is reached. */
export type Way =
  | { readonly by: 'direct'; readonly peer: Peer; readonly range: Prefix; readonly via: Address }
  | { readonly by: 'tunnel'; readonly peer: Peer; readonly range: Prefix; readonly node: Address }
  /** No route of ours. `left-to-the-network` is as configured; the others are faults of the configuration. */
  | {
      readonly by: 'none';
      readonly peer: Peer;
      readonly range: Prefix;
      readonly why: 'left-to-the-network' | 'no-uplink' | 'no-common-family';
    };

export interface Ways {
  readonly ways: readonly Way[];
  /** This node's end of the tunnel, when any way leads through one. */
  readonly local?: Address;
}

/**
 * How every range of every peer is reached. Peers that are this node itself (its name or one of its addresses) are
 * passed over.
 */
export function waysTo(of: {
  readonly peers: readonly Peer[];
  readonly nodeName: string;
  readonly uplink: LinkFacts | undefined;
  readonly use: TunnelUse;
}): Ways {
  const { uplink, use } = of;
  const others = of.peers.filter((peer) => peer.name !== of.nodeName && !isHere(peer, uplink));
  const pairs = others.flatMap((peer) => peer.ranges.map((range) => ({ peer, range })));
  const indirect = use === 'never' ? [] : pairs.filter((pair) => use === 'always' || !onLink(pair, uplink));
  const local = underlay(
    indirect.map((pair) => pair.peer),
    uplink,
  );
  const ways = pairs.map((pair): Way => {
    const via = use === 'always' ? undefined : onLink(pair, uplink);
    if (via !== undefined) return { by: 'direct', ...pair, via };
    if (use === 'never') return { by: 'none', ...pair, why: 'left-to-the-network' };
    if (local === undefined) return { by: 'none', ...pair, why: 'no-uplink' };
    const node = ofFamily(pair.peer.addresses, familyOf(local));
    return node === undefined ? { by: 'none', ...pair, why: 'no-common-family' } : { by: 'tunnel', ...pair, node };
  });
  return local !== undefined && ways.some((way) => way.by === 'tunnel') ? { ways, local } : { ways };
}

/**
 * Bytes that fit into one packet between pods: what the uplink (or the configuration) has, less the tunnel's headers
 * where one is in use.
 */
export function podMtu(of: {
  readonly mtuBytes: number | 'auto';
  readonly uplink: LinkFacts | undefined;
  readonly ways: Ways;
}): number {
  const outer = of.mtuBytes === 'auto' ? (of.uplink?.mtuBytes ?? DEFAULT_MTU) : of.mtuBytes;
  if (of.ways.local === undefined) return outer;
  return outer - (familyOf(of.ways.local) === 'v4' ? VXLAN_OVERHEAD_V4 : VXLAN_OVERHEAD_V6);
}

/** The MAC of a node's tunnel device, made from its address, so that nodes need not tell each other. */
export function tunnelMac(node: Address): Mac {
  return localMac(hash64(`tunnel ${node}`));
}

function isHere(peer: Peer, uplink: LinkFacts | undefined): boolean {
  return uplink?.addresses.some((mine) => peer.addresses.includes(addressIn(mine))) ?? false;
}

/** The peer's address of the range's family when it stands on the uplink's own link. */
function onLink(
  { peer, range }: { readonly peer: Peer; readonly range: Prefix },
  uplink: LinkFacts | undefined,
): Address | undefined {
  const there = ofFamily(peer.addresses, familyOf(range));
  if (there === undefined) return undefined;
  const links = uplink?.addresses.map((mine) => rangeAround(addressIn(mine), lengthOf(mine))) ?? [];
  return links.some((link) => contains(link, there)) ? there : undefined;
}

/**
 * One device has one outer family: IPv4 when everybody has it, else IPv6 when everybody has that, else whatever this
 * node has.
 */
function underlay(peers: readonly Peer[], uplink: LinkFacts | undefined): Address | undefined {
  const mine = uplink?.addresses.map((it) => addressIn(it)) ?? [];
  const shared = (['v4', 'v6'] as const).find(
    (family) => ofFamily(mine, family) !== undefined && peers.every((peer) => ofFamily(peer.addresses, family)),
  );
  return ofFamily(mine, shared ?? 'v4') ?? mine[0];
}

function ofFamily(addresses: readonly Address[], family: Family): Address | undefined {
  return addresses.find((it) => familyOf(it) === family);
}
