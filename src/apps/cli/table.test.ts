import { expect, test } from 'vitest';
import { age } from './age.ts';
import { facts, table } from './table.ts';
import { toned } from './terminal.ts';

test('columns are as wide as their widest cell, with three spaces between and none at the end', () => {
  expect(
    table(
      ['A', 'LONG'],
      [
        ['xyz', '1'],
        ['', ''],
      ],
    ),
  ).toBe('A     LONG\nxyz   1\n\n');
  expect(table(['A'], [])).toBe('');
  expect(table(['A'], [['x']], false)).toBe('x\n');
});

test('colours take no room', () => {
  const red = toned({ colour: true }, 'bad', 'no');
  expect(red).not.toBe('no');
  expect(
    table(
      ['A', 'B'],
      [
        [red, '1'],
        ['yes', '2'],
      ],
    ),
  ).toBe(`A     B\n${red}    1\nyes   2\n`);
  expect(toned({ colour: false }, 'bad', 'no')).toBe('no');
});

test('facts stand under each other', () => {
  expect(
    facts([
      ['A', '1'],
      ['Longer', '2'],
    ]),
  ).toBe('A:        1\nLonger:   2\n');
});

const AGES = [
  [-5, '0s'],
  [999, '0s'],
  [59_999, '59s'],
  [61_000, '1m1s'],
  [600_000, '10m'],
  [659_000, '10m'],
  [3_600_000, '1h'],
  [99 * 60_000, '1h39m'],
  [26 * 3_600_000, '1d2h'],
  [50 * 86_400_000 + 3_600_000, '50d'],
] as const;

test.each(AGES)('%d ms are %s', (ms, text) => {
  expect(age(ms)).toBe(text);
});
