import { until } from '../../test/runtime/node.ts';
import { fetchScript, pageOf, traces } from '../../test/runtime/pods.ts';
import { doing } from '../demo/table.ts';
import type { Cluster } from './cluster.ts';
import { type Kubectl, kubectlOf } from './kubectl.ts';
import { HOST_PORT, manifests, PER_NODE, PROOF } from './proof-manifests.ts';

const LIMIT_MS = 60_000;

/** A running pod. */
interface Pod {
  readonly name: string;
  readonly addresses: readonly string[];
  readonly hosts: readonly string[]; // addresses of its node
  readonly listens: boolean; // on its node's port
}

/** What is fetched, and what it is expected to say. */
interface Target {
  readonly host: string;
  readonly port: number;
  readonly says: RegExp;
}

/** That the cluster does what clusters are for. Throws with what does not hold; leaves nothing behind. */
export async function prove(cluster: Cluster): Promise<void> {
  const kubectl = kubectlOf(cluster);
  const count = PER_NODE * cluster.workers.length;
  const pods = await doing(`${count} pods on ${cluster.workers.length} nodes`, () => makePods(kubectl, count));
  const families = cluster.ground.pods.length;
  const short = pods.find(({ addresses }) => addresses.length !== families);
  if (short !== undefined)
    throw new Error(`${short.name} has ${short.addresses.join(', ')}: not ${families} addresses`);
  const all = new RegExp(`^(${pods.map(({ name }) => name).join('|')})$`);
  const pairs = pods.flatMap(({ addresses, name }) =>
    addresses.map((host) => ({ host, port: 80, says: exactly(name) })),
  );
  await doing('HTTP between all pairs of pods', () => everyoneFetches(kubectl, pods, pairs));
  const service = await kubectl(['-n', PROOF, 'get', 'service', PROOF, '-o', 'jsonpath={.spec.clusterIPs[*]}']);
  const calls = service.split(' ').map((host) => ({ host, port: 80, says: all }));
  await doing('the Service, through kube-proxy, from every pod', () => everyoneFetches(kubectl, pods, calls));
  const ports = pods.filter(({ listens }) => listens);
  const hosts = ports.flatMap(({ hosts: of, name }) =>
    of.map((host) => ({ host, port: HOST_PORT, says: exactly(name) })),
  );
  await doing('a port of each node, from every pod', () => everyoneFetches(kubectl, pods, hosts));
  await doing('everything deleted; no node has anything left of a pod', async () => {
    // the namespace waits for its pods by looking again after seconds
    await kubectl(['-n', PROOF, 'delete', 'daemonsets', '--all', '--cascade=foreground', '--timeout=100s']);
    await kubectl(['delete', 'namespace', PROOF, '--timeout=100s']);
    for (const { node } of cluster.workers)
      await until(LIMIT_MS, `nothing is left on ${node.name}`, () => traces({ node }).length === 0);
  });
}

/** Resolves when all are Ready: their probes come from the nodes. */
async function makePods(kubectl: Kubectl, count: number): Promise<readonly Pod[]> {
  await kubectl(['apply', '-f', '-'], manifests());
  for (let pods: readonly PodObject[] = []; ; ) {
    ({ items: pods } = JSON.parse(await kubectl(['-n', PROOF, 'get', 'pods', '-o', 'json'])) as { items: PodObject[] });
    if (pods.length === count) break;
  }
  await kubectl(['-n', PROOF, 'wait', '--for=condition=Ready', 'pods', '--all', '--timeout=100s']);
  const { items } = JSON.parse(await kubectl(['-n', PROOF, 'get', 'pods', '-o', 'json'])) as { items: PodObject[] };
  return items.map(({ metadata, spec, status }) => ({
    name: metadata.name,
    addresses: status.podIPs.map(({ ip }) => ip),
    hosts: status.hostIPs.map(({ ip }) => ip),
    listens: spec.containers.some(({ ports = [] }) => ports.some(({ hostPort }) => hostPort !== undefined)),
  }));
}

interface Ip {
  readonly ip: string;
}

/** What is used here of a Pod object. */
interface PodObject {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly containers: readonly { readonly ports?: readonly { readonly hostPort?: number }[] }[] };
  readonly status: { readonly podIPs: readonly Ip[]; readonly hostIPs: readonly Ip[] };
}

/** From inside of every pod; again until everybody got what is expected, for kube-proxy is told of changes late. */
async function everyoneFetches(kubectl: Kubectl, pods: readonly Pod[], targets: readonly Target[]): Promise<void> {
  let wrong = '';
  const right = async () => {
    const faults = await Promise.all(pods.map((pod) => fetchAll(kubectl, pod, targets)));
    wrong = faults.flat().join('\n');
    return wrong === '';
  };
  await until(LIMIT_MS, 'every pod got what it asked for', right).catch((cause: unknown) => {
    throw new Error(wrong, { cause });
  });
}

/** What a pod got that was not expected. */
async function fetchAll(kubectl: Kubectl, pod: Pod, targets: readonly Target[]): Promise<readonly string[]> {
  const script = targets.map(({ host, port }) => `${fetchScript(host, port)}; echo; echo ${MARK}`).join('; ');
  const said = await kubectl(['-n', PROOF, 'exec', pod.name, '--', '/bin/busybox', 'sh', '-c', script]);
  const pages = said.split(MARK).map(pageOf);
  return targets.flatMap(({ host, port, says }, i) => {
    const page = pages[i] ?? '';
    return says.test(page) ? [] : [`${pod.name} asked ${host}:${port}, and got "${page}" instead of ${says.source}`];
  });
}

/** Between one page and the next. */
const MARK = '----';

function exactly(name: string): RegExp {
  return new RegExp(`^${name}$`);
}
