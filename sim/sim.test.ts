import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { seeded } from '../src/base/random.ts';
import { show } from '../src/core/datapath/plan.ts';
import { LAWS } from './checkers.ts';
import { weatherOf } from './faults.ts';
import type { Machine } from './machine.ts';
import { NO_PLANT } from './plant.ts';
import { PLANTED } from './planted.ts';
import { endedAt, playSeed } from './seed.ts';
import { playSeeds } from './seeds.ts';

const MOST_SEEDS = 10_000;

/** Everything that happens in a seed, before its crashes and after each of them. */
async function storyOf(seed: number, at?: number): Promise<readonly string[]> {
  const lines: string[] = [];
  const story = (line: string) => void lines.push(line);
  await playSeed(seed, { plant: NO_PLANT, story, points: true, ...(at === undefined ? {} : { at }) });
  return lines;
}

const hashOf = (lines: readonly string[]) => createHash('sha256').update(lines.join('\n')).digest('hex');

describe('planted bugs', () => {
  test.each(Object.entries(PLANTED))(`found within ${MOST_SEEDS} seeds: %s`, async (name, plant) => {
    let [seed, crashPoints] = [0, 0];
    for (;;) {
      seed++;
      const played = await playSeed(seed, { plant, untilBroken: true });
      crashPoints += played.crashPoints;
      const [found] = played.violations;
      if (found !== undefined) return console.log(`${name}: seed ${seed}, ${crashPoints} crashes: ${LAWS[found.law]}`);
      expect(seed).toBeLessThan(MOST_SEEDS);
    }
  });

  test('seeds that find them break no law without them', async () => {
    for (let seed = 1; seed <= 12; seed++) expect((await playSeed(seed, { plant: NO_PLANT })).violations).toEqual([]);
  });
});

describe('determinism', () => {
  test('the same seed tells the same story twice, and another seed another', async () => {
    for (const seed of [1, 2, 5]) expect(hashOf(await storyOf(seed))).toBe(hashOf(await storyOf(seed)));
    expect(hashOf(await storyOf(1))).not.toBe(hashOf(await storyOf(2)));
  });

  test('what follows a crash is the same by itself and among all others', async () => {
    const all = await storyOf(2);
    for (const at of [1, 17, 40]) {
      const began = all.findIndex((line) => line.includes(`CRASH  at ${at},`));
      const alone = await storyOf(2, at);
      const crash = alone.slice(alone.findIndex((line) => line.includes('CRASH  at ')));
      expect(crash.length).toBeGreaterThan(10);
      expect(crash).toEqual(all.slice(began, began + crash.length));
    }
  });

  test('as many crash points come out in one thread as in two', async () => {
    const one = await playSeeds({ from: 1, to: 4, workers: 1 });
    expect(await playSeeds({ from: 1, to: 4, workers: 2 })).toEqual(one);
    expect(one.seeds).toBe(4);
  });
});

describe('what counts as a crash point', () => {
  test('each is another place of its seed; there the run stops, the agent starts again, and all laws judge', async () => {
    for (const seed of [1, 3]) {
      const lines = (await storyOf(seed)).map((line) => line.trim().split(/ s {2}/)[1] ?? '');
      const { crashPoints } = await playSeed(seed, { plant: NO_PLANT });
      const crashes = lines.flatMap((line) => /^CRASH {2}at (\d+),/.exec(line)?.[1] ?? []).map(Number);
      expect(crashes).toEqual(Array.from({ length: crashPoints }, (_, i) => i + 1));
      const parts = lines
        .join('\n')
        .split(/^CRASH .*$/m)
        .slice(1);
      expect(parts).toHaveLength(crashPoints);
      for (const part of parts) {
        expect(part).toContain('agent  starts');
        expect(part).toContain('RESTS');
        expect(part.trimEnd().split('\n').at(-1)).toBe('JUDGED 0 laws broken');
      }
    }
  });

  test('some are the machine’s: what was not synced is lost then, and all pods', async () => {
    const lines = await storyOf(1);
    const crashes = lines.filter((line) => line.includes('CRASH ')).length;
    const cuts = lines.filter((line) => line.includes('POWER  cut')).length;
    expect(cuts / crashes).toBeGreaterThan(0.1);
    expect(cuts / crashes).toBeLessThan(0.4);
  });

  test('the copy that a crash is played on is the machine as the stopped process leaves it', async () => {
    for (const seed of [1, 2, 3])
      for (let at = 1; at <= 60; at++) {
        const { ended, copy } = await endedAt(seed, at);
        expect(stateOf(copy), `seed ${seed} at ${at}`).toEqual(stateOf(ended));
      }
  });
});

test('half of all runs are in fair weather; in the others every door fails in some', () => {
  const random = seeded(7);
  const weathers = Array.from({ length: 1_000 }, () => weatherOf(random));
  const share = (isSo: (weather: (typeof weathers)[number]) => boolean) => weathers.filter(isSo).length / 1_000;
  expect(share(({ kernel, disk }) => kernel === 0 && disk === 'well')).toBeGreaterThan(0.45);
  expect(share(({ kernel }) => kernel > 0)).toBeGreaterThan(0.2);
  for (const kind of ['full', 'io', 'unsyncable', 'slow'])
    expect(share(({ disk }) => disk === kind)).toBeGreaterThan(0.05);
});

/** All that outlives a process, but for the time, as plain values. */
function stateOf({ disk, world, spool, bootId }: Machine): object {
  const view = disk.open({ now: () => {}, later: () => Promise.resolve() });
  const files = view.list().map((name) => [
    name,
    createHash('sha256')
      .update(view.read(name) ?? '')
      .digest('hex'),
  ]);
  const things = world.things().map(({ item, sandbox, foreign }) => [show(item), sandbox, foreign]);
  const more = { durable: disk.allDurable, sandboxes: world.sandboxes(), bootId };
  return { files, things, spooled: spool.calls(), ...more };
}
