import { addressIn, contains, familyOf, lengthOf, numberOf, type Address, type Prefix } from '../../base/ip.ts';
import type { PortMapping } from '../attachment.ts';
import { HAIRPIN, INTERNAL, PODS } from './node-ruleset.ts';
import type { Item } from './plan.ts';
import { portElements } from './ports.ts';

/** What a pod's elements depend on. */
export interface PodPlace {
  readonly mode: 'routed' | 'bridge';
  readonly link: string; // the node's link that packets of the pod come in by: its host end, or in bridge mode the bridge
  readonly addresses: readonly Address[];
  readonly ports: readonly PortMapping[];
}

/** All elements of one pod, for its plan. Throws RangeError for a port that `portProblem` refuses. */
export function podElements(pod: PodPlace): Item[] {
  const sources = pod.addresses.map((address): Item => {
    return { kind: 'element', set: PODS[familyOf(address)], key: [pod.link, address] };
  });
  const hairpin = pod.ports.length > 0 && pod.mode === 'routed' ? [hairpinOf(pod.link)] : [];
  return [...sources, ...hairpin, ...portElements(pod.ports, pod.addresses)];
}

/** What a node's elements depend on. */
export interface NodePlace {
  readonly mode: 'routed' | 'bridge';
  readonly bridge: string; // name of the bridge, bridge mode only
  /** Where pods are seen under their own addresses: the cluster's ranges, the other nodes, what masquerading excepts. */
  readonly internal: readonly Prefix[];
}

/** All elements of the node itself, for its plan. */
export function nodeElements(node: NodePlace): Item[] {
  const elements = internalElements(node.internal);
  // Two pods of one bridge: the answer would go through the bridge alone, and the client would not know who speaks.
  return node.mode === 'bridge' ? [hairpinOf(node.bridge), ...elements] : elements;
}

/** Never forwarded to where an answer could not come back: RFC 3927, RFC 5771, RFC 919, RFC 4291. */
const ON_LINK = ['169.254.0.0/16', '224.0.0.0/4', '255.255.255.255/32', 'fe80::/10', 'ff00::/8'] as Prefix[];

/** Ranges as elements of the interval sets, in order, without those that lie in another: the kernel takes no overlap. */
export function internalElements(ranges: readonly Prefix[]): Item[] {
  const all = [...new Set([...ranges, ...ON_LINK])];
  return all
    .filter((range) => !all.some((other) => other !== range && contains(other, range)))
    .sort(byPlace)
    .map((range) => ({ kind: 'element', set: INTERNAL[familyOf(range)], key: [range] }));
}

function hairpinOf(link: string): Item {
  return { kind: 'element', set: HAIRPIN, key: [link, link] };
}

function byPlace(a: Prefix, b: Prefix): number {
  if (familyOf(a) !== familyOf(b)) return familyOf(a) === 'v4' ? -1 : 1;
  const [left, right] = [numberOf(addressIn(a)), numberOf(addressIn(b))];
  if (left === right) return lengthOf(a) - lengthOf(b);
  return left < right ? -1 : 1;
}
