// npm run bench:cluster: pods' start on a real Kubernetes with Berth, with the reference bridge and with the least that
// a plugin can do, by turns under the same kubelets; what the agents use, and what they ask of the API server. Then, in
// clusters of their own, what agent and controller use on the emulated AWS.
//   npm run bench:cluster                 a table, and docs/benchmarks-cluster.md written anew
//   npm run -s bench:cluster -- --json    one JSON document on standard output, nothing written
//   … --brief                             a round of few pods: whether it works
import { cpus, loadavg, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { kubeconfigAccess } from '../src/io/kube/access.ts';
import { httpClient } from '../src/io/kube/http-client.ts';
import { realClock } from '../src/io/system/clock.ts';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type Costs, costs } from './bench-cluster/costs.ts';
import { type Asker, ASKERS, type Installed, installed } from './bench-cluster/installed.ts';
import { prepareNetworks } from './bench-cluster/networks.ts';
import { table, writePage } from './bench-cluster/page.ts';
import { PodBook } from './bench-cluster/pod-book.ts';
import { reportOf } from './bench-cluster/report.ts';
import { type Crowds, type Start, startUps } from './bench-cluster/start-up.ts';
import { clearCluster, type Cluster, type ClusterSpec, startCluster } from './cluster/cluster.ts';
import { AGENT_USER, kubeconfig, tokenOf } from './cluster/credentials.ts';
import { buildOnShelf } from './cluster/kubernetes/build.ts';
import { kubernetesBuild, Progress } from './cluster/kubernetes/progress.ts';
import { recipeOf, STANDARD } from './cluster/kubernetes/recipe.ts';
import { launch, stageFolder } from './launch.ts';
import { referencePlugins } from './reference-plugins.ts';

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    brief: { type: 'boolean', default: false },
    inside: { type: 'string' }, //              we are in the namespaces; the cluster's folder
    kube: { type: 'string', default: '' }, //   there: the built Kubernetes
    asker: { type: 'string' }, //               there: on AWS, who asks the cloud; absent: ranges of its own
    result: { type: 'string', default: '' }, // there: the file that the figures go to
  },
});

/** What is made in each of four rounds, and pods on one node at last: as many as a kubelet takes. */
const WHOLE = {
  rounds: 4,
  crowds: [
    [1, 8],
    [30, 1],
    [100, 1],
  ] as Crowds,
  idleSeconds: 20,
  full: 110,
};
const BRIEF = {
  rounds: 1,
  crowds: [
    [1, 2],
    [6, 1],
  ] as Crowds,
  idleSeconds: 3,
  full: 10,
};
/** Of a node's 110 pods: its agent, and controllers that may stand there. */
const OWN_PODS = 3;

/** What a cluster with ranges of its own tells. */
interface Main {
  readonly version: string; // of the reference plugins
  readonly starts: readonly Start[];
  readonly spent: Costs;
}

if (values.inside === undefined) process.exitCode = await start();
else await bench(values.inside);

async function start(): Promise<number> {
  if (process.getuid?.() !== 0) {
    console.error('npm run bench:cluster: a cluster wants root: its nodes have cgroups');
    return 2;
  }
  const shelf = await buildOnShelf(recipeOf(STANDARD), new Progress(kubernetesBuild(STANDARD)));
  referencePlugins();
  const load = loadavg()[0]?.toFixed(2) ?? '?';
  const results = mkdtempSync(join(tmpdir(), 'berth-bench-cluster-'));
  try {
    for (const asker of [undefined, ...ASKERS]) {
      const code = await stage(join(shelf, 'berth-kube'), resultOf(results, asker), asker);
      if (code !== 0) return code;
    }
    tellAll(results, load);
    return 0;
  } finally {
    rmSync(results, { recursive: true });
  }
}

/** A cluster of its own, which leaves its figures in a file. */
function stage(kube: string, result: string, asker: Asker | undefined): Promise<number> {
  const words = [...process.argv.slice(2), '--kube', kube, '--result', result];
  return launch({
    folder: stageFolder('bench-cluster'),
    program: 'tools/bench-cluster.ts',
    words: asker === undefined ? words : [...words, '--asker', asker],
    clear: clearCluster,
  });
}

function resultOf(folder: string, asker: Asker | undefined): string {
  return join(folder, `${asker ?? 'main'}.json`);
}

function tellAll(results: string, load: string): void {
  const read = (asker?: Asker): unknown => JSON.parse(readFileSync(resultOf(results, asker), 'utf8'));
  const { version, starts, spent } = read() as Main;
  const report = reportOf(starts, spent, {
    installed: ASKERS.map((asker) => read(asker) as Installed),
    machine: `${cpus().length} CPUs (${cpus()[0]?.model.trim() ?? '?'}), load ${load} before it began, Linux ${release()}, Node ${process.versions.node}`,
    reference: `Kubernetes ${STANDARD}, containerd 1.6; bridge, host-local and portmap ${version}`,
  });
  if (values.json) return console.log(JSON.stringify(report));
  console.log(table(report));
  if (!values.brief) writePage(report);
}

async function bench(folder: string): Promise<void> {
  process.stdin.on('end', () => process.exit(130)).resume(); // the launcher was told to end
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {}); // it tells us
  const { asker } = values;
  const figures = asker === 'agent' || asker === 'controller' ? await onAws(folder, asker) : await onOwnRanges(folder);
  writeFileSync(values.result, JSON.stringify(figures));
  process.exit(0);
}

function tell(line: string): void {
  console.error(line);
}

async function onOwnRanges(folder: string): Promise<Main> {
  const how = values.brief ? BRIEF : WHOLE;
  const spec = { provider: 'podcidr', instanceType: '', installed: 'process', audited: AGENT_USER } as const;
  const cluster = await clusterOf(folder, { ...spec, workers: 3, proxyMode: 'iptables' });
  const version = prepareNetworks(cluster);
  const book = await bookOf(folder, cluster);
  const starts = await startUps(book, cluster.workers, { ...how, tell });
  const spent = await costs(cluster, book, { ...how, tell });
  return { version, starts, spent };
}

/** Agents and controller are the image's, as users install them. */
async function onAws(folder: string, asker: Asker): Promise<Installed> {
  const { full, idleSeconds } = values.brief ? BRIEF : WHOLE;
  const spec = { provider: 'aws', instanceType: 'm5.4xlarge', installed: 'manifest' } as const; // addresses for all
  const broker = asker === 'controller';
  const cluster = await clusterOf(folder, { ...spec, broker, workers: 2, proxyMode: 'nftables' });
  return installed(cluster, { asker, pods: full - OWN_PODS, seconds: idleSeconds, tell });
}

function clusterOf(folder: string, spec: Omit<ClusterSpec, 'folder' | 'kube' | 'images'>): Promise<Cluster> {
  return quietly(values.json, () => startCluster({ folder, kube: values.kube, images: {}, ...spec }));
}

function bookOf(folder: string, { plane, credentials }: Cluster): Promise<PodBook> {
  const access = join(folder, 'bench.kubeconfig');
  writeFileSync(access, kubeconfig(plane.door, tokenOf(credentials, 'admin')), { mode: 0o600 });
  return PodBook.open(httpClient(kubeconfigAccess({ path: access, clock: realClock })));
}

/** What a cluster's start tells belongs to standard error where standard output is a document. */
async function quietly<T>(json: boolean, work: () => Promise<T>): Promise<T> {
  if (!json) return work();
  const write = process.stdout.write.bind(process.stdout);
  process.stdout.write = process.stderr.write.bind(process.stderr) as typeof process.stdout.write;
  try {
    return await work();
  } finally {
    process.stdout.write = write;
  }
}
