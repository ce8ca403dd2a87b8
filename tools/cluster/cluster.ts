import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { NOT_READY_TAINT } from '../../src/core/cluster/node-word.ts';
import { busyboxImage, IMAGE, until } from '../../test/runtime/node.ts';
import { doing } from '../demo/table.ts';
import type { Api } from './api.ts';
import { allowAgent } from './agent-role.ts';
import { applyManifest, BERTH_ARCHIVE, makeBerthImage } from './apply-manifest.ts';
import { startBerth } from './berth.ts';
import { type ControlPlane, startControlPlane } from './control-plane.ts';
import { AGENT_USER, type Credentials, kubeconfig, newCredentials, tokenOf } from './credentials.ts';
import type { Ground, Post } from './ground.ts';
import { kubectlOf } from './kubectl.ts';
import { below, type Cgroup, makeCgroup, ownCgroup, removeCgroup } from './node/cgroups.ts';
import { startDns } from './dns.ts';
import { ClusterNode } from './node/node.ts';
import { apiSocket, cgroupFile, doorOf, imagesOf } from './places.ts';
import { API, IMAGES, KUBE, SHARED } from './shared.ts';
import { switchGround } from './switch.ts';
import { vpcGround } from './vpc.ts';
import { startKubelet, startRuntime } from './worker.ts';

const READY_MS = 60_000;

/** Where pods' addresses come from. */
export type Provider = 'podcidr' | 'aws';

/** What a cluster is made from. */
export interface ClusterSpec {
  readonly folder: string; // its own
  readonly kube: string; //   the built Kubernetes
  readonly workers: number;
  readonly provider: Provider;
  readonly subnets?: number; //      of the ranges of nodes: so many, that nodes stand in in turn; default 1
  readonly instanceType: string; // of AWS: how many NICs, and addresses on each
  readonly proxyMode: 'iptables' | 'nftables';
  readonly dns?: string; // CoreDNS; absent: pods ask in vain
  readonly images: Readonly<Record<string, Uint8Array>>; // further archives for the nodes, by their file names
  readonly broker?: boolean; // on AWS, by the manifest: the controller asks the cloud, and nodes may not
  readonly installed: 'manifest' | 'process'; // how Berth comes onto the nodes
  readonly restarts?: 'soon'; // containers that end, always; otherwise as kubelets do it: after up to 5 min
  readonly audited?: string; // the user whose requests the API server writes down
}

/** A cluster whose nodes are Ready. It ends with the namespaces that we are in. */
export interface Cluster {
  readonly ground: Ground;
  readonly control: ClusterNode;
  readonly workers: readonly Worker[];
  readonly plane: ControlPlane;
  readonly credentials: Credentials;
  readonly seconds: number; // from nothing to Ready
}

/** A node and where it stands. */
export interface Worker extends Post {
  readonly node: ClusterNode;
}

/** What is used here of a Node object. */
interface NodeObject {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly podCIDRs?: readonly string[]; readonly taints?: readonly { readonly key: string }[] };
  readonly status: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

/** Everything from the network to the last node's Ready, in the namespaces we are in. */
export async function startCluster(spec: ClusterSpec): Promise<Cluster> {
  const { folder, proxyMode } = spec;
  const began = performance.now();
  const cgroup = below(ownCgroup(), `berth${folder.replaceAll('/', '-')}-${randomBytes(4).toString('hex')}`);
  writeFileSync(cgroupFile(folder), JSON.stringify(cgroup)); // before there is one
  makeCgroup(cgroup);
  for (const part of [imagesOf, doorOf]) mkdirSync(part(folder));
  writeFileSync(join(imagesOf(folder), 'busybox.tar'), busyboxImage());
  if (spec.installed === 'manifest') makeBerthImage(imagesOf(folder));
  for (const [name, archive] of Object.entries(spec.images)) writeFileSync(join(imagesOf(folder), name), archive);
  const ground = await doing(GROUNDS[spec.provider], () => groundOf(spec));
  const credentials = newCredentials(ground.workers.map(({ name }) => name));
  const [control, ...workers] = await doing('machines: one for the control plane, the others workers', () =>
    Promise.all([ground.control, ...ground.workers].map((post) => machine(spec, cgroup, [ground, post]))),
  );
  if (control === undefined) throw new RangeError('a cluster without machines');
  const plane = await doing('etcd, API server, controllers, scheduler; containerd on each worker', () =>
    startServers({ spec, ground, control: control.node, workers, credentials }),
  );
  await doing('kubelet, kube-proxy and Berth on each worker, until all are Ready', async () => {
    for (const worker of workers) {
      const instance = ground.instance?.(worker);
      const of = { ...worker, credentials, pods: ground.pods, proxyMode, restarts: spec.restarts };
      startKubelet({ ...of, ...(instance === undefined ? {} : { instance }) }, plane.door);
    }
    if (spec.installed === 'manifest')
      await applyManifest(kubectlOf({ control: control.node, plane, credentials }), ground);
    else await startAgents(plane, workers, { credentials, config: ground.agent });
    await until(READY_MS, 'all nodes are Ready', async () => {
      return (await nodeObjects(plane.api)).filter(isReady).length === workers.length;
    });
    if (spec.dns !== undefined) {
      const [address] = ground.control.addresses;
      await startDns(plane, { folder, program: spec.dns, node: control.node, address, credentials });
    }
    await teachWays(plane.api, ground);
  });
  const seconds = (performance.now() - began) / 1_000;
  return { ground, control: control.node, workers, plane, credentials, seconds };
}

const GROUNDS: Readonly<Record<Provider, string>> = {
  podcidr: 'a router, and a switch for each subnet',
  aws: 'a VPC: two zones, an instance for each machine',
};

function groundOf({
  provider,
  folder,
  workers,
  subnets = 1,
  instanceType: type,
  broker = false,
}: ClusterSpec): Ground | Promise<Ground> {
  return provider === 'aws' ? vpcGround(folder, { workers, type, broker }) : switchGround({ workers, subnets });
}

/** Takes away what a cluster leaves that is neither process nor file of its folder. For whoever launches it. */
export async function clearCluster(folder: string): Promise<void> {
  if (!existsSync(cgroupFile(folder))) return;
  await removeCgroup(JSON.parse(readFileSync(cgroupFile(folder), 'utf8')) as Cgroup);
}

async function machine(
  { folder, kube }: ClusterSpec,
  cgroup: Cgroup,
  [ground, post]: readonly [Ground, Post],
): Promise<Worker> {
  const home = join(folder, post.name);
  mkdirSync(home, { recursive: true });
  const node = await ClusterNode.start({
    name: post.name,
    folder: home,
    cgroup: below(cgroup, post.name),
    network: ground.enter(post),
    shared: [...SHARED, `${kube}:${KUBE}`, `${imagesOf(folder)}:${IMAGES}`, `${doorOf(folder)}:${dirname(API)}`],
  });
  return { ...post, node };
}

interface Servers {
  readonly spec: ClusterSpec;
  readonly ground: Ground;
  readonly control: ClusterNode;
  readonly workers: readonly Worker[];
  readonly credentials: Credentials;
}

async function startServers({ spec, ground, control, workers, credentials }: Servers): Promise<ControlPlane> {
  const socket = apiSocket(spec.folder);
  const berth = spec.installed === 'manifest' ? [BERTH_ARCHIVE] : [];
  const images = ['busybox.tar', ...berth, ...Object.keys(spec.images)];
  const [plane] = await Promise.all([
    startControlPlane({ node: control, ground, credentials, socket, audited: spec.audited }),
    ...workers.map(({ node }) => startRuntime(node, images, IMAGE)),
  ]);
  return plane;
}

/** The agents as processes, with an account that may what the manifest's may. */
async function startAgents(
  { api, door }: ControlPlane,
  workers: readonly Worker[],
  of: { readonly credentials: Credentials; readonly config: object },
): Promise<void> {
  await allowAgent(api, AGENT_USER);
  const access = kubeconfig(door, tokenOf(of.credentials, 'agent'));
  await Promise.all(workers.map(({ node }) => startBerth(node, access, of.config)));
}

/**
 * The machine of the control plane is no node of its cluster, so no agent tells it the ways to pods: `kubectl proxy`
 * and webhooks want them.
 */
async function teachWays(api: Api, { workers, teach }: Ground): Promise<void> {
  for (const { metadata, spec } of await nodeObjects(api)) {
    const post = workers.find(({ name }) => name === metadata.name);
    if (post !== undefined) for (const range of spec.podCIDRs ?? []) teach?.(range, post);
  }
}

async function nodeObjects(api: Api): Promise<readonly NodeObject[]> {
  return (await api.ask<{ items: readonly NodeObject[] }>('GET', '/api/v1/nodes')).items;
}

/** Ready, and pods may come. */
function isReady({ spec, status }: NodeObject): boolean {
  if (spec.taints?.some(({ key }) => key === NOT_READY_TAINT) === true) return false;
  return status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false;
}
