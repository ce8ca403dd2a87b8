import { expect, test } from 'vitest';
import { RecentLines } from './recent-lines.ts';

test('the last lines are kept, as many as fit, in their order', () => {
  const lines = new RecentLines(20);
  expect(lines.text()).toBe('');
  for (let i = 100; i < 1_100; i++) {
    lines.add(`${i}\n`);
    const kept = Array.from({ length: Math.min(i - 99, 5) }, (_, back) => `${i - back}\n`).toReversed();
    if (i < 1_000) expect(lines.text()).toBe(kept.join(''));
  }
  expect(lines.text()).toBe('1096\n1097\n1098\n1099\n');
});

test('of a line that is longer than all may be nothing is kept, and the next is', () => {
  const lines = new RecentLines(4);
  lines.add('ab\n');
  lines.add('abcdef\n');
  expect(lines.text()).toBe('');
  lines.add('cd\n');
  expect(lines.text()).toBe('cd\n');
});
