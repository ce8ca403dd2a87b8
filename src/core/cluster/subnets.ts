import type { Millis } from '../../base/clock.ts';

/** A subnet of the instance's zone, as the cloud tells of it. */
export interface SubnetFacts {
  readonly id: string;
  readonly free: number; //                             addresses that nobody has
  readonly tags: Readonly<Record<string, string>>;
}

export interface SubnetQuestion {
  readonly own: string; //                              the primary NIC's subnet
  readonly cluster: string; //                          "" : no cluster's tags are asked for
  readonly subnets: readonly SubnetFacts[];
  readonly resting: ReadonlyMap<string, Millis>; //     subnets that had nothing left, and until when they are spared
  readonly now: Millis;
}

/** 1: for pods, 0: never. */
export const ROLE_TAG = 'kubernetes.io/role/cni';
const CLUSTER_TAG = 'cni.networking.k8s.aws/cluster/';

/**
 * The subnets that a new NIC may stand in, best first: those with most free addresses, and those that were found empty
 * a while ago at the end. The instance's own needs no tag; another does, and if it names clusters, ours (A46).
 */
export function rankSubnets({ own, cluster, subnets, resting, now }: SubnetQuestion): readonly string[] {
  const rests = (id: string) => (resting.get(id) ?? 0) > now;
  return subnets
    .filter((subnet) => mayStand(subnet, own, cluster))
    .sort((a, b) => Number(rests(a.id)) - Number(rests(b.id)) || b.free - a.free || (a.id < b.id ? -1 : 1))
    .map(({ id }) => id);
}

function mayStand({ id, tags }: SubnetFacts, own: string, cluster: string): boolean {
  const role = tags[ROLE_TAG];
  if (role === '0') return false;
  if (id === own) return true;
  if (role === undefined) return false;
  const clusters = Object.keys(tags).filter((key) => key.startsWith(CLUSTER_TAG));
  return clusters.length === 0 || clusters.includes(`${CLUSTER_TAG}${cluster}`);
}
