import {
  addressIn,
  contains,
  familyOf,
  lengthOf,
  numberOf,
  type Address,
  type Family,
  type Prefix,
} from '../../base/ip.ts';
import type { PortMapping } from '../attachment.ts';
import { HAIRPIN, INTERNAL, PODS } from './node-ruleset.ts';
import type { Item } from './plan.ts';
import { portElements } from './ports.ts';
import type { SetName } from './ruleset.ts';

/** What a pod's elements depend on. */
export interface PodPlace {
  readonly link: string; // the node's link that packets of the pod come in by: its host end, or in bridge mode the bridge
  readonly addresses: readonly Address[];
  readonly ports: readonly PortMapping[];
}

/** All elements of one pod, for its plan. Throws RangeError for a port that `portProblem` refuses. */
export function podElements({ link, addresses, ports }: PodPlace): Item[] {
  const sources = addresses.map((it) => element(PODS[familyOf(it)], [link, it]));
  const hairpins = ports.length === 0 ? [] : addresses.map((it) => element(HAIRPIN[familyOf(it)], [it, it]));
  return [...sources, ...hairpins, ...portElements(ports, addresses)];
}

/** Never forwarded to where an answer could not come back: RFC 3927, RFC 5771, RFC 919, RFC 4291. */
const ON_LINK = ['169.254.0.0/16', '224.0.0.0/4', '255.255.255.255/32', 'fe80::/10', 'ff00::/8'] as Prefix[];

/**
 * The node's own elements: the ranges in which pods are seen under their own addresses (the cluster's, the other
 * nodes, what masquerading excepts). In order, without those that lie in another: the kernel takes no overlap.
 */
export function internalElements(ranges: readonly Prefix[]): Item[] {
  const places = [...new Set([...ranges, ...ON_LINK])].map(placeOf).sort(byPlace);
  const kept: Prefix[] = [];
  for (const { range } of places) {
    // ranges nest: what lies in any before it lies in the last that was kept
    const last = kept.at(-1);
    if (last === undefined || !contains(last, range)) kept.push(range);
  }
  return kept.map((range) => element(INTERNAL[familyOf(range)], [range]));
}

function element(set: SetName, key: readonly string[]): Item {
  return { kind: 'element', set, key };
}

interface PlacedRange {
  readonly range: Prefix;
  readonly family: Family;
  readonly first: bigint;
  readonly length: number;
}

function placeOf(range: Prefix): PlacedRange {
  return { range, family: familyOf(range), first: numberOf(addressIn(range)), length: lengthOf(range) };
}

/** A range before those that lie in it. */
function byPlace(a: PlacedRange, b: PlacedRange): number {
  if (a.family !== b.family) return a.family === 'v4' ? -1 : 1;
  if (a.first === b.first) return a.length - b.length;
  return a.first < b.first ? -1 : 1;
}
