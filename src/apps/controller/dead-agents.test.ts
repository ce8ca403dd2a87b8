import { afterEach, beforeEach, expect, test } from 'vitest';
import { KubeError } from '../../io/kube/client.ts';
import { loose, looseList } from '../../wire/kube/object.ts';
import { NODES, PODS } from '../../wire/kube/resource.ts';
import { Replicas } from './testing/replicas.ts';

let replicas: Replicas;
const READY = { type: 'Ready', status: 'True' };
const SERVED = { type: 'NetworkUnavailable', status: 'False', reason: 'BerthReady' };

beforeEach(async () => {
  replicas = new Replicas();
  for (const name of ['one', 'two']) {
    replicas.store.create({ resource: NODES }, { metadata: { name }, status: { conditions: [READY, SERVED] } });
    agent(name, true);
  }
  await replicas.start('first');
});
afterEach(() => replicas.close());

const at = (name: string) => ({ resource: PODS, namespace: 'kube-system', name });
function agent(node: string, ready: boolean): void {
  const conditions = [{ type: 'Ready', status: ready ? 'True' : 'False' }];
  const labels = { 'app.kubernetes.io/name': 'berth' };
  const pod = { metadata: { name: node, labels }, spec: { nodeName: node }, status: { conditions } };
  replicas.store.apply(at(node), pod, { manager: 'test', force: true });
}
const taintsOf = (name: string) =>
  looseList(loose(replicas.store.get({ resource: NODES, name })['spec'])['taints']).map(({ key, effect }) => [
    key,
    effect,
  ]);
const untaint = (name: string) => replicas.store.patch({ resource: NODES, name }, 'merge', { spec: { taints: [] } });
const TAINT = [['node.berth.dev/not-ready', 'NoSchedule']];

test('A23: a node whose agent is not ready for a minute is tainted, others are not', async () => {
  agent('one', false);
  await replicas.pass(59_000);
  expect(taintsOf('one')).toEqual([]);
  await replicas.pass(2_000);
  expect(taintsOf('one')).toEqual(TAINT);
  expect(taintsOf('two')).toEqual([]);
});

test('A23: so is one whose agent is no more; an agent that is restarted in time is not noticed', async () => {
  replicas.store.remove(at('one'));
  agent('two', false);
  await replicas.pass(30_000);
  agent('two', true);
  await replicas.pass(20_000);
  agent('two', false);
  await replicas.pass(50_000);
  expect(taintsOf('one')).toEqual(TAINT);
  expect(taintsOf('two')).toEqual([]);
});

test('where no agent is a pod, nobody is judged', async () => {
  for (const name of ['one', 'two']) replicas.store.remove(at(name));
  await replicas.pass(120_000);
  expect(taintsOf('one')).toEqual([]);
});

test('an agent that works though its kubelet calls it not ready has the taint off for a minute each time', async () => {
  agent('one', false);
  await replicas.pass(61_000);
  untaint('one');
  await replicas.pass(50_000);
  expect(taintsOf('one')).toEqual([]);
  await replicas.pass(20_000);
  expect(taintsOf('one')).toEqual(TAINT);
});

test('so does one that leads again: its earlier time does not count', async () => {
  agent('one', false);
  await replicas.pass(40_000);
  replicas.all[0]?.client.fail(new KubeError('unreachable', 'away'));
  await replicas.pass(120_000);
  replicas.all[0]?.client.fail(undefined);
  await replicas.pass(50_000);
  expect([replicas.leading, taintsOf('one')]).toEqual([['first'], []]);
  await replicas.pass(60_000);
  expect(taintsOf('one')).toEqual(TAINT);
});

test('who takes over counts for itself: never too early', async () => {
  agent('one', false);
  await replicas.pass(40_000);
  await replicas.start('second');
  replicas.all[0]?.client.fail(new KubeError('unreachable', 'killed'));
  await replicas.pass(40_000);
  expect(taintsOf('one')).toEqual([]);
  await replicas.pass(60_000);
  expect(taintsOf('one')).toEqual(TAINT);
});
