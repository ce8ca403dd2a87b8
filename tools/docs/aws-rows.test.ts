import { expect, test } from 'vitest';
import { AWS_ROWS } from './aws-row-list.ts';
import { rowFaults, rowsTable } from './aws-rows.ts';
import { holdsTest, namesIn, rowsOf } from './tests.ts';

test('all ninety rows are listed, each once and in order', () => {
  const rows = [...rowsTable().matchAll(/^\| A(\d+) \|/gm)].map(([, row]) => Number(row));
  expect(rows).toEqual(Array.from({ length: 90 }, (_, i) => i + 1));
  expect(new Set(AWS_ROWS.map(({ asks }) => asks)).size).toBe(90);
});

test('no row is silent, and every test that is named is there', () => {
  expect(rowFaults()).toEqual([]);
});

test('a name is found whichever quotes it stands in, on the line of its call or below', () => {
  const source = [
    "test('a pod comes, and goes (#3)', () => {",
    'onRoot(',
    '  "another\'s address: #45, #44",',
    'test(`templates too (#7), ${n} times`, () => {});',
    "const short = '#1';",
    "const plain = expect('no name').toBe('of a test, #9')",
  ]
    .join('\n')
    .replaceAll('#', 'A'); // else this file would name rows itself
  expect(namesIn(source).flatMap(rowsOf)).toEqual([3, 45, 44, 7]);
});

test('a name that is almost there is not there', () => {
  const file = 'tools/docs/aws-rows.test.ts';
  expect(holdsTest({ file, name: 'no row is silent, and every test that is named is there' })).toBe(true);
  expect(holdsTest({ file, name: ['no row', 'is loud'].join(' ') })).toBe(false);
});
