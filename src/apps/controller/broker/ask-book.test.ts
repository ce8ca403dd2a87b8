import { expect, test } from 'vitest';
import type { Answer } from '../../../wire/broker/answer.ts';
import { HandClock } from '../../node-agent/testing/hand-clock.ts';
import { AskBook } from './ask-book.ts';

const DONE: Answer = { is: 'done', found: {} };
const FAILED: Answer = { is: 'failed', failure: { kind: 'busy', action: 'a', code: 'b', message: 'c' } };

function book() {
  const clock = new HandClock();
  const asks = new AskBook(clock);
  let worked = 0;
  let finish: (answer: Answer) => void = () => {};
  const ask = (id: string, { node = 'node-1', changes = true } = {}) =>
    asks.answer({
      ...{ node, id, changes },
      work: () => {
        worked++;
        return new Promise((resolve) => (finish = resolve));
      },
    });
  return { clock, asks, ask, worked: () => worked, finish: (answer: Answer) => finish(answer) };
}

test('what is asked twice is worked on once, and both are told', async () => {
  const { ask, worked, finish } = book();
  const both = Promise.all([ask('a'), ask('a')]);
  finish(DONE);
  expect([await both, worked()]).toEqual([[DONE, DONE], 1]);
});

test('who has waited for long is told that it is being worked on; the same question waits on', async () => {
  const { clock, ask, worked, finish } = book();
  const first = ask('a');
  await clock.pass(5_000);
  expect(await first).toEqual({ is: 'pending' });
  const second = ask('a');
  finish(DONE);
  expect([await second, worked()]).toEqual([DONE, 1]);
});

test('a change is told again for two minutes, and then forgotten', async () => {
  const { clock, ask, worked, finish } = book();
  const first = ask('a');
  finish(DONE);
  await first;
  await clock.pass(119_000);
  expect([await ask('a'), worked()]).toEqual([DONE, 1]);
  await clock.pass(2_000);
  void ask('a');
  expect(worked()).toBe(2);
});

test.for([
  ['what failed', FAILED, true],
  ['what only looked', DONE, false],
] as const)('%s is done again when it is asked again', async ([, answer, changes]) => {
  const { ask, worked, finish } = book();
  const first = ask('a', { changes });
  finish(answer);
  await first;
  void ask('a', { changes });
  expect(worked()).toBe(2);
});

test('a failure that nobody was there to hear is told to who asks next', async () => {
  const { clock, ask, worked, finish } = book();
  const first = ask('a');
  await clock.pass(5_000);
  await first;
  finish(FAILED);
  await clock.pass(0);
  expect([await ask('a'), worked()]).toEqual([FAILED, 1]);
});

test('the same words of another node are another question, and one node cannot fill the book', async () => {
  const { asks, ask, worked } = book();
  for (let i = 0; i < 64; i++) void ask(`q${i}`);
  expect(await ask('one more')).toMatchObject({ is: 'failed', failure: { kind: 'busy', code: 'TooMany' } });
  void ask('q0', { node: 'node-2' });
  expect([worked(), asks.running]).toEqual([65, 65]);
});

test('closed, who waits is told that it is being worked on, and nothing is left that would keep a process', async () => {
  const { clock, asks, ask, finish } = book();
  const waits = ask('a');
  asks.close();
  expect(await waits).toEqual({ is: 'pending' });
  finish(DONE);
  await clock.pass(0);
  expect(clock.pending).toBe(0);
});
