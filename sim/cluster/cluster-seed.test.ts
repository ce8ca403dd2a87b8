import { expect, test } from 'vitest';
import { LAWS } from '../checkers.ts';
import { CLUSTER_PLANTED } from './cluster-planted.ts';
import { NO_CLUSTER_PLANT } from './cluster-plant.ts';
import { playClusterSeed } from './cluster-seed.ts';

async function storyOf(seed: number, at: number): Promise<readonly string[]> {
  const lines: string[] = [];
  await playClusterSeed(seed, { plant: NO_CLUSTER_PLANT, at, story: (line) => lines.push(line) });
  return lines;
}

test('the same seed tells the same story, and so does the same crash in it', { timeout: 60_000 }, async () => {
  for (const at of [0, 200]) {
    const first = await storyOf(5, at);
    expect(first.length).toBeGreaterThan(20);
    expect(await storyOf(5, at)).toEqual(first);
  }
});

test('another seed tells another story, and a crash another end', { timeout: 60_000 }, async () => {
  const told = await Promise.all([storyOf(5, 0), storyOf(6, 0), storyOf(5, 200)]);
  expect(new Set(told.map((lines) => lines.join('\n'))).size).toBe(3);
});

test('in some seeds two replicas think so that they lead, and the nodes ask for their addresses through either', {
  timeout: 60_000,
}, async () => {
  const stories = await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map((seed) => storyOf(seed, 0)));
  const has = (...words: readonly string[]) =>
    stories.some((lines) => words.every((word) => lines.some((line) => line.includes(word))));
  expect(has('controller-1', 'leading lease', 'controller-2', 'stands still')).toBe(true);
  expect(has('static address moves')).toBe(true);
  expect(has('static address brought')).toBe(true);
  expect(has('listing anew')).toBe(true);
  expect(has('controller-1', 'AssignPrivateIpAddresses')).toBe(true);
});

const SOUND = 60;

test('without a bug no law is broken, whatever is late, lost, forgotten, cut off or led twice', {
  timeout: 120_000,
}, async () => {
  for (let seed = 1; seed <= SOUND; seed++)
    expect(await playClusterSeed(seed, { plant: NO_CLUSTER_PLANT, at: 0 }), `seed ${seed}`).toMatchObject({
      violations: [],
    });
});

const LIVES = 300;

/** Where a law is first broken. */
async function firstBroken(bug: string): Promise<string | undefined> {
  const plant = CLUSTER_PLANTED[bug] ?? NO_CLUSTER_PLANT;
  for (let seed = 1; seed <= LIVES; seed++) {
    const { violations } = await playClusterSeed(seed, { plant, at: 0 });
    if (violations[0] !== undefined) return `seed ${seed}: ${LAWS[violations[0].law]}`;
  }
  return undefined;
}

test.each(Object.keys(CLUSTER_PLANTED))('the laws find it out when %s', { timeout: 5 * 60_000 }, async (bug) => {
  const found = await firstBroken(bug);
  expect(found).toBeDefined();
  console.log(`${bug}: ${found}`);
});
