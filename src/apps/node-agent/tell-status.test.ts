import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { KubeError } from '../../io/kube/client.ts';
import { seeded } from '../../base/random.ts';
import { ApiStore } from '../../io/kube/testing/api-store.ts';
import { FakeKubeClient } from '../../io/kube/testing/fake-client.ts';
import { BERTH_NODES, readBerthNodeStatus } from '../../wire/kube/crd/berth-node.ts';
import { NODES } from '../../wire/kube/resource.ts';
import { CloudScene } from './testing/cloud-scene.ts';
import { argsOf, ClusterScene } from './testing/cluster-scene.ts';
import { tellStatus } from './tell-status.ts';

function statusOf(store: ApiStore) {
  const [object] = store.list({ resource: BERTH_NODES }, { limit: 0 }).items;
  return object === undefined ? undefined : readBerthNodeStatus(object);
}

describe('the BerthNode of a node with ranges', () => {
  let scene: ClusterScene;
  let stop: () => void;

  beforeEach(async () => {
    scene = new ClusterScene();
    scene.node('small', '192.0.2.1', '10.244.1.0/29');
    await scene.start();
    stop = tellStatus(scene.small.agent, '1.2.3');
    await scene.pass(100);
  });
  afterEach(async () => {
    stop();
    await scene.small.close();
  });

  const writes = () => scene.client.asked.filter((it) => it === 'apply berthnodes').length;
  const add = (name: string) => scene.small.add({ id: name, args: argsOf(name, scene.pod(name)) });

  test('tells what it has, and after a change what is new', async () => {
    expect(statusOf(scene.store)).toMatchObject({
      version: '1.2.3',
      provider: 'podcidr',
      ready: true,
      used: 0,
      nics: 0,
    });
    const { free = '' } = statusOf(scene.store) ?? {};
    await add('one');
    await scene.pass(25_000);
    expect(statusOf(scene.store)).toMatchObject({ used: 1, free: `${Number(free) - 1}` });
  });

  test('tells nothing while nothing is new', async () => {
    const before = writes();
    await scene.pass(120_000);
    expect(writes()).toBe(before);
  });

  test('tells a burst of changes in few words', async () => {
    const before = writes();
    for (const name of ['a', 'b', 'c', 'd']) {
      await add(name);
      await scene.pass(1_000);
    }
    expect(writes() - before).toBeLessThanOrEqual(1);
    await scene.pass(25_000);
    expect(statusOf(scene.store)).toMatchObject({ used: 4 });
  });

  test('A71: tells who was refused last, and why', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) {
      const asked = add(name);
      await scene.pass(15_000);
      await asked;
    }
    await scene.pass(70_000);
    expect(statusOf(scene.store)).toMatchObject({ free: '0', lastRefusal: { why: 'exhausted', pod: 'web/f' } });
  });

  test('what could not be told is told later, and the API server is asked ever more seldom', async () => {
    await add('one');
    scene.client.fail(new KubeError('unreachable', 'away'));
    const before = writes();
    await scene.pass(300_000);
    expect(writes() - before).toBeLessThan(8);
    scene.client.fail(undefined);
    await scene.pass(400_000);
    expect(statusOf(scene.store)).toMatchObject({ used: 1 });
  });

  test('a Node that is removed is told nothing of; one that comes back has its word again', async () => {
    scene.removeNode('small');
    scene.store.remove({ resource: BERTH_NODES, name: 'small' });
    await scene.pass(60_000);
    expect(statusOf(scene.store)).toBeUndefined();
    scene.node('small', '192.0.2.1', '10.244.1.0/29');
    await scene.pass(30_000);
    expect(statusOf(scene.store)).toMatchObject({ ready: true });
  });
});

test('the BerthNode of a node on a cloud tells its NICs', async () => {
  const scene = new CloudScene();
  const store = new ApiStore();
  store.create({ resource: NODES }, { metadata: { name: 'small' } });
  scene.small.kube = { client: new FakeKubeClient(store, scene.small.clock), random: seeded(1) };
  await scene.start();
  const stop = tellStatus(scene.small.agent, '1.2.3');
  await scene.burst(3);
  await scene.pass(30_000);
  const status = statusOf(store);
  stop();
  await scene.small.close();
  expect(status).toMatchObject({ provider: 'aws', used: 3, families: [{ family: 'v4', used: 3 }] });
  expect(status?.nics).toBe(status?.nicList.length);
  expect(status?.nicList.reduce((sum, { used }) => sum + used, 0)).toBe(3);
});
