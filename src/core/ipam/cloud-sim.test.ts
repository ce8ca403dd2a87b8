import { expect, test } from 'vitest';
import { runsOf } from '../../../tools/ci/thorough.ts';
import { emptyMemory } from '../memory/fold.ts';
import { adopt } from './adopt.ts';
import type { PoolEffect, PoolEvent } from './event.ts';
import type { Pool } from './pool.ts';
import { step } from './step.ts';
import { simulateCloud } from './testing/cloud-life.ts';
import type { CloudHouse } from './testing/cloud-world.ts';

const SEEDS = 300; // of which `npm run check` plays a part

test('hundreds of seeds keep every promise', { timeout: 120_000 }, () => {
  const seen = { grants: 0, refusals: 0, crashes: 0, calls: 0, failures: 0, outside: 0, lost: 0 };
  for (let seed = 1; seed <= runsOf(SEEDS); seed++) {
    try {
      const world = simulateCloud(seed);
      for (const key of Object.keys(seen) as (keyof typeof seen)[]) seen[key] += world.seen[key];
    } catch (cause) {
      throw new Error(`seed ${seed}`, { cause });
    }
  }
  // A simulation in which nothing happens proves nothing.
  const least = {
    grants: 8_000,
    refusals: 1_000,
    crashes: 800,
    calls: 3_000,
    failures: 1_000,
    outside: 400,
    lost: 150,
  };
  const share = runsOf(SEEDS) / SEEDS;
  for (const key of Object.keys(least) as (keyof typeof seen)[])
    expect(seen[key], key).toBeGreaterThan(share * least[key]);
});

test('a seed replays exactly', () => {
  expect(simulateCloud(7).trace).toEqual(simulateCloud(7).trace);
});

type Plant = readonly [house: CloudHouse, found: RegExp];

const planted = (before: (event: PoolEvent, pool: Pool) => PoolEvent): CloudHouse => ({
  adopt,
  step: (pool, event, now) => step(pool, before(event, pool), now),
});
const on = <Kind extends PoolEvent['kind']>(
  kind: Kind,
  change: (event: Extract<PoolEvent, { kind: Kind }>) => PoolEvent,
): CloudHouse =>
  planted((event) => (event.kind === kind ? change(event as Extract<PoolEvent, { kind: Kind }>) : event));
const deafTo = (kind: PoolEvent['kind']) => on(kind, () => ({ kind: 'tick' }));
const dropping = (unwanted: (effect: PoolEffect) => boolean): CloudHouse => ({
  adopt,
  step: (pool, event, now) => {
    const { pool: next, effects } = step(pool, event, now);
    return { pool: next, effects: effects.filter((effect) => !unwanted(effect)) };
  },
});
const atRestart = (change: (memory: Parameters<typeof adopt>[0]) => Parameters<typeof adopt>[0]): CloudHouse => ({
  step,
  adopt: (memory, setting, now) => adopt(change(memory), setting, now),
});
const inCloud = (change: (cloud: NonNullable<Pool['cloud']>) => NonNullable<Pool['cloud']>): CloudHouse => ({
  adopt,
  step: (pool, event, now) =>
    step(pool.cloud === undefined ? pool : { ...pool, cloud: change(pool.cloud) }, event, now),
});

/** What somebody might get wrong, and the judge that must find it. */
const BUGS: Readonly<Record<string, Plant>> = {
  'it takes metadata for the API': [
    on('reported', (event) => ({ ...event, sure: true })),
    /said to be lost, and nobody|has it not on this node/,
  ],
  'it believes old reports': [
    on('reported', (event) => ({ ...event, asOf: 9e15 })),
    /said to be lost|has it not on this|were served/,
  ],
  'it forgets at a restart what it asked of the cloud': [
    atRestart((memory) => ({ ...memory, intents: emptyMemory.intents })),
    /never settled/,
  ],
  'it forgets what it gave back': [
    inCloud((cloud) => ({ ...cloud, returned: emptyReturned(cloud) })),
    /has it not on this node|said to be lost/,
  ],
  'it does not settle': [dropping(({ kind }) => kind === 'settle'), /never settled/],
  'it never asks the API': [dropping((effect) => effect.kind === 'report' && effect.sure), /never settled|were served/],
  'it does not hear of failures': [deafTo('cloudFailed'), /never settled|was never answered/],
  'it does not hear that something was given back': [deafTo('unassigned'), /never settled/],
  'it does not hear that a NIC is gone': [deafTo('nicDeleted'), /never settled/],
  'it lets nothing cool': [on('release', (event) => ({ ...event, used: false })), /was given while it cools/],
  'it gives nothing back': [
    dropping((effect) => effect.kind === 'ask' && /^(unassign|deleteNic)$/.test(effect.intent.kind)),
    /never settled/,
  ],
  'it forgets max-pods': [
    inCloud((cloud) => ({ ...cloud, policy: { ...cloud.policy, maxPods: 200, targets: { warmAddresses: 60 } } })),
    /more than max-pods/,
  ],
  'it asks for NICs that the instance cannot have': [
    on('limits', ({ limits }) => ({ kind: 'limits', limits: { ...limits, nics: 9, slotsV4: 30 } })),
    /asked beyond limits/,
  ],
  'it refuses nobody in time': [
    dropping((effect) => effect.kind === 'refuse' && effect.refusal.why.startsWith('cloud')),
    /was never answered/,
  ],
};

/** As if nothing had been given back. */
function emptyReturned({ returned }: NonNullable<Pool['cloud']>): typeof returned {
  return [...returned.keys()].reduce((all, key) => all.delete(key), returned);
}

test.each(Object.keys(BUGS))('the judges find it out when %s', { timeout: 60_000 }, (bug) => {
  const [house, law] = BUGS[bug] ?? [];
  let seed = 1;
  const said = new Set<string>();
  while (seed <= 300) {
    const words = verdict(seed, house);
    said.add(words);
    if (words !== '' && law?.test(words) === true) break;
    seed++;
  }
  expect(seed, [...said].slice(0, 5).join('\n')).toBeLessThanOrEqual(300);
});

/** The broken law in words, or nothing. */
function verdict(seed: number, house: CloudHouse | undefined): string {
  try {
    simulateCloud(seed, house);
    return '';
  } catch (cause) {
    return String(cause).split('\n')[0] ?? '';
  }
}
