import { afterEach, beforeEach, expect, test } from 'vitest';
import { type KubeClient, KubeError } from '../../io/kube/client.ts';
import { FakeKubeClient } from '../../io/kube/testing/fake-client.ts';
import { BERTH_NODES } from '../../wire/kube/crd/berth-node.ts';
import { STATIC_ADDRESSES } from '../../wire/kube/crd/static-address.ts';
import { NODES } from '../../wire/kube/resource.ts';
import { Replicas } from './testing/replicas.ts';

let replicas: Replicas;

beforeEach(() => {
  replicas = new Replicas();
});
afterEach(() => replicas.close());

function node(name: string): void {
  replicas.store.create({ resource: NODES }, { metadata: { name } });
}

function berthNode(name: string): void {
  replicas.store.create({ resource: BERTH_NODES }, { metadata: { name } });
}

const told = () =>
  replicas.store.list({ resource: BERTH_NODES }, { limit: 0 }).items.map(({ metadata }) => metadata.name);

test('the BerthNode of a node that is removed goes with it, those of others stay', async () => {
  for (const name of ['one', 'two']) {
    node(name);
    berthNode(name);
  }
  await replicas.start('first');
  replicas.store.remove({ resource: NODES, name: 'two' });
  await replicas.pass(100);
  expect(told()).toEqual(['one']);
});

test('what was removed while nobody led is found by who begins to lead', async () => {
  berthNode('gone');
  await replicas.start('first');
  await replicas.pass(100);
  expect(told()).toEqual([]);
});

test('the other replica takes over when the leader is killed, within the time of the lease', async () => {
  const first = await replicas.start('first');
  await replicas.start('second');
  expect(replicas.leading).toEqual(['first']);
  first.client.fail(new KubeError('unreachable', 'killed'));
  berthNode('gone');
  await replicas.pass(16_000);
  expect(replicas.leading).toEqual(['second']);
  await replicas.pass(500);
  expect(told()).toEqual([]);
});

test('a replica that does not lead asks nothing and changes nothing', async () => {
  await replicas.start('first');
  const second = await replicas.start('second');
  second.client.asked.length = 0;
  berthNode('gone');
  await replicas.pass(60_000);
  expect(second.client.asked).toEqual([]);
});

test('a copy that is late removes nothing: the API server is asked before', async () => {
  const { client } = await replicas.start('first');
  const watch = client.watch;
  Object.assign(client, { watch: () => new Promise(() => {}) }); // nothing is heard any more
  client.endWatches();
  await replicas.pass(3_000);
  node('late');
  berthNode('late');
  Object.assign(client, { watch });
  await replicas.pass(3_000);
  expect(told()).toEqual(['late']);
});

test('one kind that the API server does not know keeps no other reconciler waiting', async () => {
  const client = new FakeKubeClient(replicas.store, replicas.clock);
  const { list } = client;
  const absent = new KubeError('absent', 'the server could not find the requested resource');
  const known: KubeClient['list'] = (of, page) =>
    of.resource === STATIC_ADDRESSES ? Promise.reject(absent) : list(of, page);
  await replicas.start('first', '', { client: Object.assign(client, { list: known }) });
  berthNode('gone');
  await replicas.pass(1_000);
  expect(told()).toEqual([]);
});

test('a leader that hangs in the middle and wakes when another leads changes nothing any more', async () => {
  const { client } = await replicas.start('first');
  await replicas.start('second');
  let wake = () => {};
  const slow: KubeClient['get'] = async () => {
    await new Promise<void>((resolve) => (wake = resolve));
    throw new KubeError('absent', 'as it was when it was asked');
  };
  Object.assign(client, { get: slow, replace: () => Promise.reject(new KubeError('unreachable', 'hangs')) });
  berthNode('gone');
  await replicas.pass(25_000);
  expect([replicas.leading, told()]).toEqual([['second'], []]);
  node('gone');
  berthNode('gone');
  wake();
  await replicas.pass(100);
  expect(told()).toEqual(['gone']);
});

test('a leader that is ended in the middle gives its lease back within seconds, and writes nothing more', async () => {
  const { client, controller } = await replicas.start('first');
  await replicas.start('second');
  let wake = () => {};
  const slow: KubeClient['get'] = async () => {
    await new Promise<void>((resolve) => (wake = resolve));
    throw new KubeError('absent', 'as it was when it was asked');
  };
  Object.assign(client, { get: slow });
  berthNode('gone');
  await replicas.pass(100);
  const stopped = controller.stop();
  await replicas.pass(4_000);
  expect([replicas.leading, told()]).toEqual([['second'], []]); // it took over, and did the rest
  berthNode('gone');
  node('gone');
  wake();
  await replicas.pass(100);
  await stopped;
  expect(told()).toEqual(['gone']);
});

test('what the API server refuses is tried again, later and later', async () => {
  const { client } = await replicas.start('first');
  Object.assign(client, { remove: () => Promise.reject(new KubeError('failing', 'not today')) });
  berthNode('gone');
  await replicas.pass(2_000);
  const failures = replicas.reconciled.filter(([, outcome]) => outcome === 'failing').length;
  expect(failures).toBeGreaterThan(2);
  expect(failures).toBeLessThan(8);
});
