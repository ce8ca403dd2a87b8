import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Cluster, type ClusterSpec, startCluster } from './cluster.ts';
import { kubeconfig, tokenOf } from './credentials.ts';
import { prove } from './proof.ts';

/** Ended before it was done: what a shell says of a program that got SIGINT. */
const INTERRUPTED = 130;

/** What somebody outside needs. */
interface Access {
  readonly config: string; // a kubeconfig
  readonly bin: string; //    a folder with kubectl in it
}

/**
 * The cluster itself, as root of our own namespaces: prints how to reach it, and stays until the launcher closes our
 * stdin; with `once` it is proved, and ends. Nothing is taken down one by one: with this process all others end.
 */
export async function stay(spec: ClusterSpec, { once, port }: { once: boolean; port: string }): Promise<void> {
  let done = INTERRUPTED;
  const end = () => process.exit(done);
  process.stdin.on('end', end).on('error', end).resume();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {}); // the launcher tells us
  const cluster = await startCluster(spec);
  console.log(`${spec.workers} nodes Ready ${cluster.seconds.toFixed(1)} s after nothing existed`);
  if (once) {
    await prove(cluster);
    process.exit(0);
  }
  show(writeAccess(spec, cluster, port), spec, cluster);
  done = 0;
}

function writeAccess({ folder, kube }: ClusterSpec, { plane, credentials }: Cluster, port: string): Access {
  const [config, bin] = [join(folder, 'kubeconfig'), join(folder, 'bin')];
  const door = { ...plane.door, server: `https://127.0.0.1:${port}` };
  writeFileSync(config, kubeconfig(door, tokenOf(credentials, 'admin')), { mode: 0o600 });
  mkdirSync(bin);
  writeFileSync(join(bin, 'kubectl'), `#!/bin/sh\nexec ${kube} kubectl "$@"\n`, { mode: 0o755 });
  return { config, bin };
}

function show({ config, bin }: Access, { folder }: ClusterSpec, { workers }: Cluster): void {
  const [first] = workers;
  console.log(`
Everything stays up. In another terminal:
  export KUBECONFIG=${config} PATH=${bin}:$PATH
  kubectl get nodes
A shell on a node (its logs are in /var/log): ${folder}/enter ${folder}/${first?.name}/enter sh
Ctrl-C ends it and leaves nothing behind.`);
}
