import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { seeded } from '../../base/random.ts';
import { KubeError } from '../../io/kube/client.ts';
import { ApiStore } from '../../io/kube/testing/api-store.ts';
import { FakeKubeClient } from '../../io/kube/testing/fake-client.ts';
import { EVENTS, NODES } from '../../wire/kube/resource.ts';
import { CloudScene } from './testing/cloud-scene.ts';
import { argsOf, bindPod, ClusterScene } from './testing/cluster-scene.ts';
import { netnsOf } from './testing/small-agent.ts';

describe('a node with ranges', () => {
  let scene: ClusterScene;

  beforeEach(async () => {
    scene = new ClusterScene();
    scene.node('small', '192.0.2.1', '10.244.1.0/30');
    await scene.start();
  });
  afterEach(() => scene.small.close());

  const attached = () => scene.small.agent.parts.attachments.count;
  /** The pod `name` comes, and its ADD is answered. */
  const add = async (name: string) => scene.small.add({ id: name, args: argsOf(name, scene.pod(name)) });
  /** The link is gone, as with the pod's namespace; the runtime has left the name of the namespace. */
  const unlink = () => {
    for (const item of scene.small.kernel.items()) if (item.kind === 'veth') scene.small.kernel.deleteFromOutside(item);
  };

  test('A11, A71: a pod that is refused gets an Event with the sentence of why, once, with its count', async () => {
    await add('first');
    for (let i = 0; i < 12; i++) {
      const asked = add('second');
      await scene.pass(61_000);
      expect(await asked).toMatchObject({ exitCode: 1 });
    }
    const [[reason, name, count, message] = [], ...more] = scene.events();
    expect([reason, name, more]).toEqual(['NoAddress', 'second', []]);
    expect(count).toBeGreaterThan(5);
    expect(message).toContain('web/second');
    expect(scene.small.why('second').some((line) => line === message)).toBe(true);
  });

  test('an API server that is away keeps nobody waiting, and hears it when it happens again', async () => {
    await add('first');
    scene.client.fail(new KubeError('unreachable', 'away'));
    const asked = add('second');
    await scene.pass(1_000);
    expect(await asked).toMatchObject({ exitCode: 1 });
    expect(scene.events()).toEqual([]);
    scene.client.fail(undefined);
    const again = add('second');
    await scene.pass(1_000);
    await again;
    expect(scene.events()).toHaveLength(1);
  });

  test('a pod that was deleted while the agent was down is released, when the kernel has it no longer', async () => {
    await add('first');
    await scene.pass(61_000);
    await scene.small.stop();
    scene.removePod('first');
    unlink();
    await scene.start();
    expect(attached()).toBe(0);
    expect(scene.small.why('first').at(-1)).toContain('was removed');
  });

  test('a pod that is gone from the API but stands in the kernel is left alone', async () => {
    await add('first');
    await scene.pass(61_000);
    await scene.small.stop();
    scene.removePod('first');
    await scene.start();
    await scene.pass(120_000);
    expect(attached()).toBe(1);
    expect(await scene.small.call('DEL', { id: 'first' })).toMatchObject({ exitCode: 0 });
    expect(attached()).toBe(0);
  });

  test('a pod that the API knows is left alone, though its link is missing', async () => {
    await add('first');
    await scene.pass(61_000);
    await scene.small.stop();
    unlink();
    await scene.start();
    await scene.pass(120_000);
    expect(attached()).toBe(1);
  });

  test('while the API server is away nobody is taken for gone', async () => {
    await add('first');
    await scene.pass(61_000);
    await scene.small.stop();
    scene.removePod('first');
    unlink();
    scene.client.fail(new KubeError('unreachable', 'away'));
    await scene.start();
    await scene.pass(120_000);
    expect(attached()).toBe(1);
  });

  test('a pod that goes and whose DEL is lost is released after a minute', async () => {
    await add('first');
    scene.small.kernel.world.removeSandbox(netnsOf('first'));
    scene.removePod('first');
    await scene.pass(30_000);
    expect(attached()).toBe(1);
    await scene.pass(35_000);
    expect(attached()).toBe(0);
  });
});

describe('a node on a cloud', () => {
  let scene: CloudScene;
  let store: ApiStore;
  let client: FakeKubeClient;

  beforeEach(async () => {
    scene = new CloudScene();
    store = new ApiStore();
    client = new FakeKubeClient(store, scene.small.clock);
    scene.small.kube = { client, random: seeded(1) };
    store.create({ resource: NODES }, { metadata: { name: 'small' } });
    store.create({ resource: NODES }, { metadata: { name: 'other' } });
    const started = scene.start();
    for (let i = 0; i < 20; i++) await scene.pass(200);
    await started;
  });
  afterEach(() => scene.small.close());

  const cordon = (unschedulable: boolean) =>
    store.patch({ resource: NODES, name: 'small' }, 'merge', { spec: { unschedulable } });
  const pool = () => scene.small.agent.parts.pool.pool;
  const free = () => pool().blocks.reduce((sum, { usable, claimed }) => sum + Number(usable) - claimed, 0);

  test('addresses are asked for when pods are bound, before the runtime asks', async () => {
    expect(free()).toBeLessThan(6);
    const uids = Array.from({ length: 8 }, (_, i) => bindPod(store, `p${i}`));
    await scene.pass(1_500);
    expect(free()).toBeGreaterThanOrEqual(8);
    const answers = await Promise.all(
      uids.map((uid, i) => scene.small.add({ id: `c${i}`, args: argsOf(`p${i}`, uid) })),
    );
    expect(answers.filter(({ exitCode }) => exitCode === 0)).toHaveLength(8);
    await scene.pass(100);
    expect(pool().cloud?.expected).toBe(0);
  });

  test('a pod that asks is not counted twice', async () => {
    const uids = Array.from({ length: 8 }, (_, i) => bindPod(store, `p${i}`));
    await scene.pass(10);
    const asked = uids.map((uid, i) => scene.small.add({ id: `c${i}`, args: argsOf(`p${i}`, uid) }));
    await scene.pass(10_000);
    await Promise.all(asked);
    expect(free()).toBeLessThanOrEqual(4); // a quarter of what is in use is kept free
  });

  test('pods of the host’s network, and pods that end, are not waited for', async () => {
    bindPod(store, 'host', { spec: { nodeName: 'small', hostNetwork: true } });
    bindPod(store, 'done', { status: { phase: 'Succeeded' } });
    bindPod(store, 'elsewhere', { spec: { nodeName: 'other' } });
    bindPod(store, 'comes');
    await scene.pass(100);
    expect(pool().cloud?.expected).toBe(1);
  });

  test('A88: a cordoned node is held, and only as long', async () => {
    cordon(true);
    await scene.pass(100);
    expect(pool().cloud?.cordoned).toBe(true);
    const [refused] = (await scene.burst(12)).filter(({ exitCode }) => exitCode !== 0);
    expect(refused?.says).toContain('this node is cordoned');
    cordon(false);
    await scene.pass(5_000);
    expect((await scene.burst(4, 20)).every(({ exitCode }) => exitCode === 0)).toBe(true);
  });

  test('A71: what the cloud denies while no pod waits is an Event of the node, once, with its count', async () => {
    scene.fails('denied');
    for (let i = 0; i < 8; i++) bindPod(store, `p${i}`);
    await scene.pass(120_000);
    const { items } = store.list({ resource: EVENTS }, { limit: 0 });
    expect(items).toHaveLength(1);
    expect(items[0]).toMatchObject({ reason: 'CloudDenied', involvedObject: { kind: 'Node', name: 'small' } });
    expect(Number(items[0]?.['count'])).toBeGreaterThan(1);
  });

  test('only its own Node is listened to: the VPC knows the ways', async () => {
    expect(client.asked.filter((it) => it.includes('servicecidrs'))).toEqual([]);
    store.patch({ resource: NODES, name: 'other' }, 'merge', { spec: { unschedulable: true } });
    await scene.pass(100);
    expect(pool().cloud?.cordoned).toBe(false);
  });
});
