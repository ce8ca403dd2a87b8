import { setTimeout as sleep } from 'node:timers/promises';
import { type KubeClient, KubeError } from '../../src/io/kube/client.ts';
import { BERTH_NODES } from '../../src/wire/kube/crd/berth-node.ts';
import { STATIC_ADDRESSES } from '../../src/wire/kube/crd/static-address.ts';
import { NODES, PODS } from '../../src/wire/kube/resource.ts';
import { CONTROLLER_FLAGS } from '../deploy/numbers.ts';
import { median, quantile, round } from '../bench/statistics.ts';
import { type Asked, ControllerProcess } from './controller-process.ts';
import { keepingPodObject, nodeName, podName, POD_NAMESPACE, type Size, STAMP } from './population.ts';
import { Talking } from './talking.ts';

const CHANGES = 200;
const EVERY_MS = 25;
const REMOVED = 20;
const KEEPING = 100;
const AFTER_MS = 10_000;
const LIMIT_MS = 60_000;

/** One API server, and what Berth's controller made of it. Milliseconds, MiB. */
export interface ScaleResult {
  readonly server: string;
  readonly size: Size;
  readonly readyMs: number; //   the controller's start until it knows the cluster
  readonly rssMb: number;
  readonly peakMb: number;
  readonly removedMs: number; // median: a Node's removal until what Berth had of it is gone
  readonly handledMs: number; // median: a pod's creation until the controller has written what it wants for it
  readonly handledP99Ms: number;
  readonly restartMs: number;
  readonly asked: Asked; //      by the second controller, ten seconds after it knew the cluster
  readonly listedAgain: number; // pages of lists in those ten seconds
  readonly pods: {
    readonly listMs: number; //  all of them listed and trimmed
    readonly rssMb: number;
    readonly peakMb: number;
    readonly blockedMs: number; // the longest that anything else had to wait meanwhile
    readonly lagMs: number; //   median: the change's writing until it was heard
    readonly lagP99Ms: number;
  };
}

/** Measures against one server that has all objects. `kubeconfig`: the way to it, of a file in `folder`. */
export async function measure(
  client: KubeClient,
  of: { readonly server: string; readonly size: Size; readonly folder: string; readonly kubeconfig: string },
  tell: (line: string) => void,
): Promise<ScaleResult> {
  const { server, size, folder, kubeconfig } = of;
  tell(`${server}: the controller`);
  const first = await ControllerProcess.start(folder, kubeconfig, 'first');
  const removedMs = await removals(client);
  const handled = await keepings(client);
  const { rssMb, peakMb } = first.memory();
  await first.kill();
  tell(`${server}: the controller, started again`);
  const second = await ControllerProcess.start(folder, kubeconfig, 'second');
  const atFirst = await second.asked();
  await sleep(AFTER_MS);
  const asked = await second.asked();
  const listedAgain = listsIn(asked) - listsIn(atFirst);
  await second.kill();
  tell(`${server}: a copy of all pods`);
  const pods = await follow(client, kubeconfig, size);
  const figures = { readyMs: round(first.readyMs), rssMb: round(rssMb), peakMb: round(peakMb) };
  const after = { removedMs, handledMs: round(median(handled)), handledP99Ms: round(quantile(handled, 0.99)) };
  return { server, size, ...figures, ...after, restartMs: round(second.readyMs), asked, listedAgain, pods };
}

function listsIn(asked: Asked): number {
  const lists = Object.entries(asked).filter(([what]) => what.startsWith('list '));
  return lists.reduce((sum, [, times]) => sum + times, 0);
}

/** Nodes go, one by one: what Berth had of each goes as well. */
async function removals(client: KubeClient): Promise<number> {
  const took: number[] = [];
  for (let i = 0; i < REMOVED; i++) {
    const name = nodeName(i);
    const began = performance.now();
    await client.remove({ resource: NODES, name });
    await untilIs(client, { resource: BERTH_NODES, name }, 'absent', began);
    took.push(performance.now() - began);
  }
  return round(median(took));
}

/** Pods that want to keep their addresses come, one by one: the controller gives each of them the right to one. */
async function keepings(client: KubeClient): Promise<readonly number[]> {
  const took: number[] = [];
  for (let i = 0; i < KEEPING; i++) {
    const name = `keeper-${i}`;
    const began = performance.now();
    const pod = keepingPodObject(name, nodeName(REMOVED + (i % REMOVED)));
    await client.create({ resource: PODS, namespace: POD_NAMESPACE }, pod);
    await untilIs(client, { resource: STATIC_ADDRESSES, namespace: POD_NAMESPACE, name }, 'there', began);
    took.push(performance.now() - began);
  }
  return took;
}

/** Asks again as long as it is not so, and as nobody answers. */
async function untilIs(client: KubeClient, at: At, wanted: Presence, began: number): Promise<void> {
  while ((await presence(client, at)) !== wanted)
    if (performance.now() - began > LIMIT_MS) throw new Error(`${at.resource.kind} ${at.name} is not ${wanted}`);
}

type At = Parameters<KubeClient['get']>[0];
type Presence = 'there' | 'absent';

function presence(client: KubeClient, at: At): Promise<Presence | undefined> {
  return client.get(at).then(
    () => 'there',
    (error: unknown) => {
      if (!(error instanceof KubeError)) throw error;
      return error.kind === 'absent' ? 'absent' : undefined;
    },
  );
}

async function follow(client: KubeClient, kubeconfig: string, { pods }: Size): Promise<ScaleResult['pods']> {
  const follower = new Talking(process.execPath, [...CONTROLLER_FLAGS, 'tools/bench-scale/follow.ts', kubeconfig]);
  const listed = await follower.next<{ listMs: number; pods: number; blockedMs: number }>();
  if (listed.pods !== pods + KEEPING) throw new Error(`${listed.pods} pods were heard of, not ${pods + KEEPING}`);
  const lags: number[] = [];
  for (let i = 0; i < CHANGES; i++) {
    const place = { resource: PODS, namespace: POD_NAMESPACE, name: podName(Math.floor((i * pods) / CHANGES)) };
    await client.patch(place, 'merge', { metadata: { annotations: { [STAMP]: `${Date.now()}` } } });
    await sleep(EVERY_MS);
  }
  for (let i = 0; i < CHANGES; i++) lags.push((await follower.next<{ lagMs: number }>()).lagMs);
  const { rssMb, peakMb } = follower.memory();
  await follower.end();
  return {
    listMs: round(listed.listMs),
    rssMb: round(rssMb),
    peakMb: round(peakMb),
    blockedMs: round(listed.blockedMs),
    lagMs: median(lags),
    lagP99Ms: quantile(lags, 0.99),
  };
}
