import { expect, test } from 'vitest';
import { shares } from './shares.ts';

const names = ['[sig-network] Services a (1)', '[sig-network] Services b', '[sig-network] Services a', '[x] c+d '];

test('every spec is in one share, and a share takes no other', () => {
  const all = shares(names, 2).map((it) => new RegExp(it));
  expect(all.map((it) => names.filter((name) => it.test(`the suite ${name}`)))).toEqual([
    [names[0], names[2]],
    [names[1], names[3]],
  ]);
});

test('of fewer specs than shares there are fewer shares', () => {
  expect(shares(names.slice(0, 1), 3)).toHaveLength(1);
  expect(shares([], 3)).toEqual([]);
});
