import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../test/runtime/node.ts';
import type { Cluster, Worker } from '../cluster/cluster.ts';
import { isReady, podsOf } from '../torture-cluster/look.ts';
import { AGENT, CONTROLLER, usageOf } from './usage.ts';
import { SETTLED_MS } from './costs.ts';
import { pod } from './pod-book.ts';

const READY_MS = 120_000;
const PODS = '/api/v1/namespaces/default/pods';
const CONTROLLERS = '/apis/apps/v1/namespaces/kube-system/deployments/berth-controller';
const REPLICAS = '/api/v1/namespaces/kube-system/pods?labelSelector=app.kubernetes.io%2Fname%3Dberth-controller';
const LEASE = '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/berth-controller';

/** Who asks the cloud for what a node needs: its agent, with AWS's SDK, or the controller. */
export type Asker = 'agent' | 'controller';

export const ASKERS: readonly Asker[] = ['agent', 'controller'];

/** The agent of the node that gets pods, and the controller's two replicas. */
export type Role = 'agent' | 'leader' | 'follower';

/** What each process used in a while, and kept in memory at its end. */
export interface InstalledStretch {
  readonly name: string;
  readonly seconds: number;
  readonly used: Readonly<Record<Role, { readonly rssMb: number; readonly cpuMs: number }>>;
}

/** Berth as it is installed by the manifest, on two instances of the emulated AWS. */
export interface Installed {
  readonly asker: Asker;
  readonly pods: number;
  readonly stretches: readonly InstalledStretch[];
}

type Places = Readonly<Record<Role, Worker>>;

/**
 * Measures the processes of the image without pods, while the first node fills, while it is full, while it empties. The
 * API server of a VPC is nobody's from here: it is asked through the cluster's door.
 */
export async function installed(
  cluster: Cluster,
  of: { readonly asker: Asker; readonly pods: number; readonly seconds: number; readonly tell: (line: string) => void },
): Promise<Installed> {
  const { asker, pods, seconds, tell } = of;
  await until(READY_MS, 'there are an account, and a controller', () => isComplete(cluster));
  const places = await placesIn(cluster);
  const stretches: InstalledStretch[] = [];
  const stretch = async (name: string, work: () => Promise<unknown>) => {
    tell(`AWS, the ${asker} asks: ${name}`);
    stretches.push(await stretchOf(places, name, work));
  };
  const rest = async (name: string) => {
    await sleep(SETTLED_MS);
    await stretch(name, () => sleep(seconds * 1_000));
  };
  await rest('no pods');
  await stretch(`${pods} pods come`, () => come(cluster, { pods, node: places.agent.name }));
  await rest(`${pods} pods stand`);
  await stretch(`${pods} pods go, and their addresses cool`, () => go(cluster));
  if ((await placesIn(cluster)).leader !== places.leader) throw new Error('another replica leads now: measure again');
  return { asker, pods, stretches };
}

/** The first node has the agent; two nodes have a replica each. Throws where both are on one. */
async function placesIn({ plane, workers }: Cluster): Promise<Places> {
  type Pods = { readonly items: readonly { metadata: { name: string }; spec: { nodeName: string } }[] };
  const { spec } = await plane.api.ask<{ spec: { holderIdentity: string } }>('GET', LEASE);
  const { items } = await plane.api.ask<Pods>('GET', REPLICAS);
  const place = (leads: boolean) => {
    const replica = items.find(({ metadata }) => (metadata.name === spec.holderIdentity) === leads);
    return workers.find(({ name }) => name === replica?.spec.nodeName);
  };
  const [agent, leader, follower] = [workers[0], place(true), place(false)];
  if (agent === undefined || leader === undefined || follower === undefined || leader === follower)
    throw new Error('the replicas of the controller are not on a node each: they could not be told apart');
  return { agent, leader, follower };
}

async function stretchOf(places: Places, name: string, work: () => Promise<unknown>): Promise<InstalledStretch> {
  const all = () => ({
    agent: usageOf(places.agent, AGENT),
    leader: usageOf(places.leader, CONTROLLER),
    follower: usageOf(places.follower, CONTROLLER),
  });
  const [before, since] = [all(), Date.now()];
  await work();
  const [after, seconds] = [all(), (Date.now() - since) / 1_000];
  const used = (role: Role) => ({ rssMb: after[role].rssMb, cpuMs: after[role].cpuMs - before[role].cpuMs });
  return { name, seconds, used: { agent: used('agent'), leader: used('leader'), follower: used('follower') } };
}

async function come(cluster: Cluster, { pods, node }: { readonly pods: number; readonly node: string }): Promise<void> {
  const names = Array.from({ length: pods }, (_, i) => `pod-${i + 1}`);
  await Promise.all(names.map((name) => cluster.plane.api.ask('POST', PODS, pod(name, node))));
  await until(READY_MS, `${pods} pods are Ready`, async () => (await podsOf(cluster)).filter(isReady).length >= pods);
}

async function go(cluster: Cluster): Promise<void> {
  await cluster.plane.api.ask('DELETE', PODS);
  await until(READY_MS, 'all pods are gone', async () => (await podsOf(cluster)).length === 0);
  await sleep(SETTLED_MS);
}

/** A namespace's account, which pods want, comes a moment after it; and one replica after the other. */
async function isComplete({ plane }: Cluster): Promise<boolean> {
  try {
    await plane.api.ask('GET', '/api/v1/namespaces/default/serviceaccounts/default');
    await plane.api.ask('GET', LEASE);
    const { status } = await plane.api.ask<{ status: { readyReplicas?: number } }>('GET', CONTROLLERS);
    return status.readyReplicas === 2;
  } catch {
    return false;
  }
}
