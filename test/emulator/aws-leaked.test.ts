import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Clock } from '../../src/base/clock.ts';
import { realClock } from '../../src/io/system/clock.ts';
import type { Id } from '../../emulator/cloud/nouns.ts';
import { AWS_ENVIRONMENT, AwsRegion, idMade } from './aws-region.ts';
import { MANY_SUBNETS } from './aws-topologies.ts';

// NICs that nobody has, with AWS's SDK against an emulated region.

let region: AwsRegion;
beforeEach(async () => {
  for (const [name, value] of Object.entries(AWS_ENVIRONMENT)) vi.stubEnv(name, value);
  region = await AwsRegion.open({ topology: MANY_SUBNETS });
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await region.close();
});

const PAUSE_MS = 3_000; // what is longer limits a call

/** The region's time, in which pauses take a hundredth. A call has all its time: one given up is asked again. */
function hastyClock(): Clock {
  return {
    now: () => region.world.now(),
    steady: () => realClock.steady(),
    timer: (after, then) => realClock.timer(after > PAUSE_MS ? after : after / 100, then),
  };
}

const HOUR = 3_600_000;

/** A NIC that an instance made and never attached. */
function orphan(tags: Readonly<Record<string, string>>, ageMs = HOUR): Id {
  const created = new Date(region.world.now() - ageMs).toISOString();
  const all = { 'berth.dev/instance': 'i-0aaaaaaaaaaaaaaaa', 'berth.dev/created': created, ...tags };
  return idMade(region.ask({ do: 'create-nic', subnet: region.subnet('own'), tags: all }));
}
const isThere = (nic: Id) => region.world.cloud.nics.has(nic);

test('A40: of this cluster and old are deleted, young ones and those of others never', async () => {
  const leaked = orphan({ 'berth.dev/cluster': 'blue' });
  const kept = [
    orphan({ 'berth.dev/cluster': 'blue' }, 60_000),
    orphan({ 'berth.dev/cluster': 'green' }),
    orphan({ 'berth.dev/cluster': 'blue', 'berth.dev/created': 'some day' }),
    idMade(region.ask({ do: 'create-nic', subnet: region.subnet('own'), tags: { 'berth.dev/cluster': 'blue' } })),
  ];
  const provider = await region.provider('node-1', { cluster: 'blue' }, hastyClock());
  expect(await provider.collectLeaked(10)).toEqual([leaked]);
  expect([isThere(leaked), ...kept.map(isThere)]).toEqual([false, true, true, true, true]);
});

test('A40: one that may not be deleted keeps no other from it, and is told of', async () => {
  const leaked = Array.from({ length: 3 }, () => orphan({ 'berth.dev/cluster': 'blue' }));
  const provider = await region.provider('node-1', { cluster: 'blue' }, hastyClock());
  region.world.trouble({ name: 'deny', what: { kind: 'deny' }, scope: { action: 'DeleteNetworkInterface' }, left: 1 });
  await expect(provider.collectLeaked(10)).rejects.toMatchObject({ kind: 'denied' });
  expect(leaked.filter(isThere)).toHaveLength(1);
});

test('A40: without a cluster only those of the same instance are', async () => {
  const [mine, another] = [orphan({ 'berth.dev/instance': region.instance('node-1') }), orphan({})];
  const provider = await region.provider('node-1', {}, hastyClock());
  expect(await provider.collectLeaked(10)).toEqual([mine]);
  expect(isThere(another)).toBe(true);
});

test('A40: of two agents that look at once one deletes', async () => {
  const leaked = Array.from({ length: 4 }, () => orphan({ 'berth.dev/cluster': 'blue' }));
  const both = await Promise.all(
    ['node-1', 'node-2'].map((name) => region.provider(name, { cluster: 'blue' }, hastyClock())),
  );
  const deleted = await Promise.all(both.map((provider) => provider.collectLeaked(10)));
  expect(deleted.flat().toSorted()).toEqual(leaked.toSorted());
  const deletes = region.calls.filter(({ action }) => action === 'DeleteNetworkInterface');
  expect(deletes.map(({ outcome }) => outcome)).toEqual(leaked.map(() => 'ok'));
});

test('A40: one sweeper of a cluster deletes what any of its instances left, also those that are gone', async () => {
  const leaked = [
    orphan({ 'berth.dev/cluster': 'blue' }),
    orphan({ 'berth.dev/cluster': 'blue', 'berth.dev/instance': region.instance('node-1') }),
  ];
  const kept = [orphan({ 'berth.dev/cluster': 'blue' }, 60_000), orphan({ 'berth.dev/cluster': 'green' })];
  const fleets = [region.fleet({ cluster: 'blue' }, hastyClock()), region.fleet({ cluster: 'blue' }, hastyClock())];
  const deleted = await Promise.all(fleets.map((fleet, i) => fleet.collectLeaked(`replica-${i}`, 10)));
  for (const fleet of fleets) fleet.close();
  expect(deleted.flat().toSorted()).toEqual(leaked.toSorted());
  expect([...leaked.map(isThere), ...kept.map(isThere)]).toEqual([false, false, true, true]);
});

test('A40: without the name of a cluster a fleet deletes nothing: nobody knows whose NICs those are', async () => {
  const nic = orphan({});
  const fleet = region.fleet({}, hastyClock());
  expect(await fleet.collectLeaked('replica', 10)).toEqual([]);
  fleet.close();
  expect(isThere(nic)).toBe(true);
});
