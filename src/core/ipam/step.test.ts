import { expect, test } from 'vitest';
import { type Address, address, type Family, prefix } from '../../base/ip.ts';
import { type AttachmentId, attachmentId } from '../attachment.ts';
import type { PoolEffect, PoolEvent, Range } from './event.ts';
import { brokenLaw, brokenLawNear } from './invariants.ts';
import { census, claimOf, emptyPool, freeNow, holderOf, nextTick, type Pool } from './pool.ts';
import { step } from './step.ts';

const COOLDOWN = 30_000;
const PATIENCE = 60_000;

function id(name: string): AttachmentId {
  return attachmentId({ network: 'berth', containerId: name, ifname: 'eth0' });
}

function rangeOf(text: string, reserved: readonly string[] = []): Range {
  return { prefix: prefix(text), reserved: reserved.map((it) => (it.includes('/') ? prefix(it) : address(it))) };
}

interface Ask {
  readonly families?: readonly Family[];
  readonly wanted?: readonly string[];
  readonly patience?: number;
}

/** A pool with a clock: every step is judged, and answers with its effects in one line each. */
function poolOf(ranges: readonly Range[], more: { waitingLimit?: number } = {}) {
  let pool: Pool = emptyPool({ cooldownMs: COOLDOWN, waitingLimit: more.waitingLimit ?? 100 });
  let now = 1_000_000;
  const run = (event: PoolEvent): string[] => {
    const { pool: after, effects } = step(pool, event, now);
    expect(brokenLaw(after)).toBeUndefined();
    expect(brokenLawNear(after, event)).toBeUndefined();
    pool = after;
    return effects.map(line);
  };
  run({ kind: 'ranges', ranges });
  return {
    run,
    claim: (name: string, { families = ['v4'], wanted = [], patience = PATIENCE }: Ask = {}) =>
      run({ kind: 'claim', by: id(name), families, wanted: wanted.map(address), until: now + patience }),
    release: (name: string, used = true) => run({ kind: 'release', by: id(name), used }),
    ranges: (all: readonly Range[]) => run({ kind: 'ranges', ranges: all }),
    /** Lets time pass, and ticks. */
    after: (ms: number) => {
      now += ms;
      return run({ kind: 'tick' });
    },
    pool: () => pool,
    now: () => now,
    held: (name: string) => claimOf(pool, id(name)),
  };
}

const nameOf = (by: AttachmentId) => by.split('/')[1];

function line(effect: PoolEffect): string {
  switch (effect.kind) {
    case 'persist': {
      const claims = effect.claims.map(({ by, addresses }) => `${nameOf(by)}+${addresses.join(',')}`);
      const released = effect.released.map(
        ({ by, addresses, freeAt }) => `${nameOf(by)}-${addresses.join(',')}@${freeAt}`,
      );
      return `persist ${[...claims, ...released].join(' ')}`;
    }
    case 'grant':
      return `grant ${nameOf(effect.to)} ${effect.addresses.join(',')}`;
    case 'refuse':
      return `refuse ${nameOf(effect.to)} ${effect.refusal.why}`;
  }
}

function refusal(effects: readonly PoolEffect[]) {
  return effects.flatMap((effect) => (effect.kind === 'refuse' ? [effect.refusal] : []))[0];
}

const small = [rangeOf('10.0.0.0/29')]; // .2 to .6: five
const dual = [rangeOf('10.0.0.0/29'), rangeOf('fd00::/64')];

test('a claim is put on record before it is granted', () => {
  expect(poolOf(small).claim('a')).toEqual(['persist a+10.0.0.2', 'grant a 10.0.0.2']);
});

test('K3: a hundred claims get a hundred addresses, never the network, gateway or broadcast address', () => {
  const it = poolOf([rangeOf('10.0.0.0/24')]);
  for (let i = 0; i < 100; i++) it.claim(`c${i}`);
  const given = [...it.pool().slots.keys()];
  expect(new Set(given).size).toBe(100);
  for (const never of ['10.0.0.0', '10.0.0.1', '10.0.0.255']) expect(given).not.toContain(never);
});

test('K4: releasing 10.0.0.2 leaves 10.0.0.20 and 10.0.0.200 with their holders', () => {
  const it = poolOf([rangeOf('10.0.0.0/24')]);
  for (const last of [2, 20, 200]) it.claim(`c${last}`, { wanted: [`10.0.0.${last}`] });
  expect(it.release('c2')).toEqual([`persist c2-10.0.0.2@${it.now() + COOLDOWN}`]);
  expect(holderOf(it.pool(), address('10.0.0.2'))).toBeUndefined();
  expect(holderOf(it.pool(), address('10.0.0.20'))).toBe(id('c20'));
  expect(holderOf(it.pool(), address('10.0.0.200'))).toBe(id('c200'));
});

test('K5: the 254th claim of a /24 is refused at once, with the numbers', () => {
  const it = poolOf([rangeOf('10.0.0.0/24')]);
  for (let i = 0; i < 253; i++) expect(it.claim(`c${i}`)).toHaveLength(2);
  const by = id('late');
  const event: PoolEvent = { kind: 'claim', by, families: ['v4'], wanted: [], until: it.now() + PATIENCE };
  expect(step(it.pool(), event, it.now()).effects).toEqual([
    {
      kind: 'refuse',
      to: by,
      refusal: {
        why: 'exhausted',
        family: 'v4',
        ranges: ['10.0.0.0/24'],
        usable: 253n,
        claimed: 253,
        cooling: 0,
        promised: 0,
      },
    },
  ]);
});

test('K7: an address comes back by the name of its attachment alone', () => {
  const it = poolOf(small);
  it.claim('a');
  it.release('a');
  expect(it.held('a')).toBeUndefined();
  expect(it.after(COOLDOWN)).toEqual([]);
  expect(freeNow(it.pool(), 'v4', it.now())).toBe(true);
});

test('a repeated claim gets the same addresses again, and nothing is written', () => {
  const it = poolOf(dual);
  it.claim('a', { families: ['v4', 'v6'] });
  expect(it.claim('a', { families: ['v4', 'v6'] })).toEqual(['grant a 10.0.0.2,fd00::2']);
});

test('a holder gets what it holds, whatever it asks for now', () => {
  const it = poolOf(dual);
  it.claim('a');
  expect(it.claim('a', { families: ['v4', 'v6'], wanted: ['10.0.0.5'] })).toEqual(['grant a 10.0.0.2']);
});

test('one address of each family, IPv4 first, whatever the order they are asked in', () => {
  expect(poolOf(dual).claim('a', { families: ['v6', 'v4'] })).toEqual([
    'persist a+10.0.0.2,fd00::2',
    'grant a 10.0.0.2,fd00::2',
  ]);
});

test('all or nothing: what cannot have one family takes none of the other', () => {
  const it = poolOf(small);
  expect(it.claim('a', { families: ['v4', 'v6'] })).toEqual(['refuse a no-range']);
  expect(it.pool().slots.size).toBe(0);
});

test('a pool without ranges refuses everything', () => {
  const it = poolOf([]);
  expect(it.claim('a')).toEqual(['refuse a no-range']);
  expect(it.claim('b', { families: [] })).toEqual(['refuse b no-range']);
  expect(freeNow(it.pool(), 'v4', it.now())).toBe(false);
});

test('releasing what nobody holds changes nothing', () => {
  const it = poolOf(small);
  const before = it.pool();
  expect(it.release('nobody')).toEqual([]);
  expect(it.pool()).toEqual(before);
});

test('a used address cools: it is not given again before its time', () => {
  const it = poolOf([rangeOf('10.0.0.0/30')]); // one address
  it.claim('a');
  it.release('a');
  expect(it.claim('b', { patience: COOLDOWN })).toEqual(['refuse b exhausted']);
  it.after(COOLDOWN - 1);
  expect(freeNow(it.pool(), 'v4', it.now())).toBe(false);
  it.after(1);
  expect(freeNow(it.pool(), 'v4', it.now())).toBe(true);
  expect(it.claim('c')).toEqual(['persist c+10.0.0.2', 'grant c 10.0.0.2']);
});

test('an address that never reached the wire is free at once', () => {
  const it = poolOf([rangeOf('10.0.0.0/30')]);
  it.claim('a');
  expect(it.release('a', false)).toEqual(['persist a-10.0.0.2@0']);
  expect(it.claim('b')).toContain('grant b 10.0.0.2');
});

test('fresh addresses are given before used ones, then the one that is free for longest', () => {
  const it = poolOf(small);
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
  const it = poolOf(small);
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
  const it = poolOf([rangeOf('10.0.0.0/29'), rangeOf('10.0.1.0/29')]);
  for (let i = 0; i < 7; i++) it.claim(`c${i}`); // five of the first, two of the second
  for (const i of [0, 1, 2, 3]) it.release(`c${i}`, false); // one is left in the first
  expect(it.claim('d')).toContain('grant d 10.0.1.4');
  it.release('c5', false);
  it.release('d', false);
  it.release('c6', false);
  it.claim('e');
  expect(it.held('e')?.[0]).toMatch(/^10\.0\.0\./);
});

test('an address is waited for when one cools in time, and granted when it has', () => {
  const it = poolOf([rangeOf('10.0.0.0/30')]);
  it.claim('a');
  it.release('a');
  expect(it.claim('b')).toEqual([]);
  expect(nextTick(it.pool())).toBe(it.now() + COOLDOWN);
  expect(it.after(COOLDOWN - 1)).toEqual([]);
  expect(it.after(1)).toEqual(['persist b+10.0.0.2', 'grant b 10.0.0.2']);
  expect(nextTick(it.pool())).toBeUndefined();
});

test('what nothing can cure in time is refused at once: there is no address for each who waits', () => {
  const it = poolOf([rangeOf('10.0.0.0/30')]);
  it.claim('a');
  it.release('a');
  it.after(1_000);
  expect(it.claim('b')).toEqual([]);
  const event: PoolEvent = { kind: 'claim', by: id('c'), families: ['v4'], wanted: [], until: it.now() + PATIENCE };
  expect(refusal(step(it.pool(), event, it.now()).effects)).toMatchObject({
    why: 'exhausted',
    usable: 1n,
    claimed: 0,
    cooling: 1,
    promised: 1,
  });
});

test('the refusal says when the next address would be free, when that is too late', () => {
  const it = poolOf([rangeOf('10.0.0.0/30')]);
  it.claim('a');
  it.release('a');
  it.after(1_000);
  const event: PoolEvent = { kind: 'claim', by: id('c'), families: ['v4'], wanted: [], until: it.now() + 5_000 };
  expect(refusal(step(it.pool(), event, it.now()).effects)).toMatchObject({
    cooling: 1,
    promised: 0,
    nextFreeInMs: 29_000,
  });
});

test('an address that is free in the very moment in which patience ends comes too late', () => {
  const it = poolOf([rangeOf('10.0.0.0/30')]);
  it.claim('a');
  it.release('a');
  expect(it.claim('b', { patience: COOLDOWN })).toEqual(['refuse b exhausted']);
  expect(it.claim('c', { patience: COOLDOWN + 1 })).toEqual([]);
});

test('who came first is served first', () => {
  const it = poolOf(small);
  for (const name of ['a', 'b', 'c', 'd', 'e']) it.claim(name);
  it.release('c');
  it.after(100);
  it.release('a');
  for (const name of ['x', 'y']) expect(it.claim(name)).toEqual([]);
  expect(it.after(COOLDOWN)).toEqual(['persist x+10.0.0.4 y+10.0.0.2', 'grant x 10.0.0.4', 'grant y 10.0.0.2']);
});

test('an ADD that is late anyway is refused and gets nothing, though an address is free by now', () => {
  const it = poolOf([rangeOf('10.0.0.0/30')]);
  it.claim('a');
  it.release('a');
  it.claim('b', { patience: 40_000 });
  expect(it.after(41_000)).toEqual(['refuse b too-late']);
  expect(it.claim('c')).toContain('grant c 10.0.0.2');
});

test('an ADD whose patience has ended before it came is refused', () => {
  expect(poolOf(small).claim('a', { patience: 0 })).toEqual(['refuse a too-late']);
});

test('a DEL of an ADD that waits cancels it, and the ADD hears so', () => {
  const it = poolOf([rangeOf('10.0.0.0/30')]);
  it.claim('a');
  it.release('a');
  it.claim('b');
  expect(it.release('b')).toEqual(['refuse b cancelled']);
  expect(it.after(COOLDOWN)).toEqual([]);
  expect(it.claim('c')).toContain('grant c 10.0.0.2');
});

test('what a cancelled ADD was promised goes to those behind it', () => {
  const it = poolOf(small);
  for (const name of ['a', 'b', 'c', 'd', 'e']) it.claim(name);
  it.release('a');
  it.after(10_000);
  it.release('b');
  it.claim('x');
  it.claim('y');
  it.release('x');
  expect(it.after(20_000)).toEqual(['persist y+10.0.0.2', 'grant y 10.0.0.2']);
});

test('an address that comes back unused goes at once to who waits longest', () => {
  const it = poolOf(small);
  for (const name of ['a', 'b', 'c', 'd', 'e']) it.claim(name);
  it.release('a');
  it.release('b');
  it.claim('x');
  it.claim('y');
  expect(it.release('c', false)).toEqual([`persist x+10.0.0.4 c-10.0.0.4@0`, 'grant x 10.0.0.4']);
  expect(it.after(COOLDOWN)).toEqual(['persist y+10.0.0.2', 'grant y 10.0.0.2']);
});

test('a claim that waits for one family does not keep others from theirs', () => {
  const it = poolOf([rangeOf('10.0.0.0/30'), rangeOf('fd00::/64')]);
  it.claim('a');
  it.release('a');
  expect(it.claim('both', { families: ['v4', 'v6'] })).toEqual([]);
  expect(it.claim('six', { families: ['v6'] })).toContain('grant six fd00::3'); // fd00::2 is promised
});

test('those behind do not take from a claim that waits what it needs of the other family', () => {
  const it = poolOf([rangeOf('10.0.0.0/30'), rangeOf('fd00::/126', ['fd00::3'])]); // one of each: fd00::2
  it.claim('a');
  it.release('a');
  expect(it.claim('both', { families: ['v4', 'v6'] })).toEqual([]);
  expect(it.claim('six', { families: ['v6'] })).toEqual(['refuse six exhausted']);
  expect(it.after(COOLDOWN)).toContain('grant both 10.0.0.2,fd00::2');
});

test('more than may wait are refused, those that need not wait are not', () => {
  const it = poolOf(dual, { waitingLimit: 2 });
  for (const name of ['a', 'b', 'c', 'd', 'e']) it.claim(name);
  for (const name of ['a', 'b', 'c']) it.release(name);
  expect(['x', 'y', 'z'].map((name) => it.claim(name))).toEqual([[], [], ['refuse z queue-full']]);
  expect(it.claim('six', { families: ['v6'] })).toContain('grant six fd00::2');
});

test('a claim repeated while it waits keeps its place, and waits for what it asks now', () => {
  const it = poolOf([rangeOf('10.0.0.0/29', ['10.0.0.4/30']), rangeOf('fd00::/64')]); // .2 and .3
  it.claim('a');
  it.claim('b');
  it.release('a');
  it.after(1_000);
  it.release('b');
  it.claim('x', { patience: 35_000 });
  it.claim('y');
  expect(it.claim('x', { families: ['v4', 'v6'] })).toEqual([]);
  expect(it.after(29_000)).toEqual(['persist x+10.0.0.2,fd00::2', 'grant x 10.0.0.2,fd00::2']);
  expect(it.after(1_000)).toEqual(['persist y+10.0.0.3', 'grant y 10.0.0.3']);
});

test('a wanted address is given by name, and the other family from the pool', () => {
  expect(poolOf(dual).claim('a', { families: ['v4', 'v6'], wanted: ['10.0.0.5'] })).toContain(
    'grant a 10.0.0.5,fd00::2',
  );
});

test('a wanted address of a family nobody asked for is wanted all the same', () => {
  expect(poolOf(dual).claim('a', { families: ['v4'], wanted: ['fd00::77'] })).toContain('grant a 10.0.0.2,fd00::77');
  expect(poolOf(small).claim('a', { families: ['v4'], wanted: ['fd00::77'] })).toEqual(['refuse a address-outside']);
});

test('an address given by name is passed over by those who want any', () => {
  const it = poolOf(small);
  it.claim('a', { wanted: ['10.0.0.2'] });
  it.claim('b', { wanted: ['10.0.0.4'] });
  expect(['c', 'd', 'e'].map((name) => it.claim(name)[1])).toEqual([
    'grant c 10.0.0.3',
    'grant d 10.0.0.5',
    'grant e 10.0.0.6',
  ]);
});

test.each([
  ['10.0.9.9', { why: 'address-outside', address: '10.0.9.9', ranges: ['10.0.0.0/29', 'fd00::/64'] }],
  ['10.0.0.0', { why: 'address-reserved', address: '10.0.0.0', reason: 'network' }],
  ['10.0.0.1', { why: 'address-reserved', address: '10.0.0.1', reason: 'gateway' }],
  ['10.0.0.7', { why: 'address-reserved', address: '10.0.0.7', reason: 'broadcast' }],
  ['10.0.0.6', { why: 'address-reserved', address: '10.0.0.6', reason: 'listed' }],
  ['10.0.0.2', { why: 'address-taken', address: '10.0.0.2', holder: id('a') }],
  ['10.0.0.3', { why: 'address-cooling', address: '10.0.0.3', freeInMs: COOLDOWN }],
])('wanting %s is refused with the reason', (wanted, reason) => {
  const it = poolOf([rangeOf('10.0.0.0/29', ['10.0.0.6']), rangeOf('fd00::/64')]);
  it.claim('a');
  it.claim('b');
  it.release('b');
  const until = it.now() + 10_000;
  const event: PoolEvent = { kind: 'claim', by: id('c'), families: ['v4'], wanted: [address(wanted)], until };
  expect(refusal(step(it.pool(), event, it.now()).effects)).toEqual(reason);
});

test('two wanted addresses of one family are refused, the same one twice is not', () => {
  const it = poolOf(small);
  expect(it.claim('a', { wanted: ['10.0.0.3', '10.0.0.4'] })).toEqual(['refuse a one-per-family']);
  expect(it.claim('a', { wanted: ['10.0.0.3', '10.0.0.3'] })).toContain('grant a 10.0.0.3');
});

test('a wanted address that cools is waited for, and nobody else gets it meanwhile', () => {
  const it = poolOf(small);
  for (const name of ['a', 'b', 'c', 'd', 'e']) it.claim(name);
  it.release('a');
  it.after(1_000);
  it.release('b');
  expect(it.claim('x', { wanted: ['10.0.0.2'] })).toEqual([]);
  expect(it.claim('y')).toEqual([]);
  expect(it.claim('z', { wanted: ['10.0.0.2'] })).toEqual(['refuse z address-taken']);
  expect(it.after(29_000)).toEqual(['persist x+10.0.0.2', 'grant x 10.0.0.2']);
  expect(it.after(1_000)).toEqual(['persist y+10.0.0.3', 'grant y 10.0.0.3']);
});

test('claims outside of new ranges stay until they are released, and are not given again', () => {
  const it = poolOf(small);
  it.claim('a');
  expect(it.ranges([rangeOf('10.0.1.0/30')])).toEqual([]);
  expect(it.held('a')).toEqual(['10.0.0.2']);
  expect(it.claim('a')).toEqual(['grant a 10.0.0.2']);
  expect(it.release('a')).toEqual([`persist a-10.0.0.2@${it.now() + COOLDOWN}`]);
  it.after(COOLDOWN);
  expect(it.pool().slots.size).toBe(0);
  it.claim('b');
  expect(it.held('b')).toEqual(['10.0.1.2']);
  expect(it.claim('c')).toEqual(['refuse c exhausted']);
});

test('an address cools on while its range is away', () => {
  const it = poolOf([rangeOf('10.0.0.0/30')]);
  it.claim('a');
  it.release('a');
  it.ranges([]);
  it.after(10_000);
  it.ranges([rangeOf('10.0.0.0/30')]);
  expect(it.claim('b', { patience: 20_000 })).toEqual(['refuse b exhausted']);
  expect(it.claim('c', { patience: 20_001 })).toEqual([]);
  expect(it.after(20_000)).toContain('grant c 10.0.0.2');
});

test('who waits for a range that goes away is refused, or gets another address of those that came', () => {
  const it = poolOf([rangeOf('10.0.0.0/30')]);
  it.claim('a');
  it.release('a');
  it.claim('b');
  expect(it.ranges([rangeOf('10.0.1.0/30')])).toEqual(['persist b+10.0.1.2', 'grant b 10.0.1.2']);
  const other = poolOf([rangeOf('10.0.0.0/30')]);
  other.claim('a');
  other.release('a');
  other.claim('b');
  expect(other.ranges([])).toEqual(['refuse b no-range']);
});

test('an address that is newly reserved is not given again', () => {
  const it = poolOf([rangeOf('10.0.0.0/30')]);
  it.claim('a');
  it.ranges([rangeOf('10.0.0.0/30', ['10.0.0.2'])]);
  it.release('a', false);
  expect(it.claim('b')).toEqual(['refuse b exhausted']);
});

test('of ranges that overlap the wider counts, of equal ones one', () => {
  const it = poolOf([rangeOf('10.0.0.0/30'), rangeOf('10.0.0.0/29'), rangeOf('10.0.0.0/29')]);
  expect(census(it.pool(), it.now())).toMatchObject([{ family: 'v4', usable: 5n }]);
});

test('a /64 costs by its pods, not by its time: after 4,096 have rested the longest resting is given again', () => {
  const it = poolOf([rangeOf('fd00::/64')]);
  let pool = it.pool();
  let now = it.now();
  const policy = pool.policy;
  expect(policy.cooldownMs).toBe(COOLDOWN);
  for (let i = 0; i < 10_000; i++) {
    now += 50; // 600 cool at once
    pool = step(pool, { kind: 'claim', by: id('a'), families: ['v6'], wanted: [], until: now + PATIENCE }, now).pool;
    pool = step(pool, { kind: 'release', by: id('a'), used: true }, now).pool;
  }
  expect(brokenLaw(pool)).toBeUndefined();
  expect(pool.slots.size).toBe(4_096);
});

test('the census counts every usable address once', () => {
  const it = poolOf(dual);
  for (const name of ['a', 'b', 'c', 'd']) it.claim(name);
  it.release('a');
  it.release('b', false);
  it.claim('x', { wanted: ['10.0.0.2'] });
  expect(census(it.pool(), it.now())).toEqual([
    { family: 'v4', usable: 5n, free: 2n, claimed: 2, cooling: 1, promised: 1 },
    { family: 'v6', usable: 2n ** 64n - 2n, free: 2n ** 64n - 2n, claimed: 0, cooling: 0, promised: 0 },
  ]);
});

test('a step leaves the pool it was given as it was', () => {
  const it = poolOf(small);
  it.claim('a');
  const before = it.pool();
  const seen = JSON.stringify([[...before.slots], [...before.claims], before.waiting]);
  step(before, { kind: 'release', by: id('a'), used: true }, it.now());
  step(before, { kind: 'claim', by: id('b'), families: ['v4'], wanted: [], until: it.now() + 1 }, it.now());
  expect(JSON.stringify([[...before.slots], [...before.claims], before.waiting])).toBe(seen);
});
