// npm run bench:cluster: pods' start on a real Kubernetes with Berth and with the reference bridge, by turns under the
// same kubelets; what the agents use, and what they ask of the API server.
//   npm run bench:cluster                 a table, and docs/benchmarks-cluster.md written anew
//   npm run -s bench:cluster -- --json    one JSON document on standard output, nothing written
//   … --brief                             a round of few pods: whether it works
import { cpus, loadavg, release } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { kubeconfigAccess } from '../src/io/kube/access.ts';
import { httpClient } from '../src/io/kube/http-client.ts';
import { realClock } from '../src/io/system/clock.ts';
import { writeFileSync } from 'node:fs';
import { costs } from './bench-cluster/costs.ts';
import { prepareNetworks } from './bench-cluster/networks.ts';
import { table, writePage } from './bench-cluster/page.ts';
import { PodBook } from './bench-cluster/pod-book.ts';
import { reportOf } from './bench-cluster/report.ts';
import { type Crowds, startUps } from './bench-cluster/start-up.ts';
import { clearCluster, startCluster } from './cluster/cluster.ts';
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
    inside: { type: 'string' }, //          we are in the namespaces; the cluster's folder
    kube: { type: 'string', default: '' }, // there: the built Kubernetes
    load: { type: 'string', default: '' }, // there: of the machine, before it began
  },
});

/** What is made in each of two rounds, and pods on one node at last: as many as a kubelet takes. */
const WHOLE = {
  rounds: 2,
  crowds: [
    [1, 4],
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
  const words = [...process.argv.slice(2), '--kube', join(shelf, 'berth-kube'), '--load', load];
  return launch({
    folder: stageFolder('bench-cluster'),
    program: 'tools/bench-cluster.ts',
    words,
    clear: clearCluster,
  });
}

async function bench(folder: string): Promise<void> {
  process.stdin.on('end', () => process.exit(130)).resume(); // the launcher was told to end
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {}); // it tells us
  const tell = (line: string) => console.error(line);
  const { kube, json, brief, load } = values;
  const how = brief ? BRIEF : WHOLE;
  const cluster = await quietly(json, () =>
    startCluster({
      folder,
      kube,
      workers: 3,
      provider: 'podcidr',
      instanceType: '',
      proxyMode: 'iptables',
      installed: 'process',
      images: {},
      audited: AGENT_USER,
    }),
  );
  const version = prepareNetworks(cluster);
  const access = join(folder, 'bench.kubeconfig');
  writeFileSync(access, kubeconfig(cluster.plane.door, tokenOf(cluster.credentials, 'admin')), { mode: 0o600 });
  const client = httpClient(kubeconfigAccess({ path: access, clock: realClock }));
  const book = await PodBook.open(client);
  const starts = await startUps(book, cluster.workers, { ...how, tell });
  const spent = await costs(cluster, book, { ...how, tell });
  const report = reportOf(starts, spent, {
    machine: `${cpus().length} CPUs (${cpus()[0]?.model.trim() ?? '?'}), load ${load} before it began, Linux ${release()}, Node ${process.versions.node}`,
    reference: `Kubernetes ${STANDARD}, containerd 1.6; bridge, host-local and portmap ${version}`,
  });
  if (json) console.log(JSON.stringify(report));
  else {
    console.log(table(report));
    if (!brief) writePage(report);
  }
  process.exit(0);
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
