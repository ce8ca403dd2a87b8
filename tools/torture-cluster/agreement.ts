import { address, contains, prefix, sizeOf } from '../../src/base/ip.ts';

/** What everybody says of one node when nothing is under way. Addresses are of pods with a network of their own. */
export interface NodeView {
  readonly name: string;
  readonly api: readonly string[]; //     of its pods' statuses
  readonly journal: readonly string[]; // of an agent that was just started from it
  readonly kernel: readonly string[]; //  that routes to pods' links lead to
  readonly links: number; //              of pods, on the host's side
  readonly spooled: number; //            DELs that wait
  readonly cloud?: CloudView; //          absent: addresses are of the node's ranges
}

/** NICs of one node by their ids, without their own addresses. */
export interface CloudView {
  readonly told: ReadonlyMap<string, readonly string[]>; // by the cloud: addresses and prefixes
  readonly known: ReadonlyMap<string, number>; //           to the agent: how many addresses
  readonly loose: readonly string[]; //                     NICs that are attached to nobody, of any node
}

/** Everything in which API, journal, kernel and cloud do not agree, as sentences; none: they do. */
export function disagreements(nodes: readonly NodeView[]): readonly string[] {
  return [...nodes.flatMap(ofNode), ...twice(nodes.flatMap(({ api }) => api)), ...ofClouds(nodes)];
}

function ofNode(node: NodeView): readonly string[] {
  const { name, api, journal, kernel, links, spooled } = node;
  const faults = [
    ...differing(name, ['the journal', journal], ['the API', api]),
    ...differing(name, ['the kernel', kernel], ['the journal', journal]),
    ...twice(journal).map((fault) => `${name}: ${fault} on record`),
  ];
  const families = journal.some(isV6) ? 2 : 1;
  if (links * families !== kernel.length) faults.push(`${name}: ${links} links of pods for ${kernel.length} routes`);
  if (spooled > 0) faults.push(`${name}: ${spooled} DELs wait`);
  return faults;
}

function isV6(address: string): boolean {
  return address.includes(':');
}

type Said = readonly [who: string, addresses: readonly string[]];

function differing(node: string, [one, ofOne]: Said, [other, ofOther]: Said): readonly string[] {
  const only = (mine: readonly string[], theirs: readonly string[]) => mine.filter((it) => !theirs.includes(it));
  const fault = (who: string, what: readonly string[], whom: string) =>
    what.length === 0 ? [] : [`${node}: ${who} has ${what.join(', ')}, and ${whom} has not`];
  return [...fault(one, only(ofOne, ofOther), other), ...fault(other, only(ofOther, ofOne), one)];
}

function twice(addresses: readonly string[]): readonly string[] {
  const again = addresses.filter((address, i) => addresses.indexOf(address) !== i);
  return [...new Set(again)].map((address) => `${address} is two pods'`);
}

function ofClouds(nodes: readonly NodeView[]): readonly string[] {
  const loose = new Set(nodes.flatMap(({ cloud }) => cloud?.loose ?? []));
  return [...nodes.flatMap(ofCloud), ...[...loose].map((nic) => `${nic} is attached to nobody`)];
}

function ofCloud({ name, cloud, journal }: NodeView): readonly string[] {
  if (cloud === undefined) return [];
  const { told, known } = cloud;
  const held = [...told.values()].flat();
  const bare = journal.filter((address) => !held.some((it) => holds(it, address)));
  const nics = [...new Set([...told.keys(), ...known.keys()])];
  const counts = nics.map((nic) => [nic, countOf(told.get(nic) ?? []), known.get(nic) ?? 0] as const);
  return [
    ...bare.map((address) => `${name}: a pod has ${address}, which the cloud has on no NIC of the node`),
    ...counts
      .filter(([, there, here]) => there !== here)
      .map(([nic, there, here]) => `${name}: ${nic} has ${there} addresses in the cloud, and ${here} by the agent`),
  ];
}

function holds(held: string, it: string): boolean {
  return held.includes('/') ? contains(prefix(held), address(it)) : held === it;
}

function countOf(held: readonly string[]): number {
  return held.reduce((sum, it) => sum + (it.includes('/') ? Number(sizeOf(prefix(it))) : 1), 0);
}
