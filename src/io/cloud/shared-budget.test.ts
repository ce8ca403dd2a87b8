import { expect, test } from 'vitest';
import { HandClock } from '../../apps/node-agent/testing/hand-clock.ts';
import { SharedBudget } from './shared-budget.ts';

test('nodes take turns, and each call goes when its turn has come', async () => {
  const clock = new HandClock();
  const budget = new SharedBudget({ burst: 1, perSecond: 1 }, clock);
  const gone: string[] = [];
  const take = (node: string) =>
    void budget
      .of(node)
      .take('pod')
      .then(() => gone.push(node));
  for (const node of ['a', 'a', 'a', 'b']) take(node);
  await clock.pass(0);
  expect(gone).toEqual(['a']);
  await clock.pass(3_000);
  expect(gone).toEqual(['a', 'a', 'b', 'a']); // of one round the one that asked first
  expect(budget.waiting).toBe(0);
});

test('what one node was refused slows all', async () => {
  const clock = new HandClock();
  const budget = new SharedBudget({ burst: 4, perSecond: 1 }, clock);
  budget.of('a').slow(1);
  const gone: string[] = [];
  void budget
    .of('b')
    .take('pod')
    .then(() => gone.push('b'));
  await clock.pass(3_900);
  expect(gone).toEqual([]);
  await clock.pass(200);
  expect(gone).toEqual(['b']);
});
