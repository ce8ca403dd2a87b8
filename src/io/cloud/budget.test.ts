import { expect, test, vi } from 'vitest';
import type { Clock } from '../../base/clock.ts';
import { CallBudget } from './budget.ts';
import type { Urgency } from './provider.ts';

/** Time of vitest's own. */
const clock: Clock = {
  now: () => Date.now(),
  steady: () => Date.now(),
  timer: (after, then) => {
    const timer = setTimeout(then, after);
    return () => clearTimeout(timer);
  },
};

async function order(budget: CallBudget, asked: readonly Urgency[], ms: number): Promise<string[]> {
  const done: string[] = [];
  for (const [i, urgency] of asked.entries()) void budget.take(urgency).then(() => done.push(`${urgency} ${i}`));
  await vi.advanceTimersByTimeAsync(ms);
  return done;
}

test('a waiting pod goes before a refill before housekeeping, whoever asked first', async () => {
  vi.useFakeTimers();
  const budget = new CallBudget({ burst: 4, perSecond: 2 }, clock);
  await order(budget, ['pod', 'pod', 'pod', 'pod'], 0);
  expect(await order(budget, ['housekeeping', 'refill', 'pod'], 5_000)).toEqual([
    'pod 2',
    'refill 1',
    'housekeeping 0',
  ]);
  vi.useRealTimers();
});

test('no more go than the burst and the rate allow', async () => {
  vi.useFakeTimers();
  const budget = new CallBudget({ burst: 4, perSecond: 2 }, clock);
  const asked = Array.from({ length: 20 }, () => 'pod' as const);
  expect((await order(budget, asked, 3_000)).length).toBe(4 + 6);
  budget.close();
  vi.useRealTimers();
});

test('housekeeping leaves half of the burst to others', async () => {
  vi.useFakeTimers();
  const budget = new CallBudget({ burst: 5, perSecond: 1 }, clock);
  const asked = Array.from({ length: 5 }, () => 'housekeeping' as const);
  expect(await order(budget, asked, 0)).toHaveLength(3);
  expect(await order(budget, ['pod', 'pod'], 0)).toHaveLength(2);
  budget.close();
  vi.useRealTimers();
});

test('what the cloud throttled stops until there is a token again', async () => {
  vi.useFakeTimers();
  const budget = new CallBudget({ burst: 5, perSecond: 1 }, clock);
  budget.slow(0);
  const asked = order(budget, ['pod'], 1_900); // half a token a second
  expect(await asked).toEqual([]);
  await order(budget, [], 200);
  expect(budget.waiting).toBe(0);
  vi.useRealTimers();
});

test('each refusal halves the rate, down to a bound; each answer doubles it, up to the size', async () => {
  vi.useFakeTimers();
  const budget = new CallBudget({ burst: 1, perSecond: 4 }, clock);
  const wait = async () => {
    const began = Date.now();
    let until = 0;
    void budget.take('pod').then(() => (until = Date.now()));
    while (until === 0) await vi.advanceTimersByTimeAsync(125);
    return until - began;
  };
  const waits: number[] = [];
  for (let i = 0; i < 7; i++) {
    budget.slow(0);
    waits.push(await wait());
  }
  expect(waits).toEqual([500, 1_000, 2_000, 4_000, 8_000, 8_000, 8_000]);
  for (let i = 0; i < 7; i++) budget.hasten();
  budget.slow(0);
  budget.hasten();
  expect(await wait()).toBe(250);
  vi.useRealTimers();
});

test('nodes that are refused together come back one by one', async () => {
  vi.useFakeTimers();
  const budgets = [0, 0.25, 0.75].map((fraction) => {
    const budget = new CallBudget({ burst: 1, perSecond: 1 }, clock);
    budget.slow(fraction);
    return budget;
  });
  const back: number[] = [];
  const began = Date.now();
  for (const it of budgets) void it.take('pod').then(() => back.push(Date.now() - began));
  await vi.advanceTimersByTimeAsync(5_000);
  expect(back).toEqual([2_000, 2_500, 3_500]);
  vi.useRealTimers();
});
