import type { Millis } from '../../src/base/clock.ts';
import { keptFor } from '../../src/core/attachment.ts';
import { STATIC_ADDRESSES } from '../../src/wire/kube/crd/static-address.ts';
import { NODES, STATEFUL_SETS } from '../../src/wire/kube/resource.ts';
import { calm, cloudAnew, cloudRest, startNode, within } from '../cloud/cloud-aftermath.ts';
import type { RegionWeather } from '../cloud/region-weather.ts';
import type { Blame, Law } from '../checkers.ts';
import { disagreements, staticsOf, unserved } from './cluster-checkers.ts';
import { type ClusterStage, theRun } from './whole-cluster.ts';
import { NAMESPACE } from './stateful-sets.ts';

/** So long after the last fault everything is as it shall be: docs/simulator.md. */
export const CONVERGED_WITHIN_MS: Millis = 45 * 60_000;
const GIVEN_BACK_WITHIN_MS: Millis = 15 * 60_000;
const FORGOTTEN_MS: Millis = 30_000;
const SAID_WITHIN_MS: Millis = 60_000;
const RESTART_MS: Millis = 1_000;

/** From now on nothing fails, and whoever is away comes back. */
export async function calmCluster(cluster: ClusterStage, weather: RegionWeather): Promise<void> {
  const { stage, api, net, kube, replicas } = cluster;
  calm(stage, weather);
  api.calm();
  net.lost = 0;
  for (const it of replicas) {
    it.thaw();
    if (!it.up) it.startIn(RESTART_MS);
  }
  for (const name of [...kube.silent]) comeBack(cluster, name);
  for (const node of stage.scene.cluster.nodes) await startNode(node);
}

/** A node's machine is heard again. */
export function comeBack({ kube, api }: ClusterStage, name: string): void {
  kube.silent.delete(name);
  api.heal(name);
  setReady({ api }, name, 'True');
}

/** Whether its kubelet is heard, as the Node says. */
export function setReady({ api }: Pick<ClusterStage, 'api'>, name: string, status: 'True' | 'Unknown'): void {
  api.store.patch({ resource: NODES, name, part: 'status' }, 'merge', {
    status: { conditions: [{ type: 'Ready', status }] },
  });
}

/** All that is to be done is done; then cluster, agents and cloud are compared, and everything is given back. */
export async function clusterRest(cluster: ClusterStage): Promise<void> {
  await converged(cluster, CONVERGED_WITHIN_MS);
  if (blamesOf(cluster).length > 0) return;
  cluster.kube.still = true;
  await cloudRest(cluster.stage);
  // a word that was late may have undone a newer one, until its agent hears of it
  await within(cluster.stage.scene.cluster, SAID_WITHIN_MS, () => none(disagreements(cluster)));
  blame(cluster, 'agree', disagreements(cluster));
  cluster.kube.still = false;
}

async function converged(cluster: ClusterStage, withinMs: Millis): Promise<void> {
  const { stage, replicas } = cluster;
  const leaders = () => replicas.filter(({ leads }) => leads).length;
  const isSo = () => leaders() === 1 && none(unserved(cluster)) && none(disagreements(cluster));
  await within(stage.scene.cluster, withinMs, isSo);
  if (leaders() !== 1) blame(cluster, 'leads', [`${leaders()} replicas lead`]);
  blame(cluster, 'served', unserved(cluster));
  blame(cluster, 'agree', disagreements(cluster));
}

/** Nobody wants a pod any more: when their time has passed all addresses are as any other, and can be given again. */
export async function clusterAnew(cluster: ClusterStage): Promise<void> {
  const { stage, kube, api } = cluster;
  for (const { metadata } of kube.sets()) kube.want({ name: metadata.name, replicas: 0 });
  await within(stage.scene.cluster, GIVEN_BACK_WITHIN_MS, () => kube.pods().length === 0);
  await stage.scene.cluster.pass(FORGOTTEN_MS); // whoever made it would make it anew for a pod that it still sees
  for (const { name, spec } of staticsOf(cluster))
    if (spec.retention === 'Never') api.store.remove({ resource: STATIC_ADDRESSES, namespace: NAMESPACE, name });
  for (const { metadata } of kube.sets())
    api.store.remove({ resource: STATEFUL_SETS, namespace: NAMESPACE, name: metadata.name });
  await within(stage.scene.cluster, GIVEN_BACK_WITHIN_MS, () => none(remains(cluster)));
  blame(cluster, 'agree', remains(cluster));
  if (blamesOf(cluster).length === 0) await cloudAnew(stage);
}

function* remains(cluster: ClusterStage): Generator<string> {
  for (const { metadata } of cluster.kube.pods()) yield `${metadata.name} is still there`;
  for (const { name } of staticsOf(cluster)) yield `the StaticAddress of ${name} is never given back`;
  for (const { name, run } of cluster.stage.scene.cluster.nodes)
    for (const id of run.life?.belief().pool?.claims.keys() ?? [])
      if (keptFor(id) !== undefined) yield `${name} still keeps for ${keptFor(id)?.name}`;
}

function none(found: Generator<unknown>): boolean {
  return found.next().done === true;
}

function blame(cluster: ClusterStage, law: Law, details: Iterable<string>): void {
  for (const detail of details) theRun(cluster)?.blame(law, detail);
}

/** Whatever has been blamed, on any node. */
export function blamesOf({ stage }: ClusterStage): readonly Blame[] {
  return stage.scene.cluster.nodes.flatMap(({ run }) => run.blames);
}
