import { afterEach, beforeEach, expect, test } from 'vitest';
import { silent } from '../../base/log.ts';
import { seeded } from '../../base/random.ts';
import { readNode } from '../../wire/kube/node.ts';
import { NODES } from '../../wire/kube/resource.ts';
import { HandClock } from '../../apps/node-agent/testing/hand-clock.ts';
import { KubeError } from './client.ts';
import { Informer } from './informer.ts';
import { ApiStore } from './testing/api-store.ts';
import { FakeKubeClient } from './testing/fake-client.ts';

let clock: HandClock;
let store: ApiStore;
let client: FakeKubeClient;
let informer: Informer<boolean>;
let told: string[];
let logged: string[];

beforeEach(async () => {
  clock = new HandClock();
  store = new ApiStore();
  client = new FakeKubeClient(store, clock);
  told = [];
  logged = [];
  const log = {
    ...silent,
    warn: (event: string) => void logged.push(event),
    info: (event: string) => logged.push(event),
  };
  informer = new Informer(
    { client, clock, random: seeded(1), log },
    {
      select: { resource: NODES },
      read: (object) => readNode(object).cordoned,
      hear: (change) => void told.push(`${change.kind} ${change.key}`),
      synced: () => void told.push('synced'),
    },
  );
  node('a');
  node('b');
  informer.start();
  await clock.pass(0);
});
afterEach(() => informer.stop());

test('a kind that the server does not know is one of which there is nothing, and is asked for again, ever more seldom', async () => {
  client.fail(new KubeError('absent', 'the server could not find the requested resource'));
  const heard: string[] = [];
  const other = new Informer(
    { client, clock, random: seeded(1), log: silent },
    {
      select: { resource: NODES },
      read: readNode,
      mayBeUnknown: true,
      hear: ({ key }) => void heard.push(key),
      synced: () => void heard.push('synced'),
    },
  );
  other.start();
  await clock.pass(0);
  expect([heard, other.trouble]).toEqual([['synced'], undefined]);
  const asked = () => client.asked.filter((it) => it === 'list nodes').length;
  const before = asked();
  await clock.pass(3_600_000);
  expect([asked() - before > 10, asked() - before < 25, heard]).toEqual([true, true, ['synced']]);
  client.fail(undefined);
  await clock.pass(600_000);
  expect(heard).toEqual(['synced', 'a', 'b']);
  other.stop();
});

test('a kind that was there and is said to be unknown, as by a server that starts, is believed in when it stays so', async () => {
  const heard: string[] = [];
  const other = new Informer(
    { client, clock, random: seeded(1), log: silent },
    { select: { resource: NODES }, read: readNode, mayBeUnknown: true, hear: ({ kind }) => void heard.push(kind) },
  );
  other.start();
  await clock.pass(2_000);
  expect(heard.splice(0)).toEqual(['added', 'added']);
  client.endWatches(new KubeError('expired', 'too old'));
  client.fail(new KubeError('absent', 'the server could not find the requested resource'));
  await clock.pass(700_000);
  expect(heard.splice(0)).toEqual(['removed', 'removed']);
  client.fail(undefined);
  await clock.pass(700_000);
  expect(heard.splice(0)).toEqual(['added', 'added']);
  client.endWatches(new KubeError('expired', 'too old'));
  client.fail(new KubeError('absent', 'the server could not find the requested resource'));
  await clock.pass(5_000);
  client.fail(undefined);
  await clock.pass(700_000);
  expect(heard).toEqual([]);
  other.stop();
});

test('what may be refused is asked for ever more seldom, and followed when it is shown again', async () => {
  let failures = 0;
  const other = new Informer(
    { client, clock, random: seeded(1), log: silent },
    {
      select: { resource: NODES },
      read: readNode,
      mayBeRefused: true,
      hear: () => {},
      failed: () => void failures++,
    },
  );
  client.fail(new KubeError('denied', 'may not'));
  other.start();
  await clock.pass(3_600_000);
  expect([failures > 10, failures < 40, other.size]).toEqual([true, true, 0]);
  client.fail(undefined);
  await clock.pass(300_000);
  expect(other.size).toBe(2);
  node('late');
  await clock.pass(100);
  expect(other.size).toBe(3);
  other.stop();
});

function node(name: string, unschedulable = false): void {
  const place = { resource: NODES, name };
  store.remove(place);
  store.create({ resource: NODES }, { metadata: { name }, spec: { unschedulable } });
}

function change(name: string, patch: object): void {
  store.patch({ resource: NODES, name }, 'merge', patch);
}

/** What was told since the last time. */
async function news(ms = 0): Promise<readonly string[]> {
  await clock.pass(ms);
  return told.splice(0);
}

test('what is there is listed, then what happens is told with what was before', async () => {
  expect(await news()).toEqual(['added a', 'added b', 'synced']);
  node('c', true);
  change('a', { spec: { unschedulable: true } });
  store.remove({ resource: NODES, name: 'b' });
  expect(await news()).toEqual(['added c', 'changed a', 'removed b']);
  expect(informer.values()).toEqual([true, true]);
});

test('what changes nothing of what is kept is no news', async () => {
  await news();
  change('a', { status: { heartbeat: 'now' } });
  expect(await news()).toEqual([]);
});

test('lists of thousands come in pages of 500', async () => {
  informer.stop();
  for (let i = 0; i < 1_200; i++) node(`n${i}`);
  client.asked.length = 0;
  told.length = 0;
  informer = new Informer(
    { client, clock, random: seeded(1), log: silent },
    { select: { resource: NODES }, read: () => true, hear: () => {} },
  );
  informer.start();
  await clock.pass(0);
  expect(informer.values()).toHaveLength(1_202);
  expect(client.asked).toEqual(['list nodes', 'list nodes', 'list nodes', 'watch nodes']);
});

test('a watch whose time is up goes on from where it was: nothing is listed again, nothing is missed', async () => {
  await news(2_000);
  client.asked.length = 0;
  client.endWatches();
  node('c');
  expect(await news()).toEqual(['added c']);
  expect(client.asked).toEqual(['watch nodes']);
});

test('a quiet resource outlives what the server forgets, by bookmarks', async () => {
  await news(2_000);
  client.asked.length = 0;
  change('a', { status: { heartbeat: 'now' } });
  store.forget();
  client.bookmark();
  await clock.pass(0);
  client.endWatches();
  await clock.pass(2_000);
  expect(client.asked).toEqual(['watch nodes']);
});

test('where the server has forgotten, all is listed again, and only what differs is told', async () => {
  await news(2_000);
  client.fail(new KubeError('unreachable', 'away'));
  store.remove({ resource: NODES, name: 'a' });
  node('c');
  store.forget();
  client.fail(undefined);
  client.asked.length = 0;
  expect(await news(5_000)).toEqual(['added c', 'removed a']);
  expect(client.asked).toEqual(['watch nodes', 'list nodes', 'watch nodes']);
});

test('one of the same name and another uid is another one', async () => {
  await news(2_000);
  client.fail(new KubeError('unreachable', 'away'));
  node('a');
  store.forget();
  client.fail(undefined);
  expect(await news(5_000)).toEqual(['removed a', 'added a']);
});

test('while the server is away what is known stays; it is asked less and less often, and told of once', async () => {
  await news(2_000);
  client.asked.length = 0;
  client.fail(new KubeError('unreachable', 'away'));
  await clock.pass(120_000);
  expect(informer.values()).toHaveLength(2);
  expect(informer.trouble).toMatchObject({ kind: 'unreachable' });
  expect(client.asked.length).toBeGreaterThan(5);
  expect(client.asked.length).toBeLessThan(16);
  expect(logged).toEqual(['API server not heard']);
  client.fail(undefined);
  await clock.pass(40_000);
  expect(informer.trouble).toBeUndefined();
  expect(logged).toEqual(['API server not heard', 'API server heard again']);
});

test('a server that says when to ask again is not asked before', async () => {
  await news(2_000);
  client.fail(new KubeError('throttled', 'too much', { retryAfterMs: 20_000 }));
  client.asked.length = 0;
  await clock.pass(19_000);
  expect(client.asked).toEqual([]);
  await clock.pass(2_000);
  expect(client.asked).toEqual(['watch nodes']);
});

test('watches that end at once are not asked for again and again', async () => {
  await news(2_000);
  client.asked.length = 0;
  for (let i = 0; i < 60; i++) {
    client.endWatches();
    await clock.pass(500);
  }
  expect(client.asked.length).toBeLessThan(20);
});

test('stopped, it hears nothing more and asks nothing', async () => {
  await news(2_000);
  informer.stop();
  client.asked.length = 0;
  node('c');
  expect(await news(600_000)).toEqual([]);
  expect(client.asked).toEqual([]);
  expect(client.watching).toEqual([]);
});
