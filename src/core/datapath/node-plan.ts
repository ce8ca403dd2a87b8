import {
  addressIn,
  familyOf,
  hostPrefix,
  interfaceAddress,
  lengthOf,
  nth,
  type Address,
  type Family,
  type InterfaceAddress,
  type Prefix,
} from '../../base/ip.ts';
import { hash64 } from '../../base/hash.ts';
import { localMac } from '../../base/mac.ts';
import { strictPlan } from './branch-plan.ts';
import { internalElements } from './elements.ts';
import { nicRules } from './nic-plan.ts';
import { nodeRuleset } from './node-ruleset.ts';
import { GATEWAY_V6, MAIN_TABLE, VXLAN_LINK } from './numbers.ts';
import type { Item, LinkRef, Plan } from './plan.ts';
import { looseFilter } from './settings.ts';
import type { SourcePorts } from './ruleset.ts';
import { podMtu, tunnelMac, waysTo, type LinkFacts, type Peer, type TunnelUse, type Way, type Ways } from './tunnel.ts';

/** What the node shall be. `uplink` is what was found; the rest is configuration. */
export interface NodeDatapath {
  readonly nodeName: string;
  readonly mode: 'routed' | 'bridge';
  readonly bridge: string; //                      name, bridge mode only
  readonly ranges: readonly Prefix[]; //           this node's own
  readonly cluster: readonly Prefix[]; //          ranges inside of which sources are kept
  readonly masquerade: {
    readonly enabled: boolean;
    readonly except: readonly Prefix[];
    readonly ports: SourcePorts;
    readonly families?: readonly Family[]; // absent: both
  };
  //               drop what a pod sends from an address that is not its own; routed mode only
  readonly checkSources: boolean;
  readonly peers: readonly Peer[];
  readonly tunnel: { readonly use: TunnelUse; readonly vni: number; readonly port: number };
  readonly forwardAccept: boolean;
  readonly mtuBytes: number | 'auto';
  readonly uplink: LinkFacts | undefined;
  /** Pods stand on NICs of a cloud. `external`: ranges that only the primary NIC knows the way to. */
  readonly nics?: {
    readonly families: readonly Family[];
    readonly marks: readonly number[]; // of all NICs that this instance can have
    readonly external: readonly Prefix[];
    /** Pods with a branch NIC of their own send to this node's addresses through it, too. */
    readonly strictBranches?: boolean;
  };
}

/** Everything the pods of a node share. Applied again and again, never taken back as a whole. */
export function nodePlan(want: NodeDatapath): Plan {
  const ways = nodeWays(want);
  return [
    ...forwarding(want),
    { kind: 'ruleset', ruleset: nodeRuleset({ ...want, ...(want.nics && { nicMarks: want.nics.marks }) }) },
    ...(want.nics === undefined ? [] : nicRules(want.nics.families, want.nics.external)),
    ...(want.nics?.strictBranches === true ? strictPlan(want.nics.families) : []),
    ...internalElements(internalRanges(want, ways)),
    ...(want.forwardAccept ? podRanges(want).map(acceptForward) : []),
    ...(want.mode === 'bridge' ? bridge(want, ways) : want.ranges.map(closed)),
    ...tunnel(want, ways),
    ...ways.ways.flatMap((way) => direct(want, way)),
  ];
}

/** How this node reaches the others' ranges. */
export function nodeWays(want: NodeDatapath): Ways {
  return waysTo({ peers: want.peers, nodeName: want.nodeName, uplink: want.uplink, use: want.tunnel.use });
}

/** The MTU of this node's pods, and of what stands between them. */
export function nodeMtu(want: NodeDatapath): number {
  return podMtu({ mtuBytes: want.mtuBytes, uplink: want.uplink, ways: nodeWays(want) });
}

/** The node's own address in a range on the bridge: the first. */
export function bridgeAddress(range: Prefix): Address {
  return nth(range, lengthOf(range) < (familyOf(range) === 'v4' ? 32 : 128) ? 1n : 0n);
}

/**
 * A node forwards. Once IPv6 forwards, a link with accept_ra 1 no longer listens to routers and loses its default
 * route: 2 keeps it listening (net/ipv6/ndisc.c, ipv6_accept_ra). A link that did not listen before is left alone.
 */
function forwarding({ ranges, uplink, nics }: NodeDatapath): Item[] {
  const families = nics?.families ?? ranges.map(familyOf);
  const has = (family: Family) => families.includes(family);
  const v4: Item[] = has('v4') ? [{ kind: 'host-sysctl', key: 'net.ipv4.ip_forward', value: 1 }] : [];
  if (!has('v6')) return v4;
  const listens = uplink !== undefined && (uplink.acceptRa ?? 0) > 0;
  const listen: Item[] = listens ? [{ kind: 'sysctl', on: hostLink(uplink.name), key: 'v6.accept_ra', value: 2 }] : [];
  return [...v4, ...listen, { kind: 'host-sysctl', key: 'net.ipv6.conf.all.forwarding', value: 1 }];
}

/** What pods' addresses are of: with NICs the cluster's, for subnets come and go. */
function podRanges({ ranges, cluster, nics }: NodeDatapath): readonly Prefix[] {
  return nics === undefined ? ranges : cluster;
}

/**
 * Where pods keep their own source. Nodes on our link know the way back to it. One behind a tunnel is spoken to
 * outside of the tunnel, where nobody knows a pod: it sees the node's address.
 */
function internalRanges({ ranges, cluster, masquerade, peers }: NodeDatapath, { ways }: Ways): Prefix[] {
  const neighbours = ways.flatMap((way) => (way.by === 'direct' ? way.peer.addresses.map(hostPrefix) : []));
  return [...ranges, ...cluster, ...masquerade.except, ...peers.flatMap((peer) => peer.ranges), ...neighbours];
}

function acceptForward(range: Prefix): Item {
  return { kind: 'forward-accept', family: familyOf(range), range };
}

/** An address that no pod has is refused here; the default route would send it back to where it came from. */
function closed(range: Prefix): Item {
  return { kind: 'unreachable', to: range, table: MAIN_TABLE };
}

function bridge(want: NodeDatapath, ways: Ways): Item[] {
  const link = hostLink(want.bridge);
  // A MAC of its own: the kernel would take the lowest of its ports', and pods' caches would be wrong with each that
  // comes or goes.
  const mac = localMac(hash64(`bridge ${want.nodeName} ${want.bridge}`));
  const mtu = podMtu({ mtuBytes: want.mtuBytes, uplink: want.uplink, ways });
  const v4: Item[] = [
    { kind: 'sysctl', on: link, key: 'v4.forwarding', value: 1 },
    looseFilter(link),
    { kind: 'sysctl', on: link, key: 'v4.route_localnet', value: 1 }, // host ports are open on 127.0.0.1, too
  ];
  // Without a link-local address that is sure, no neighbour is asked for who others seek, and the kernel's own is
  // unsure for a second.
  const v6: Item[] = [
    { kind: 'sysctl', on: link, key: 'v6.addr_gen_mode', value: 1 },
    { kind: 'address', on: link, address: interfaceAddress(`${GATEWAY_V6}/64`) },
  ];
  const has = (family: Family) => want.ranges.some((range) => familyOf(range) === family);
  return [
    { kind: 'bridge', link, mtu, mac },
    { kind: 'up', on: link },
    ...(has('v4') ? v4 : []),
    ...(has('v6') ? v6 : []),
    ...want.ranges.map(
      (range): Item => ({
        kind: 'address',
        on: link,
        address: interfaceAddress(`${bridgeAddress(range)}/${lengthOf(range)}`),
      }),
    ),
  ];
}

/**
 * The VXLAN device and what leads through it. Nothing is learnt and nothing exchanged: a node's MAC in the tunnel is
 * made from its address (`tunnelMac`), and its address in the tunnel is the first of its range, which no pod is ever
 * given.
 */
function tunnel(want: NodeDatapath, ways: Ways): Item[] {
  if (ways.local === undefined) return [];
  const link = hostLink(VXLAN_LINK);
  const mtu = podMtu({ mtuBytes: want.mtuBytes, uplink: want.uplink, ways });
  const { vni, port } = want.tunnel;
  return [
    { kind: 'vxlan', link, vni, port, local: ways.local, mtu, mac: tunnelMac(ways.local) },
    { kind: 'sysctl', on: link, key: 'v6.addr_gen_mode', value: 1 }, // nobody speaks with this device itself
    { kind: 'up', on: link },
    ...firstOfFamilies(want.ranges).map((range): Item => ({ kind: 'address', on: link, address: ownIn(range) })),
    ...byPeer(ways.ways).flatMap((peer) => throughTunnel(link, peer)),
  ];
}

/** One peer: its node address, where its MAC is, its address in the tunnel per family, and its ranges behind it. */
function throughTunnel(on: LinkRef, ways: readonly (Way & { by: 'tunnel' })[]): Item[] {
  const [first] = ways;
  if (first === undefined) return [];
  const mac = tunnelMac(first.node);
  const hops = firstOfFamilies(first.peer.ranges);
  const hopOf = (range: Prefix) => hops.find((hop) => familyOf(hop) === familyOf(range)) ?? range;
  const used = new Set(ways.map(({ range }) => hopOf(range)));
  return [
    { kind: 'fdb', on, mac, to: first.node },
    ...[...used].map((hop): Item => ({ kind: 'neighbour', on, address: addressIn(hop), at: mac })),
    ...ways.map(
      ({ range }): Item => ({
        kind: 'route',
        on,
        to: range,
        via: addressIn(hopOf(range)),
        onlink: true,
        table: MAIN_TABLE,
      }),
    ),
  ];
}

function direct({ uplink }: NodeDatapath, way: Way): Item[] {
  if (way.by !== 'direct' || uplink === undefined) return [];
  return [{ kind: 'route', on: hostLink(uplink.name), to: way.range, via: way.via, table: MAIN_TABLE }];
}

function byPeer(ways: readonly Way[]): (Way & { by: 'tunnel' })[][] {
  const peers = new Map<string, (Way & { by: 'tunnel' })[]>();
  for (const way of ways) if (way.by === 'tunnel') peers.set(way.peer.name, [...(peers.get(way.peer.name) ?? []), way]);
  return [...peers.values()];
}

function firstOfFamilies(ranges: readonly Prefix[]): Prefix[] {
  return ranges.filter((range, i) => ranges.findIndex((other) => familyOf(other) === familyOf(range)) === i);
}

function ownIn(range: Prefix): InterfaceAddress {
  return interfaceAddress(hostPrefix(addressIn(range)));
}

function hostLink(name: string): LinkRef {
  return { netns: 'host', name };
}
