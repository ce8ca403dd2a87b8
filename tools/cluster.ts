// npm run cluster: a real Kubernetes on this machine with Berth on its nodes. Prints how to reach it, and stays until
// Ctrl-C; with --once it proves itself and ends. Everything lives in namespaces of one process tree: when that ends,
// however it ends, the kernel takes all of it back; what outlives processes is removed then, or by the next start.
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { clearCluster } from './cluster/cluster.ts';
import { openGate } from './cluster/gate.ts';
import { buildOnShelf } from './cluster/kubernetes/build.ts';
import { kubernetesBuild, Progress } from './cluster/kubernetes/progress.ts';
import { recipeOf } from './cluster/kubernetes/recipe.ts';
import { CLUSTER_OPTIONS, clusterWanted, NOT_ROOT, orRefuse, refuse } from './cluster/options.ts';
import { apiSocket } from './cluster/places.ts';
import { stay } from './cluster/stay.ts';
import { launch, stageFolder } from './launch.ts';

const WORKERS = 3;

const { values } = parseArgs({
  options: {
    ...CLUSTER_OPTIONS,
    once: { type: 'boolean', default: false }, //  prove it, and end
    build: { type: 'boolean', default: false }, // only build Kubernetes, if it is not on the shelf
    name: { type: 'string', default: '' }, //      one of several at the same time
    inside: { type: 'string' }, //                 we are in the namespaces; the cluster's folder
    kube: { type: 'string', default: '' }, //      there: the built Kubernetes
    port: { type: 'string', default: '' }, //      there: where the API server is reached from outside
  },
});
const { once, inside, kube, port } = values;
const wanted = orRefuse('cluster', () => clusterWanted(values));

if (!/^[a-z0-9-]{0,20}$/.test(values.name))
  refuse('cluster', '--name is of up to 20 small letters, digits and hyphens');
if (process.getuid?.() !== 0 && !values.build) refuse('cluster', NOT_ROOT);
if (inside !== undefined) await stay({ ...wanted, folder: inside, kube, workers: WORKERS, images: {} }, { once, port });
else {
  const version = wanted.kubernetes;
  const shelf = await buildOnShelf(recipeOf(version), new Progress(kubernetesBuild(version)));
  const built = join(shelf, 'berth-kube');
  if (values.build) console.log(built);
  else process.exitCode = await start(built);
}

/** The cluster, and a gate to it on this machine's loopback address. */
async function start(built: string): Promise<number> {
  const folder = stageFolder(values.name === '' ? 'cluster' : `cluster-${values.name}`);
  const gate = await openGate(apiSocket(folder));
  const words = [...process.argv.slice(2), '--kube', built, '--port', String(gate.port)];
  try {
    return await launch({ folder, program: 'tools/cluster.ts', words, clear: clearCluster });
  } finally {
    gate.close();
  }
}
