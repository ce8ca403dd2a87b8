import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { KubeError } from '../../io/kube/client.ts';
import { loose, looseList, text } from '../../wire/kube/object.ts';
import { NODES } from '../../wire/kube/resource.ts';
import { ailments, obstacles } from './readiness.ts';
import { argsOf, ClusterScene } from './testing/cluster-scene.ts';

let scene: ClusterScene;
const at = { resource: NODES, name: 'small' };
const TAINT = { key: 'node.berth.dev/not-ready', effect: 'NoSchedule' };

beforeEach(() => {
  scene = new ClusterScene();
});
afterEach(() => scene.small.close());

const node = () => scene.store.get(at);
const taints = () => looseList(loose(node()['spec'])['taints']).map(({ key }) => text(key));
const capacity = () => loose(loose(node()['status'])['capacity'])['berth.dev/address'];
const allocatable = () => loose(loose(node()['status'])['allocatable'])['berth.dev/address'];
const conditions = () =>
  looseList(loose(node()['status'])['conditions']).map(({ type, status, reason }) => [type, status, reason].join(' '));
const writes = () => scene.client.asked.filter((it) => it === 'patch nodes').length;
const taint = () => scene.store.patch(at, 'merge', { spec: { taints: [TAINT] } });
const WELL = ['NetworkUnavailable False BerthReady', 'berth.dev/AddressPressure False AddressesLeft'];

test('A22: a node without ranges keeps its taint; it goes when the agent serves, and others’ taints stay', async () => {
  scene.node('small', '192.0.2.1');
  scene.store.patch(at, 'merge', { spec: { taints: [{ key: 'other', effect: 'NoExecute' }, TAINT] } });
  await scene.start();
  await scene.pass(5_000);
  expect(taints()).toEqual(['other', TAINT.key]);
  await scene.pass(10_000);
  expect(conditions()).toEqual([
    'NetworkUnavailable True BerthNotReady',
    'berth.dev/AddressPressure True NoAddressLeft',
  ]);
  scene.store.patch(at, 'merge', { spec: { podCIDRs: ['10.244.1.0/24'] } });
  await scene.pass(5_000);
  expect(taints()).toEqual(['other']);
  expect(conditions()).toEqual(WELL);
});

test('A23: a taint that somebody sets while the agent serves is taken away again', async () => {
  scene.node('small', '192.0.2.1', '10.244.1.0/24');
  await scene.start();
  await scene.pass(2_000);
  taint();
  await scene.pass(2_000);
  expect(taints()).toEqual([]);
});

test('A23, A89: what somebody sets again and again is put right each time', async () => {
  scene.node('small', '192.0.2.1', '10.244.1.0/24');
  await scene.start();
  await scene.pass(2_000);
  const right = capacity();
  for (let i = 0; i < 3; i++) {
    taint();
    scene.store.patch(at, 'merge', { status: { capacity: { 'berth.dev/address': '0' } } });
    await scene.pass(15_000);
    expect([i, taints(), capacity()]).toEqual([i, [], right]);
  }
});

test('A22: a Node that somebody else writes in the same moment keeps its taint for a second, not for long', async () => {
  scene.node('small', '192.0.2.1', '10.244.1.0/24');
  taint();
  const get = scene.client.get.bind(scene.client);
  let looks = 0;
  vi.spyOn(scene.client, 'get').mockImplementation(async (asked) => {
    const told = await get(asked);
    if (asked.name === 'small' && looks++ === 0)
      scene.store.patch(at, 'merge', { metadata: { labels: { written: 'meanwhile' } } });
    return told;
  });
  await scene.start();
  await scene.pass(3_000);
  expect([looks, taints()]).toEqual([2, []]);
});

test('A89: the Node advertises the addresses that are left for pods that ask for them as a resource', async () => {
  scene.node('small', '192.0.2.1', '10.244.1.0/29');
  await scene.start();
  await scene.pass(2_000);
  expect([capacity(), allocatable()]).toEqual(['5', '5']);
  const reserves = {
    spec: { nodeName: 'small', containers: [{ resources: { requests: { 'berth.dev/address': '1' } } }] },
  };
  scene.pod('counted', reserves); // the scheduler takes it off itself
  await scene.pass(2_000);
  expect(capacity()).toBe('5');
  const uid = scene.pod('plain');
  await scene.small.add({ id: 'plain', args: argsOf('plain', uid) });
  await scene.small.add({ id: 'unknown' }); // of no pod of the cluster
  scene.pod('host', { spec: { nodeName: 'small', hostNetwork: true } });
  await scene.pass(2_000);
  expect(capacity()).toBe('3');
  await scene.small.call('DEL', { id: 'unknown' });
  await scene.pass(2_000);
  expect(capacity()).toBe('4');
  // as a kubelet does that starts anew
  scene.store.patch(at, 'merge', { status: { capacity: { 'berth.dev/address': '0' } } });
  await scene.pass(2_000);
  expect(capacity()).toBe('4');
});

test('A23: a node that has no address left says so, with the reason, when it lasts', async () => {
  scene.node('small', '192.0.2.1', '10.244.1.0/30');
  await scene.start();
  await scene.small.add({ id: 'only' });
  await scene.pass(5_000);
  expect(conditions()).toEqual(WELL);
  await scene.pass(10_000);
  const [, pressure] = looseList(loose(node()['status'])['conditions']);
  expect(pressure).toMatchObject({ status: 'True', reason: 'NoAddressLeft' });
  expect(text(pressure?.['message'])).toContain('no IPv4 address is free');
  await scene.small.call('DEL', { id: 'only' });
  await scene.pass(31_000);
  expect(conditions()).toEqual(WELL);
});

test('A22, A23: a node whose pods have all its addresses is not taken for one without an agent', async () => {
  scene.node('small', '192.0.2.1', '10.244.1.0/30');
  await scene.start();
  await scene.small.add({ id: 'only' });
  taint();
  await scene.pass(15_000);
  expect(taints()).toEqual([]);
  expect(conditions()[1]).toBe('berth.dev/AddressPressure True NoAddressLeft');
  expect(ailments(scene.small.agent.parts)).toEqual([]);
  expect(obstacles(scene.small.agent.parts)).not.toEqual([]); // as STATUS says: no pod more fits
});

test('a Node that says what is so is written by nobody, and one that is refused is not asked in a hurry', async () => {
  scene.node('small', '192.0.2.1', '10.244.1.0/24');
  await scene.start();
  await scene.pass(3_000);
  const before = writes();
  await scene.pass(60_000);
  expect(writes()).toBe(before);
  taint();
  scene.client.fail(new KubeError('denied', 'may not'));
  await scene.pass(31_000);
  scene.client.fail(undefined);
  await scene.pass(60_000);
  expect(writes() - before).toBeLessThan(6);
  expect(taints()).toEqual([]);
});
