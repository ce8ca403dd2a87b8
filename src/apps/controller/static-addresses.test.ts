import { afterEach, beforeEach, expect, test } from 'vitest';
import { KubeError } from '../../io/kube/client.ts';
import { readStaticAddress, STATIC_ADDRESSES } from '../../wire/kube/crd/static-address.ts';
import { NODES, PODS, STATEFUL_SETS } from '../../wire/kube/resource.ts';
import { Replicas } from './testing/replicas.ts';

let it: Replicas;

beforeEach(() => {
  it = new Replicas();
  for (const name of ['n1', 'n2']) node(name, 'True');
  set({ replicas: 2 });
});
afterEach(() => it.close());

const SETS = { resource: STATEFUL_SETS, namespace: 'db', name: 'web' };

function node(name: string, ready: string): void {
  const status = { conditions: [{ type: 'Ready', status: ready }] };
  it.store.remove({ resource: NODES, name });
  it.store.create({ resource: NODES }, { metadata: { name }, status });
}

function set(spec: object): void {
  it.store.remove(SETS);
  it.store.create({ resource: STATEFUL_SETS, namespace: 'db' }, { metadata: { name: 'web', namespace: 'db' }, spec });
}

function pod(name: string, nodeName: string, annotations: Readonly<Record<string, string>> = {}): void {
  const ownerReferences = [{ kind: 'StatefulSet', name: 'web', uid: 's', controller: true }];
  const all = { 'berth.dev/static-address': 'true', 'berth.dev/retention': '5m', ...annotations };
  const metadata = { name, namespace: 'db', annotations: all, ownerReferences };
  it.store.create({ resource: PODS, namespace: 'db' }, { metadata, spec: { nodeName } });
}

const gone = (name: string) => it.store.remove({ resource: PODS, namespace: 'db', name });

/** As the node's agent would. */
function told(name: string, status: object): void {
  it.store.patch({ resource: STATIC_ADDRESSES, namespace: 'db', name, part: 'status' }, 'merge', { status });
}

function shown(name = 'web-0') {
  const { items } = it.store.list({ resource: STATIC_ADDRESSES }, { limit: 0 });
  const found = items.find(({ metadata }) => metadata.name === name);
  return found === undefined ? undefined : readStaticAddress(found).spec;
}

async function passes(ms = 1_000): Promise<void> {
  await it.pass(ms);
}

/** A pod on n1 whose agent has told its address. */
async function standing(): Promise<void> {
  await it.start('first');
  pod('web-0', 'n1');
  await passes();
  told('web-0', { node: 'n1', addresses: ['10.0.0.9'], nic: 'eni-1', state: 'InUse', message: '' });
  await passes();
}

test('A90: a pod that asks for it gets a StaticAddress of its name, for its node alone', async () => {
  await standing();
  expect(shown()).toMatchObject({ node: 'n1', next: '', retention: '5m', owner: { name: 'web' } });
});

test('others get none: pods that do not ask, or of no StatefulSet, and U33: those whose retention is none', async () => {
  await it.start('first');
  pod('web-0', 'n1', { 'berth.dev/static-address': 'false' });
  pod('web-1', 'n1', { 'berth.dev/retention': 'soon' });
  const annotations = { 'berth.dev/static-address': 'true' };
  const spec = { nodeName: 'n1' };
  it.store.create(
    { resource: PODS, namespace: 'db' },
    { metadata: { name: 'bare-0', namespace: 'db', annotations }, spec },
  );
  await passes();
  expect(['web-0', 'web-1', 'bare-0'].map(shown)).toEqual([undefined, undefined, undefined]);
});

test('U31: on another node the first is told to let go, and has the right until it says that it did', async () => {
  await standing();
  gone('web-0');
  pod('web-0', 'n2');
  await passes();
  expect(shown()).toMatchObject({ node: 'n1', next: 'n2' });
  told('web-0', { node: '', state: 'Released' });
  await passes();
  expect(shown()).toMatchObject({ node: 'n2', next: '' });
});

test('a node that is gone, or not heard, is not waited for', async () => {
  await standing();
  gone('web-0');
  pod('web-0', 'n2');
  node('n1', 'Unknown');
  await passes();
  expect(shown()).toMatchObject({ node: 'n2', next: '' });
});

test('U33: after a scale-down it is kept for its retention, and given back then', async () => {
  await standing();
  set({ replicas: 0 });
  gone('web-0');
  await passes(299_000);
  expect(shown()?.unusedSince).toBeDefined();
  await passes(3_000);
  expect(shown()).toBeUndefined();
});

test('a scale-up in time keeps it, and Never is never', async () => {
  await standing();
  set({ replicas: 0 });
  gone('web-0');
  await passes(60_000);
  set({ replicas: 1 });
  await passes();
  expect(shown()?.unusedSince).toBeUndefined();
  await passes(600_000);
  pod('web-0', 'n1', { 'berth.dev/retention': 'Never' });
  await passes();
  gone('web-0');
  it.store.remove(SETS);
  await passes(10_000_000);
  expect(shown()).toMatchObject({ retention: 'Never', node: 'n1' });
});

test('U34: what was scaled down while no controller ran is found by who begins to lead', async () => {
  await standing();
  await it.close();
  set({ replicas: 0 });
  gone('web-0');
  await it.start('second');
  await passes(20_000);
  expect(shown()?.unusedSince).toBeDefined();
});

test('U35: as many as there are, 300 at once', async () => {
  await it.start('first');
  set({ replicas: 300 });
  for (let i = 0; i < 300; i++) pod(`web-${i}`, 'n1');
  await passes(5_000);
  set({ replicas: 0 });
  for (let i = 0; i < 300; i++) gone(`web-${i}`);
  await passes(310_000);
  expect(it.store.list({ resource: STATIC_ADDRESSES }, { limit: 0 }).items).toEqual([]);
});

test('U39: with ordinals from 5 two replicas are web-5 and web-6', async () => {
  await it.start('first');
  set({ replicas: 2, ordinals: { start: 5 } });
  for (const name of ['web-0', 'web-5', 'web-6']) pod(name, 'n1');
  await passes();
  for (const name of ['web-0', 'web-5', 'web-6']) gone(name);
  await passes(301_000);
  expect(['web-0', 'web-5', 'web-6'].map((name) => shown(name) !== undefined)).toEqual([false, true, true]);
});

test('U37: what the API server refuses is tried again', async () => {
  const { client } = await it.start('first');
  const { create } = client;
  Object.assign(client, { create: () => Promise.reject(new KubeError('failing', 'not today')) });
  pod('web-0', 'n1');
  await passes(2_000);
  expect(shown()).toBeUndefined();
  Object.assign(client, { create });
  await passes(20_000);
  expect(shown()).toBeDefined();
});
