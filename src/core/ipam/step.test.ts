import { expect, test } from 'vitest';
import { type Address, address } from '../../base/ip.ts';
import { brokenLaw } from './invariants.ts';
import { census, emptyPool, freeNow, holderOf } from './pool.ts';
import { step } from './step.ts';
import { COOLDOWN, Driver, id, PATIENCE, rangeOf } from './testing/driver.ts';

const small = [rangeOf('10.0.0.0/29')]; // .2 to .6: five
const dual = [rangeOf('10.0.0.0/29'), rangeOf('fd00::/64')];

test('a claim is put on record before it is granted', () => {
  expect(new Driver(small).claim('a')).toEqual(['persist a+10.0.0.2', 'grant a 10.0.0.2']);
});

test('K3: a hundred claims get a hundred addresses, never the network, gateway or broadcast address', () => {
  const it = new Driver([rangeOf('10.0.0.0/24')]);
  for (let i = 0; i < 100; i++) it.claim(`c${i}`);
  const given = [...it.pool.slots.keys()];
  expect(new Set(given).size).toBe(100);
  for (const never of ['10.0.0.0', '10.0.0.1', '10.0.0.255']) expect(given).not.toContain(never);
});

test('K4: releasing 10.0.0.2 leaves 10.0.0.20 and 10.0.0.200 with their holders', () => {
  const it = new Driver([rangeOf('10.0.0.0/24')]);
  for (const last of [2, 20, 200]) it.claim(`c${last}`, { wanted: [`10.0.0.${last}`] });
  expect(it.release('c2')).toEqual([`persist c2-10.0.0.2@${it.now + COOLDOWN}`]);
  expect(holderOf(it.pool, address('10.0.0.2'))).toBeUndefined();
  expect(holderOf(it.pool, address('10.0.0.20'))).toBe(id('c20'));
  expect(holderOf(it.pool, address('10.0.0.200'))).toBe(id('c200'));
});

test('K5: the 254th claim of a /24 is refused at once, with the numbers', () => {
  const it = new Driver([rangeOf('10.0.0.0/24')]);
  for (let i = 0; i < 253; i++) expect(it.claim(`c${i}`)).toHaveLength(2);
  expect(it.refusal()).toEqual({
    why: 'exhausted',
    family: 'v4',
    ranges: ['10.0.0.0/24'],
    usable: 253n,
    claimed: 253,
    cooling: 0,
    promised: 0,
  });
});

test('K7: an address comes back by the name of its attachment alone', () => {
  const it = new Driver(small);
  it.claim('a');
  it.release('a');
  expect(it.held('a')).toBeUndefined();
  expect(it.after(COOLDOWN)).toEqual([]);
  expect(freeNow(it.pool, 'v4', it.now)).toBe(true);
});

test('a repeated claim gets the same addresses again, and nothing is written', () => {
  const it = new Driver(dual);
  it.claim('a', { families: ['v4', 'v6'] });
  expect(it.claim('a', { families: ['v4', 'v6'] })).toEqual(['grant a 10.0.0.2,fd00::2']);
});

test('a holder gets what it holds, whatever it asks for now', () => {
  const it = new Driver(dual);
  it.claim('a');
  expect(it.claim('a', { families: ['v4', 'v6'], wanted: ['10.0.0.5'] })).toEqual(['grant a 10.0.0.2']);
});

test('one address of each family, IPv4 first, whatever the order they are asked in', () => {
  expect(new Driver(dual).claim('a', { families: ['v6', 'v4'] })).toEqual([
    'persist a+10.0.0.2,fd00::2',
    'grant a 10.0.0.2,fd00::2',
  ]);
});

test('all or nothing: what cannot have one family takes none of the other', () => {
  const it = new Driver(small);
  expect(it.claim('a', { families: ['v4', 'v6'] })).toEqual(['refuse a no-range']);
  expect(it.pool.slots.size).toBe(0);
});

test('a pool without ranges refuses everything', () => {
  const it = new Driver([]);
  expect(it.claim('a')).toEqual(['refuse a no-range']);
  expect(it.claim('b', { families: [] })).toEqual(['refuse b no-range']);
  expect(freeNow(it.pool, 'v4', it.now)).toBe(false);
});

test('releasing what nobody holds changes nothing', () => {
  const it = new Driver(small);
  const before = it.pool;
  expect(it.release('nobody')).toEqual([]);
  expect(it.pool).toEqual(before);
});

test('a used address cools: it is not given again before its time', () => {
  const it = new Driver([rangeOf('10.0.0.0/30')]); // one address
  it.claim('a');
  it.release('a');
  expect(it.claim('b', { patience: COOLDOWN })).toEqual(['refuse b exhausted']);
  it.after(COOLDOWN - 1);
  expect(freeNow(it.pool, 'v4', it.now)).toBe(false);
  it.after(1);
  expect(freeNow(it.pool, 'v4', it.now)).toBe(true);
  expect(it.claim('c')).toEqual(['persist c+10.0.0.2', 'grant c 10.0.0.2']);
});

test('an address that never reached the wire is free at once', () => {
  const it = new Driver([rangeOf('10.0.0.0/30')]);
  it.claim('a');
  expect(it.release('a', false)).toEqual(['persist a-10.0.0.2@0']);
  expect(it.claim('b')).toContain('grant b 10.0.0.2');
});

test('fresh addresses are given before used ones, then the one that is free for longest', () => {
  const it = new Driver(small);
  for (const name of ['a', 'b', 'c']) it.claim(name); // .2 .3 .4
  it.release('b');
  it.after(1_000);
  it.release('a');
  it.after(1_000);
  it.release('c', false); // free at once, yet the last to become so
  it.after(60_000);
  const given = ['d', 'e', 'f', 'g', 'h'].map((name) => it.claim(name)[1]);
  expect(given).toEqual([
    'grant d 10.0.0.5',
    'grant e 10.0.0.6',
    'grant f 10.0.0.4', // free since 2 s after the start; .3 since 30 s, .2 since 31 s
    'grant g 10.0.0.3',
    'grant h 10.0.0.2',
  ]);
});

test('an ADD that fails again and again does not get the same address each time: it may be the cause', () => {
  const it = new Driver(small);
  const given = new Set<Address | undefined>();
  for (let i = 0; i < 10; i++) {
    it.claim('a');
    given.add(it.held('a')?.[0]);
    it.release('a', false);
    it.after(10);
  }
  expect(given.size).toBe(5);
});

test('of several ranges the fullest is used first, so that the others empty', () => {
  const it = new Driver([rangeOf('10.0.0.0/29'), rangeOf('10.0.1.0/29')]);
  for (let i = 0; i < 7; i++) it.claim(`c${i}`); // five of the first, two of the second
  for (const i of [0, 1, 2, 3]) it.release(`c${i}`, false); // one is left in the first
  expect(it.claim('d')).toContain('grant d 10.0.1.4');
  it.release('c5', false);
  it.release('d', false);
  it.release('c6', false);
  it.claim('e');
  expect(it.held('e')?.[0]).toMatch(/^10\.0\.0\./);
});

test('a /64 costs by its pods, not by its time: after 4,096 have rested the longest resting is given again', () => {
  const policy = { cooldownMs: COOLDOWN, waitingLimit: 1 };
  let { pool } = step(emptyPool(policy), { kind: 'ranges', ranges: [rangeOf('fd00::/64')] }, 0);
  for (let now = 50; now <= 500_000; now += 50) {
    // 10,000 pods, of which 600 cool at once
    pool = step(pool, { kind: 'claim', by: id('a'), families: ['v6'], wanted: [], until: now + PATIENCE }, now).pool;
    pool = step(pool, { kind: 'release', by: id('a'), used: true }, now).pool;
  }
  expect(brokenLaw(pool)).toBeUndefined();
  expect(pool.slots.size).toBe(4_096);
});

test('nobody waits for an address that cools while the range has fresh ones, however many cool', () => {
  const policy = { cooldownMs: COOLDOWN, waitingLimit: 1 };
  let { pool } = step(emptyPool(policy), { kind: 'ranges', ranges: [rangeOf('fd00::/64')] }, 0);
  for (let i = 0; i < 5_000; i++) {
    const stepped = step(pool, { kind: 'claim', by: id('a'), families: ['v6'], wanted: [], until: PATIENCE }, 1);
    expect(stepped.effects.map(({ kind }) => kind)).toEqual(['persist', 'grant']);
    pool = step(stepped.pool, { kind: 'release', by: id('a'), used: true }, 1).pool;
  }
  expect(pool.slots.size).toBe(5_000);
});

test('the census counts every usable address once', () => {
  const it = new Driver(dual);
  for (const name of ['a', 'b', 'c', 'd']) it.claim(name);
  it.release('a');
  it.release('b', false);
  it.claim('x', { wanted: ['10.0.0.2'] });
  expect(census(it.pool, it.now)).toEqual([
    { family: 'v4', usable: 5n, free: 2n, claimed: 2, cooling: 1, promised: 1 },
    { family: 'v6', usable: 2n ** 64n - 2n, free: 2n ** 64n - 2n, claimed: 0, cooling: 0, promised: 0 },
  ]);
});

test('a step leaves the pool it was given as it was', () => {
  const it = new Driver(small);
  it.claim('a');
  const before = it.pool;
  const seen = JSON.stringify([[...before.slots], [...before.claims], before.waiting]);
  step(before, { kind: 'release', by: id('a'), used: true }, it.now);
  step(before, { kind: 'claim', by: id('b'), families: ['v4'], wanted: [], until: it.now + 1 }, it.now);
  expect(JSON.stringify([[...before.slots], [...before.claims], before.waiting])).toBe(seen);
});
