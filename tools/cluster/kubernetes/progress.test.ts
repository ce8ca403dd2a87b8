import { expect, test } from 'vitest';
import { Progress, progressLine } from './progress.ts';

const BUILD = { what: 'K', usually: 'a minute' };

test.each([
  [{ done: 0, total: 0 }, 7, 'K: fetching its modules, usually half a minute, 600 MB the first time (0:07)'],
  [
    { done: 50, total: 100 },
    125,
    'K ████████████░░░░░░░░░░░░ 50 of 100 packages (2:05; usually a minute the first time, 20 s after)',
  ],
  [
    { done: 120, total: 100 }, // another version of Go prints some twice
    3_600,
    'K ████████████████████████ 120 of 100 packages (60:00; usually a minute the first time, 20 s after)',
  ],
])('the line says what is built, how far it is and how long that takes: %o', (reached, seconds, line) => {
  expect(progressLine(BUILD, reached, seconds)).toBe(line);
});

/** What is written to a stream that is a terminal, or none. */
function written(isTTY: boolean): { readonly texts: string[]; readonly progress: Progress } {
  const texts: string[] = [];
  const out = { isTTY, columns: 30, write: (text: string) => texts.push(text) };
  return { texts, progress: new Progress(BUILD, out) };
}

test('on a terminal the line is written over, as wide as that is, and away at the end', () => {
  const { texts, progress } = written(true);
  progress.show({ done: 1, total: 4 });
  progress.show({ done: 2, total: 4 });
  progress.end();
  expect(texts).toEqual(['\r\x1b[KK ██████░░░░░░░░░░░░░░░░░░ 1 ', '\r\x1b[KK ████████████░░░░░░░░░░░░ 2 ', '\r\x1b[K']);
});

test('elsewhere a line a minute is enough, and nothing to do says nothing', () => {
  const { texts, progress } = written(false);
  progress.show({ done: 1, total: 4 });
  progress.show({ done: 2, total: 4 });
  progress.end();
  expect(texts).toHaveLength(1);
  const silent = written(true);
  silent.progress.end();
  expect(silent.texts).toEqual([]);
});
