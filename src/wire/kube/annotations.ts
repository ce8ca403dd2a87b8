import { address, type Address } from '../../base/ip.ts';
import { text } from './object.ts';
import { type Annotations, POD_IPS_NAMES } from './pod-ips.ts';
import { readRetention } from './retention.ts';

/** What a pod asks of its network by annotations. Absent: as usual. */
export interface PodAsks {
  readonly ips: readonly Address[]; //    one of each family
  readonly mtuBytes: number | undefined;
  readonly ingressBits: number | undefined; // a second, what it receives
  readonly egressBits: number | undefined; //  a second, what it sends
  readonly keep: KeepAsk | undefined; //       its address stays its name's
  readonly subnets: readonly string[]; //      NICConfigs, or subnets of them: one for all interfaces, or one for each
  readonly interfaces: number | 'cards' | undefined; // how many; `cards`: one on each network card
  readonly policy: NicPolicy | undefined;
}

/** How long an address stays a name's, and what happens when it cannot be had any more. */
export interface KeepAsk {
  readonly retention: string; // `readRetention`
  readonly conflict: 'retry' | 'renew'; // the pod waits for it, or gets another
}

/** An annotation whose value is none. `needs` goes on "it must be ". */
export class AnnotationError extends Error {
  readonly annotation: string;
  readonly value: string;
  readonly needs: string;
  constructor(annotation: string, value: string, needs: string) {
    super(`${annotation}: "${value}" must be ${needs}`);
    this.name = 'AnnotationError';
    this.annotation = annotation;
    this.value = value;
    this.needs = needs;
  }
}

/** Addresses, "10.0.3.9" or "10.0.3.9,fd00::9". */
export const IPS = 'berth.dev/ips';
/** Bytes, "1400". */
export const MTU = 'berth.dev/mtu';
/** The NICConfig by which its NIC stands, or the subnet of one; with commas: one for each interface. */
export const SUBNET = 'berth.dev/subnet';
/** The same of UCloud's plugin: a PodNetworking. */
const UCLOUD_NETWORKING = 'network.kubernetes.io/ucloud-pod-networking-name';
/** How many interfaces, each with an address of a NIC of its own: "2". */
export const INTERFACES = 'berth.dev/interfaces';
/** aws-node's: one on each network card. */
const AWS_INTERFACES = 'k8s.amazonaws.com/nicConfig';
const AWS_MULTI = 'multi-nic-attachment';
/** Of which NIC: "pack" (default) or "spread". */
export const POLICY = 'berth.dev/nic-policy';
const POLICIES = ['pack', 'spread'] as const;
type NicPolicy = (typeof POLICIES)[number];
/** "true": the pod's address stays its name's. Of pods of a StatefulSet. */
export const STATIC = 'berth.dev/static-address';
/** "24h" (default), "Never". */
export const RETENTION = 'berth.dev/retention';
/** "retry" (default) or "renew". */
export const CONFLICT = 'berth.dev/static-conflict';
/** The same two of UCloud's plugin, whose default is Never. */
const UCLOUD_STATIC = 'network.beta.kubernetes.io/ucloud-statefulset-static-ip';
const UCLOUD_RETENTION = 'network.beta.kubernetes.io/ucloud-statefulset-ip-claim-policy';
/** Calico's, which hostnic reads as well: a JSON list of addresses. */
export const CALICO_IPS = 'cni.projectcalico.org/ipAddrs';
/** Kubernetes' own; most runtimes tell them by the capability `bandwidth`. */
const INGRESS = 'kubernetes.io/ingress-bandwidth';
const EGRESS = 'kubernetes.io/egress-bandwidth';

const READ = [
  ...[IPS, MTU, CALICO_IPS, INGRESS, EGRESS, ...POD_IPS_NAMES],
  ...[SUBNET, UCLOUD_NETWORKING, INTERFACES, AWS_INTERFACES, POLICY],
  ...[STATIC, RETENTION, CONFLICT, UCLOUD_STATIC, UCLOUD_RETENTION],
];

/** The range of a pod's MTU: RFC 791's least for every host, and what 16 bits of a length can say. */
const MTU_BYTES = { least: 576, most: 65_535 };
/** The range of pkg/util/bandwidth of Kubernetes. */
const RATE_BITS = { least: 1_000, most: 1_000_000_000_000_000 };

/** A pod that asks for nothing. */
export const asksNothing: PodAsks = {
  ips: [],
  mtuBytes: undefined,
  ingressBits: undefined,
  egressBits: undefined,
  keep: undefined,
  subnets: [],
  interfaces: undefined,
  policy: undefined,
};

/** Of an object's annotations those that are read. */
export function readAnnotations(annotations: Readonly<Record<string, unknown>>): Annotations {
  const kept = READ.map((name) => [name, text(annotations[name]).trim()] as const).filter(([, value]) => value !== '');
  return kept.length === 0 ? NONE : Object.fromEntries(kept);
}

const NONE: Annotations = {};

/** What they ask for. Of two names for one wish Berth's own counts. Throws AnnotationError. */
export function readAsks(annotations: Annotations): PodAsks {
  const ask = <T>(name: string, read: (value: string) => T | undefined, needs: string): T | undefined => {
    const value = annotations[name];
    if (value === undefined) return undefined;
    const it = read(value);
    if (it === undefined) throw new AnnotationError(name, value, needs);
    return it;
  };
  const rate = 'bits a second from 1k to 1P, such as "10M"';
  return {
    ips:
      ask(IPS, commaList, 'addresses with commas between them, such as "10.0.3.9,fd00::9"') ??
      ask(CALICO_IPS, jsonList, 'a JSON list of addresses, such as ["10.0.3.9"]') ??
      [],
    mtuBytes: ask(MTU, mtuBytes, `a whole number from ${MTU_BYTES.least} to ${MTU_BYTES.most}`),
    ingressBits: ask(INGRESS, rateBits, rate),
    egressBits: ask(EGRESS, rateBits, rate),
    keep: keepAsk(ask),
    subnets: ask(SUBNET, objectNames, NAMES) ?? ask(UCLOUD_NETWORKING, objectNames, NAMES) ?? [],
    interfaces:
      ask(INTERFACES, interfaceCount, `a number from 1 to ${MOST_INTERFACES}`) ??
      ask(AWS_INTERFACES, onCards, `"${AWS_MULTI}"`),
    policy: ask(POLICY, (value) => POLICIES.find((it) => it === value), '"pack" or "spread"'),
  };
}

const NAMES = 'the name of a NICConfig or ENIConfig, or the subnet of one; or such, with commas, for each interface';
/** Of a pod: no instance has so many NICs that more would be of use. */
const MOST_INTERFACES = 8;

/** Names as Kubernetes has them: RFC 1123, "DNS Subdomain Names" of Kubernetes' documentation. */
function objectNames(value: string): readonly string[] | undefined {
  const names = value.split(',').map((it) => it.trim());
  const isName = (it: string) => /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/.test(it);
  return names.length <= MOST_INTERFACES && names.every(isName) ? names : undefined;
}

function interfaceCount(value: string): number | undefined {
  return /^\d$/.test(value) ? between(Number(value), { least: 1, most: MOST_INTERFACES }) : undefined;
}

function onCards(value: string): 'cards' | undefined {
  return value === AWS_MULTI ? 'cards' : undefined;
}

type Ask = <T>(name: string, read: (value: string) => T | undefined, needs: string) => T | undefined;

function keepAsk(ask: Ask): KeepAsk | undefined {
  const yesOrNo = (name: string) => ask(name, truth, '"true" or "false"');
  const own = yesOrNo(STATIC);
  if (!(own ?? yesOrNo(UCLOUD_STATIC) ?? false)) return undefined;
  const retention = (name: string) =>
    ask(name, (value) => readRetention(value) && value, 'a time such as "24h", "1h30m" or "7d", or "Never"');
  const conflict = ask(CONFLICT, (value) => CONFLICTS.find((it) => it === value), '"retry" or "renew"');
  return {
    retention: retention(RETENTION) ?? retention(UCLOUD_RETENTION) ?? (own === undefined ? 'Never' : '24h'),
    conflict: conflict ?? 'retry',
  };
}

const CONFLICTS = ['retry', 'renew'] as const;

function truth(value: string): boolean | undefined {
  const word = value.toLowerCase();
  return word === 'true' || word === 'false' ? word === 'true' : undefined;
}

function commaList(value: string): readonly Address[] | undefined {
  return addresses(value.split(',').map((it) => it.trim()));
}

function jsonList(value: string): readonly Address[] | undefined {
  try {
    const list: unknown = JSON.parse(value);
    return Array.isArray(list) && list.length > 0 ? addresses(list.map(text)) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function addresses(said: readonly string[]): readonly Address[] | undefined {
  try {
    return said.map(address);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function mtuBytes(value: string): number | undefined {
  if (!/^\d{1,5}$/.test(value)) return undefined;
  return between(Number(value), MTU_BYTES);
}

/** A quantity as Kubernetes writes them (apimachinery, pkg/api/resource): "10M", "1Gi", "1.5e6". */
function rateBits(value: string): number | undefined {
  const [, number = '', suffix = ''] =
    /^([0-9]+(?:\.[0-9]*)?(?:[eE][0-9]{1,2})?)([kMGTP]|[KMGTP]i)?$/.exec(value) ?? [];
  if (number === '') return undefined;
  const power = ' kMGTP'.indexOf(suffix.replace('K', 'k').charAt(0) || ' ');
  const bits = Number(number) * (suffix.endsWith('i') ? 1_024 : 1_000) ** power;
  return between(Math.round(bits), RATE_BITS);
}

function between(value: number, { least, most }: { readonly least: number; readonly most: number }) {
  return value >= least && value <= most ? value : undefined;
}
