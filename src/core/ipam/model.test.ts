import fc from 'fast-check';
import { expect, test } from 'vitest';
import { runsOf } from '../../../tools/ci/thorough.ts';
import { address, type Family, type Prefix, prefix } from '../../base/ip.ts';
import { type AttachmentId, attachmentId } from '../attachment.ts';
import type { PoolEvent, Range } from './event.ts';
import { brokenLaw, brokenLawNear } from './invariants.ts';
import { emptyPool, type Pool } from './pool.ts';
import { step } from './step.ts';
import { COOLDOWN, LIMIT, NaivePool } from './testing/naive-pool.ts';

interface Real {
  pool: Pool;
}
interface Both {
  naive: NaivePool;
  now: number;
}

/** Every command lets some time pass first: at the same instant the order of two releases is anybody's. */
class Happens implements fc.Command<Both, Real> {
  readonly event: (now: number) => PoolEvent;
  readonly passes: number;
  constructor(passes: number, event: (now: number) => PoolEvent) {
    this.passes = passes;
    this.event = event;
  }

  check(): boolean {
    return true;
  }

  run(both: Both, real: Real): void {
    both.now += this.passes;
    const event = this.event(both.now);
    const { pool, effects } = step(real.pool, event, both.now);
    real.pool = pool;
    expect(effects).toEqual(both.naive.step(event, both.now));
    expect(brokenLaw(pool)).toBeUndefined();
    expect(brokenLawNear(pool, event)).toBeUndefined();
  }

  toString(): string {
    return `+${this.passes} ${JSON.stringify(this.event(0))}`;
  }
}

function id(container: number): AttachmentId {
  return attachmentId({ network: 'berth', containerId: `c${container}`, ifname: 'eth0' });
}

const v4 = { prefix: prefix('10.0.0.0/29'), reserved: [address('10.0.0.5')] }; // .2 .3 .4 .6
const more = { prefix: prefix('10.0.1.0/30'), reserved: [] }; // .2
const v6 = { prefix: prefix('fd00::/125'), reserved: [] as Prefix[] }; // ::2 to ::7
const sets: readonly (readonly Range[])[] = [[v4, v6], [v4, more, v6], [more, v4], [v6], [v4], []];

const who = fc.integer({ min: 0, max: 14 }).map(id);
const passes = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 900 }));
const names = ['10.0.0.2', '10.0.0.3', '10.0.0.5', '10.0.0.7', '10.0.1.2', 'fd00::3', 'fd00::', 'fd01::1'].map(address);
const wanted = fc.oneof(
  { weight: 4, arbitrary: fc.constant([]) },
  { weight: 1, arbitrary: fc.uniqueArray(fc.constantFrom(...names), { minLength: 1, maxLength: 2 }) },
);
const families = fc.constantFrom<readonly Family[]>(['v4'], ['v4', 'v6'], ['v6', 'v4'], ['v6']);
const patience = fc.constantFrom(0, 300, 800, 1_500, 3_000);

const claim = fc
  .tuple(passes, who, families, wanted, patience)
  .map(
    ([ms, by, of, names, waits]) =>
      new Happens(ms, (now) => ({ kind: 'claim', by, families: of, wanted: names, until: now + waits })),
  );
const release = fc
  .tuple(passes, who, fc.boolean())
  .map(([ms, by, used]) => new Happens(ms, () => ({ kind: 'release', by, used })));
const ranges = fc
  .tuple(passes, fc.constantFrom(...sets))
  .map(([ms, to]) => new Happens(ms, () => ({ kind: 'ranges', ranges: to })));
const tick = passes.map((ms) => new Happens(ms, () => ({ kind: 'tick' })));
const repeated = (count: number, one: typeof claim) => Array.from({ length: count }, () => one);

test('whatever happens, the pool does what a pool of lists would do', { timeout: 60_000 }, () => {
  const commands = fc.commands([...repeated(10, claim), ...repeated(7, release), ranges, tick, tick], {
    maxCommands: 120,
    size: 'max',
  });
  fc.assert(
    fc.property(fc.constantFrom(...sets), commands, (first, all) => {
      const pool = emptyPool({ cooldownMs: COOLDOWN, waitingLimit: LIMIT });
      const setup = () => ({ model: { naive: new NaivePool(), now: 0 }, real: { pool } });
      fc.modelRun(() => {
        const { model, real } = setup();
        new Happens(1, () => ({ kind: 'ranges', ranges: first })).run(model, real);
        return { model, real };
      }, all);
    }),
    { numRuns: runsOf(400) },
  );
});
