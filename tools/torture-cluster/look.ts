import { askSocket } from '../../src/io/system/http-client.ts';
import type { NicsReply } from '../../src/wire/agent/cloud.ts';
import type { AgentStatus, PodRow } from '../../src/wire/agent/status.ts';
import type { Summary } from '../../emulator/server/summary.ts';
import type { Cluster, Worker } from '../cluster/cluster.ts';
import type { CloudView, NodeView } from './agreement.ts';

const ADMIN = '/run/berth/admin.sock';

/** A pod as it is used here. */
export interface PodObject {
  readonly metadata: { readonly name: string; readonly deletionTimestamp?: string };
  readonly spec: { readonly nodeName?: string; readonly hostNetwork?: boolean };
  readonly status: {
    readonly podIPs?: readonly { readonly ip: string }[];
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

/** All pods of the cluster with a network of their own. */
export async function podsOf({ plane }: Cluster): Promise<readonly PodObject[]> {
  const { items } = await plane.api.ask<{ items: readonly PodObject[] }>('GET', '/api/v1/pods');
  return items.filter(({ spec }) => spec.hostNetwork !== true);
}

/** Whether a pod is Ready, and stays as far as anybody knows. */
export function isReady({ metadata, status }: PodObject): boolean {
  const ready = status.conditions?.some((it) => it.type === 'Ready' && it.status === 'True') ?? false;
  return ready && metadata.deletionTimestamp === undefined;
}

/** What is lacking that so many pods are there, all Ready; undefined: nothing. */
export async function notReady(cluster: Cluster, pods: number): Promise<string | undefined> {
  const all = await podsOf(cluster).catch(() => undefined);
  if (all === undefined) return 'the API server does not answer';
  const unready = all.filter((it) => !isReady(it));
  if (all.length === pods && unready.length === 0) return undefined;
  const names = unready.map(({ metadata, spec }) => `${metadata.name} on ${spec.nodeName ?? 'no node'}`);
  const [first] = unready;
  const told = first === undefined ? '' : `; the last event of the first: ${await lastEvent(cluster, first)}`;
  return `${all.length} pods of ${pods}; not Ready: ${names.join(', ') || 'none'}${told}`;
}

async function lastEvent({ plane }: Cluster, { metadata }: PodObject): Promise<string> {
  type Events = { readonly items: readonly { readonly message?: string }[] };
  const path = `/api/v1/events?fieldSelector=involvedObject.name%3D${metadata.name}`;
  const { items } = await plane.api.ask<Events>('GET', path).catch(() => ({ items: [] }));
  return items.at(-1)?.message ?? 'none';
}

/** What everybody says now. `emulator`: the socket of the cloud; absent: there is none. */
export async function look(cluster: Cluster, emulator?: string): Promise<readonly NodeView[]> {
  const [pods, cloud] = await Promise.all([
    podsOf(cluster),
    emulator === undefined ? undefined : asked<Summary>(emulator, 'GET /v1/cloud'),
  ]);
  return Promise.all(cluster.workers.map((worker) => lookAt(worker, { pods, cloud })));
}

async function lookAt(
  { name, node }: Worker,
  of: { readonly pods: readonly PodObject[]; readonly cloud: Summary | undefined },
): Promise<NodeView> {
  const admin = node.outside(ADMIN);
  const [rows, status] = await Promise.all([
    asked<readonly PodRow[]>(admin, 'GET /v1/pods'),
    asked<AgentStatus>(admin, 'GET /v1/status'),
  ]);
  const own = of.pods.filter(({ spec }) => spec.nodeName === name);
  return {
    name,
    api: own.flatMap((it) => it.status.podIPs?.map(({ ip }) => ip) ?? []),
    journal: rows.flatMap(({ addresses }) => addresses),
    kernel: ['-4', '-6'].flatMap((family) => routesIn(node.run('ip', family, 'route', 'show', 'table', 'all'))),
    links: linesOf(node.run('ip', '-o', 'link', 'show')).filter((line) => line.includes(': bth')).length,
    spooled: status.spooled,
    ...(of.cloud === undefined ? {} : { cloud: cloudView(name, of.cloud, await asked(admin, 'GET /v1/nics')) }),
  };
}

/** Addresses behind links of pods. Routes of the kernel's own to links have types or ranges. */
export function routesIn(text: string): readonly string[] {
  const own = linesOf(text).filter((line) => / dev bth/.test(line) && /^[0-9a-f]+[.:]\S* /.test(line));
  const hosts = own.map((line) => line.split(' ')[0] ?? '').filter((to) => !to.includes('/'));
  return [...new Set(hosts.filter((to) => !to.startsWith('fe80:')))];
}

function cloudView(name: string, { instances, loose }: Summary, { nics }: NicsReply): CloudView {
  const there = instances.find((it) => it.name === name)?.nics ?? [];
  const held = ({ addresses }: NicsReply['nics'][number]) =>
    addresses.reduce((sum, { used, cooling, free, kept }) => sum + used + cooling + free + kept, 0);
  return {
    told: new Map(there.map(({ id, addresses }) => [id, addresses.slice(1)])),
    known: new Map(nics.map((nic) => [nic.id, held(nic)])),
    loose: loose.map(({ id }) => id),
  };
}

function linesOf(text: string): readonly string[] {
  return text.split('\n').map((line) => line.trim());
}

async function asked<T>(socket: string, ask: string): Promise<T> {
  const { status, text } = await askSocket({ socket, ask, timeoutMs: 5_000 });
  if (status !== 200) throw new Error(`${ask}: ${status} ${text}`);
  return JSON.parse(text) as T;
}
