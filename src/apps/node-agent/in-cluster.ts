import type { Millis } from '../../base/clock.ts';
import type { PodName } from '../../core/attachment.ts';
import type { NodeTruth } from '../../core/cluster/node-word.ts';
import { mostPods } from '../../core/ipam/capacity.ts';
import type { NicPlace } from '../../core/ipam/placing.ts';
import type { CniError } from '../../wire/cni/error.ts';
import type { Attachments } from './attachments.ts';
import { ClusterRunner } from './cluster-runner.ts';
import type { AgentDoors } from './doors.ts';
import type { BranchRunner } from './branch-runner.ts';
import { EventRunner } from './event-runner.ts';
import { type History, isDetached } from './history.ts';
import { Lanes } from './lanes.ts';
import { PodRunner } from './pod-runner.ts';
import { firstPlacing, NicConfigRunner } from './nic-configs.ts';
import type { NodeRunner } from './node-runner.ts';
import { NodeTeller } from './node-teller.ts';
import type { NicRunner } from './nic-runner.ts';
import { PodGroupsRunner } from './pod-groups-runner.ts';
import { PodIpsTeller } from './pod-ips-teller.ts';
import type { PoolRunner } from './pool-runner.ts';
import { ailments, brokenParts, missingAddresses, type ReadinessDoors } from './readiness.ts';
import { StaticMover } from './static-mover.ts';
import { StaticRunner } from './static-runner.ts';
import type { Sweeper } from './sweeper.ts';

/** What only a node of a cluster has. */
export interface InCluster {
  readonly cluster: ClusterRunner;
  readonly pods: PodRunner;
  readonly teller?: NodeTeller; // where the Node is told
  readonly statics?: StaticRunner;
  readonly podIps?: PodIpsTeller; // where pods are annotated
  readonly nicConfigs?: NicConfigRunner; // where NICs stand as objects of the cluster say
}

/** What this node knows of its cluster; undefined where it is of none. Nothing is asked yet. */
export function openCluster({ kube, journal, clock, log, config }: AgentDoors): ClusterRunner | undefined {
  return kube === undefined ? undefined : new ClusterRunner({ kube, journal, clock, log }, config);
}

/** The pods that are bound to the node, and from now on its decisions as Events. */
export function openPods(
  { kube, clock, log, config }: AgentDoors,
  of: { readonly attachments: Attachments; readonly pool: PoolRunner; readonly history: History },
): PodRunner | undefined {
  if (kube === undefined) return undefined;
  const { nodeName, kubernetes } = config;
  const pods = new PodRunner({ kube, clock, log, nodeName, ...of });
  if (!kubernetes.events) return pods;
  const uidOf = (namespace: string, name: string) => pods.uidOf(namespace, name);
  const events = new EventRunner({ client: kube.client, clock, log, nodeName, uidOf });
  of.history.tellOn((decision) => events.hear(decision));
  return pods;
}

/** Who writes pods' addresses to them; undefined where that is not wanted. */
export function openPodIps(
  { kube, clock, log, config }: AgentDoors,
  of: { readonly attachments: Attachments; readonly pods: PodRunner; readonly history: History },
): PodIpsTeller | undefined {
  const names = config.kubernetes.podIps;
  if (kube === undefined || names.length === 0) return undefined;
  const teller = new PodIpsTeller({ client: kube.client, clock, log, names, ...of });
  of.history.tellOn(({ kind, about: { pod } }) => {
    if (pod !== undefined && isDetached(kind)) teller.detached(pod);
  });
  return teller;
}

/** Who sees to it that pods keep their addresses; nothing is asked yet. */
export function openStatics(
  { kube, journal, clock, log, config, provider }: AgentDoors,
  of: {
    readonly pool: PoolRunner;
    readonly history: History;
    readonly nics: NicRunner | undefined;
    readonly cluster: ClusterRunner | undefined;
  },
): StaticRunner | undefined {
  if (kube === undefined) return undefined;
  const { pool, history, nics, cluster } = of;
  const lanes = new Lanes();
  const mover = provider && nics && new StaticMover({ provider, journal, clock, pool, nics, lanes });
  const { nodeName } = config;
  const statics = new StaticRunner({ kube, clock, log, nodeName, pool, mover, cluster, lanes, journal });
  history.tellOn(({ kind, about: { pod } }) => {
    if (pod !== undefined && isDetached(kind)) statics.ended(pod);
  });
  return statics;
}

/** Who follows the objects that say where NICs stand; undefined where none is heeded. Nothing is asked yet. */
export function openNicConfigs(
  { kube, journal, clock, log, config, provider }: AgentDoors,
  of: { readonly pool: PoolRunner; readonly history: History; readonly cluster: ClusterRunner | undefined },
): NicConfigRunner | undefined {
  const { nicConfigs } = config.cloud;
  if (kube === undefined || provider === undefined || nicConfigs === 'none') return undefined;
  const { pool, history, cluster } = of;
  const own = () => firstPlacing(config.cloud, journal.memory().learnt).own;
  const heard = (place: NicPlace) => cluster?.hearPlace(place);
  return new NicConfigRunner({ kube, clock, log, pool, history, own, heard });
}

/** Which of the node's pods are to have security groups of their own, where that is wanted; nothing is asked yet. */
export function openPodGroups(
  { kube, clock, log }: AgentDoors,
  { pods, branches, node }: { readonly pods: PodRunner; readonly branches: BranchRunner; readonly node: NodeRunner },
): PodGroupsRunner | undefined {
  if (kube === undefined || branches.enforcing === 'off') return undefined;
  const expect = (pod: PodName, groups: readonly string[]) =>
    branches.expect(pod, { groups, v6: node.families.includes('v6') });
  const forget = (pod: Pick<PodName, 'namespace' | 'name'>) => branches.forget(pod);
  return new PodGroupsRunner({ kube, clock, log, pods, expect, forget });
}

/** What the node's own Node is told; undefined where that is not wanted. Nothing is told yet. */
export function openTeller(
  { kube, clock, log, config }: AgentDoors,
  { cluster, pods }: InCluster,
  parts: ReadinessDoors & { readonly branches?: BranchRunner },
): NodeTeller | undefined {
  const { nodeName, kubernetes } = config;
  if (kube === undefined || !kubernetes.tellNode) return undefined;
  const truth = () => truthOf(parts, pods, clock.now());
  return new NodeTeller({ client: kube.client, clock, log, nodeName, own: () => cluster.own, truth });
}

function truthOf(
  parts: ReadinessDoors & { readonly branches?: BranchRunner },
  pods: PodRunner,
  now: Millis,
): NodeTruth {
  const { families } = parts.node;
  const [network] = brokenParts(parts);
  const [addresses] = families.length === 0 ? [network] : missingAddresses(parts); // no range yet
  const most = mostPods(parts.pool.pool, families, now);
  const { uncounted } = pods;
  const left = most === undefined || uncounted === undefined ? undefined : most - uncounted;
  const nics = parts.branches?.most;
  const podNics = nics === undefined ? {} : { podNics: Math.max(0, nics - pods.uncountedNics) };
  const serves = families.length > 0 && ailments(parts).length === 0;
  return { network: network && says(network), addresses: addresses && says(addresses), serves, left, ...podNics };
}

function says({ message, details }: CniError): string {
  return `${message}: ${details}`;
}

/** From now on the agent follows its cluster. `takeOn`: takes on what it says of the configuration; never throws. */
export function followCluster(
  { cluster, pods, teller, statics, nicConfigs }: Partial<InCluster>,
  of: { readonly doors: AgentDoors; readonly pool: PoolRunner; readonly sweeper: Sweeper },
  takeOn: () => Promise<void>,
): void {
  const { pool, sweeper } = of;
  const { log, config } = of.doors;
  const held = config.kubernetes.cordon === 'hold' && pool.pool.cloud !== undefined;
  cluster?.follow({
    changed: () => {
      nicConfigs?.tell();
      return takeOn();
    },
    cordoned: (cordoned) => {
      if (held) pool.tell({ kind: 'cordoned', cordoned }).catch((err: unknown) => log.warn('not held', { err }));
    },
  });
  pods?.start(() => void sweeper.sweep());
  teller?.start();
  statics?.start();
  nicConfigs?.start();
}
