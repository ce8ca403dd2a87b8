import { expect, test } from 'vitest';
import { address, prefix } from '../../base/ip.ts';
import { type AttachmentId, attachmentId } from '../attachment.ts';
import type { PoolEvent } from './event.ts';
import { brokenLaw, brokenLawNear } from './invariants.ts';
import { type Block, emptyPool, type Pool } from './pool.ts';
import { step } from './step.ts';

const a = address('10.0.0.2');
const b = address('10.0.0.3');
const x = address('10.9.9.9');

function id(container: string): AttachmentId {
  return attachmentId({ network: 'berth', containerId: container, ifname: 'eth0' });
}

/** "held" holds .2, "waits" is promised .3, which cools, and so does 10.9.9.9 outside of the ranges. */
function sound(): Pool {
  const outside = { prefix: prefix('10.9.9.9/32'), reserved: [] };
  const inside = { prefix: prefix('10.0.0.0/29'), reserved: [prefix('10.0.0.4/30')] };
  const claim = (container: string, wanted: readonly (typeof a)[] = []): PoolEvent => ({
    kind: 'claim',
    by: id(container),
    families: ['v4'],
    wanted,
    until: 60_000,
  });
  const events: readonly PoolEvent[] = [
    { kind: 'ranges', ranges: [inside, outside] },
    claim('stray', [x]),
    claim('held'),
    claim('gone'),
    { kind: 'release', by: id('gone'), used: true },
    { kind: 'release', by: id('stray'), used: true },
    { kind: 'ranges', ranges: [inside] },
    claim('waits'),
  ];
  return events.reduce(
    (pool, event) => step(pool, event, 1_000).pool,
    emptyPool({ cooldownMs: 30_000, waitingLimit: 5 }),
  );
}

/** The same pool with its only block changed. */
function blocked(change: (block: Block) => Partial<Block>): Pool {
  const pool = sound();
  return { ...pool, blocks: pool.blocks.map((block) => ({ ...block, ...change(block) })) };
}

const tick: PoolEvent = { kind: 'tick' };
const { waiting } = sound();

test('a sound pool breaks no law', () => {
  const pool = sound();
  expect([pool.slots.size, pool.waiting.length, pool.strays.size]).toEqual([3, 1, 1]);
  expect(brokenLaw(pool)).toBeUndefined();
  expect(brokenLawNear(pool, tick)).toBeUndefined();
});

test.each<[string, () => Pool, RegExp]>([
  [
    'one address with two holders',
    () => ({ ...sound(), claims: sound().claims.set(id('other'), [a]) }),
    /whose slot says otherwise/,
  ],
  ['a holder without its slot', () => ({ ...sound(), slots: sound().slots.delete(a) }), /whose slot says otherwise/],
  [
    'two addresses of one family',
    () => ({ ...sound(), claims: sound().claims.set(id('held'), [a, b]) }),
    /two addresses of one family/,
  ],
  [
    'a slot whose holder has no claim',
    () => ({ ...sound(), claims: sound().claims.delete(id('held')) }),
    /who has no such claim/,
  ],
  ['a promise to nobody', () => ({ ...sound(), waiting: [] }), /does not wait for it/],
  [
    'one who waits and holds',
    () => ({ ...sound(), waiting: waiting.map((it) => ({ ...it, by: id('held') })) }),
    /is promised to|although it holds/,
  ],
  ['one who waits twice', () => ({ ...sound(), waiting: [...waiting, ...waiting] }), /waits twice/],
  [
    'one who waits for nothing',
    () => ({ ...sound(), waiting: [...waiting, ...waiting.map((it) => ({ ...it, by: id('z'), promised: [] }))] }),
    /for nothing/,
  ],
  [
    'one who waits for what is not kept',
    () => ({ ...sound(), waiting: [...waiting, ...waiting.map((it) => ({ ...it, by: id('z') }))] }),
    /not kept for/,
  ],
  ['more who wait than may', () => ({ ...sound(), policy: { cooldownMs: 1, waitingLimit: 0 } }), /more wait than may/],
  [
    'an idle slot outside of its order',
    () => ({ ...sound(), strays: sound().strays.delete({ address: x, freeAt: 31_000 }) }),
    /not in its order/,
  ],
  [
    'an order that holds a claimed address',
    () => blocked((it) => ({ idle: it.idle.set({ address: a, freeAt: 5 }, true) })),
    /is not idle so/,
  ],
  [
    'an order with an old time',
    () => blocked((it) => ({ idle: it.idle.set({ address: b, freeAt: 5 }, true) })),
    /is not idle so/,
  ],
  [
    'an order that holds what is not its own',
    () => blocked((it) => ({ idle: it.idle.set({ address: x, freeAt: 31_000 }, true) })),
    /foreign block/,
  ],
  ['a miscounted claim', () => blocked((it) => ({ claimed: it.claimed + 1 })), /counts 2 claims of 1/],
  ['a miscounted promise', () => blocked((it) => ({ promised: it.promised - 1 })), /counts 0 promises of 1/],
  ['a used address taken for fresh', () => blocked(() => ({ fresh: 0x0a000002n })), /takes a used address for fresh/],
])('%s is found', (_, broken, law) => {
  expect(brokenLaw(broken())).toMatch(law);
});

test('a fresh address that was passed over is found', () => {
  const inside = { prefix: prefix('10.0.0.0/29'), reserved: [] };
  const pool = step(emptyPool({ cooldownMs: 1, waitingLimit: 1 }), { kind: 'ranges', ranges: [inside] }, 0).pool;
  const skipped = { ...pool, blocks: pool.blocks.map((block) => ({ ...block, fresh: 0x0a000004n })) };
  expect(brokenLaw(skipped)).toMatch(/passed 2 addresses and knows 0/);
});

test.each<[string, () => Pool, PoolEvent, RegExp]>([
  [
    'a claim without its slot',
    () => ({ ...sound(), slots: sound().slots.delete(a) }),
    { kind: 'claim', by: id('held'), families: [], wanted: [], until: 0 },
    /slot says otherwise/,
  ],
  ['a release that released nothing', sound, { kind: 'release', by: id('held'), used: true }, /still holds/],
  ['a release that left the ADD waiting', sound, { kind: 'release', by: id('waits'), used: true }, /still waits/],
  ['a queue out of order', () => ({ ...sound(), waiting: [...waiting, ...waiting] }), tick, /waits twice/],
])('%s is found by the cheap part', (_, broken, event, law) => {
  expect(brokenLawNear(broken(), event)).toMatch(law);
});
