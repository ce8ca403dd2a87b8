import type { Address, Prefix } from '../../base/ip.ts';
import { listed } from '../../base/words.ts';
import type { Peer } from '../datapath/tunnel.ts';
import type { NicPlace } from '../ipam/placing.ts';

/** A node as the cluster tells of it. */
export interface NodeFacts {
  readonly name: string;
  readonly addresses: readonly Address[]; // the first of each family
  readonly ranges: readonly Prefix[];
  readonly created: string; // RFC 3339
}

/**
 * What a node needs to know of its cluster: a value that goes on record, so that the node starts with it while nobody
 * answers (A24).
 */
export interface Learnt {
  readonly ranges: readonly Prefix[]; //  this node's own
  readonly peers: readonly Peer[]; //     all nodes that can be reached, this one included, by name
  readonly cluster: readonly Prefix[]; // further ranges inside of which pods keep their own address
  readonly keepers?: boolean; //          whether pods of the cluster keep their addresses; absent: it never told
  readonly nicConfig?: string; //         the NICConfig that this node's NICs stand by, where one is asked for
  readonly nicPlace?: Pick<NicPlace, 'name' | 'subnet'>; // what that said last
}

/** What keeps pods from having addresses, though the API server was heard. */
export type Lack = 'no-node' | 'no-range';

/** What was learnt, and what is wrong with it, in sentences. */
export interface Lesson {
  readonly learnt: Learnt;
  readonly lack: Lack | undefined;
  readonly doubts: readonly string[];
}

export const nothingLearnt: Learnt = { ranges: [], peers: [], cluster: [] };

/**
 * What all the nodes amount to for one of them (K1, K8, K9). A node that is gone from the list while we run on it
 * keeps its ranges, since its pods have addresses of them, and its place: it is being registered anew, or drained away.
 * Of two nodes that claim one range the one that was made later has it, and never another than this node what is its
 * own.
 */
export function learn(
  nodes: readonly NodeFacts[],
  of: { readonly nodeName: string; readonly services: readonly Prefix[]; readonly before: Learnt },
): Lesson {
  const isOwn = ({ name }: { readonly name: string }) => name === of.nodeName;
  const own = nodes.find(isOwn);
  const ranges = own?.ranges ?? of.before.ranges;
  const former = own === undefined ? of.before.peers.filter(isOwn) : [];
  const owners = new Map<Prefix, string>(ranges.map((range) => [range, of.nodeName]));
  const doubts: string[] = [];
  const newestFirst = nodes.toSorted((a, b) => compare(b.created, a.created) || compare(a.name, b.name));
  for (const node of newestFirst)
    for (const range of node.ranges) {
      const owner = owners.get(range);
      if (owner === undefined) owners.set(range, node.name);
      else if (owner !== node.name) doubts.push(`${range} of ${node.name} is ${owner}'s already`);
    }
  const has = (node: NodeFacts) => node.ranges.filter((range) => owners.get(range) === node.name);
  const byName = nodes.toSorted((a, b) => compare(a.name, b.name));
  const reached = byName.filter(({ addresses, ranges: it }) => addresses.length > 0 && it.length > 0);
  const hidden = byName.filter(({ addresses, ranges: it }) => addresses.length === 0 && it.length > 0);
  if (hidden.length > 0) doubts.push(`no InternalIP: ${listed(hidden.map(({ name }) => name))}`);
  return {
    learnt: {
      ranges,
      peers: [...former, ...reached.map((node) => ({ ...placeOf(node), ranges: has(node) }))],
      cluster: [...new Set([...of.services, ...hidden.flatMap((node) => node.ranges)])],
    },
    lack: ranges.length > 0 ? undefined : own === undefined ? 'no-node' : 'no-range',
    doubts,
  };
}

/** What is lacking, and what an operator can do about it. */
export function lackWords(lack: Lack, nodeName: string): string {
  return lack === 'no-node'
    ? `the cluster has no Node named ${nodeName}: it appears when the kubelet registers; should it last, set nodeName (BERTH_NODE_NAME)`
    : `Node ${nodeName} has no spec.podCIDRs yet: kube-controller-manager gives them with --allocate-node-cidrs, or set network.ranges`;
}

function placeOf({ name, addresses }: NodeFacts): Pick<Peer, 'name' | 'addresses'> {
  return { name, addresses };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
