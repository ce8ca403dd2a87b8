import { address, type Address, familyOf, prefix, type Prefix } from '../../base/ip.ts';
import { type KubeObject, loose, looseList, text, texts } from './object.ts';

/** What is kept of a Node: some hundred bytes of its ten thousand. */
export interface NodeShape {
  readonly name: string;
  readonly uid: string;
  readonly addresses: readonly Address[]; // InternalIP, the first of each family
  readonly ranges: readonly Prefix[]; //     spec.podCIDRs
  readonly cordoned: boolean;
  readonly created: string; //               RFC 3339, so that its order is that of time
}

/** Reads a Node. An address or range that is none is passed over. */
export function readNode({ metadata, spec, status }: KubeObject): NodeShape {
  const { podCIDR, podCIDRs, unschedulable } = loose(spec);
  const listed = texts(podCIDRs);
  const ranges = listed.length > 0 ? listed : [text(podCIDR)].filter((it) => it !== '');
  const internal = looseList(loose(status)['addresses']).filter(({ type }) => type === 'InternalIP');
  const addresses = internal.flatMap(({ address: it }) => orNone(() => address(text(it))));
  return {
    name: metadata.name,
    uid: metadata.uid,
    addresses: addresses.filter((it, i) => addresses.findIndex((one) => familyOf(one) === familyOf(it)) === i),
    ranges: ranges.flatMap((it) => orNone(() => prefix(it))),
    cordoned: unschedulable === true,
    created: text(metadata['creationTimestamp']),
  };
}

/** spec.cidrs of a ServiceCIDR. */
export function readServiceRanges({ spec }: KubeObject): readonly Prefix[] {
  return texts(loose(spec)['cidrs']).flatMap((it) => orNone(() => prefix(it)));
}

function orNone<T>(read: () => T): readonly T[] {
  try {
    return [read()];
  } catch (error) {
    if (error instanceof RangeError) return [];
    throw error;
  }
}
