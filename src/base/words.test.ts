import fc from 'fast-check';
import { expect, test } from 'vitest';
import { counted, duration, listed } from './words.ts';

test.each([
  [-5, '0 ms'],
  [0, '0 ms'],
  [0.4, '0 ms'],
  [350, '350 ms'],
  [999.4, '999 ms'],
  [999.6, '1 s'],
  [1_000, '1 s'],
  [1_540, '1.5 s'],
  [9_940, '9.9 s'],
  [9_960, '10 s'],
  [24_400, '24 s'],
  [59_600, '1 min'],
  [125_000, '2 min 5 s'],
  [3_600_000, '1 h'],
  [3_605_000, '1 h'], // two units at most, and neighbours only
  [5_400_000, '1 h 30 min'],
  [187_200_000, '2 d 4 h'],
])('%s ms are %s', (ms, words) => {
  expect(duration(ms)).toBe(words);
});

test('a longer time is never told as a shorter one', () => {
  const inMs = (words: string) =>
    words.split(/ (?=\d)/).reduce((sum, part) => {
      const [count, unit] = part.split(' ');
      return sum + Number(count) * ({ ms: 1, s: 1e3, min: 6e4, h: 36e5, d: 864e5 }[unit ?? ''] ?? Number.NaN);
    }, 0);
  fc.assert(
    fc.property(fc.nat({ max: 1e9 }), fc.nat({ max: 1e6 }), (ms, more) => {
      expect(inMs(duration(ms + more))).toBeGreaterThanOrEqual(inMs(duration(ms)));
    }),
  );
});

test.each([
  [0, 'no addresses'],
  [1, '1 address'],
  [1n, '1 address'],
  [253n, '253 addresses'],
] as const)('%s', (count, words) => {
  expect(counted(count, 'address', 'addresses')).toBe(words);
});

test('the plural has an s unless it is given', () => {
  expect(counted(2, 'pod')).toBe('2 pods');
});

test.each([
  [[], ''],
  [['a'], 'a'],
  [['a', 'b'], 'a and b'],
  [['a', 'b', 'c'], 'a, b and c'],
  [['a', 'b', 'c', 'd', 'e', 'f'], 'a, b, c, d, e and f'],
  [['a', 'b', 'c', 'd', 'e', 'f', 'g'], 'a, b, c, d, e and 2 more'],
])('%j is told as "%s"', (items, words) => {
  expect(listed(items)).toBe(words);
});
