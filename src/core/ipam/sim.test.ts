import { expect, test } from 'vitest';
import { runsOf } from '../../../tools/ci/thorough.ts';
import { address } from '../../base/ip.ts';
import { emptyMemory } from '../memory/fold.ts';
import { adopt } from './adopt.ts';
import type { PoolEffect, PoolEvent, Range } from './event.ts';
import type { Pool } from './pool.ts';
import { type Stepped, step } from './step.ts';
import { type House, simulate } from './testing/world.ts';

const SEEDS = 1_000; // of which `npm run check` plays a part

test('hundreds of seeds keep every promise', { timeout: 120_000 }, () => {
  const seen = { grants: 0, refusals: 0, waits: 0, crashes: 0, reboots: 0 };
  for (let seed = 1; seed <= runsOf(SEEDS); seed++) {
    try {
      const world = simulate(seed);
      for (const key of Object.keys(seen) as (keyof typeof seen)[]) seen[key] += world.seen[key];
    } catch (cause) {
      throw new Error(`seed ${seed}`, { cause });
    }
  }
  // A simulation in which nothing happens proves nothing.
  for (const [what, least] of Object.entries({
    grants: 30_000,
    refusals: 5_000,
    waits: 2_000,
    crashes: 1_000,
    reboots: 100,
  }))
    expect(seen[what as keyof typeof seen], what).toBeGreaterThan((least * runsOf(SEEDS)) / SEEDS);
});

test('a seed replays exactly', () => {
  expect(simulate(7).trace).toEqual(simulate(7).trace);
});

type Plant = readonly [house: House, found: RegExp];

/** Changes the event before the real step sees it, or its answer before anybody else does. */
function planted(before: (event: PoolEvent, pool: Pool) => PoolEvent, after = (stepped: Stepped) => stepped): House {
  return { adopt, step: (pool, event, now) => after(step(pool, before(event, pool), now)) };
}

function dropping(unwanted: (effect: PoolEffect) => boolean): House {
  return planted(
    (event) => event,
    ({ pool, effects }) => ({ pool, effects: effects.filter((effect) => !unwanted(effect)) }),
  );
}

const onClaim = (change: (event: Extract<PoolEvent, { kind: 'claim' }>) => Partial<PoolEvent>) =>
  planted((event) => (event.kind === 'claim' ? ({ ...event, ...change(event) } as PoolEvent) : event));
const onRelease = (used: boolean) => planted((event) => (event.kind === 'release' ? { ...event, used } : event));
const onRanges = (change: (range: Range) => Range) =>
  planted((event) => (event.kind === 'ranges' ? { ...event, ranges: event.ranges.map(change) } : event));
const atRestart = (change: (memory: Parameters<typeof adopt>[0]) => Parameters<typeof adopt>[0]): House => ({
  step,
  adopt: (memory, setting, now) => adopt(change(memory), setting, now),
});
const instead = (other: typeof step): House => ({ adopt, step: other });

/** What somebody might get wrong, and the judge that must find it. */
const BUGS: Readonly<Record<string, Plant>> = {
  'it grants before it persists': [
    planted(
      (event) => event,
      (stepped) => ({ ...stepped, effects: stepped.effects.toReversed() }),
    ),
    /granted what is not on record/,
  ],
  'it does not persist claims': [
    dropping((effect) => effect.kind === 'persist' && effect.claims.length > 0),
    /granted what is not on record/,
  ],
  'it does not persist releases': [
    dropping((effect) => effect.kind === 'persist' && effect.released.length > 0),
    /still on record after its DEL/,
  ],
  'it lets nothing cool': [onRelease(false), /was given while it cools/],
  'it lets cool what was never used': [onRelease(true), /was refused although/],
  'it forgets at a restart what cools': [
    atRestart((memory) => ({ ...memory, released: emptyMemory.released })),
    /was given while it cools/,
  ],
  'it forgets at a restart who holds what': [
    atRestart((memory) => ({ ...memory, attachments: emptyMemory.attachments })),
    /was told .* and holds undefined/,
  ],
  'it ignores the DEL of an ADD that waits': [
    planted((event, pool) =>
      event.kind === 'release' && pool.waiting.some(({ by }) => by === event.by) ? { kind: 'tick' } : event,
    ),
    /still waits for its ADD after its DEL/,
  ],
  'it expires ADDs without an answer': [
    dropping((effect) => effect.kind === 'refuse' && effect.refusal.why === 'too-late'),
    /was never answered/,
  ],
  'it never expires an ADD': [
    onClaim(({ until }) => ({ until: until + 1e9 })),
    /was granted too late|was never answered/,
  ],
  'it gives the gateway': [onRanges((range) => ({ ...range, gateway: address('192.0.2.1') })), /is not to be given/],
  'it gives what is reserved': [onRanges((range) => ({ ...range, reserved: [] })), /is not to be given/],
  'it does not hear of new ranges': [
    planted((event) => (event.kind === 'ranges' ? { kind: 'tick' } : event)),
    /is not to be given|was refused although/,
  ],
  'it gives back nothing at a DEL in ten': [
    planted((event) => (event.kind === 'release' && event.by.includes('7/') ? { kind: 'tick' } : event)),
    /still on record after its DEL/,
  ],
  'it gives back the claim of a name that begins alike': [
    instead((pool, event, now) => {
      if (event.kind !== 'release') return step(pool, event, now);
      const stem = event.by.slice(0, -'/eth0'.length);
      const alike = [...pool.claims.keys()].find((by) => by !== event.by && by.startsWith(stem));
      return step(pool, { ...event, by: alike ?? event.by }, now);
    }),
    /still on record after its DEL/,
  ],
  'it serves the last first': [
    instead((pool, event, now) => step({ ...pool, waiting: pool.waiting.toReversed() }, event, now)),
    /who came first/,
  ],
  'it refuses whoever would have to wait': [onClaim(({ until }) => ({ until: until - 499 })), /was refused although/],
  'it answers a repeated ADD with another address': [
    instead((pool, event, now) => {
      if (event.kind !== 'claim' || !pool.claims.has(event.by)) return step(pool, event, now);
      return step(step(pool, { kind: 'release', by: event.by, used: false }, now).pool, event, now);
    }),
    /was told two things/,
  ],
  'it writes a repeated ADD once more': [
    instead((pool, event, now) => {
      const stepped = step(pool, event, now);
      const addresses = event.kind === 'claim' ? pool.claims.get(event.by) : undefined;
      if (event.kind !== 'claim' || addresses === undefined) return stepped;
      const persist: PoolEffect = { kind: 'persist', claims: [{ by: event.by, addresses }], released: [] };
      return { ...stepped, effects: [persist, ...stepped.effects] };
    }),
    /a repeated claim was written/,
  ],
  'it ignores what was asked for by name': [onClaim(() => ({ wanted: [] })), /was not given what it wanted/],
  'it gives one family of two': [
    onClaim(({ families }) => ({ families: families.slice(0, 1) })),
    /was not given one address of each family/,
  ],
  'it forgets who waits when ranges change': [
    instead((pool, event, now) => {
      const gone = event.kind === 'ranges' ? pool.waiting : [];
      const alone = gone.reduce((all, { by }) => step(all, { kind: 'release', by, used: false }, now).pool, pool);
      return step(alone, event, now);
    }),
    /was never answered/,
  ],
  'it lets an address cool anew at each restart': [
    atRestart((memory) => {
      const [lost] = memory.released.keys();
      return lost === undefined ? memory : { ...memory, released: memory.released.set(lost, 9e15) };
    }),
    /was refused although/,
  ],
};

test.each(Object.keys(BUGS))('the judges find it out when %s', { timeout: 60_000 }, (bug) => {
  const [house, law] = BUGS[bug] ?? [];
  let seed = 1;
  while (seed <= 300 && !law?.test(verdict(seed, house))) seed++;
  expect(seed).toBeLessThanOrEqual(300);
});

/** The broken law in words, or nothing. */
function verdict(seed: number, house: House | undefined): string {
  try {
    simulate(seed, house);
    return '';
  } catch (cause) {
    return String(cause).split('\n')[0] ?? '';
  }
}
