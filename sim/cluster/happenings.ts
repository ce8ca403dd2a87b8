import type { Random } from '../../src/base/random.ts';
import { NODES } from '../../src/wire/kube/resource.ts';
import { bereave } from '../aftermath.ts';
import { startNode } from '../cloud/cloud-aftermath.ts';
import type { Node } from '../cloud/cluster.ts';
import { terminate } from '../cloud/vpc.ts';
import { move } from '../moves.ts';
import { comeBack, setReady } from './cluster-aftermath.ts';
import type { ClusterStage } from './whole-cluster.ts';
import type { SimReplica } from './replica.ts';

// What happens in a cluster, one thing at a time.

type Happening = (cluster: ClusterStage, random: Random) => void | Promise<void>;

const HAPPENINGS: readonly (readonly [weight: number, happening: Happening])[] = [
  [10, onOneNode],
  [6, removePod],
  [2, forcePod],
  [4, scale],
  [3, killAgent],
  [3, killReplica],
  [3, freezeLeader],
  [3, cutSomebodyOff],
  [2, silence],
  [1, endInstance],
];

/** One thing that happens, and some time. */
export async function something(cluster: ClusterStage, random: Random): Promise<void> {
  await revive(cluster, random);
  let lot = random.fraction() * HAPPENINGS.reduce((sum, [weight]) => sum + weight, 0);
  const [, happening] = HAPPENINGS.find(([weight]) => (lot -= weight) < 0) ?? [0, onOneNode];
  await happening(cluster, random);
  const { cluster: nodes } = cluster.stage.scene;
  const pause = random.fraction();
  if (pause < 0.1) return;
  if (pause < 0.3) await nodes.pass(random.fraction() * 300);
  else if (pause < 0.9) await nodes.pass(random.fraction() * 12_000);
  else await nodes.pass(random.fraction() * 90_000);
}

/** Who ended is started again, sooner or later; who was cut off is heard again. */
async function revive(cluster: ClusterStage, random: Random): Promise<void> {
  const { stage, replicas, api, kube } = cluster;
  for (const it of replicas) if (!it.up && it.next === undefined) it.startIn(random.fraction() * 20_000);
  for (const name of api.cut) if (!kube.silent.has(name) && random.fraction() < 0.4) api.heal(name);
  for (const name of [...kube.silent]) if (random.fraction() < 0.25) comeBack(cluster, name);
  for (const node of [...stage.scene.cluster.nodes]) if (!node.run.up && random.fraction() < 0.6) await startNode(node);
}

function onOneNode(cluster: ClusterStage, random: Random): void {
  const node = oneNode(cluster, random);
  if (node?.run.up === true) move(node.run);
}

function removePod({ kube }: ClusterStage, random: Random): void {
  const pod = one(kube.pods(), random);
  if (pod !== undefined) kube.remove(pod);
}

/** Without waiting for its kubelet. */
function forcePod(cluster: ClusterStage, random: Random): void {
  const pod = one(cluster.kube.pods(), random);
  if (pod !== undefined) cluster.kube.removeAtOnce(pod);
}

function scale({ kube, setting }: ClusterStage, random: Random): void {
  const set = one(setting.sets, random);
  if (set !== undefined) kube.want({ ...set, replicas: Math.floor(random.fraction() * (set.replicas + 1)) });
}

function killAgent(cluster: ClusterStage, random: Random): void {
  const node = oneNode(cluster, random);
  if (node === undefined) return;
  node.run.tell(() => 'agent  is killed');
  node.run.stop();
  bereave(node.run);
}

function killReplica({ replicas }: ClusterStage, random: Random): void {
  leaderOr(replicas, random)?.end();
}

/** So that another one leads meanwhile, and then both think so for a moment. */
function freezeLeader({ replicas }: ClusterStage, random: Random): void {
  leaderOr(replicas, random)?.freeze(random.fraction() * 40_000);
}

function cutSomebodyOff({ api, replicas, stage }: ClusterStage, random: Random): void {
  const names = [...replicas, ...stage.scene.cluster.nodes].map(({ name }) => name);
  const name = one(names, random);
  if (name !== undefined) api.cutOff(name);
}

/** A machine that nobody hears: its pods go on, the cluster makes others in their place. */
function silence(cluster: ClusterStage, random: Random): void {
  const { api, kube } = cluster;
  const node = oneNode(cluster, random);
  if (node === undefined || kube.silent.has(node.name)) return;
  node.run.tell(() => 'others cut the machine off');
  kube.silent.add(node.name);
  api.cutOff(node.name);
  setReady({ api }, node.name, 'Unknown');
  forcePodsOf(cluster, node);
}

function endInstance(cluster: ClusterStage): void {
  const { stage, api, kube } = cluster;
  const { cluster: nodes } = stage.scene;
  const node = nodes.nodes.at(-1);
  if (node === undefined || nodes.nodes.length < 2) return;
  forcePodsOf(cluster, node);
  terminate(nodes, node);
  kube.silent.delete(node.name);
  api.heal(node.name);
  api.store.remove({ resource: NODES, name: node.name });
}

function forcePodsOf({ kube }: ClusterStage, { run }: Node): void {
  const here = new Set([...run.parts.runtime.sandboxes.values()].map(({ wants }) => wants.pod?.uid));
  for (const pod of kube.pods()) if (here.has(pod.metadata.uid)) kube.removeAtOnce(pod);
}

function leaderOr(replicas: readonly SimReplica[], random: Random): SimReplica | undefined {
  return random.fraction() < 0.8 ? replicas.find(({ leads }) => leads) : one(replicas, random);
}

function oneNode({ stage }: ClusterStage, random: Random): Node | undefined {
  return one(stage.scene.cluster.nodes, random);
}

function one<T>(from: readonly T[], random: Random): T | undefined {
  return from[Math.floor(random.fraction() * from.length)];
}
