import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { seeded } from '../../base/random.ts';
import type { Item } from '../../core/datapath/plan.ts';
import { ApiStore } from '../../io/kube/testing/api-store.ts';
import { FakeKubeClient } from '../../io/kube/testing/fake-client.ts';
import { NIC_CONFIGS } from '../../wire/kube/crd/nic-config.ts';
import { NODES } from '../../wire/kube/resource.ts';
import { explainView } from './views.ts';
import { CloudScene } from './testing/cloud-scene.ts';
import { argsOf, bindPod } from './testing/cluster-scene.ts';

let scene: CloudScene;
let store: ApiStore;

beforeEach(async () => {
  scene = new CloudScene({ nicConfigs: 'pods' });
  store = new ApiStore();
  scene.small.kube = { client: new FakeKubeClient(store, scene.small.clock), random: seeded(1) };
  store.create({ resource: NODES }, { metadata: { name: 'small' } });
  for (const name of ['blue', 'red'])
    store.create({ resource: NIC_CONFIGS }, { metadata: { name }, spec: { subnet: `subnet-${name}` } });
  scene.attachLinks(3);
  await begin();
});
afterEach(() => scene.small.close());

async function begin(): Promise<void> {
  const started = scene.start();
  for (let i = 0; i < 8; i++) await scene.pass(400);
  await started;
}

const bind = (name: string, annotations: object) => bindPod(store, name, { metadata: { annotations } });
const add = async (name: string, annotations: object) => {
  const uid = bind(name, annotations);
  await scene.pass(100);
  const asked = scene.small.add({ id: name, args: argsOf(name, uid) });
  await scene.pass(5_000);
  return asked;
};
const two = { 'berth.dev/interfaces': '2' };
const attached = () => scene.small.agent.parts.attachments.all();
/** The node's way to a pod's address. */
const isWayTo = (item: Item, ip = '') => item.kind === 'route' && item.on.netns === 'host' && item.to === `${ip}/32`;
/** The NIC's number that each of these addresses is of. */
const devicesOf = (ips: readonly string[] = []) => {
  const nics = scene.provider.cloud.report();
  return ips.map((ip) => nics.find(({ addresses }) => addresses.some((it) => it === ip))?.device);
};
interface Result {
  readonly interfaces: readonly { readonly name: string; readonly sandbox?: string }[];
  readonly ips: readonly { readonly address: string; readonly interface: number }[];
  readonly routes: readonly object[];
}

describe('a pod with several interfaces', () => {
  test('A50: has an address of a NIC of its own on each, and the result lists all of them', async () => {
    const answer = await add('web', two);
    expect(answer.exitCode).toBe(0);
    expect(devicesOf(answer.ips)).toEqual([0, 1]);
    const { interfaces, ips, routes } = JSON.parse(answer.text) as Result;
    const inPod = interfaces.flatMap(({ name, sandbox }, i) => (sandbox === undefined ? [] : [[name, i]]));
    expect(inPod).toEqual([
      ['eth0', 1],
      ['eth1', 3],
    ]);
    expect(ips.map((it) => it.interface)).toEqual([1, 3]);
    expect(routes).toHaveLength(1); // those of eth1 are in a table of its own
    const rules = scene.small
      .standing()
      .filter((line) => line.startsWith('rule') && line.includes(answer.ips[1] ?? '-'));
    expect(rules).toEqual([expect.stringContaining('pod')]); // what it answers from eth1 leaves by eth1
  });

  test('A50: a repeated ADD is answered the same, though the annotation is another by now; after a restart as well', async () => {
    const answer = await add('web', two);
    const uid = bind('web', { 'berth.dev/interfaces': '3' });
    const again = await scene.small.add({ id: 'web', args: argsOf('web', uid) });
    expect(again.text).toBe(answer.text);
    await scene.small.stop();
    await begin();
    expect((await scene.small.add({ id: 'web', args: argsOf('web', uid) })).text).toBe(answer.text);
  });

  test('A50: when one of them cannot be had, the pod is refused and nothing of it is left', async () => {
    const before = scene.small.standing();
    expect(await add('web', { 'berth.dev/interfaces': '4' })).toMatchObject({
      exitCode: 1,
      says: expect.stringContaining('3 of 3 NICs'),
    });
    expect(attached()).toEqual([]);
    expect(scene.small.standing().filter((line) => !before.includes(line) && /bth|pod/.test(line))).toEqual([]);
    expect((await add('web', { 'berth.dev/interfaces': '3' })).ips).toHaveLength(3);
  });

  test('A50: a DEL takes all of them away, and each address cools', async () => {
    const answer = await add('web', two);
    expect(await scene.small.call('DEL', { id: 'web' })).toMatchObject({ exitCode: 0 });
    expect(attached()).toEqual([]);
    const left = scene.small.standing().filter((line) => !line.includes('nic_of4')); // the NICs still have them
    expect(left.filter((line) => answer.ips.some((ip) => line.includes(`${ip}/32`)))).toEqual([]);
    for (const ip of answer.ips) expect(scene.small.why(ip).at(-1)).toContain('was detached');
  });

  test('A50, A89: each of its addresses is counted where the Node tells how many are left', async () => {
    await add('web', {});
    const { pods } = scene.small.agent.parts;
    expect(pods?.uncounted).toBe(1);
    await add('wide', { 'berth.dev/interfaces': '3' });
    expect(pods?.uncounted).toBe(4);
  });

  test('A50: a DEL while one of them is still waited for ends the wait', async () => {
    scene.provider.before = () => new Promise(() => {}); // no answer
    const uid = bind('web', two);
    await scene.pass(100);
    const asked = scene.small.add({ id: 'web', args: argsOf('web', uid) });
    await scene.pass(2_000);
    expect(attached().map(({ name }) => name.ifname)).toEqual(['eth0']);
    const ended = scene.small.call('DEL', { id: 'web' });
    await scene.pass(1_000);
    expect((await asked).exitCode).toBe(1);
    expect([(await ended).exitCode, attached()]).toEqual([0, []]);
  });

  test('A50: CHECK and explain look at all of them, repair puts back what is gone, GC keeps what the runtime lists', async () => {
    const { text, ips } = await add('web', two);
    const config = { prevResult: JSON.parse(text) as object };
    expect((await scene.small.call('CHECK', { id: 'web', config })).says).toBe('');
    const lists = { 'cni.dev/valid-attachments': [{ containerID: 'web', ifname: 'eth0' }] };
    expect((await scene.small.call('GC', { id: '', config: lists })).says).toBe('');
    expect(attached().map(({ ordinal }) => ordinal)).toEqual([0, 1]);
    const explained = await explainView(scene.small.agent.parts, 'web/web');
    expect(explained?.items.filter(({ line }) => line.startsWith('veth'))).toHaveLength(2);
    const [link] = scene.small.kernel.items().flatMap((it) => (isWayTo(it, ips[1]) ? [it] : []));
    if (link === undefined) throw new Error('no way to eth1');
    scene.small.kernel.deleteFromOutside(link);
    expect((await scene.small.call('CHECK', { id: 'web', config })).says).toContain('route');
    await scene.pass(60_000);
    expect((await scene.small.call('CHECK', { id: 'web', config })).says).toBe('');
    await scene.small.call('GC', { id: '', config: { 'cni.dev/valid-attachments': [] } });
    expect(attached()).toEqual([]);
  });
});

test('A47, A50: interfaces stand each by a NICConfig of its own, or all by one', async () => {
  const ofEach = async (name: string, subnet: string, more: object = {}) => {
    const { ips } = await add(name, { 'berth.dev/subnet': subnet, ...more });
    const nics = scene.provider.cloud.report();
    return ips.map((ip) => nics.find(({ addresses }) => addresses.some((it) => it === ip))?.config);
  };
  expect(await ofEach('web', 'blue,red')).toEqual(['blue', 'red']);
  expect(await ofEach('db', 'subnet-red,blue', two)).toEqual(['red', 'blue']);
});

test('A50: aws-node’s annotation asks for an address of each network card', async () => {
  const asks = { 'k8s.amazonaws.com/nicConfig': 'multi-nic-attachment' };
  expect((await add('web', asks)).ips).toHaveLength(1);
  const { cloud } = scene.provider;
  const report = cloud.report.bind(cloud);
  cloud.report = () => report().map((nic) => (nic.device === 2 ? { ...nic, card: 1 } : nic));
  for (let i = 0; i < 2; i++) cloud.addNic({ managed: true, addresses: 2 }); // the second one is on another card
  await scene.pass(120_000); // the API is asked what is attached
  expect(devicesOf((await add('db', asks)).ips)).toEqual([0, 2]);
});

test.each([
  [{ 'berth.dev/interfaces': '3', 'berth.dev/subnet': 'blue,red' }, 'as many as berth.dev/subnet lists: 2'],
  [{ 'berth.dev/interfaces': '9' }, 'a number from 1 to 8'],
  [{ ...two, 'berth.dev/static-address': 'true' }, 'absent, or 1, for a pod that keeps its address'],
  [{ 'berth.dev/nic-policy': 'random' }, '"pack" or "spread"'],
])('%j is refused with what it must be', async (annotations, needs) => {
  expect(await add('web', annotations)).toMatchObject({ code: 7, says: expect.stringContaining(needs) });
});
