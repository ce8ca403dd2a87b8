import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Id } from '../../emulator/cloud/nouns.ts';
import { PODS } from '../../src/wire/kube/resource.ts';
import { until } from '../agent/node-space.ts';
import { isRoot } from '../kernel/space.ts';
import { GroupScene, PATIENCE_MS, PORT } from './group-scene.ts';
import type { LivePod } from './live-node.ts';

// Security groups of single pods with packets: the agent, AWS's SDK, an emulated VPC that judges, and objects of
// Kubernetes.

let scene: GroupScene;

describe.skipIf(!isRoot)('strict', { timeout: 60_000 }, () => {
  let [own, plain, other]: LivePod[] = [];
  beforeAll(async () => void (scene = await GroupScene.open('strict')), 60_000);
  afterAll(() => scene.close(), 60_000);

  test('A49: a pod that is selected has a NIC of its own with exactly its groups, and others have none', async () => {
    own = await scene.pod(0, 'own', { labels: { app: 'web' } });
    [plain, other] = [await scene.pod(0, 'plain'), await scene.pod(1, 'other')];
    expect(scene.branchOf(own)).toMatchObject({ groups: [scene.web], state: 'in-use' });
    expect(scene.branchOf(plain)).toBeUndefined();
    expect(scene.branches()).toHaveLength(1);
  });

  test('A49 strict: its groups alone decide, on another node as on its own, for pods and for the node itself', async () => {
    if (own === undefined || plain === undefined || other === undefined) return expect.fail('no pods');
    const to = (address: string, port: number) =>
      Promise.all([
        scene.seen(other as LivePod, address, port),
        scene.seen(plain as LivePod, address, port),
        scene.actor('node-1').seen(address, { port, patienceMs: PATIENCE_MS }), // the kubelet's probe
      ]);
    expect(await to(own.address, 80)).toEqual([other.address, plain.address, scene.ipOf('node-1')]);
    expect(await to(own.address, 81)).toEqual(['nothing', 'nothing', 'nothing']);
    expect(await scene.seen(other, plain.address, 81)).toBe(other.address); // the node's group lets its members in
  });

  test('A49 strict: what it sends is seen as its own, and needs the leave of the other’s group, its node’s too', async () => {
    if (own === undefined || other === undefined) return expect.fail('no pods');
    const [to, node] = [other.address, scene.ipOf('node-1')];
    const none = await Promise.all([scene.seen(own, to, 80), scene.seen(own, node, PORT)]);
    expect(none).toEqual(['nothing', 'nothing']); // it is no member of the default group
    const peer = { group: scene.web };
    const group = scene.region.nics('node-1')[0]?.groups[0] ?? ('' as Id);
    scene.region.ask({ do: 'add-rules', group, way: 'ingress', rules: [{ protocol: 'tcp', peer }] as never });
    await scene.region.emulator.settled();
    expect(await scene.seen(own, to, 80)).toBe(own.address);
    expect(await scene.seen(own, node, PORT)).toBe(`::ffff:${own.address}`); // it listens for both families
  });

  test('A49: AWS’s SecurityGroupPolicy is read as it is, by the labels of service accounts', async () => {
    const teller = await scene.pod(1, 'teller', { namespace: 'bank', account: 'teller' });
    expect(scene.branchOf(teller)?.groups).toEqual([scene.web]);
    const guest = await scene.pod(1, 'guest', { namespace: 'bank' });
    expect(scene.branchOf(guest)).toBeUndefined();
  });

  test('A49: a NIC rests after its pod, and the next pod with its groups has it without a call that makes one', async () => {
    const first = await scene.pod(0, 'first', { labels: { app: 'web' } });
    const nic = scene.branchOf(first)?.id;
    await scene.nodes[0]?.remove(first);
    await until(10_000, 'it has rested', () => {
      const states = [...(scene.nodes[0]?.agent.parts.branches?.book.branches.values() ?? [])].map(
        ({ state }) => state.is,
      );
      return Promise.resolve(states.includes('free'));
    });
    const made = scene.region.count('CreateNetworkInterface');
    const second = await scene.pod(0, 'second', { labels: { app: 'web' } });
    expect(scene.branchOf(second)?.id).toBe(nic);
    expect(scene.region.count('CreateNetworkInterface')).toBe(made);
    expect(await scene.actor('node-1').seen(second.address, { port: 80 })).toBe(scene.ipOf('node-1'));
  });
});

describe.skipIf(!isRoot)('standard', { timeout: 60_000 }, () => {
  beforeAll(async () => void (scene = await GroupScene.open('standard')), 60_000);
  afterAll(() => scene.close(), 60_000);

  test('A49 standard: between the node and its pods no group decides; from elsewhere the pod’s own does', async () => {
    const own = await scene.pod(0, 'own', { labels: { app: 'web' } });
    const [plain, other] = [await scene.pod(0, 'plain'), await scene.pod(1, 'other')];
    expect(await scene.actor('node-1').seen(own.address, { port: 81 })).toBe(scene.ipOf('node-1'));
    expect(await scene.seen(plain, own.address, 81)).toBe(plain.address);
    expect(await scene.seen(own, plain.address, 81)).toBe(own.address);
    expect(await scene.seen(other, own.address, 80)).toBe(other.address);
    const none = await Promise.all([scene.seen(other, own.address, 81), scene.seen(own, other.address, 80)]);
    expect(none).toEqual(['nothing', 'nothing']); // it leaves by its own NIC: no member of their group
  });

  test('A49 standard: a hostPort of the pod answers at the node, where the node’s group lets it in', async () => {
    const on = scene.nodes[0] ?? expect.fail('no node');
    const [namespace, name] = ['shop', 'published'];
    scene.make(PODS, name, { namespace, labels: { app: 'web' }, spec: { nodeName: on.name } });
    const uid = scene.store.get({ resource: PODS, namespace, name }).metadata.uid;
    const args = `K8S_POD_NAMESPACE=${namespace};K8S_POD_NAME=${name};K8S_POD_UID=${uid}`;
    const made = await on.pod(name, [{ hostPort: 8081, containerPort: 81, protocol: 'tcp' }], args);
    await made.space.listen('tcp', made.address, 81);
    expect(scene.branchOf(made)?.groups).toEqual([scene.web]);
    // by port 81 of the pod
    expect(await scene.actor('node-2').seen(scene.ipOf('node-1'), { port: 8081 })).toBe(scene.ipOf('node-2'));
  });
});
