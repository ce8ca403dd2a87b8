import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

test('A71: every reason that an Event may have is in the table, and no other', () => {
  const code = readFileSync('src/core/cluster/notice.ts', 'utf8');
  const words = [...code.matchAll(/'((?:[A-Z]+[a-z]+){2,}[A-Z]*)'/g)].map(([, word = '']) => word);
  const [, page = ''] = readFileSync('docs/errors.md', 'utf8').split('## Reasons of Events');
  const [table = ''] = page.split(/^## /m);
  const told = [...table.matchAll(/^\| (`[^|]*) \|/gm)].flatMap(([, cell = '']) =>
    cell.replaceAll('`', '').split(', '),
  );
  expect(told.toSorted()).toEqual([...new Set(words)].toSorted());
});
