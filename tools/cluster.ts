// npm run cluster: a real Kubernetes on this machine with Berth on its nodes. Prints how to reach it, and stays until
// Ctrl-C; with --once it proves itself and ends. Everything lives in namespaces of one process tree: when that ends,
// however it ends, the kernel takes all of it back; what outlives processes is removed then, or by the next start.
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { clearCluster } from './cluster/cluster.ts';
import { openGate } from './cluster/gate.ts';
import { buildOnShelf } from './cluster/kubernetes/build.ts';
import { kubernetesBuild, Progress } from './cluster/kubernetes/progress.ts';
import { STANDARD, kubernetesVersions, recipeOf } from './cluster/kubernetes/recipe.ts';
import { apiSocket } from './cluster/places.ts';
import { stay } from './cluster/stay.ts';
import { launch, stageFolder } from './launch.ts';

const WORKERS = 3;
const PROVIDERS = ['podcidr', 'aws'] as const;
const PROXY_MODES = ['iptables', 'nftables'] as const;
const WAYS = ['process', 'manifest'] as const;

const { values } = parseArgs({
  options: {
    once: { type: 'boolean', default: false }, //                  prove it, and end
    build: { type: 'boolean', default: false }, //                 only build Kubernetes, if it is not on the shelf
    kubernetes: { type: 'string', default: STANDARD }, //     its version
    provider: { type: 'string', default: PROVIDERS[0] }, //        where pods' addresses come from
    name: { type: 'string', default: '' }, //                      one of several at the same time
    'instance-type': { type: 'string', default: 'm5.large' }, //   of the nodes, on AWS
    'proxy-mode': { type: 'string', default: PROXY_MODES[0] }, //  of kube-proxy
    installed: { type: 'string', default: WAYS[0] }, //           how Berth comes onto the nodes
    broker: { type: 'boolean', default: false }, //                on AWS: the controller asks the cloud, nodes may not
    inside: { type: 'string' }, //                                 we are in the namespaces; the cluster's folder
    kube: { type: 'string', default: '' }, //                      there: the built Kubernetes
    port: { type: 'string', default: '' }, //                      there: where the API server is reached from outside
  },
});
const { once, broker, inside, kube, port, 'instance-type': instanceType } = values;
const installed = WAYS.find((it) => it === values.installed);
const proxyMode = PROXY_MODES.find((it) => it === values['proxy-mode']);
const provider = PROVIDERS.find((it) => it === values.provider);

if (provider === undefined) refuse(`--provider is one of ${PROVIDERS.join(', ')}`);
else if (proxyMode === undefined) refuse(`--proxy-mode is one of ${PROXY_MODES.join(', ')}`);
else if (!/^[a-z0-9-]{0,20}$/.test(values.name)) refuse('--name is of up to 20 small letters, digits and hyphens');
else if (!kubernetesVersions().includes(values.kubernetes))
  refuse(`--kubernetes is one of ${kubernetesVersions().join(', ')}`);
else if (process.getuid?.() !== 0 && !values.build) refuse('a cluster wants root: its nodes have cgroups');
else if (installed === undefined) refuse(`--installed is one of ${WAYS.join(', ')}`);
else if (broker && (provider !== 'aws' || installed !== 'manifest'))
  refuse('--broker is for --provider aws --installed manifest');
else if (inside !== undefined)
  await stay(
    { folder: inside, kube, workers: WORKERS, provider, instanceType, proxyMode, installed, broker, images: {} },
    { once, port },
  );
else {
  const version = values.kubernetes;
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

function refuse(why: string): void {
  console.error(`npm run cluster: ${why}`);
  process.exitCode = 2;
}
