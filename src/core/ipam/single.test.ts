import { expect, test } from 'vitest';
import { address, prefix } from '../../base/ip.ts';
import { withAddress } from './answered.ts';
import { askSingle } from './grow.ts';
import { whyNoSingle } from './hungry.ts';
import type { NicId } from './nic.ts';
import { CloudDriver } from './testing/cloud-driver.ts';
import { limitsOf } from './testing/tiny-cloud.ts';

const PREFIXES = { unit: 'prefix', targets: { warmAddresses: 1 } } as const;

function cloudOf(it: CloudDriver) {
  const { cloud } = it.pool;
  if (cloud === undefined) throw new Error('no cloud');
  return cloud;
}

const asked = (it: CloudDriver) =>
  askSingle(cloudOf(it), it.now)
    .cloud.flights.slice(cloudOf(it).flights.length)
    .map(({ intent }) => intent);

const why = (it: CloudDriver) => whyNoSingle(it.pool, cloudOf(it), it.now);

test('one address by itself is asked for by an intent, on a NIC with a slot left; a second waits for its answer', () => {
  const it = new CloudDriver({ limits: limitsOf(3, 10, true) }, PREFIXES).start();
  expect(asked(it)).toMatchObject([{ kind: 'assign', nic: 'eni-0', unit: 'address', family: 'v4', count: 1 }]);
  const once = askSingle(cloudOf(it), it.now).cloud;
  expect(askSingle(once, it.now).cloud).toBe(once);
});

test('where no slot is left a NIC is made for it; where there can be none, nothing is asked for', () => {
  const full = new CloudDriver({ limits: limitsOf(2, 2, true) }, PREFIXES).start();
  expect(asked(full)).toMatchObject([{ kind: 'createNic', spec: { count: 1, unit: 'address', family: 'v4' } }]);
  const none = new CloudDriver({ limits: limitsOf(1, 2, true) }, PREFIXES).start();
  expect(asked(none)).toEqual([]);
  expect(why(none)).toMatchObject({ why: 'nic-limit', nics: 1, limit: 1 });
  expect(why(full)).toBeUndefined();
});

test('A47: where NICs stand by the NICConfig of the node, one address is asked for on these, or on a NIC by it', () => {
  const own = { name: 'zone-a', subnet: 'subnet-zone-a', groups: [] };
  const placing = { own: 'zone-a', known: [own] };
  const [roomy, full] = [10, 2].map((slots) =>
    new CloudDriver({ limits: limitsOf(3, slots, true) }, { ...PREFIXES, placing }).start().passes(10_000),
  );
  if (roomy === undefined || full === undefined) throw new Error('no node');
  expect(asked(roomy)).toMatchObject([{ kind: 'assign', nic: 'eni-1' }]);
  expect(asked(full)).toMatchObject([{ kind: 'createNic', spec: { count: 1, config: 'zone-a' } }]);
  full.feed({ kind: 'placing', placing: { own: 'zone-b', known: [own] } });
  expect(asked(full)).toEqual([]);
  expect(why(full)).toMatchObject({ why: 'no-nic-config', config: 'zone-b' });
});

test('a node that is held or cordoned asks for none', () => {
  const held = new CloudDriver({ limits: limitsOf(3, 10, true) }, { ...PREFIXES, hold: true }).start();
  expect(asked(held)).toEqual([]);
  expect(why(held)).toMatchObject({ why: 'held' });
});

test('what was refused lately is not asked for again at once, and told', () => {
  const it = new CloudDriver({ limits: limitsOf(1, 10, true) }, PREFIXES).start();
  it.failures.push('denied');
  it.feed({ kind: 'single' });
  it.passes(1_000);
  expect(asked(it)).toEqual([]);
  expect(why(it)).toMatchObject({ why: 'cloud-denied' });
});

test('an address that a prefix of the NIC has is not there twice', () => {
  const it = new CloudDriver({ limits: limitsOf(3, 10, true) }, PREFIXES).start();
  const [nic] = cloudOf(it).nics;
  const [held] = [...(nic?.holds.keys() ?? [])].filter((one) => one.includes('/'));
  const inside = address(prefix(held ?? '').split('/')[0] ?? '');
  const of = { nic: 'eni-0' as NicId, address: inside };
  expect(withAddress(cloudOf(it), of, it.now).nics[0]?.holds.has(inside)).toBe(false);
  const other = { ...of, address: address('10.0.200.1') };
  expect(withAddress(cloudOf(it), other, it.now).nics[0]?.holds.has(other.address)).toBe(true);
});
