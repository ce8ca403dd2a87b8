import { expect, test } from 'vitest';
import { seeded } from './random.ts';

const some = (seed: number, count: number) => {
  const random = seeded(seed);
  return Array.from({ length: count }, () => random.fraction());
};

test('the same seed gives the same numbers, on every machine', () => {
  expect(some(7, 100)).toEqual(some(7, 100));
  // mulberry32 of 1, as its reference implementation gives it: 0x6d2b79f5 added once, then mixed
  expect(Math.floor((some(1, 1)[0] ?? 0) * 2 ** 32)).toBe(2693262067);
});

test('other seeds give other numbers', () => {
  expect(new Set(Array.from({ length: 1_000 }, (_, seed) => some(seed, 1)[0])).size).toBe(1_000);
});

test('numbers are in [0, 1) and spread over it', () => {
  const numbers = some(42, 10_000);
  expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...numbers)).toBeLessThan(1);
  for (let tenth = 0; tenth < 10; tenth++) {
    const count = numbers.filter((number) => Math.floor(number * 10) === tenth).length;
    expect(count).toBeGreaterThan(900);
    expect(count).toBeLessThan(1_100);
  }
});
