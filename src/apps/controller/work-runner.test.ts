import { afterEach, beforeEach, expect, test } from 'vitest';
import { silent } from '../../base/log.ts';
import { seeded } from '../../base/random.ts';
import { CloudError } from '../../io/cloud/provider.ts';
import { HandClock } from '../node-agent/testing/hand-clock.ts';
import type { Again, Watch } from './reconciler.ts';
import { WorkRunner } from './work-runner.ts';

let clock: HandClock;
let tell: (key: string) => void;
let keys: string[]; // that there are
let began: string[];
let work: (key: string) => Promise<Again | undefined>;
let runner: WorkRunner;
let outcomes: string[];

beforeEach(() => {
  clock = new HandClock();
  [keys, began, outcomes] = [[], [], []];
  work = () => Promise.resolve(undefined);
  const watch: Watch = { follow: (hear) => void (tell = hear), all: () => keys, synced: () => true };
  runner = new WorkRunner(
    { clock, random: seeded(1), log: silent, reconciled: (_, outcome) => void outcomes.push(outcome) },
    {
      name: 'test',
      watches: [watch],
      atOnce: 2,
      reconcile: (key) => {
        began.push(key);
        return work(key);
      },
    },
  );
});
afterEach(() => runner.stop());

/** Work that ends when it is told to. */
function held(): (key: string) => void {
  const ends = new Map<string, () => void>();
  work = (key) => new Promise((resolve) => ends.set(key, () => resolve(undefined)));
  return (key) => ends.get(key)?.();
}

test('who begins to lead looks at everything once, and then at what changes', async () => {
  keys = ['a', 'b', 'c'];
  runner.begin();
  await clock.pass(10);
  tell('b');
  await clock.pass(10);
  expect(began).toEqual(['a', 'b', 'c', 'b']);
  expect(runner.length).toBe(0);
});

test('what is told while another leads begins nothing', async () => {
  tell('a');
  await clock.pass(10);
  expect(began).toEqual([]);
});

test('so many run at once and no more, and no key twice', async () => {
  const end = held();
  runner.begin();
  await clock.pass(1);
  for (const key of ['a', 'a', 'b', 'c']) tell(key);
  tell('a');
  await clock.pass(1);
  expect(began).toEqual(['a', 'b']);
  end('b');
  await clock.pass(1);
  expect(began).toEqual(['a', 'b', 'c']);
  end('a');
  await clock.pass(1);
  expect(began).toEqual(['a', 'b', 'c', 'a']);
  for (const key of ['a', 'c']) end(key);
});

test('who leads again waits for what an earlier leadership began', async () => {
  const end = held();
  keys = ['a'];
  runner.begin();
  await clock.pass(1);
  runner.end();
  runner.begin();
  await clock.pass(1);
  expect(began).toEqual(['a']);
  end('a');
  await clock.pass(1);
  expect(began).toEqual(['a', 'a']);
  end('a');
});

test('thousands of keys leave others a word in between', async () => {
  keys = Array.from({ length: 1_000 }, (_, i) => `${i}`);
  let words = 0;
  const speak = () => {
    words++;
    if (began.length < keys.length) clock.timer(0, speak);
  };
  clock.timer(0, speak);
  runner.begin();
  await clock.pass(100);
  expect(began).toHaveLength(keys.length);
  expect(words).toBeGreaterThan(5);
});

test('a cloud that wishes to be left alone for a while is, and is counted by the kind of its refusal', async () => {
  const of = { action: 'ask', code: 'Slow', message: 'slow down', retryAfterMs: 5_000 };
  work = () => Promise.reject(new CloudError('throttled', of));
  keys = ['a'];
  runner.begin();
  await clock.pass(4_900);
  expect(outcomes).toEqual(['throttled']);
  await clock.pass(200);
  expect(outcomes).toEqual(['throttled', 'throttled']);
});
