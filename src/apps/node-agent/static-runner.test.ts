import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Address, address } from '../../base/ip.ts';
import { seeded } from '../../base/random.ts';
import { KubeError } from '../../io/kube/client.ts';
import { ApiStore } from '../../io/kube/testing/api-store.ts';
import { FakeKubeClient } from '../../io/kube/testing/fake-client.ts';
import { loose } from '../../wire/kube/object.ts';
import { readStaticAddress, STATIC_ADDRESSES } from '../../wire/kube/crd/static-address.ts';
import { EVENTS, PODS } from '../../wire/kube/resource.ts';
import { CloudScene } from './testing/cloud-scene.ts';
import { argsOf, bindPod } from './testing/cluster-scene.ts';

const store = { now: new ApiStore() };
let scene: CloudScene;
let client: FakeKubeClient;

beforeEach(async () => {
  store.now = new ApiStore();
  scene = new CloudScene();
  client = new FakeKubeClient(store.now, scene.small.clock);
  scene.small.kube = { client, random: seeded(1) };
  await scene.start();
});
afterEach(() => scene.small.close());

const at = (name: string) => ({ resource: STATIC_ADDRESSES, namespace: 'web', name });

/** As the controller makes it. */
function object(name: string, spec: object = {}, status: object = {}): void {
  const owner = { kind: 'StatefulSet', name: 'web', uid: 's' };
  const whole = { owner, retention: '24h', conflict: 'retry', node: 'small', next: '', ...spec };
  store.now.create(at(name), { metadata: { name, namespace: 'web' }, spec: whole, status });
}

const left = (ip: string, more: object = {}) => ({
  node: '',
  addresses: [ip],
  nic: 'eni-9',
  state: 'Released',
  ...more,
});

function change(name: string, spec: object): void {
  store.now.patch(at(name), 'merge', { spec });
}

function told(name: string) {
  return readStaticAddress(store.now.get(at(name))).status;
}

/** A pod that keeps its address, and its ADD. */
function add(container: string, name = 'web-0', more: Readonly<Record<string, string>> = {}) {
  const annotations = { 'berth.dev/static-address': 'true', ...more };
  store.now.remove({ resource: PODS, namespace: 'web', name });
  const uid = bindPod(store.now, name, { metadata: { annotations } });
  return scene.small.add({ id: container, args: argsOf(name, uid) });
}

async function added(container: string, name = 'web-0', ms = 5_000) {
  const asked = add(container, name);
  await scene.pass(ms);
  return asked;
}

async function del(container: string): Promise<void> {
  await scene.small.call('DEL', { id: container });
  await scene.pass(1_000);
}

/** Time passes until it is so: what is written first takes the disk's own time. */
async function until(isSo: () => boolean): Promise<void> {
  for (let i = 0; i < 100 && !isSo(); i++) await scene.pass(100);
}

const onNics = (): readonly string[] => scene.provider.cloud.report().flatMap(({ addresses }) => addresses);
const far = address('10.0.0.200');

test('A90: the first address of a name is on record in the cluster before the pod has it, and the next pod has it again', async () => {
  object('web-0');
  const first = await added('one');
  expect(first.exitCode).toBe(0);
  expect(told('web-0')).toMatchObject({ node: 'small', addresses: first.ips, state: 'InUse' });
  await del('one');
  expect(told('web-0')).toMatchObject({ state: 'Kept', addresses: first.ips });
  await scene.burst(7);
  expect((await added('two')).ips).toEqual(first.ips);
});

test('what the cluster is told that a name has is on disk before, so that no power cut makes its node forget it', async () => {
  let [waits, write] = [false, () => {}];
  const written = new Promise<void>((resolve) => (write = resolve));
  await scene.small.stop();
  scene.small.onJournal = (journal) => ({
    ...{ append: (records) => journal.append(records), memory: () => journal.memory() },
    ...{ failing: () => journal.failing(), close: () => journal.close() },
    synced: async () => {
      waits = true;
      await written;
      await journal.synced();
    },
  });
  await scene.start();
  object('web-0');
  const asked = add('one');
  await until(() => waits && scene.small.agent.parts.pool.pool.keepers.size > 0);
  await scene.pass(2_000);
  expect(told('web-0').addresses).toEqual([]);
  write();
  await scene.pass(2_000);
  expect(told('web-0').addresses).toEqual((await asked).ips);
});

test('a pod waits for the controller, and is served when its StatefulSet’s address is there', async () => {
  const asked = add('one');
  await scene.pass(3_000);
  object('web-0');
  await scene.pass(3_000);
  expect(await asked).toMatchObject({ exitCode: 0 });
});

test('without it the pod is refused in time, with what is missing', async () => {
  const refused = await added('one', 'web-0', 70_000);
  expect(refused).toMatchObject({ exitCode: 1, code: 11 });
  expect(refused.says).toContain('it has no StaticAddress');
});

test('U31: an address that another node let go of is brought to a NIC here, and given', async () => {
  object('web-0', {}, left(far));
  expect((await added('one')).ips).toEqual([far]);
  expect(onNics()).toContain(far);
  expect(told('web-0')).toMatchObject({ node: 'small', state: 'InUse', nic: 'eni-0' });
});

test('what was let go of is taken from nobody who has got it since, on the NIC where it was as well', async () => {
  object('web-0', {}, left(far, { nic: '' }));
  scene.provider.cloud.elsewhere(far, true);
  expect((await added('one')).says).toContain('10.0.0.200 cannot be had on this node');
  expect(onNics()).not.toContain(far);
});

test('while the cluster has it with another node the pod waits, and is told with whom', async () => {
  object('web-0', { node: 'other' }, left(far, { node: 'other' }));
  const refused = await added('one', 'web-0', 70_000);
  expect(refused.says).toContain('10.0.0.200 is not on this node yet: it is with node other');
  expect(onNics()).not.toContain(far);
});

test('U33: a retention that is none refuses the pod, with a sentence and an Event', async () => {
  object('web-0');
  const asked = add('one', 'web-0', { 'berth.dev/retention': '1 day' });
  await scene.pass(2_000);
  expect((await asked).says).toContain('berth.dev/retention says "1 day": it must be a time such as "24h"');
  expect(store.now.list({ resource: EVENTS }, { limit: 0 }).items).toMatchObject([{ reason: 'AnnotationRefused' }]);
});

test('U32: one that somebody else took refuses the pod with an Event and a condition, and is had when it is free', async () => {
  object('web-0', {}, left(far));
  scene.provider.cloud.elsewhere(far, true);
  const refused = await added('one');
  expect(refused).toMatchObject({ exitCode: 1, code: 101 });
  expect(told('web-0')).toMatchObject({ state: 'Lost', message: 'it is held by another' });
  scene.provider.cloud.elsewhere(far, false);
  expect((await added('two')).ips).toEqual([far]);
  expect(told('web-0')).toMatchObject({ state: 'InUse', message: '' });
});

test('where it is to be renewed the pod gets another one', async () => {
  object('web-0', { conflict: 'renew' }, left(far));
  scene.provider.cloud.elsewhere(far, true);
  const [ip] = (await added('one')).ips;
  expect(ip).not.toBe(far);
  expect(told('web-0')).toMatchObject({ addresses: [ip], state: 'InUse' });
});

test('an address of another subnet is not had here, and nothing is asked of the cloud', async () => {
  object('web-0', {}, left('10.9.0.9'));
  const refused = await added('one');
  expect(refused.says).toContain(
    '10.9.0.9 cannot be had on this node: it is of a subnet that no NIC of this node stands in',
  );
});

test('what the pod has is not let go of; when it has ended it leaves the NIC, and the cluster is told then', async () => {
  object('web-0');
  const [ip] = (await added('one')).ips as [Address];
  change('web-0', { next: 'other' });
  await scene.pass(5_000);
  expect([told('web-0').node, onNics().includes(ip)]).toEqual(['small', true]);
  await del('one');
  await until(() => told('web-0').node === '');
  expect([told('web-0'), onNics().includes(ip)]).toMatchObject([{ node: '', nic: '', state: 'Released' }, false]);
  change('web-0', { node: 'other', next: '' });
  await until(() => scene.small.agent.parts.pool.pool.claims.size === 0);
  expect([...scene.small.agent.parts.pool.pool.claims.keys()]).toEqual([]);
});

test('one refusal by the API server, as of one that starts, does not keep a node from letting go later', async () => {
  object('web-0');
  const [ip] = (await added('one')).ips as [Address];
  await del('one');
  for (const kind of ['denied', 'absent'] as const) {
    client.fail(new KubeError(kind, 'not yet'));
    await scene.pass(1_000);
    client.fail(undefined);
    await scene.pass(5_000);
  }
  change('web-0', { next: 'other' });
  await until(() => told('web-0').node === '');
  expect([told('web-0').state, onNics().includes(ip)]).toEqual(['Released', false]);
});

test('A90, U36: an API server that begins, and knows of no such kind yet, makes no node give back what it keeps', async () => {
  object('web-0');
  const [ip] = (await added('one')).ips as [Address];
  client.fail(new KubeError('unserved', '404 page not found'));
  await del('one');
  await scene.pass(20_000);
  const holder = () => scene.small.agent.parts.pool.pool.slots.get(ip)?.state;
  expect(holder()).toBe('claimed');
  client.fail(undefined);
  await scene.pass(60_000);
  expect([holder(), told('web-0').state]).toEqual(['claimed', 'Kept']);
});

test('U37: an address that the cloud does not let go of is asked to go again, and is nobody’s meanwhile', async () => {
  object('web-0');
  const [ip] = (await added('one')).ips as [Address];
  scene.fails('throttled');
  change('web-0', { next: 'other' });
  await del('one');
  await scene.pass(10_000);
  expect([told('web-0').node, onNics().includes(ip)]).toEqual(['small', true]);
  scene.fails(undefined);
  await scene.pass(30_000);
  expect([told('web-0').node, onNics().includes(ip)]).toEqual(['', false]);
});

test('given back by the cluster it is as any other address; U36: an API server that fails gives back nothing', async () => {
  object('web-0');
  const [ip] = (await added('one')).ips as [Address];
  await del('one');
  const holder = () => scene.small.agent.parts.pool.pool.slots.get(ip)?.state;
  client.fail(new KubeError('failing', 'not today'));
  store.now.remove(at('web-0'));
  await scene.pass(10_000);
  expect(holder()).toBe('claimed');
  client.fail(undefined);
  await scene.pass(90_000);
  expect(holder()).toBe('idle');
});

test('U34: over a restart the name keeps it; what was given back meanwhile is free then', async () => {
  for (const name of ['web-0', 'web-1']) object(name);
  const [zero, one] = [(await added('zero')).ips, (await added('one', 'web-1')).ips];
  await del('zero');
  await del('one');
  await scene.small.stop();
  store.now.remove(at('web-1'));
  await scene.small.start();
  await scene.pass(5_000);
  const state = (ip: string | undefined) => scene.small.agent.parts.pool.pool.slots.get(ip as Address)?.state;
  expect([state(zero[0]), state(one[0])]).toEqual(['claimed', 'idle']);
  expect((await added('again')).ips).toEqual(zero);
});

test('while the API server is not heard a static pod waits, and others are served', async () => {
  object('web-0');
  await added('one');
  await del('one');
  client.fail(new KubeError('unreachable', 'gone'));
  const asked = add('two');
  await scene.burst(1);
  expect((await scene.burst(1, 7))[0]).toMatchObject({ exitCode: 0 });
  await scene.pass(70_000);
  expect((await asked).says).toContain('the API server does not answer');
});

test('the Ready condition says how it stands, for who waits by kubectl', async () => {
  object('web-0');
  await added('one');
  const { conditions } = loose(store.now.get(at('web-0'))['status']);
  expect(conditions).toMatchObject([{ type: 'Ready', status: 'True', reason: 'InUse' }]);
});
