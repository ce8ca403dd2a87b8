import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { seeded } from '../../base/random.ts';
import { ApiStore } from '../../io/kube/testing/api-store.ts';
import { FakeKubeClient } from '../../io/kube/testing/fake-client.ts';
import { KubeError } from '../../io/kube/client.ts';
import type { AgentConfig } from '../../io/config/agent-config.ts';
import { ENI_CONFIGS, NIC_CONFIGS } from '../../wire/kube/crd/nic-config.ts';
import { loose, text } from '../../wire/kube/object.ts';
import { EVENTS, NODES } from '../../wire/kube/resource.ts';
import { CloudScene } from './testing/cloud-scene.ts';
import { argsOf, bindPod } from './testing/cluster-scene.ts';

let scene: CloudScene;
let store: ApiStore;
let client: FakeKubeClient;

afterEach(() => scene.small.close());

async function start(nicConfigs: AgentConfig['cloud']['nicConfigs']): Promise<void> {
  scene = new CloudScene({ nicConfigs, nicConfigKey: 'topology.kubernetes.io/zone' });
  store = new ApiStore();
  client = new FakeKubeClient(store, scene.small.clock);
  scene.small.kube = { client, random: seeded(1) };
  const labels = { 'topology.kubernetes.io/zone': 'zone-a' };
  store.create({ resource: NODES }, { metadata: { name: 'small', labels } });
  scene.attachLinks(3);
}

async function begin(): Promise<void> {
  const started = scene.start();
  for (let i = 0; i < 8; i++) await scene.pass(400);
  await started;
}

const made = () => scene.provider.ordered.map(({ place }) => place && [place.name, place.subnet, ...place.groups]);
const nicConfig = (name: string, subnet: string, ...securityGroups: readonly string[]) =>
  store.apply({ resource: NIC_CONFIGS, name }, { spec: { subnet, securityGroups } }, { manager: 'test', force: true });
const eniConfig = (name: string, subnet: string) =>
  store.create({ resource: ENI_CONFIGS }, { metadata: { name }, spec: { subnet } });
const ofNode = () => {
  const { items } = store.list({ resource: EVENTS }, { limit: 0 });
  const told = items.filter(({ involvedObject }) => loose(involvedObject)['kind'] === 'Node');
  return told.map(({ reason, message }) => `${text(reason)}: ${text(message)}`);
};
const status = async () => (await scene.small.call('STATUS', { id: '' })).says;
const add = async (name: string, annotations: object = {}, ms = 5_000) => {
  const uid = bindPod(store, name, { metadata: { annotations } });
  await scene.pass(100);
  const asked = scene.small.add({ id: name, args: argsOf(name, uid) });
  await scene.pass(ms);
  return asked;
};
const nicOf = (address: string) =>
  scene.provider.cloud.report().find(({ addresses }) => addresses.some((it) => it === address))?.config;

describe('a node whose NICs stand as objects of the cluster say', () => {
  beforeEach(() => start('node'));

  test('A47: an ENIConfig is read as it is: pods have addresses of its subnet, and none of the node’s own NIC', async () => {
    eniConfig('zone-a', 'subnet-pods');
    await begin();
    const { ips } = await add('web');
    expect(made()).toEqual([['zone-a', 'subnet-pods']]);
    expect(nicOf(ips?.[0] ?? '')).toBe('zone-a');
    expect(ofNode()).toEqual([]);
  });

  test('A47: without the object no NIC is made, STATUS and an Event of the Node name it; when it comes it is used at once', async () => {
    eniConfig('zone-b', 'subnet-b');
    await begin();
    expect(await status()).toContain('there is no NICConfig or ENIConfig named zone-a');
    expect(await add('web')).toMatchObject({ code: 11, says: expect.stringContaining('zone-a') });
    expect(made()).toEqual([]);
    expect(ofNode()).toEqual([expect.stringMatching(/^NICConfigMissing: the node makes no NIC: .* zone-a; make it/)]);
    nicConfig('zone-a', 'subnet-a', 'sg-1');
    await scene.pass(3_000);
    expect(made()).toEqual([['zone-a', 'subnet-a', 'sg-1']]);
    expect((await add('web')).exitCode).toBe(0);
  });

  test('A47: a change holds for new NICs only, and is an Event of the Node with those that stay', async () => {
    nicConfig('zone-a', 'subnet-zone-a');
    await begin();
    expect((await add('web')).exitCode).toBe(0);
    nicConfig('zone-a', 'subnet-other');
    await scene.pass(1_000);
    expect(ofNode()).toEqual([
      'NICConfigChanged: the node makes NICs by NICConfig zone-a now: in subnet-other; eni-1 stays as before',
    ]);
    expect(scene.provider.cloud.report().map(({ subnet }) => subnet)).toEqual(['subnet-a', 'subnet-zone-a']);
  });

  test('A47: a Node that comes after its agent names its NICConfig all the same', async () => {
    nicConfig('zone-a', 'subnet-late');
    const place = { resource: NODES, name: 'small' };
    const { labels } = store.get(place).metadata as { labels?: object };
    store.remove(place);
    await begin();
    store.create({ resource: NODES }, { metadata: { name: 'small', labels } });
    await scene.pass(2_000);
    const { ips } = await add('web');
    expect(nicOf(ips?.[0] ?? '')).toBe('zone-a');
  });

  test('the Node names another: new pods have addresses by that', async () => {
    nicConfig('zone-a', 'subnet-a1');
    nicConfig('blue', 'subnet-b1');
    await begin();
    const annotations = { 'berth.dev/nic-config': 'blue' };
    store.apply({ resource: NODES, name: 'small' }, { metadata: { annotations } }, { manager: 'test', force: true });
    await scene.pass(1_000);
    const { ips } = await add('web');
    expect(nicOf(ips?.[0] ?? '')).toBe('blue');
  });

  test('A24: an agent that starts while the API server is away gives what is warm by the name on record, and makes nothing', async () => {
    nicConfig('zone-a', 'subnet-a1');
    await begin();
    expect((await add('web')).exitCode).toBe(0);
    await scene.small.stop();
    client.fail(new KubeError('unreachable', 'away'));
    await begin();
    const warm = await scene.burst(1);
    expect(warm.map(({ ips }) => nicOf(ips?.[0] ?? ''))).toEqual(['zone-a']);
    expect(made()).toHaveLength(1);
  });
});

test('A24, A47: as well where aws-node made the NICs, which nothing but their subnet tells to be by the NICConfig', async () => {
  await start('node');
  scene.provider.cloud.addNic({ managed: true, addresses: 4 });
  nicConfig('zone-a', 'subnet-a');
  await begin();
  expect([(await add('web')).exitCode, made(), scene.provider.regrouped]).toEqual([0, [], false]);
  await scene.small.stop();
  client.fail(new KubeError('unreachable', 'away'));
  await begin();
  expect((await scene.burst(1)).map(({ exitCode }) => exitCode)).toEqual([0]);
  client.fail(undefined);
  nicConfig('zone-a', 'subnet-other'); // what is on record counts until the cluster tells anew
  await scene.pass(30_000);
  expect((await add('late')).exitCode).toBe(0);
  expect(made()).toEqual([['zone-a', 'subnet-other']]);
});

describe('a pod that asks for a NICConfig', () => {
  beforeEach(async () => {
    await start('pods');
    nicConfig('blue', 'subnet-blue', 'sg-blue');
    await begin();
  });

  test('has an address of a NIC that is made by it, asked for by name or by subnet; others have none of it', async () => {
    const first = await add('first', { 'berth.dev/subnet': 'blue' });
    const second = await add('second', { 'berth.dev/subnet': 'subnet-blue' });
    const third = await add('third');
    const nics = [first, second, third].map(({ ips }) => nicOf(ips?.[0] ?? ''));
    expect(nics).toEqual(['blue', 'blue', undefined]);
    expect(made()).toEqual([['blue', 'subnet-blue', 'sg-blue']]);
  });

  test('is refused with the annotation and what there is, when there is none of that name', async () => {
    expect(await add('web', { 'berth.dev/subnet': 'red' })).toMatchObject({
      code: 7,
      says: expect.stringContaining('berth.dev/subnet says "red": it must be the name of a NICConfig or ENIConfig'),
    });
  });
});

test('a pod that asks for one where none is heeded is told by which setting', async () => {
  await start('none');
  await begin();
  expect(await add('web', { 'berth.dev/subnet': 'blue' })).toMatchObject({
    code: 7,
    says: expect.stringContaining('cloud.nicConfigs is none'),
  });
});
