// npm run torture:cluster: on a real Kubernetes whose nodes are instances of the emulated cloud, agents, runtimes,
// kubelets and the API server are killed with SIGKILL in turn, while pods come and go. Then everybody who could know is
// asked for every address: the API, the agents' journals, the kernels, the cloud. They must agree; and when the pods
// are gone, nothing may be left.
//   --pods N        that stand at a time; default 100
//   --kills N       default 40
//   --seed N
//   --broker        on aws: Berth comes by its manifest, the controller asks the cloud, and is killed as well
//   --provider P    aws (default) or podcidr; and the other options of a cluster (tools/cluster/options.ts)
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Random, seeded } from '../src/base/random.ts';
import { until } from '../test/runtime/node.ts';
import { clearCluster, startCluster } from './cluster/cluster.ts';
import { buildOnShelf } from './cluster/kubernetes/build.ts';
import { kubernetesBuild, Progress } from './cluster/kubernetes/progress.ts';
import { recipeOf } from './cluster/kubernetes/recipe.ts';
import { CLUSTER_OPTIONS, clusterWanted, NOT_ROOT, orRefuse, refuse } from './cluster/options.ts';
import { doing } from './demo/table.ts';
import { launch, stageFolder } from './launch.ts';
import { Ends } from './torture-cluster/ends.ts';
import { disagreements, type NodeView } from './torture-cluster/agreement.ts';
import { ClusterChurn } from './torture-cluster/churn.ts';
import { look, notReady } from './torture-cluster/look.ts';
import { type Victims, victims } from './torture-cluster/victims.ts';

const { values } = parseArgs({
  options: {
    ...CLUSTER_OPTIONS,
    provider: { type: 'string', default: 'aws' },
    'instance-type': { type: 'string', default: 'm5.4xlarge' }, // enough addresses for all pods on one node
    'proxy-mode': { type: 'string', default: 'nftables' },
    installed: { type: 'string' }, // process, and with --broker manifest
    pods: { type: 'string', default: '100' },
    kills: { type: 'string', default: '40' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    inside: { type: 'string' }, //          we are in the namespaces; the cluster's folder
    kube: { type: 'string', default: '' }, // there: the built Kubernetes
  },
});

const wanted = orRefuse('torture:cluster', () =>
  clusterWanted({ ...values, installed: values.installed ?? (values.broker ? 'manifest' : 'process') }),
);

const CONVERGED_MS = 180_000;
const AWAY_MS = 2_500;
const BETWEEN_MS = 1_000;

if (values.inside === undefined) process.exitCode = await start();
else await torture(values.inside);

async function start(): Promise<number> {
  if (process.getuid?.() !== 0) refuse('torture:cluster', NOT_ROOT);
  const { kubernetes } = wanted;
  const shelf = await buildOnShelf(recipeOf(kubernetes), new Progress(kubernetesBuild(kubernetes)));
  const { seed } = values; // the same inside
  const words = [...process.argv.slice(2), '--seed', seed, '--kube', join(shelf, 'berth-kube')];
  return launch({ folder: stageFolder('torture'), program: 'tools/torture-cluster.ts', words, clear: clearCluster });
}

async function torture(folder: string): Promise<void> {
  process.stdin.on('end', () => process.exit(130)).resume(); // the launcher was told to end
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {}); // it tells us
  const [pods, kills, seed] = [values.pods, values.kills, values.seed].map(Number) as [number, number, number];
  const emulator = wanted.provider === 'aws' ? join(folder, 'emulator.sock') : undefined;
  const cluster = await startCluster({
    ...wanted,
    folder,
    kube: values.kube,
    workers: 3,
    restarts: 'soon',
    images: {},
  });
  const ends = new Ends(cluster);
  process.once('exit', () => {
    for (const told of ends.restarted) console.log(`  ended by itself, was started again: ${told}`);
  });
  const random = seeded(seed);
  const parts = victims(cluster, { installed: wanted.installed, random, killed: (id) => ends.killed(id) });
  const churn = new ClusterChurn(cluster.plane.api, seed, pods);
  const lack = async (wanted: number) => {
    const said = await notReady(cluster, wanted);
    return said === undefined || churn.trouble === undefined
      ? said
      : `${said}; who makes and deletes them heard: ${churn.trouble}`;
  };
  const agree = (wanted = pods) =>
    converged(
      () => lack(wanted),
      () => look(cluster, emulator),
    );
  await doing(`${pods} pods come`, async () => {
    churn.make();
    await converged(
      () => lack(pods),
      async () => [],
    );
  });
  churn.start();
  await doing(`${kills} kills, seed ${seed}`, () => killInTurn(parts, { kills, random, killed: () => ends.look() }));
  churn.stop();
  await doing(`${churn.deleted} pods were deleted meanwhile; all others are Ready, and everybody agrees`, () =>
    agree(),
  );
  await doing('each agent killed once more: what it knows now it has from its journal', async () => {
    for (const kill of parts.agents) (await kill())?.();
    await agree();
  });
  await doing('all pods gone: nothing is left', async () => {
    await churn.clear();
    await agree(0);
  });
  for (const told of churn.ended) console.log(`  ended by itself, another was made: ${told}`);
  await ends.judge(wanted.installed === 'manifest');
  const counts = { deleted: churn.deleted, ended: churn.ended.length, restarted: ends.restarted.length };
  console.log(JSON.stringify({ kills, seed, ...counts, violations: 0 }));
  process.exit(0);
}

/** `killed` is called after each. */
async function killInTurn(
  { turns }: Victims,
  of: { readonly kills: number; readonly random: Random; readonly killed: () => Promise<unknown> },
): Promise<void> {
  const { kills, random, killed } = of;
  for (let i = 0; i < kills; i++) {
    const again = await turns[i % turns.length]?.();
    await pause(random.fraction() * AWAY_MS);
    again?.();
    await killed();
    await pause(BETWEEN_MS);
  }
}

/** Resolves when nothing is lacking, and everybody agrees. Throws with what everybody says instead. */
async function converged(
  lack: () => Promise<string | undefined>,
  views: () => Promise<readonly NodeView[]>,
): Promise<void> {
  let wrong: readonly string[] = [];
  const holds = async () => {
    const lacking = await lack();
    if (lacking !== undefined) wrong = [lacking];
    else wrong = await views().then(disagreements, (error: Error) => [error.message]);
    return wrong.length === 0;
  };
  await until(CONVERGED_MS, 'everybody agrees', holds).catch((cause: unknown) => {
    throw new Error(wrong.join('\n'), { cause });
  });
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
