import type { Millis } from '../../src/base/clock.ts';
import { CALM_MS } from '../../src/core/ipam/cloud.ts';
import { nicsOf } from '../../emulator/cloud/cloud.ts';
import { INSTANCE_TYPES } from '../../emulator/dialects/aws/instance-types.ts';
import { bereave } from '../aftermath.ts';
import { atRest, leftOf } from '../checkers.ts';
import { askDelete, newPod } from '../moves.ts';
import type { Run } from '../run.ts';
import { addFrame } from '../runtime.ts';
import { type CloudScene, cloudAtRest, isSure, nodeAtRest, onceMade, strays, unresolved } from './cloud-checkers.ts';
import type { Stage } from './cloud-run.ts';
import type { Cluster, Node } from './cluster.ts';
import { clear, type RegionWeather } from './region-weather.ts';

const STEP_MS = 15_000;
const COOL_MS = 30_000;
const KNOWN_WITHIN_MS = 45 * 60_000; //     the longest trouble passes, and the API has told twice
const COLLECTED_WITHIN_MS = 150 * 60_000; // the sweep comes every hour
const SERVED_WITHIN_MS = 45 * 60_000;

/** Starts a node's agent, again and again if need be. */
export async function startNode({ run, name }: Node): Promise<void> {
  for (let tries = 0; !run.up && run.blames.length === 0; tries++) {
    if (tries === 6) run.faults.calm();
    if (tries > 12) return run.blame('starts', `${name}: not after a dozen tries`);
    if (run.life?.ended === true) bereave(run);
    await run.pass(1_000);
    await run.start();
  }
}

/** From now on nothing fails. */
export function calm(stage: Stage, weather: RegionWeather): void {
  const { cluster } = stage.scene;
  clear(cluster.region, weather);
  stage.region.metadataFails = 0;
  for (const { run } of cluster.nodes) run.faults.calm();
}

/** All that is to be done is done, without faults; then all laws are compared with what is. */
export async function cloudRest(stage: Stage): Promise<void> {
  const { cluster } = stage.scene;
  const up = cluster.nodes.filter(({ run }) => run.up);
  for (let tries = 0; tries < 4; tries++) {
    await cluster.pass(6_000);
    await within(cluster, 70_000, () => up.every(({ run }) => run.parts.runtime.calls.size === 0));
    const owed = up.flatMap(({ run }) => owedBy(run));
    if (owed.length === 0) break;
    for (const deletion of owed) deletion();
  }
  await settled(stage, up);
  blame(cluster, onceMade(stage.scene));
  await collected(stage, up);
  await settled(stage, up); // to collect takes minutes, in which a NIC too many may have begun to go
  for (const { run } of up) nodeLaws(run);
  blame(cluster, cloudAtRest(stage.scene));
}

function owedBy(run: Run): (() => void)[] {
  return [...run.parts.runtime.sandboxes.values()]
    .filter(({ told, delAskedAt, gone }) => !gone && (told === undefined || delAskedAt !== undefined))
    .map((sandbox) => () => askDelete(run, sandbox));
}

async function settled(stage: Stage, up: readonly Node[]): Promise<void> {
  await within(stage.scene.cluster, KNOWN_WITHIN_MS, () => up.every((node) => isSettled(stage, node)));
  for (const node of up)
    if (!isSettled(stage, node)) node.run.blame('resolved', `${node.name}: ${inDoubt(stage, node)}`);
}

function isSettled({ scene }: Stage, node: Node): boolean {
  if (unresolved(node).length > 0 || !isSure(node.run.life?.belief().pool)) return false;
  return nodeAtRest(scene, node).next().done === true;
}

function inDoubt({ scene }: Stage, node: Node): string {
  const unlike = [...nodeAtRest(scene, node)].map(({ detail }) => detail);
  return [...unresolved(node), ...unlike].join(', ') || 'it is not sure';
}

/** NICs that agents made and lost are found by the sweep, if somebody is there to sweep. */
async function collected({ scene: { cluster } }: Stage, up: readonly Node[]): Promise<void> {
  if (up.length === 0 || strays(cluster).length === 0) return;
  await within(cluster, COLLECTED_WITHIN_MS, () => strays(cluster).length === 0);
  for (const { id } of strays(cluster)) up[0]?.run.blame('owned', `${id} is on no instance, and nobody collects it`);
}

function nodeLaws(run: Run): void {
  const belief = run.life?.belief();
  if (belief === undefined) return;
  if (belief.broken !== undefined) run.blame('defect', belief.broken);
  if (run.parts.machine.spool.size > 0) run.blame('left', `${run.parts.machine.spool.size} DELs are still spooled`);
  run.blameAll(atRest(run.scene(), belief.attachments, belief.nodePlan));
  run.blameAll(
    leftOf(
      run.scene(),
      [...run.parts.runtime.sandboxes.values()].filter((it) => it.gone),
    ),
  );
}

function blame(
  { nodes }: Cluster,
  blames: Iterable<{ readonly law: Parameters<Run['blame']>[0]; readonly detail: string }>,
): void {
  for (const { law, detail } of blames) nodes[0]?.run.blame(law, detail);
}

/**
 * All pods go; then new ones come to each node: where there is room, each is served in the end. Once more, when what is
 * too much then is just being given back.
 */
export async function cloudAnew(stage: Stage): Promise<void> {
  const { random } = stage.scene.cluster;
  await cloudTurn(stage, COOL_MS);
  if (random.fraction() < 0.5) await cloudTurn(stage, COOL_MS + CALM_MS + (random.fraction() - 0.3) * 30_000);
}

async function cloudTurn(stage: Stage, afterMs: Millis): Promise<void> {
  const { cluster } = stage.scene;
  const up = cluster.nodes.filter(({ run }) => run.up);
  for (const { run } of up)
    for (const sandbox of run.parts.runtime.sandboxes.values()) if (!sandbox.gone) askDelete(run, sandbox);
  await within(cluster, 60_000, () => up.every(({ run }) => run.parts.runtime.calls.size === 0));
  for (const { run } of up)
    for (const sandbox of run.parts.runtime.sandboxes.values()) {
      if (!sandbox.gone) run.blame('unfailing', `the DEL of pod ${sandbox.n} did not succeed`);
      run.parts.runtime.sandboxes.delete(sandbox.n);
    }
  await cluster.pass(afterMs);
  const pods = new Map(up.map((node) => [node, podsOf(stage, node)]));
  for (const [{ run }, count] of pods) for (let i = 0; i < count; i++) newPod(run, {});
  await within(cluster, stage.setting.spacious ? SERVED_WITHIN_MS : 120_000, () => {
    for (const { run } of up) askAgain(run);
    return up.every((node) => node.run.parts.runtime.live().length >= (pods.get(node) ?? 0));
  });
  if (!stage.setting.spacious) return;
  for (const [{ run, name, instance }, count] of pods) {
    const served = run.parts.runtime.live().length;
    const nics = nicsOf(cluster.region.cloud, instance).length;
    if (served < count) run.blame('served', `${name} serves ${served} of ${count} new pods; it has ${nics} NICs`);
  }
}

/** How many pods a node can have for certain: what others put on its NICs takes their places. */
function podsOf({ setting, scene: { cluster, meddling } }: Stage, { instance }: Node): number {
  const type = INSTANCE_TYPES.get(setting.type);
  const slots = (type?.cards[0]?.nics ?? 0) * ((type?.addressesPerNic ?? 1) - 1);
  const theirs = nicsOf(cluster.region.cloud, instance).flatMap((nic) =>
    nic.addresses.filter((it) => meddling.added.has(it)),
  );
  return Math.max(0, Math.min(setting.pods, slots - theirs.length));
}

/** Who was refused asks again. */
function askAgain(run: Run): void {
  const { runtime } = run.parts;
  for (const sandbox of runtime.sandboxes.values())
    if (sandbox.told === undefined && runtime.callsOf(sandbox).length === 0) run.ask('add', sandbox, addFrame(sandbox));
}

/** Lets time pass in steps until it is so. */
export async function within(cluster: Cluster, ms: Millis, isSo: () => boolean): Promise<void> {
  const end = cluster.time.now + ms;
  for (let step = 500; !isSo() && cluster.time.now < end; step = Math.min(STEP_MS, step * 2)) await cluster.pass(step);
}

/** Whatever has been blamed, on any node. */
export function blamesOf({ cluster }: CloudScene) {
  return cluster.nodes.flatMap(({ run }) => run.blames);
}
