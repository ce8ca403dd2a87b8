import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { KubeClient } from '../../src/io/kube/client.ts';
import { httpClient } from '../../src/io/kube/http-client.ts';
import {
  STATIC_ADDRESS,
  STATIC_ADDRESSES,
  writeStaticSpec,
  writeStaticStatus,
} from '../../src/wire/kube/crd/static-address.ts';
import { typeOf } from '../../src/wire/kube/crd/definition.ts';
import { BERTH_NODES } from '../../src/wire/kube/crd/berth-node.ts';
import { writeEvent, writeRepeat } from '../../src/wire/kube/event.ts';
import { loose, text } from '../../src/wire/kube/object.ts';
import { taintPatch, writeNodeStatus } from '../../src/wire/kube/own-node.ts';
import { writeAnnotations } from '../../src/wire/kube/pod-ips.ts';
import { EVENTS, NODES, PODS, type Resource } from '../../src/wire/kube/resource.ts';
import { berthObjects } from '../../tools/deploy/objects.ts';
import { until } from '../runtime/node.ts';
import { canRun, RealApiServer } from './api-server.ts';

// What the manifest lets an agent write, judged by a real kube-apiserver with the token that a pod of node-1 gets.

const TAINT = 'node.berth.dev/not-ready';
const NAMESPACE = 'kube-system';
/** What of the manifest gives and takes rights. */
const RIGHTS = /^(CustomResourceDefinition|ServiceAccount|ClusterRole|ClusterRoleBinding|ValidatingAdmission\w+)$/;

let server: RealApiServer;
let admin: KubeClient;
let agent: KubeClient;

const of = (group: string, version: string, plural: string, kind: string, namespaced = false): Resource => ({
  ...{ group, version, plural, kind, namespaced },
});

/** Creates an object of the manifest. */
function apply({ apiVersion, kind, metadata, ...rest }: { apiVersion: string; kind: string; metadata: object }) {
  const [group = '', version = 'v1'] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion];
  const plural = `${kind.toLowerCase()}s`.replace(/ys$/, 'ies');
  const namespace = text(loose(metadata)['namespace']);
  const resource = of(group, version, plural, kind, namespace !== '');
  return admin.create(
    { resource, ...(namespace === '' ? {} : { namespace }) },
    { apiVersion, kind, metadata, ...rest },
  );
}

function pod(name: string, nodeName: string): object {
  const spec = { nodeName, serviceAccountName: 'berth', containers: [{ name: 'a', image: 'a' }] };
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec };
}

/** A client with the token that the kubelet of a pod's node would ask for; `bound`: to that pod. */
async function agentOf(bound: { readonly name: string; readonly uid: string } | undefined): Promise<KubeClient> {
  const boundObjectRef = bound && { apiVersion: 'v1', kind: 'Pod', ...bound };
  const spec = { audiences: ['https://kubernetes.default.svc'], expirationSeconds: 3_600, boundObjectRef };
  const tokens = of('', 'v1', 'serviceaccounts/berth/token', 'TokenRequest', true);
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec };
  const { status } = await admin.create({ resource: tokens, namespace: NAMESPACE }, body);
  const access = { ...server.access(), token: text(loose(status)['token']), certificate: undefined, key: undefined };
  return httpClient(() => access);
}

beforeAll(async () => {
  if (!canRun) return;
  server = await RealApiServer.open();
  admin = httpClient(server.access);
  const namespaces = of('', 'v1', 'namespaces', 'Namespace');
  await until(60_000, 'the API server serves', () =>
    admin.get({ resource: namespaces, name: NAMESPACE }).then(
      () => true,
      () => false,
    ),
  );
  for (const object of berthObjects().filter(({ kind }) => RIGHTS.test(kind))) await apply(object);
  const uids = new Map<string, string>();
  for (const name of ['node-1', 'node-2']) {
    await admin.create({ resource: NODES }, { apiVersion: 'v1', kind: 'Node', metadata: { name } });
    const made = await admin.create({ resource: PODS, namespace: NAMESPACE }, pod(`on-${name}`, name));
    uids.set(name, made.metadata.uid);
  }
  agent = await agentOf({ name: 'on-node-1', uid: uids.get('node-1') ?? '' });
  await until(20_000, 'the policies count', () =>
    taint(agent, 'node-2').then(
      () => false,
      ({ kind }: { kind?: string }) => kind === 'denied' || kind === 'invalid',
    ),
  );
}, 150_000);
afterAll(async () => {
  for (const client of [agent, admin]) client?.close();
  await server?.close();
}, 30_000);

const node = (name: string, part?: string) => ({ resource: NODES, name, ...(part === undefined ? {} : { part }) });
const taint = async (client: KubeClient, name: string, key = TAINT) =>
  client.patch(node(name), 'merge', taintPatch(await client.get(node(name)), key, 'NoSchedule') ?? {});
const podAt = (name: string) => ({ resource: PODS, namespace: NAMESPACE, name: `on-${name}`, part: 'status' });
const CONDITION = { type: 'NetworkUnavailable', status: 'False', reason: 'BerthReady', message: '' };
const status = (more: Readonly<Record<string, number>> = { 'berth.dev/address': 5 }) =>
  writeNodeStatus([CONDITION], more, 0);
const events = { resource: EVENTS, namespace: 'default' };
const event = (host: string, of = host, kind: 'Node' | 'Pod' = 'Node') => {
  const where = kind === 'Pod' ? { namespace: 'default' } : {};
  const about = { kind, name: of, uid: of, ...where };
  const words = { type: 'Normal', reason: 'A', message: 'a', count: 1, firstAt: 0, lastAt: 0 } as const;
  return writeEvent({ namespace: 'default', name: `${kind.toLowerCase()}.${of}`, about, node: host, ...words });
};
const about = (kind: string) => {
  const of = event('node-1');
  return { ...of, involvedObject: { ...loose(loose(of)['involvedObject']), kind, name: 'node-1' } };
};
const KUBELET = { component: 'kubelet', host: 'node-1' };
const told = (name: string) => ({ apiVersion: 'berth.dev/v1alpha1', kind: 'BerthNode', metadata: { name } });
const annotate = async (name: string, key: string) => {
  const { metadata } = await admin.get({ ...podAt(name) });
  return agent.patch(podAt(name), 'merge', writeAnnotations(metadata.uid, { [key]: '10.0.0.1' }));
};

const keeps = (name: string) => ({ resource: STATIC_ADDRESSES, namespace: NAMESPACE, name: `of-${name}` });
const keep = (name: string) => {
  const owner = { kind: 'StatefulSet', name: 'web', uid: 's' };
  const spec = writeStaticSpec({
    ...{ owner, retention: '24h', conflict: 'retry', node: name, next: '', unusedSince: undefined },
  });
  return admin.create(keeps(name), { ...typeOf(STATIC_ADDRESS), metadata: { name: `of-${name}` }, spec });
};
const tellKept = (of: string, node: string) => {
  const status = writeStaticStatus({ node, addresses: [], nic: '', state: 'Kept', message: '' }, 0);
  return agent.patch({ ...keeps(of), part: 'status' }, 'merge', { status });
};

describe.skipIf(!canRun)('an agent of node-1', () => {
  test('writes what is ours of its own node: condition, resource, taint, BerthNode, Events, pods’ addresses', async () => {
    const patched = await agent.patch(node('node-1', 'status'), 'strategic', status());
    expect(patched['status']).toMatchObject({ capacity: { 'berth.dev/address': '5' } });
    await taint(admin, 'node-1');
    const untaint = taintPatch(await agent.get(node('node-1')), TAINT, undefined) ?? {};
    expect(JSON.stringify(await agent.patch(node('node-1'), 'merge', untaint))).not.toContain(TAINT);
    await agent.create({ resource: BERTH_NODES }, told('node-1'));
    await agent.create(events, event('node-1'));
    await agent.create(events, event('node-1', 'web-0', 'Pod'));
    await agent.patch({ ...events, name: 'pod.web-0' }, 'merge', writeRepeat({ message: 'b', count: 2, lastAt: 1 }));
    await annotate('node-1', 'berth.dev/pod-ips');
  });

  test('tells of static addresses that its node may have, of no others, and changes no right to one', async () => {
    for (const name of ['node-1', 'node-2']) await keep(name);
    expect((await tellKept('node-1', 'node-1'))['status']).toMatchObject({ state: 'Kept' });
    await expect(tellKept('node-2', 'node-1')).rejects.toThrow('that its own node may have only');
    await expect(tellKept('node-1', 'node-2')).rejects.toThrow('an agent tells of its own node only');
    // whoever had it before may be gone: here it is lost
    await admin.patch({ ...keeps('node-1'), part: 'status' }, 'merge', { status: { node: 'node-2' } });
    expect((await tellKept('node-1', 'node-2'))['status']).toMatchObject({ node: 'node-2' });
    await expect(tellKept('node-1', 'node-3')).rejects.toThrow('an agent tells of its own node only');
    const grab = agent.patch(keeps('node-2'), 'merge', { spec: { node: 'node-1' } });
    await expect(grab).rejects.toMatchObject({ kind: 'denied' });
    const mine = await agent.list({ resource: STATIC_ADDRESSES, fields: 'spec.node=node-1' }, { limit: 0 });
    expect(mine.items.map(({ metadata }) => metadata.name)).toEqual(['of-node-1']);
  });

  const foreign: readonly (readonly [string, () => Promise<unknown>, string])[] = [
    ['another Node', () => agent.patch(node('node-2', 'status'), 'strategic', status()), 'its own Node only'],
    ['another Node’s taint', () => taint(agent, 'node-2'), 'its own Node only'],
    ['another BerthNode', () => agent.create({ resource: BERTH_NODES }, told('node-2')), 'BerthNode of its own node'],
    ['an Event of another', () => agent.create(events, event('node-2')), 'Events of its own'],
    [
      'an Event about another Node',
      () => agent.create(events, event('node-1', 'node-2')),
      'about pods and its own Node',
    ],
    ['an Event about others', () => agent.create(events, about('Deployment')), 'about pods and its own Node only'],
    [
      'an Event in another program’s name',
      () => agent.create(events, { ...event('node-1'), source: KUBELET }),
      'as berth only',
    ],
    [
      'an Event as another reporter',
      () => agent.create(events, { ...event('node-1'), reportingComponent: 'kubelet' }),
      'as berth only',
    ],
    [
      'what the kubelet of its node told',
      async () => {
        const told = { ...event('node-1'), metadata: { namespace: 'default', name: 'kubelets' } };
        await admin.create(events, { ...told, source: KUBELET, reportingComponent: 'kubelet' });
        return agent.patch({ ...events, name: 'kubelets' }, 'merge', told);
      },
      'as berth only',
    ],
    ['another node’s pods', () => annotate('node-2', 'berth.dev/pod-ips'), 'pods of its own node'],
    ['others’ annotations of its pods', () => annotate('node-1', 'other/key'), "those of pods' addresses only"],
    [
      'the status of its pods',
      () => agent.patch(podAt('node-1'), 'merge', { status: { phase: 'Failed' } }),
      'neither status nor labels',
    ],
    [
      'what keeps its pods until somebody is through with them',
      () => agent.patch(podAt('node-1'), 'merge', { metadata: { finalizers: ['a.b/c'] } }),
      'neither finalizers nor owners',
    ],
    ['others’ taints of its Node', () => taint(agent, 'node-1', 'other'), 'the taint node.berth.dev/not-ready only'],
    [
      'whether its Node is cordoned',
      () => agent.patch(node('node-1'), 'merge', { spec: { unschedulable: true } }),
      'the taint node.berth.dev/not-ready only',
    ],
    [
      'labels of its Node',
      () => agent.patch(node('node-1'), 'merge', { metadata: { labels: { a: 'b' } } }),
      'no labels',
    ],
    [
      'finalizers of its Node',
      () => agent.patch(node('node-1'), 'merge', { metadata: { finalizers: ['a.b/c'] } }),
      'neither finalizers nor owners',
    ],
    [
      'who its Node says it is',
      () => agent.patch(node('node-1', 'status'), 'merge', { status: { nodeInfo: { kubeletVersion: 'v9' } } }),
      'nodeInfo',
    ],
    [
      'other conditions of its Node',
      () =>
        agent.patch(node('node-1', 'status'), 'strategic', {
          status: { conditions: [{ ...CONDITION, type: 'Ready' }] },
        }),
      'of conditions',
    ],
    [
      'other resources of its Node',
      () => agent.patch(node('node-1', 'status'), 'strategic', status({ 'example.com/gpu': 9 })),
      'of resources',
    ],
  ];
  test.each(foreign)('does not write %s', async (_, write, because) => {
    await expect(write()).rejects.toThrow(because);
  });

  test('deletes nothing and makes no Node', async () => {
    await expect(agent.remove(node('node-1'))).rejects.toMatchObject({ kind: 'denied' });
    await expect(agent.remove({ ...podAt('node-1') })).rejects.toMatchObject({ kind: 'denied' });
    const made = agent.create({ resource: NODES }, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-3' } });
    await expect(made).rejects.toMatchObject({ kind: 'denied' });
  });

  test('a token of the account that is bound to no node writes nothing', async () => {
    const stolen = await agentOf(undefined);
    const writing = stolen.patch(node('node-1', 'status'), 'strategic', status({ 'berth.dev/address': 1 }));
    await expect(writing).rejects.toThrow('bound to its node');
    stolen.close();
  });
});
