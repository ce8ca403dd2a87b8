import {
  addressIn,
  familyOf,
  hostPrefix,
  interfaceAddress,
  lengthOf,
  rangeAround,
  type Address,
  type InterfaceAddress,
} from '../../base/ip.ts';
import { hash64, hashName } from '../../base/hash.ts';
import { localMac, type Mac } from '../../base/mac.ts';
import type { AttachmentId, PortMapping } from '../attachment.ts';
import { aliasOf } from './alias.ts';
import { type BranchDatapath, branchPlan, branchTable } from './branch-plan.ts';
import { podElements } from './elements.ts';
import {
  DEFAULT_V4,
  DEFAULT_V6,
  GATEWAY_V4,
  GATEWAY_V6,
  HOST_LINK_PREFIX,
  MAIN_TABLE,
  POD_RULE_PRIORITY,
  POD_TABLE_BASE,
} from './numbers.ts';
import type { Item, LinkRef, Plan } from './plan.ts';
import { looseFilter } from './settings.ts';

/** A token bucket: bits per second, and bits that may come at once. */
export interface Bucket {
  readonly rateBits: number;
  readonly burstBits: number;
}

/** An address on a bridge: with the length of its range, and the bridge's own address in it. */
export interface BridgedAddress {
  readonly address: InterfaceAddress;
  readonly gateway: Address;
}

/** What one attachment shall be. `addresses`: at most one of each family. */
export type PodDatapath = {
  readonly id: AttachmentId;
  readonly of?: AttachmentId | undefined; // it goes with this one
  readonly ifname: string; //   in the pod, from CNI_IFNAME
  readonly hostLink: string; // in the host: see `hostLinkName`
  readonly podMac: Mac;
  readonly hostMac: Mac;
  readonly mtuBytes: number;
  /** 0 for the first interface of its sandbox; the n-th after it answers through a route table of its own. */
  readonly ordinal: number;
  readonly ports: readonly PortMapping[];
  /** Seen from the pod: ingress is what it receives. */
  readonly bandwidth: { readonly ingress?: Bucket; readonly egress?: Bucket };
} & (
  | { readonly mode: 'routed'; readonly addresses: readonly Address[]; readonly branch?: BranchDatapath }
  | { readonly mode: 'bridge'; readonly bridge: string; readonly addresses: readonly BridgedAddress[] }
);

/** Where a family of the pod leads: itself, its first hop, and how the hop is found. */
interface Path {
  readonly self: Address;
  readonly own: InterfaceAddress;
  readonly gateway: Address;
}

/**
 * Everything one attachment needs in the kernel, and nothing it shares with another. First all of the host, then all
 * of the pod, then the elements, so that each is one batch; and host ports come last, so that nothing answers for the
 * pod before it can. Throws RangeError for a port that `portProblem` refuses.
 */
export function podPlan(want: PodDatapath): Plan {
  const pod: LinkRef = { netns: 'pod', name: want.ifname };
  const host: LinkRef = { netns: 'host', name: want.hostLink };
  const paths = want.mode === 'routed' ? want.addresses.map(routedPath) : want.addresses.map(bridgedPath);
  const veth: Item = {
    kind: 'veth',
    pod,
    host,
    mtu: want.mtuBytes,
    podMac: want.podMac,
    hostMac: want.hostMac,
    alias: aliasOf(
      want.id,
      paths.map(({ self }) => self),
      want.of,
    ),
  };
  const branch = want.mode === 'routed' ? want.branch : undefined;
  return [
    veth,
    { kind: 'up', on: host },
    ...hostSettings(want, host, paths),
    ...shaped(host, want.bandwidth.ingress),
    ...(want.mode === 'routed' ? hostPaths({ host, pod }, paths, branch) : [portOf(want.bridge, host)]),
    ...(branch === undefined ? [] : branchPlan(branch, host, want.mode === 'routed' ? want.addresses : [])),
    { kind: 'up', on: { netns: 'pod', name: 'lo' } },
    { kind: 'up', on: pod },
    ...podSettings(want, pod, paths),
    ...paths.flatMap((path) => podPath(want, { pod, host }, path)),
    // On the pod's own end: what leaves it must be shaped before the host's queue, and an ifb per pod would cost 0.6
    // ms at ADD and a wait of 24 ms at DEL. A pod that may change its own links could lift it, until repair puts it
    // back.
    ...shaped(pod, want.bandwidth.egress),
    ...podElements({
      link: want.mode === 'routed' ? want.hostLink : want.bridge,
      addresses: paths.map((path) => path.self),
      ports: want.ports,
    }),
  ];
}

/** The name of an attachment's host end: the same for the same attachment, 15 bytes. */
export function hostLinkName(id: AttachmentId): string {
  return HOST_LINK_PREFIX + hashName(id, 12);
}

/** The MACs of an attachment's two ends: the same for the same attachment, locally administered. */
export function podMacs(id: AttachmentId): { readonly podMac: Mac; readonly hostMac: Mac } {
  return { podMac: localMac(hash64(`pod ${id}`)), hostMac: localMac(hash64(`host ${id}`)) };
}

function routedPath(self: Address): Path {
  const gateway = familyOf(self) === 'v4' ? GATEWAY_V4 : GATEWAY_V6;
  return { self, own: interfaceAddress(hostPrefix(self)), gateway };
}

function bridgedPath({ address, gateway }: BridgedAddress): Path {
  return { self: addressIn(address), own: address, gateway };
}

function hostSettings(want: PodDatapath, on: LinkRef, paths: readonly Path[]): Item[] {
  if (want.mode === 'bridge' || !paths.some(({ self }) => familyOf(self) === 'v4')) return [quiet(on)];
  const localnet: Item = { kind: 'sysctl', on, key: 'v4.route_localnet', value: 1 }; // ports are open on 127.0.0.1, too
  return [
    quiet(on),
    { kind: 'sysctl', on, key: 'v4.forwarding', value: 1 },
    looseFilter(on),
    ...portsOnly(want, localnet),
  ];
}

/** 1 = none: no fe80 address, no detection of duplicates. */
function quiet(on: LinkRef): Item {
  return { kind: 'sysctl', on, key: 'v6.addr_gen_mode', value: 1 };
}

function portsOnly(want: PodDatapath, ...items: Item[]): Item[] {
  return want.ports.length === 0 ? [] : items;
}

function shaped(on: LinkRef, bucket: Bucket | undefined): Item[] {
  return bucket === undefined ? [] : [{ kind: 'tbf', on, rateBits: bucket.rateBits, burstBits: bucket.burstBits }];
}

function portOf(bridge: string, on: LinkRef): Item {
  // hairpin: a pod that asks for its own host port gets back what it sent
  return { kind: 'port', on, bridge: { netns: 'host', name: bridge }, hairpin: true };
}

/** The node's way to the pod: nobody is asked where it is, and no cache can be full or poisoned. */
function hostPaths(
  { host, pod }: { readonly host: LinkRef; readonly pod: LinkRef },
  paths: readonly Path[],
  branch: BranchDatapath | undefined,
): Item[] {
  const table = branch?.enforcing === 'strict' ? branchTable(branch) : MAIN_TABLE;
  return paths.flatMap(({ self }): Item[] => [
    { kind: 'neighbour', on: host, address: self, at: pod },
    { kind: 'route', on: host, to: hostPrefix(self), table },
  ]);
}

function podSettings(want: PodDatapath, on: LinkRef, paths: readonly Path[]): Item[] {
  // else any pod of the bridge could be everybody's router
  const deaf: Item[] = want.mode === 'routed' ? [] : [{ kind: 'sysctl', on, key: 'v6.accept_ra', value: 0 }];
  // where no pod has IPv6, a fe80 address is only a detection of duplicates and reports that nobody hears
  if (!paths.some(({ self }) => familyOf(self) === 'v6')) return [quiet(on), ...deaf];
  // some runtimes switch it off in every sandbox
  return [{ kind: 'sysctl', on, key: 'v6.disable_ipv6', value: 0 }, ...deaf];
}

function podPath(want: PodDatapath, { pod, host }: { pod: LinkRef; host: LinkRef }, path: Path): Item[] {
  const table = want.ordinal === 0 ? MAIN_TABLE : POD_TABLE_BASE + want.ordinal;
  const own: Item = { kind: 'address', on: pod, address: path.own };
  const hop = want.mode === 'routed' ? routedHop(pod, host, path, table) : bridgedHop(pod, path, table);
  return [own, ...hop, ...(want.ordinal === 0 ? [] : [answerFrom(path, table)])];
}

/**
 * The gateway is nowhere: its permanent neighbour makes it the node. fe80::1 is on every link, 169.254.1.1 must be
 * said to be on this one.
 */
function routedHop(on: LinkRef, host: LinkRef, { self, gateway }: Path, table: number): Item[] {
  const neighbour: Item = { kind: 'neighbour', on, address: gateway, at: host };
  if (familyOf(self) === 'v6') return [neighbour, { kind: 'route', on, to: DEFAULT_V6, via: gateway, table }];
  return [
    neighbour,
    { kind: 'route', on, to: hostPrefix(gateway), table },
    { kind: 'route', on, to: DEFAULT_V4, via: gateway, onlink: true, table },
  ];
}

/** In the main table the kernel itself adds the range's route with the address. */
function bridgedHop(on: LinkRef, { own, gateway }: Path, table: number): Item[] {
  const range: Item = { kind: 'route', on, to: rangeAround(addressIn(own), lengthOf(own)), table };
  const to = familyOf(own) === 'v4' ? DEFAULT_V4 : DEFAULT_V6;
  return [...(table === MAIN_TABLE ? [] : [range]), { kind: 'route', on, to, via: gateway, table }];
}

/** The second interface answers through itself; the first one's routes stay as they are. */
function answerFrom({ self }: Path, table: number): Item {
  const family = familyOf(self);
  return { kind: 'rule', netns: 'pod', family, priority: POD_RULE_PRIORITY, from: hostPrefix(self), table };
}
