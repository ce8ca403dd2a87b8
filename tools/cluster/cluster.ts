import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { busyboxImage, IMAGE, until } from '../../test/runtime/node.ts';
import { doing } from '../demo/table.ts';
import type { Api } from './api.ts';
import { allowAgent } from './agent-role.ts';
import { applyManifest, makeBerthImage } from './apply-manifest.ts';
import { startBerth } from './berth.ts';
import { type ControlPlane, startControlPlane } from './control-plane.ts';
import { AGENT_USER, type Credentials, kubeconfig, newCredentials, tokenOf } from './credentials.ts';
import { CONTROL, makeSwitch, PODS, plug, type Post, worker } from './network.ts';
import { below, type Cgroup, makeCgroup, ownCgroup, removeCgroup } from './node/cgroups.ts';
import { ClusterNode } from './node/node.ts';
import { API, IMAGES, KUBE, SHARED } from './shared.ts';
import { startKubelet, startRuntime } from './worker.ts';

const READY_MS = 60_000;

/** What a cluster is made from. */
export interface ClusterSpec {
  readonly folder: string; // its own
  readonly kube: string; //   the built Kubernetes
  readonly workers: number;
  readonly proxyMode: 'iptables' | 'nftables';
  readonly installed: 'manifest' | 'process'; // how Berth comes onto the nodes
}

/** A cluster whose nodes are Ready. It ends with the namespaces that we are in. */
export interface Cluster {
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
  readonly status: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

/** Nodes with ranges of their own: everything from the switch to the last node's Ready, in the namespaces we are in. */
export async function startCluster(spec: ClusterSpec): Promise<Cluster> {
  const began = performance.now();
  const cgroup = below(ownCgroup(), `berth${spec.folder.replaceAll('/', '-')}-${randomBytes(4).toString('hex')}`);
  writeFileSync(cgroupFile(spec.folder), JSON.stringify(cgroup)); // before there is one
  makeCgroup(cgroup);
  for (const part of [imagesOf, doorOf]) mkdirSync(part(spec.folder));
  writeFileSync(join(imagesOf(spec.folder), 'busybox.tar'), busyboxImage());
  if (spec.installed === 'manifest') makeBerthImage(imagesOf(spec.folder));
  const posts = Array.from({ length: spec.workers }, (_, i) => worker(i + 1));
  const credentials = newCredentials(posts.map(({ name }) => name));
  const [control, ...workers] = await doing('machines: one for the control plane, the others workers', () => {
    makeSwitch();
    return Promise.all([CONTROL, ...posts].map((post) => machine(spec, cgroup, post)));
  });
  if (control === undefined) throw new RangeError('a cluster without machines');
  const plane = await doing('etcd, API server, controllers, scheduler; containerd on each worker', () =>
    startServers(spec, control.node, { workers, credentials }),
  );
  await doing('kubelet, kube-proxy and Berth on each worker, until all are Ready', async () => {
    for (const { node, address } of workers)
      startKubelet({ node, address, credentials, pods: PODS, proxyMode: spec.proxyMode }, plane.door);
    if (spec.installed === 'manifest') await applyManifest(plane, workers);
    else await installBerth(plane, workers, credentials);
    await until(READY_MS, 'all nodes are Ready', async () => (await nodes(plane.api)).every(isReady));
  });
  const seconds = (performance.now() - began) / 1_000;
  return { control: control.node, workers, plane, credentials, seconds };
}

/** Takes away what a cluster leaves that is neither process nor file of its folder. For whoever launches it. */
export async function clearCluster(folder: string): Promise<void> {
  if (!existsSync(cgroupFile(folder))) return;
  await removeCgroup(JSON.parse(readFileSync(cgroupFile(folder), 'utf8')) as Cgroup);
}

function cgroupFile(folder: string): string {
  return join(folder, 'cgroup.json');
}

/** Where the API server of a cluster answers for whoever may read its folder, in whatever namespace. */
export function apiSocket(folder: string): string {
  return join(doorOf(folder), basename(API));
}

function doorOf(folder: string): string {
  return join(folder, 'door');
}

/** Where the images are made that nodes import. */
function imagesOf(folder: string): string {
  return join(folder, 'images');
}

async function machine({ folder, kube }: ClusterSpec, cgroup: Cgroup, post: Post): Promise<Worker> {
  const home = join(folder, post.name);
  mkdirSync(home, { recursive: true });
  const node = await ClusterNode.start({
    name: post.name,
    folder: home,
    cgroup: below(cgroup, post.name),
    network: plug(post),
    shared: [...SHARED, `${kube}:${KUBE}`, `${imagesOf(folder)}:${IMAGES}`, `${doorOf(folder)}:${dirname(API)}`],
  });
  return { ...post, node };
}

async function startServers(
  { folder }: ClusterSpec,
  control: ClusterNode,
  { workers, credentials }: { workers: readonly Worker[]; credentials: Credentials },
): Promise<ControlPlane> {
  const socket = apiSocket(folder);
  const [plane] = await Promise.all([
    startControlPlane({ node: control, address: CONTROL.address, credentials, podRange: PODS, socket }),
    ...workers.map(({ node }) => startRuntime(node, ['busybox.tar'], IMAGE)),
  ]);
  return plane;
}

/** The agents learn their ranges, and each other's, from the Nodes. */
async function installBerth({ api, door }: ControlPlane, workers: readonly Worker[], of: Credentials): Promise<void> {
  await allowAgent(api, AGENT_USER);
  const access = kubeconfig(door, tokenOf(of, 'agent'));
  await Promise.all(workers.map(({ node }) => startBerth(node, access)));
}

async function nodes(api: Api): Promise<readonly NodeObject[]> {
  return (await api.ask<{ items: readonly NodeObject[] }>('GET', '/api/v1/nodes')).items;
}

function isReady({ status }: NodeObject): boolean {
  return status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false;
}
