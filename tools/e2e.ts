// npm run e2e: Kubernetes' own end-to-end tests of the network, on a cluster of ours (tools/cluster.ts) with Berth on
// its nodes. The last line counts: N passed, N failed.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { clearCluster, startCluster } from './cluster/cluster.ts';
import { buildOnShelf } from './cluster/kubernetes/build.ts';
import { kubernetesBuild, Progress } from './cluster/kubernetes/progress.ts';
import { dnsRecipe, recipeOf, suiteRecipe } from './cluster/kubernetes/recipe.ts';
import { CLUSTER_OPTIONS, clusterWanted, NOT_ROOT, orRefuse, refuse } from './cluster/options.ts';
import { doing } from './demo/table.ts';
import { suiteImages } from './e2e/images.ts';
import { reportText } from './e2e/report.ts';
import { runSuite } from './e2e/suite.ts';
import { launch, stageFolder } from './launch.ts';

/** What cannot run here, without SCTP in CI's kernel, and what wants a cluster for itself. */
const SKIPPED = String.raw`\[Serial\]|\[Disruptive\]|SCTP`;

const { values } = parseArgs({
  options: {
    ...CLUSTER_OPTIONS,
    focus: { type: 'string', default: String.raw`\[sig-network\].*\[Conformance\]` }, // of the names of specs, as Go's regexp
    skip: { type: 'string', default: SKIPPED },
    build: { type: 'boolean', default: false }, //        only build all that is needed
    'at-once': { type: 'string', default: '3' }, //       so many specs
    minutes: { type: 'string', default: '30' }, //        for all specs
    json: { type: 'string' }, //                          a file for the results
    inside: { type: 'string' }, //                        we are in the namespaces; the cluster's folder
    shelves: { type: 'string', default: '' }, //          there: CoreDNS, Kubernetes and its suite
  },
});

const wanted = orRefuse('e2e', () => clusterWanted(values));

if (values.inside === undefined) process.exitCode = await start();
else process.exitCode = await run(values.inside, values.shelves.split(':'));

async function start(): Promise<number> {
  if (process.getuid?.() !== 0 && !values.build) refuse('e2e', NOT_ROOT);
  const { kubernetes: version } = wanted;
  const tests = orRefuse('e2e', () => suiteRecipe(version));
  const kubernetes = await buildOnShelf(recipeOf(version), new Progress(kubernetesBuild(version)));
  const suite = await buildOnShelf(tests, new Progress({ what: 'its tests', usually: '3 min' }));
  const dns = await buildOnShelf(dnsRecipe(), new Progress({ what: 'CoreDNS', usually: '4 min' }));
  if (values.build) return 0;
  const words = [...process.argv.slice(2), '--shelves', [kubernetes, suite, dns].join(':')];
  return launch({ folder: stageFolder('e2e'), program: 'tools/e2e.ts', words, clear: clearCluster });
}

async function run(folder: string, [kubernetes = '', suite = '', dns = '']: readonly string[]): Promise<number> {
  process.stdin.on('end', () => process.exit(130)).resume(); // the launcher was told to end
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {}); // it tells us
  const { focus, skip, minutes, json } = values;
  const cluster = await startCluster({
    ...wanted,
    folder,
    kube: join(kubernetes, 'berth-kube'),
    workers: 3,
    dns: join(dns, 'berth-dns'),
    images: suiteImages(suite),
  });
  const choice = { focus, skip, minutes: Number(minutes), atOnce: Number(values['at-once']) };
  const specs = await doing(`specs: ${focus}`, () =>
    runSuite(cluster, { folder, program: join(suite, 'berth-e2e'), choice }),
  );
  if (json !== undefined) writeFileSync(json, JSON.stringify(specs, null, 2));
  console.log(reportText(specs));
  process.exit(specs.length > 0 && specs.every(({ passed }) => passed) ? 0 : 1);
}
