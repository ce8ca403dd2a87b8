import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Address, address } from '../../base/ip.ts';
import { seeded } from '../../base/random.ts';
import type { NicId } from '../../core/ipam/nic.ts';
import { CloudError } from '../../io/cloud/provider.ts';
import { ApiStore } from '../../io/kube/testing/api-store.ts';
import { FakeKubeClient } from '../../io/kube/testing/fake-client.ts';
import { STATIC_ADDRESSES } from '../../wire/kube/crd/static-address.ts';
import { CloudScene } from './testing/cloud-scene.ts';
import { PODS } from '../../wire/kube/resource.ts';
import { argsOf, bindPod } from './testing/cluster-scene.ts';

let store: ApiStore;
let scene: CloudScene;

beforeEach(async () => {
  store = new ApiStore();
  scene = new CloudScene();
  scene.small.kube = { client: new FakeKubeClient(store, scene.small.clock), random: seeded(1) };
  await scene.start();
});
afterEach(() => scene.small.close());

const at = (name: string) => ({ resource: STATIC_ADDRESSES, namespace: 'web', name });

/** A name whose address its node has let go of, and that another node has the right to. */
function released(name: string, ip: string, spec: object = {}): void {
  const owner = { kind: 'StatefulSet', name: 'db', uid: 's' };
  const whole = { owner, retention: 'Never', conflict: 'retry', node: 'other', next: '', ...spec };
  const status = { node: '', addresses: [ip], nic: '', state: 'Released' };
  store.create(at(name), { metadata: { name, namespace: 'web' }, spec: whole, status });
}

function missed(name: string, state = 'Lost'): void {
  store.patch({ ...at(name), part: 'status' }, 'merge', { status: { state } });
}

const onNics = (): readonly string[] => scene.provider.cloud.report().flatMap(({ addresses }) => addresses);
const slotOf = (ip: string) => scene.small.agent.parts.pool.pool.slots.get(ip as Address)?.state;
const keepers = () => [...scene.small.agent.parts.pool.pool.claims.keys()].filter((id) => id.startsWith('@kept'));

/** The address that the cloud gives next. */
function nextOne(): string {
  const last = onNics().at(-1) ?? '';
  return `10.0.0.${Number(last.split('.')[3]) + 1}`;
}

test('what comes by a count and is another node’s name’s is given to no pod here, and leaves when it is missed', async () => {
  const ip = nextOne();
  released('db-0', ip);
  await scene.pass(1_000);
  const answers = await scene.burst(6);
  expect(answers.every(({ exitCode }) => exitCode === 0)).toBe(true);
  expect(answers.flatMap(({ ips }) => ips)).not.toContain(ip);
  expect([onNics().includes(ip), slotOf(ip)]).toEqual([true, 'claimed']);
  missed('db-0');
  for (let i = 0; i < 100 && onNics().includes(ip); i++) await scene.pass(100);
  await scene.pass(1_000);
  expect([onNics().includes(ip), keepers()]).toEqual([false, []]);
});

test('what nobody misses stays, and is as any other when its name is forgotten', async () => {
  const ip = nextOne();
  released('db-0', ip, { node: '' });
  await scene.pass(1_000);
  await scene.burst(6);
  await scene.pass(60_000);
  expect([onNics().includes(ip), slotOf(ip)]).toEqual([true, 'claimed']);
  store.remove(at('db-0'));
  await scene.pass(60_000);
  expect(slotOf(ip)).not.toBe('claimed');
});

test('one that is a name’s of this node is that name’s from then on; the cloud confirms it before a pod has it', async () => {
  const ip = nextOne();
  released('db-0', ip, { node: 'small' });
  await scene.pass(1_000);
  await scene.burst(6);
  await scene.pass(1_000);
  const { status } = store.get(at('db-0')) as { status?: object };
  expect(status).toMatchObject({ node: 'small', state: 'Kept', addresses: [ip], nic: '' });
  let asked = 0;
  scene.provider.bring = ({ nic, address: it, from }) => {
    asked++;
    scene.provider.cloud.bring(nic, it, from);
    return Promise.resolve();
  };
  const uid = bindPod(store, 'db-0', { metadata: { annotations: { 'berth.dev/static-address': 'true' } } });
  const adding = scene.small.add({ id: 'one', args: argsOf('db-0', uid) });
  await scene.pass(3_000);
  expect(await adding).toMatchObject({ exitCode: 0, ips: [ip] });
  expect(asked).toBe(1);
});

test('one whose name has another here still, of a pod that is being removed, is given to no pod, and leaves', async () => {
  const uid = bindPod(store, 'db-0', { metadata: { annotations: { 'berth.dev/static-address': 'true' } } });
  released('db-0', '10.0.0.200', { node: 'small' });
  const old = scene.small.add({ id: 'old', args: argsOf('db-0', uid) });
  await scene.pass(3_000);
  expect(await old).toMatchObject({ exitCode: 0, ips: ['10.0.0.200'] });
  const held = onNics().map((it) => Number(it.split('.')[3]));
  const ip = `10.0.0.${Math.max(...held.filter((it) => it < 200)) + 1}`; // the cloud's next
  const elsewhere = { node: '', addresses: [ip], nic: '', state: 'Released' };
  store.patch({ ...at('db-0'), part: 'status' }, 'merge', { status: elsewhere }); // its next pod chose that one
  store.patch(at('db-0'), 'merge', { spec: { node: 'other' } });
  await scene.pass(1_000);
  let came = false;
  scene.provider.before = () => {
    came ||= onNics().includes(ip);
  };
  const answers = await scene.burst(6);
  expect(answers.every(({ exitCode }) => exitCode === 0)).toBe(true);
  expect(answers.flatMap(({ ips }) => ips)).not.toContain(ip);
  await scene.pass(3_000);
  expect([came, onNics().includes(ip), keepers()]).toEqual([true, false, []]);
  expect(slotOf('10.0.0.200')).toBe('claimed');
});

test('one that a pod got before anybody said whose it is leaves when that pod has ended, if it is missed', async () => {
  const [first] = await scene.burst(1);
  const ip = first?.ips[0] ?? '';
  released('db-0', ip);
  missed('db-0');
  await scene.pass(5_000);
  expect([onNics().includes(ip), slotOf(ip)]).toEqual([true, 'claimed']);
  await scene.small.call('DEL', { id: 'pod0' });
  await scene.pass(200_000);
  expect([onNics().includes(ip), keepers()]).toEqual([false, []]);
});

test('one that went and came by the next count goes again, later each time', async () => {
  const ip = nextOne();
  released('db-0', ip);
  missed('db-0');
  let sent = 0;
  scene.provider.before = (intent) => {
    if (intent.kind === 'unassign' && intent.what.includes(ip as Address)) sent++;
  };
  await scene.pass(1_000);
  await scene.burst(6);
  for (let i = 0; i < 30; i++) {
    const nic = 'eni-0' as NicId;
    if (!onNics().includes(ip)) scene.provider.cloud.bring(nic, address(ip), undefined);
    await scene.pass(10_000);
  }
  expect(sent).toBeGreaterThan(0);
  expect(sent).toBeLessThan(12);
});

test('an ADD asks again for an address that somebody has: its node may be giving it back', async () => {
  const far = address('10.0.0.200');
  released('web-0', far, { node: 'small' });
  scene.provider.cloud.elsewhere(far, true);
  const uid = bindPod(store, 'web-0', { metadata: { annotations: { 'berth.dev/static-address': 'true' } } });
  const asked = scene.small.add({ id: 'one', args: argsOf('web-0', uid) });
  await scene.pass(1_500);
  expect(store.get(at('web-0'))['status']).toMatchObject({ state: 'Lost' });
  scene.provider.cloud.elsewhere(far, false);
  await scene.pass(3_000);
  expect(await asked).toMatchObject({ exitCode: 0, ips: [far] });
});

/** web-0 has had an address here, and its node was told to let go of it: it left, and nobody heard so. */
async function leftUnheard(): Promise<() => void> {
  released('web-0', '10.0.0.200', { node: 'small' });
  const uid = bindPod(store, 'web-0', { metadata: { annotations: { 'berth.dev/static-address': 'true' } } });
  const asked = scene.small.add({ id: 'one', args: argsOf('web-0', uid) });
  await scene.pass(3_000);
  expect(await asked).toMatchObject({ exitCode: 0 });
  await scene.small.call('DEL', { id: 'one' });
  scene.provider.before = (intent) => {
    if (intent.kind !== 'unassign') return;
    for (const it of intent.what) scene.provider.cloud.takeBack(intent.nic, it);
    throw new CloudError('unknown', { action: 'Unassign', code: 'TimeoutError', message: 'no answer' });
  };
  store.patch(at('web-0'), 'merge', { spec: { next: 'other' } });
  for (let i = 0; i < 100 && onNics().includes('10.0.0.200'); i++) await scene.pass(100);
  expect(onNics()).not.toContain('10.0.0.200');
  return () => (scene.provider.before = () => {});
}

test('what may have left and is wanted here again is brought before its pod has it', async () => {
  const hearing = await leftUnheard();
  hearing();
  store.patch(at('web-0'), 'merge', { spec: { next: '' } });
  store.remove({ resource: PODS, namespace: 'web', name: 'web-0' });
  const uid = bindPod(store, 'web-0', { metadata: { annotations: { 'berth.dev/static-address': 'true' } } });
  const asked = scene.small.add({ id: 'two', args: argsOf('web-0', uid) });
  await scene.pass(3_000);
  expect(await asked).toMatchObject({ exitCode: 0, ips: ['10.0.0.200'] });
  expect(onNics()).toContain('10.0.0.200');
});

test('U34: so over a restart of its agent, which did not hear either', async () => {
  const hearing = await leftUnheard();
  await scene.small.stop();
  hearing();
  store.patch(at('web-0'), 'merge', { spec: { next: '' } });
  store.remove({ resource: PODS, namespace: 'web', name: 'web-0' });
  await scene.small.start();
  await scene.pass(1_000);
  const uid = bindPod(store, 'web-0', { metadata: { annotations: { 'berth.dev/static-address': 'true' } } });
  const asked = scene.small.add({ id: 'two', args: argsOf('web-0', uid) });
  await scene.pass(3_000);
  expect(await asked).toMatchObject({ exitCode: 0, ips: ['10.0.0.200'] });
  expect(onNics()).toContain('10.0.0.200');
});

test('one that is by now a NIC’s own address here cannot be had: its pod is told by which NIC', async () => {
  const [own] = scene.provider.cloud.report()[0]?.primary ?? [];
  released('web-0', own ?? '', { node: 'small' });
  const uid = bindPod(store, 'web-0', { metadata: { annotations: { 'berth.dev/static-address': 'true' } } });
  const asked = scene.small.add({ id: 'one', args: argsOf('web-0', uid) });
  await scene.pass(5_000);
  expect((await asked).says).toContain('is the own address of eni-0 of this node');
  store.patch(at('web-0'), 'merge', { spec: { node: 'small', next: 'other' } });
  await scene.pass(5_000);
  expect(store.get(at('web-0'))['status']).toMatchObject({ node: '', nic: '' });
});

test('what may have left is no pod’s when its name is forgotten, before it is known that it left', async () => {
  await leftUnheard();
  store.remove(at('web-0'));
  await scene.pass(5_000);
  expect(slotOf('10.0.0.200')).toBe('claimed');
});

test('what it sent away itself, and was not told that it went, was not taken from outside', async () => {
  await leftUnheard();
  await scene.pass(400_000);
  expect(onNics()).not.toContain('10.0.0.200');
  expect(scene.small.logged).toContain('info kept addresses have left');
  expect(scene.small.logged).not.toContain('error taken from outside');
});
