import type { Clock } from '../../base/clock.ts';
import {
  type Address,
  addressIn,
  contains,
  type Family,
  familyOf,
  hostPrefix,
  type InterfaceAddress,
  lengthOf,
  type Prefix,
} from '../../base/ip.ts';
import type { Mac } from '../../base/mac.ts';
import {
  type AttachmentId,
  type AttachmentRecord,
  keeperId,
  type PodName,
  type PortMapping,
} from '../../core/attachment.ts';
import type { HeldBranch } from '../../core/branches/branch.ts';
import type { BranchDatapath } from '../../core/datapath/branch-plan.ts';
import { DEFAULT_V4, DEFAULT_V6, GATEWAY_V4, GATEWAY_V6 } from '../../core/datapath/numbers.ts';
import { hostLinkName, podMacs, podPlan } from '../../core/datapath/pod-plan.ts';
import { portProblem, portTwice } from '../../core/datapath/ports.ts';
import type { NetworkConfig } from '../../wire/cni/config.ts';
import { CniError } from '../../wire/cni/error.ts';
import type { AddRequest } from '../../wire/cni/request.ts';
import type { Bandwidth } from '../../wire/cni/runtime-config.ts';
import {
  type CniResult,
  mergeResult,
  noDns,
  noResult,
  type ResultIp,
  readResult,
  writeResult,
} from '../../wire/cni/result.ts';
import type { PodAsks } from '../../wire/kube/annotations.ts';
import { bandwidthOf, mtuOf } from './link-asks.ts';
import { wantedDns, wantedIps, wantedMac } from '../../wire/cni/wishes.ts';

/** What the node is to its pods, now. */
export interface NodePlaceNow {
  readonly mode: 'routed' | 'bridge';
  readonly bridge: string;
  readonly bridgeMac: Mac | undefined;
  readonly mtuBytes: number;
  readonly families: readonly Family[]; // those of the node's ranges, IPv4 first
  readonly ranges: readonly { readonly prefix: Prefix; readonly gateway: Address }[];
}

/** What an ADD asks of the pool, and how the record is made once the addresses are known. */
export interface Wish {
  readonly families: readonly Family[];
  readonly wanted: readonly Address[];
  readonly ports: readonly PortMapping[];
  readonly pod: PodName | undefined;
  readonly keeper: AttachmentId | undefined; // has the addresses afterwards
  readonly holder: string; // as others are told who has the ports
  readonly describe: (addresses: readonly Address[], branch?: OwnNic) => AttachmentRecord;
}

/** The pod's own NIC, where it has one: what is kept of it, and what it is in the datapath. */
export interface OwnNic {
  readonly held: HeldBranch;
  readonly path: Omit<BranchDatapath, 'mtuBytes'>;
}

/** The call's own facts that go into the record. */
export interface WishContext {
  readonly place: NodePlaceNow;
  readonly clock: Clock;
  readonly ordinal: number;
  readonly kin: Kin;
}

/** An ADD, and what the pod's annotations ask of it. */
export interface AddCall {
  readonly request: AddRequest;
  readonly config: NetworkConfig;
  readonly asks: PodAsks;
  readonly groups?: readonly string[]; // security groups of its own; none: those of its node
}

/** Whose interface an attachment is, or which it has besides. */
export type Kin = Pick<AttachmentRecord, 'of' | 'further'>;

/**
 * Reads the wish out of the call. Throws CniError(invalidConfig) for ports that cannot be, RefusalError for an
 * annotation's.
 */
export function wishOf(context: WishContext, id: AttachmentId, { request, config, asks }: AddCall): Wish {
  const { place } = context;
  const ports = config.runtime.portMappings;
  const twice = portTwice(ports);
  if (twice !== undefined)
    throw new CniError(
      'invalidConfig',
      `runtimeConfig.portMappings asks twice for host port ${twice.hostPort}/${twice.protocol}`,
    );
  for (const mapping of ports) {
    const problem = portProblem(
      mapping,
      place.families.map((family) => (family === 'v4' ? GATEWAY_V4 : GATEWAY_V6)),
    );
    if (problem !== undefined) throw new CniError('invalidConfig', `runtimeConfig.portMappings: ${problem}`);
  }
  const pod = podOf(request);
  const holder = pod === undefined ? id : `${pod.namespace}/${pod.name}`;
  const mtuBytes = mtuOf(asks, config.mtuBytes ?? place.mtuBytes, place.families);
  const bandwidth = bandwidthOf(asks, config.runtime.bandwidth);
  const keeper = pod === undefined || asks.keep === undefined ? undefined : keeperId(pod);
  const call = { id, request, config, pod, keeper, mtuBytes, bandwidth };
  const describe = (addresses: readonly Address[], branch?: OwnNic) =>
    recordOf(context, { ...call, addresses, branch });
  const wanted = wantedIps(config, request.args, asks.ips);
  return { families: place.families, wanted, ports, pod, keeper, holder, describe };
}

/** The records' own results, behind what the chain made before us, in the version that was asked for. */
export function answerOf(records: readonly AttachmentRecord[], config: NetworkConfig): string {
  const own = records.map((record) => freshResults.get(record) ?? readBack(record)).reduce(mergeResult, noResult);
  const { prevResult } = config;
  return writeResult(prevResult === undefined ? own : mergeResult(prevResult, own), config.cniVersion);
}

/** Spares an ADD to read back what it has just written. */
const freshResults = new WeakMap<AttachmentRecord, CniResult>();

function readBack({ result }: AttachmentRecord): CniResult {
  return result === '' ? noResult : readResult({ at: '', value: JSON.parse(result) });
}

/** The pod behind a sandbox, when the runtime told its name. */
export function podOf({ args }: Pick<AddRequest, 'args'>): PodName | undefined {
  if (args.podName === undefined) return undefined;
  return { namespace: args.podNamespace ?? '', name: args.podName, uid: args.podUid ?? '' };
}

interface Facts {
  readonly id: AttachmentId;
  readonly request: AddRequest;
  readonly config: NetworkConfig;
  readonly addresses: readonly Address[];
  readonly pod: PodName | undefined;
  readonly keeper: AttachmentId | undefined;
  readonly mtuBytes: number;
  readonly bandwidth: Bandwidth;
  readonly branch: OwnNic | undefined;
}

function recordOf(context: WishContext, facts: Facts): AttachmentRecord {
  const { place, clock, ordinal, kin } = context;
  const { id, request, config, addresses, pod, keeper, mtuBytes, bandwidth, branch } = facts;
  const macs = podMacs(id);
  const podMac = wantedMac(config, request.args) ?? macs.podMac;
  const common = {
    id,
    of: kin.of,
    ifname: request.ifname,
    hostLink: hostLinkName(id),
    podMac,
    hostMac: macs.hostMac,
    mtuBytes,
    ordinal,
    ports: config.runtime.portMappings,
    bandwidth,
  };
  const bridged = place.mode === 'bridge' ? addresses.map((address) => bridgedAddress(place, address)) : [];
  const plan =
    place.mode === 'routed'
      ? podPlan({ ...common, mode: 'routed', addresses, ...(branch && { branch: { ...branch.path, mtuBytes } }) })
      : podPlan({ ...common, mode: 'bridge', bridge: place.bridge, addresses: bridged });
  const result = resultOf(context, facts, { ...common, bridged });
  const record: AttachmentRecord = {
    id,
    name: { network: config.name, containerId: request.containerId, ifname: request.ifname },
    netns: request.netns,
    addresses,
    ...(pod === undefined ? {} : { pod }),
    ...(keeper === undefined ? {} : { keeper }),
    ...(branch === undefined ? {} : { branch: branch.held }),
    ...kin,
    ports: config.runtime.portMappings,
    ordinal,
    plan,
    result: writeResult(result, '1.1.0'),
    since: clock.now(),
  };
  freshResults.set(record, result);
  return record;
}

interface Made {
  readonly hostLink: string;
  readonly hostMac: Mac;
  readonly podMac: Mac;
  readonly mtuBytes: number;
  readonly bridged: readonly { readonly address: InterfaceAddress; readonly gateway: Address }[];
}

/**
 * What ADD tells of this attachment: the links (the bridge first, where there is one), the addresses, the default
 * routes.
 */
function resultOf({ place, kin }: WishContext, { request, config, addresses }: Facts, made: Made): CniResult {
  const bridge =
    place.mode === 'bridge'
      ? [{ name: place.bridge, ...(place.bridgeMac === undefined ? {} : { mac: place.bridgeMac }) }]
      : [];
  const host = { name: made.hostLink, mac: made.hostMac, mtuBytes: made.mtuBytes };
  const pod = { name: request.ifname, mac: made.podMac, mtuBytes: made.mtuBytes, sandbox: request.netns };
  const ips = addresses.map((address, i): ResultIp => {
    const bridged = place.mode === 'bridge' ? made.bridged[i] : undefined;
    const own = bridged?.address ?? (hostPrefix(address) as string as InterfaceAddress);
    return { address: own, gateway: bridged?.gateway ?? gatewayOf(address), interface: bridge.length + 1 };
  });
  // those of a further interface are in a table of its own: nobody shall take them for the pod's
  const ways = kin.of === undefined ? ips : [];
  const routes = ways.map(({ address, gateway }) => ({
    to: familyOf(address) === 'v4' ? DEFAULT_V4 : DEFAULT_V6,
    via: gateway ?? gatewayOf(addressIn(address)),
  }));
  return { interfaces: [...bridge, host, pod], ips, routes, dns: wantedDns(config) ?? noDns };
}

/** An address with the length of its range and the bridge's own address in it. */
function bridgedAddress(place: NodePlaceNow, address: Address): { address: InterfaceAddress; gateway: Address } {
  const range = place.ranges.find(({ prefix }) => contains(prefix, address));
  if (range === undefined) throw new Error(`wish: ${address} is in none of the node's ranges`);
  return { address: `${address}/${lengthOf(range.prefix)}` as InterfaceAddress, gateway: range.gateway };
}

function gatewayOf(address: Address): Address {
  return familyOf(address) === 'v4' ? GATEWAY_V4 : GATEWAY_V6;
}
