import { expect, test } from 'vitest';
import { mostPods } from './capacity.ts';
import { keeperId } from '../attachment.ts';
import { CloudDriver } from './testing/cloud-driver.ts';
import { Driver, id, rangeOf } from './testing/driver.ts';
import { limitsOf } from './testing/tiny-cloud.ts';

const cloudMost = (it: CloudDriver) => mostPods(it.pool, ['v4'], it.now);

test('A89: of ranges all usable addresses, whoever has them; of two families the scarcer', () => {
  const it = new Driver([rangeOf('10.0.0.0/28'), rangeOf('fd00::/64')]);
  expect(mostPods(it.pool, ['v4'], it.now)).toBe(13);
  it.claim('a');
  expect(mostPods(it.pool, ['v4', 'v6'], it.now)).toBe(13);
  expect(mostPods(it.pool, ['v6'], it.now)).toBe(100_000);
  expect(mostPods(it.pool, [], it.now)).toBe(0);
});

test('A89: of NICs what the instance may have, asked for or not', () => {
  const it = new CloudDriver({ limits: limitsOf(3, 4) });
  expect(cloudMost(it)).toBeUndefined();
  it.start();
  expect(cloudMost(it)).toBe(9);
  it.pods(7);
  expect(cloudMost(it)).toBe(9); // while NICs are being made
  it.passes(5_000);
  expect(cloudMost(it)).toBe(9);
});

test('A89: what is kept for a name is no other pod’s: of ranges and of NICs', () => {
  const keeper = keeperId({ namespace: 'db', name: 'web-0' });
  const claim = (by: string) => ({ kind: 'claim', by: id(by), families: ['v4'], wanted: [], keeper }) as const;
  const it = new Driver([rangeOf('10.0.0.0/28')]);
  it.run({ ...claim('a'), until: it.now + 1_000 });
  expect(mostPods(it.pool, ['v4'], it.now)).toBe(13);
  it.run({ kind: 'release', by: id('a'), used: true });
  expect(mostPods(it.pool, ['v4'], it.now)).toBe(12);
  const nics = new CloudDriver({ limits: limitsOf(3, 4) }).start();
  nics.feed({ ...claim('a'), until: nics.now + 60_000 });
  nics.passes(5_000);
  expect(cloudMost(nics)).toBe(9);
  nics.feed({ kind: 'release', by: id('a'), used: true });
  expect(cloudMost(nics)).toBe(8);
});

test('A89: no more than the pods that there may be', () => {
  expect(cloudMost(new CloudDriver({ limits: limitsOf(3, 4) }, { maxPods: 5 }).start())).toBe(5);
});

test('A89: a subnet without addresses leaves what the node holds, until it may be asked again', () => {
  const it = new CloudDriver({ limits: limitsOf(3, 4) }).start();
  it.cloud.dry = true;
  it.pods(8).passes(5_000);
  const held = cloudMost(it);
  expect(held).toBeLessThan(9);
  it.passes(20_000);
  expect(cloudMost(it)).toBe(held);
  it.cloud.dry = false;
  it.passes(1_200_000);
  expect(cloudMost(it)).toBe(9);
});

test('A88, A89: a node that is held or cordoned has what it has', () => {
  const it = new CloudDriver({ limits: limitsOf(3, 4) }).start();
  it.feed({ kind: 'cordoned', cordoned: true });
  expect(cloudMost(it)).toBe(Number(it.pool.blocks.reduce((sum, { usable }) => sum + usable, 0n)));
});
