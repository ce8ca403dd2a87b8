import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Address, address } from '../../base/ip.ts';
import { seeded } from '../../base/random.ts';
import { ApiStore } from '../../io/kube/testing/api-store.ts';
import { FakeKubeClient } from '../../io/kube/testing/fake-client.ts';
import { STATIC_ADDRESSES } from '../../wire/kube/crd/static-address.ts';
import { CloudScene } from './testing/cloud-scene.ts';
import { argsOf, bindPod } from './testing/cluster-scene.ts';

// Where nodes ask for prefixes, one may come in which the address of a name lies that is on its way to its pod.

let store: ApiStore;
let scene: CloudScene;

beforeEach(async () => {
  store = new ApiStore();
  scene = new CloudScene({ unit: 'prefix', targets: { warmPrefixes: 1 } });
  scene.small.kube = { client: new FakeKubeClient(store, scene.small.clock), random: seeded(1) };
  await scene.start();
  await scene.pass(1_000);
});
afterEach(() => scene.small.close());

const at = (name: string) => ({ resource: STATIC_ADDRESSES, namespace: 'web', name });
const prefixes = (): readonly string[] => scene.provider.cloud.report().flatMap((nic) => nic.prefixes);
const singles = (): readonly string[] => scene.provider.cloud.report().flatMap((nic) => nic.addresses);
const holderOf = (ip: string) => scene.small.agent.parts.pool.pool.slots.get(ip as Address)?.state;

/** A name whose address was let go of, and that another node has the right to. */
function released(ip: string, spec: object = {}): void {
  const owner = { kind: 'StatefulSet', name: 'db', uid: 's' };
  const whole = { owner, retention: 'Never', conflict: 'retry', node: 'other', next: '', ...spec };
  const status = { node: '', addresses: [ip], nic: '', state: 'Released' };
  store.create(at('db-0'), { metadata: { name: 'db-0', namespace: 'web' }, spec: whole, status });
}

/** An address of the prefix that the cloud gives next: behind the last. */
function ofTheNext(): string {
  const [third = 0, last = 0] = (prefixes().toSorted(byNumber).at(-1) ?? '').split('/')[0]?.split('.').slice(2) ?? [];
  return `10.0.${third}.${Number(last) + 16 + 5}`;
}

function byNumber(a: string, b: string): number {
  return Number(a.split('.')[3]?.split('/')[0]) - Number(b.split('.')[3]?.split('/')[0]);
}

async function until(isSo: () => boolean): Promise<void> {
  for (let i = 0; i < 100 && !isSo(); i++) await scene.pass(100);
}

test('A90: a prefix that comes with a name’s address in it gives nothing to any pod, and goes when that is missed', async () => {
  const ip = ofTheNext();
  released(ip);
  await scene.pass(1_000);
  const there = () => scene.provider.cloud.holds(address(ip));
  const answers = await scene.burst(20, 0, 20_000);
  expect(answers.every(({ exitCode }) => exitCode === 0)).toBe(true);
  const [a, b, c] = ip.split('.');
  const inside = ({ ips }: { readonly ips: readonly string[] }) =>
    ips.some(
      (it) => it.startsWith(`${a}.${b}.${c}.`) && Number(it.split('.')[3]) >> 4 === Number(ip.split('.')[3]) >> 4,
    );
  expect([there(), holderOf(ip), answers.some(inside)]).toEqual([true, 'claimed', false]);
  store.patch({ ...at('db-0'), part: 'status' }, 'merge', { status: { state: 'Lost' } });
  await until(() => !there());
  await scene.pass(1_000);
  expect([there(), holderOf(ip) === 'claimed']).toEqual([false, false]);
});

test('A90: a name’s address that lies in a prefix of its node is brought out of it, so that it can move again', async () => {
  const ip = ofTheNext();
  released(ip);
  await scene.pass(1_000);
  await scene.burst(20, 0, 20_000);
  expect(scene.provider.cloud.holds(address(ip))).toBe(true);
  store.patch(at('db-0'), 'merge', { spec: { node: 'small' } });
  const uid = bindPod(store, 'db-0', { metadata: { annotations: { 'berth.dev/static-address': 'true' } } });
  const asked = scene.small.add({ id: 'db', args: argsOf('db-0', uid) });
  await scene.pass(10_000);
  expect(await asked).toMatchObject({ exitCode: 0, ips: [ip] });
  expect(singles()).toContain(ip);
});

test('while pods have others of the prefix it stays, and the name’s pod is told so', async () => {
  const [first] = await scene.burst(1);
  const used = first?.ips[0] ?? '';
  const free = used.replace(/\d+$/, (it) => `${Number(it) ^ 1}`); // its neighbour in the prefix
  released(free, { node: 'small' });
  const uid = bindPod(store, 'db-0', { metadata: { annotations: { 'berth.dev/static-address': 'true' } } });
  const asked = scene.small.add({ id: 'db', args: argsOf('db-0', uid) });
  await scene.pass(70_000);
  expect((await asked).says).toContain('can leave this node only as a whole, and pods have others of it');
  await scene.small.call('DEL', { id: 'pod0' });
  const again = scene.small.add({ id: 'db2', args: argsOf('db-0', uid) });
  await scene.pass(10_000);
  expect(await again).toMatchObject({ exitCode: 0, ips: [free] });
});
