import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Address, address, addressOfNumber, prefix } from '../../base/ip.ts';
import { type AttachmentId, type AttachmentRecord, attachmentId } from '../attachment.ts';
import { emptyMemory, remember } from '../memory/fold.ts';
import type { Memory, MemoryRecord } from '../memory/record.ts';
import { adopt } from './adopt.ts';
import type { PoolEffect } from './event.ts';
import { brokenLaw } from './invariants.ts';
import { census, claimOf, type Pool } from './pool.ts';
import { step } from './step.ts';

const a = address('10.0.0.2');
const b = address('10.0.0.3');
const policy = { cooldownMs: 30_000, waitingLimit: 10 };
const ranges = [{ prefix: prefix('10.0.0.0/29'), reserved: [] }]; // .2 to .6
const setting = { policy, ranges };

function id(container: string): AttachmentId {
  return attachmentId({ network: 'berth', containerId: container, ifname: 'eth0' });
}

function claim(container: string, addresses: readonly Address[], since: number): MemoryRecord {
  const name = { network: 'berth', containerId: container, ifname: 'eth0' };
  const attachment: AttachmentRecord = {
    id: id(container),
    name,
    netns: '',
    addresses,
    ports: [],
    ordinal: 0,
    plan: [],
    result: '',
    since,
  };
  return { kind: 'claim', attachment };
}

function release(container: string, addresses: readonly Address[], freeAt: number): MemoryRecord {
  return { kind: 'release', id: id(container), addresses, freeAt };
}

function memoryOf(...records: readonly MemoryRecord[]): Memory {
  return records.reduce(remember, emptyMemory);
}

function claimEffects(pool: Pool, container: string, now: number): readonly PoolEffect[] {
  return step(pool, { kind: 'claim', by: id(container), families: ['v4'], wanted: [], until: now + 60_000 }, now)
    .effects;
}

test('claims stand after a restart', () => {
  const { pool, disputes } = adopt(memoryOf(claim('c1', [a], 1)), setting, 5_000);
  expect(claimOf(pool, id('c1'))).toEqual([a]);
  expect(claimEffects(pool, 'c1', 5_000)).toEqual([{ kind: 'grant', to: id('c1'), addresses: [a] }]);
  expect(disputes).toEqual([]);
  expect(brokenLaw(pool)).toBeUndefined();
});

test('cooling survives a restart: no moment more, no moment less', () => {
  const memory = memoryOf(claim('c1', [a], 1), release('c1', [a], 40_000));
  const only = { policy, ranges: [{ prefix: prefix('10.0.0.0/30'), reserved: [] }] };
  const { pool } = adopt(memory, only, 20_000);
  const waiting = step(pool, { kind: 'claim', by: id('c2'), families: ['v4'], wanted: [], until: 80_000 }, 20_000);
  expect(waiting.effects).toEqual([]);
  expect(step(waiting.pool, { kind: 'tick' }, 39_999).effects).toEqual([]);
  expect(step(waiting.pool, { kind: 'tick' }, 40_000).effects).toContainEqual({
    kind: 'grant',
    to: id('c2'),
    addresses: [a],
  });
});

test('after a restart fresh addresses are given first, then the one that is free for longest', () => {
  const memory = memoryOf(release('', [b], 1_000), release('', [a], 2_000));
  let { pool } = adopt(memory, setting, 5_000);
  const given: Address[] = [];
  for (const container of ['c1', 'c2', 'c3', 'c4', 'c5']) {
    const stepped = step(
      pool,
      { kind: 'claim', by: id(container), families: ['v4'], wanted: [], until: 60_000 },
      5_000,
    );
    pool = stepped.pool;
    given.push(...(claimOf(pool, id(container)) ?? []));
  }
  expect(given).toEqual(['10.0.0.4', '10.0.0.5', '10.0.0.6', b, a]);
});

test('a clock that went back makes nothing cool for longer than a cooldown', () => {
  const { pool } = adopt(memoryOf(release('', [a], 9_000_000)), setting, 1_000);
  expect(census(step(pool, { kind: 'tick' }, 30_999).pool, 30_999)[0]?.cooling).toBe(1);
  expect(census(step(pool, { kind: 'tick' }, 31_000).pool, 31_000)[0]?.cooling).toBe(0);
});

test('a claim outside of the ranges stands until it is released', () => {
  const outside = address('10.9.0.7');
  const { pool } = adopt(memoryOf(claim('c1', [outside], 1)), setting, 5_000);
  expect(claimOf(pool, id('c1'))).toEqual([outside]);
  expect(brokenLaw(pool)).toBeUndefined();
});

test('of two claims to one address the later stands, and the dispute is told', () => {
  const other = address('fd00::2');
  const memory = memoryOf(claim('older', [a, other], 10), claim('newer', [a], 20));
  const { pool, disputes } = adopt(memory, setting, 5_000);
  expect(disputes).toEqual([{ address: a, kept: id('newer'), lost: id('older') }]);
  expect(claimOf(pool, id('newer'))).toEqual([a]);
  expect(claimOf(pool, id('older'))).toEqual([other]);
  expect(brokenLaw(pool)).toBeUndefined();
});

test('an empty memory gives a pool in which everything is fresh', () => {
  const { pool } = adopt(emptyMemory, setting, 5_000);
  expect(pool.slots.size).toBe(0);
  expect(census(pool, 5_000)).toMatchObject([{ usable: 5n, free: 5n }]);
});

test('whatever was remembered, the adopted pool keeps every law', () => {
  const some = fc
    .nat({ max: 20 })
    .map((i) => addressOfNumber((i % 3 === 0 ? 0xfd00n << 112n : 0x0a000000n) + BigInt(i), i % 3 === 0 ? 'v6' : 'v4'));
  const held = fc.uniqueArray(some, { maxLength: 2, selector: (it) => it.includes(':') });
  const container = fc.nat({ max: 8 }).map((i) => `c${i}`);
  const record = fc.oneof(
    fc.tuple(container, held, fc.nat({ max: 99 })).map((it) => claim(...it)),
    fc.tuple(container, held, fc.nat({ max: 99_999 })).map((it) => release(...it)),
  );
  fc.assert(
    fc.property(fc.array(record, { maxLength: 40 }), fc.nat({ max: 99_999 }), (records, now) => {
      const six = { prefix: prefix('fd00::/125'), reserved: [] };
      const { pool } = adopt(memoryOf(...records), { policy, ranges: [...ranges, six] }, now);
      expect(brokenLaw(pool)).toBeUndefined();
      expect(brokenLaw(step(pool, { kind: 'tick' }, now).pool)).toBeUndefined();
    }),
    { numRuns: 300 },
  );
});
