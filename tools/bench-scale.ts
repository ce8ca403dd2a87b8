// npm run bench:scale: the controller, and a copy of all pods such as Berth keeps, on clusters of thousands of nodes
// without a kubelet: on a real API server, and on the fake one, which the same contract tests judge.
//   npm run bench:scale                 a table, and docs/benchmarks-scale.md written anew
//   npm run -s bench:scale -- --json    one JSON document on standard output, nothing written
//   … --brief                           small clusters: whether it works
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { kubeconfigAccess } from '../src/io/kube/access.ts';
import { httpClient } from '../src/io/kube/http-client.ts';
import { realClock } from '../src/io/system/clock.ts';
import { canRun, RealApiServer } from '../test/cluster/api-server.ts';
import { until } from '../test/runtime/node.ts';
import { NODES } from '../src/wire/kube/resource.ts';
import { fill } from './bench-scale/fill.ts';
import { measure, type ScaleResult } from './bench-scale/measure.ts';
import { table, writePage } from './bench-scale/page.ts';
import type { Size } from './bench-scale/population.ts';
import { Talking } from './bench-scale/talking.ts';
import { STANDARD } from './cluster/kubernetes/recipe.ts';

const REAL: Size = { nodes: 1_000, pods: 30_000 };
const FAKE: Size = { nodes: 5_000, pods: 150_000 };
const BRIEF: Size = { nodes: 50, pods: 600 };
const START_MS = 60_000;

const { values } = parseArgs({
  options: { json: { type: 'boolean', default: false }, brief: { type: 'boolean', default: false } },
});
const { json, brief } = values;

// with all that we started
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

if (canRun) await bench();
else {
  console.error('npm run bench:scale: wants root, and a Kubernetes that is built: npm run cluster -- --build');
  process.exitCode = 2;
}

async function bench(): Promise<void> {
  const load = loadavg()[0]?.toFixed(2) ?? '?';
  const folder = mkdtempSync(join(tmpdir(), 'berth-scale-'));
  const results = [await onReal(folder, brief ? BRIEF : REAL), await onFake(folder, brief ? BRIEF : FAKE)];
  rmSync(folder, { recursive: true, force: true });
  const processor = cpus()[0]?.model.trim() ?? '?';
  const machine = `${cpus().length} CPUs (${processor}), load ${load} before it began, Linux ${release()}, Node ${process.versions.node}`;
  if (json) console.log(JSON.stringify({ results, machine }));
  else {
    console.log(table({ results, machine }));
    if (!brief) writePage({ results, machine });
  }
}

async function onReal(folder: string, size: Size): Promise<ScaleResult> {
  const server = `kube-apiserver ${STANDARD}`;
  const real = await RealApiServer.open();
  const client = httpClient(real.access);
  try {
    const serves = () =>
      client.list({ resource: NODES }, { limit: 1 }).then(
        () => true,
        () => false,
      );
    await until(START_MS, 'the API server serves', serves);
    tell(`${server}: ${size.nodes} nodes and ${size.pods} pods are made`);
    await fill(client, size);
    return await measure(client, { server, size, folder, kubeconfig: real.kubeconfig }, tell);
  } finally {
    client.close();
    await real.close();
  }
}

async function onFake(folder: string, size: Size): Promise<ScaleResult> {
  const server = 'the fake';
  tell(`${server}: ${size.nodes} nodes and ${size.pods} pods are made`);
  const words = ['--max-old-space-size=8192', 'tools/bench-scale/fake.ts', `${size.nodes}`, `${size.pods}`];
  const fake = new Talking(process.execPath, words);
  const { url } = await fake.next<{ url: string }>();
  const kubeconfig = join(folder, 'fake.kubeconfig');
  writeFileSync(kubeconfig, JSON.stringify(accessTo(url)));
  const client = httpClient(kubeconfigAccess({ path: kubeconfig, clock: realClock }));
  try {
    return await measure(client, { server, size, folder, kubeconfig }, tell);
  } finally {
    client.close();
    await fake.end();
  }
}

/** A kubeconfig without secrets. JSON is YAML. */
function accessTo(server: string): object {
  const named = {
    clusters: [{ name: 'fake', cluster: { server } }],
    users: [{ name: 'fake', user: { token: 'anything' } }],
    contexts: [{ name: 'fake', context: { cluster: 'fake', user: 'fake' } }],
  };
  return { apiVersion: 'v1', kind: 'Config', ...named, 'current-context': 'fake' };
}

function tell(line: string): void {
  console.error(line);
}
