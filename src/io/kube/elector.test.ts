import { afterEach, beforeEach, expect, test } from 'vitest';
import { silent } from '../../base/log.ts';
import { seeded } from '../../base/random.ts';
import { LEASES } from '../../wire/kube/resource.ts';
import { HandClock } from '../../apps/node-agent/testing/hand-clock.ts';
import { KubeError } from './client.ts';
import { Elector } from './elector.ts';
import { ApiStore } from './testing/api-store.ts';
import { FakeKubeClient } from './testing/fake-client.ts';

interface Replica {
  readonly client: FakeKubeClient;
  readonly elector: Elector;
}

const place = { resource: LEASES, namespace: 'kube-system', name: 'berth' };
const away = new KubeError('unreachable', 'away');
let clock: HandClock;
let store: ApiStore;
let told: string[];
let replicas: Replica[];

beforeEach(() => {
  clock = new HandClock();
  store = new ApiStore();
  told = [];
  replicas = [];
});
afterEach(() => Promise.all(replicas.map(({ elector }) => elector.stop())));

async function replica(me: string): Promise<Replica> {
  const client = new FakeKubeClient(store, clock);
  const doors = { client, clock, random: seeded(me.length), log: silent };
  const elector = new Elector(
    doors,
    { namespace: 'kube-system', name: 'berth', me },
    { began: () => void told.push(`${me} began`), ended: () => void told.push(`${me} ended`) },
  );
  const made = { client, elector };
  replicas.push(made);
  elector.start();
  await clock.pass(100);
  return made;
}

/** Time passes; at no moment do two lead. */
async function pass(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 500) {
    await clock.pass(Math.min(500, left));
    expect(replicas.filter(({ elector }) => elector.leads).length).toBeLessThan(2);
  }
}

test('one of two leads, for as long as it lives; the other asks nothing meanwhile', async () => {
  await replica('first');
  const second = await replica('second');
  second.client.asked.length = 0;
  await pass(120_000);
  expect(told).toEqual(['first began']);
  expect(second.client.asked).toEqual([]);
});

test('who cannot say that it lives stops in time; the other begins when the lease has run out', async () => {
  const first = await replica('first');
  await replica('second');
  await pass(20_000);
  first.client.fail(away);
  await pass(11_000);
  expect(told).toEqual(['first began', 'first ended']);
  await pass(10_000);
  expect(told).toEqual(['first began', 'first ended', 'second began']);
  first.client.fail(undefined);
  await pass(60_000);
  expect(told).toEqual(['first began', 'first ended', 'second began']);
});

test('a word that is never answered does not keep leadership', async () => {
  const first = await replica('first');
  await pass(5_000);
  first.client.silence();
  await pass(20_000);
  expect(first.elector.leads).toBe(false);
  expect(told).toEqual(['first began', 'first ended']);
});

test('who stops gives the lease back: nobody waits for it', async () => {
  const first = await replica('first');
  await replica('second');
  await first.elector.stop();
  await pass(1_000);
  expect(told).toEqual(['first began', 'first ended', 'second began']);
  expect(store.get(place)).toMatchObject({ spec: { holderIdentity: 'second', leaseTransitions: 1 } });
});

test('who begins again under its old name leads at once', async () => {
  const first = await replica('first');
  first.client.fail(away);
  await first.elector.stop();
  await replica('first');
  await pass(500);
  expect(told).toEqual(['first began', 'first ended', 'first began']);
});

test('two that begin in one moment: one is first', async () => {
  await Promise.all([replica('first'), replica('second')]);
  await pass(10_000);
  expect(told).toHaveLength(1);
});

test('a lease that somebody removes is made again, by whoever is first', async () => {
  await replica('first');
  await replica('second');
  await pass(3_000);
  store.remove(place);
  await pass(20_000);
  expect(replicas.filter(({ elector }) => elector.leads)).toHaveLength(1);
});
