import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { faultsOf, importsOf, matrix, readFloors, type Source } from './check-layers.ts';

const FLOORS = `## Floors

| room | may import | |
|---|---|---|
| \`src/base\` | | sealed |
| \`src/core\` | \`src/base\` | sealed |
| \`src/io/*\` | \`src/base\` \`src/core\` | |

## Else
`;
const rooms = readFloors(FLOORS);
const file = (path: string, ...lines: string[]): Source => ({ path, text: `${lines.join('\n')}\n` });

test('what the table allows is no fault', () => {
  const sources = [
    file('src/base/a.ts', 'export const a = 1;'),
    file('src/core/b.ts', "import { a } from '../base/a.ts';", 'export const b = a;'),
    file('src/io/disk/c.ts', "import fs from 'node:fs';", "import type { b } from '../../core/b.ts';"),
  ];
  expect(faultsOf(rooms, sources)).toEqual([]);
});

test.each([
  [
    'upwards',
    file('src/core/b.ts', "import { c } from '../io/disk/c.ts';"),
    'src/core may not import src/io/disk/c.ts',
  ],
  [
    'sideways, a type only',
    file('src/io/disk/c.ts', "import type { d } from '../net/d.ts';"),
    'src/io/disk may not import src/io/net/d.ts',
  ],
  ['over several lines', file('src/core/b.ts', 'import {', '  c,', "} from '../io/disk/c.ts';"), 'may not import'],
  ['when it runs', file('src/core/b.ts', `const c = ${'import'}('../io/disk/c.ts');`), 'may not import'],
  ['of Node in a sealed room', file('src/core/b.ts', "import fs from 'node:fs';"), 'a sealed floor imports node:fs'],
  [
    'of the clock in a sealed room',
    file('src/core/b.ts', 'export const now = () => Date.now();'),
    'a sealed floor uses Date.now',
  ],
  ['outside of all rooms', file('lib/x.ts', "import { a } from '../src/base/a.ts';"), 'stands in no room'],
])('a forbidden import is told: %s', (_, source, says) => {
  expect(faultsOf(rooms, [source]).join('\n')).toContain(says);
});

test('a word in a comment or a text is no deed', () => {
  const source = file('src/core/b.ts', '// Date.now() would be impure', "export const text = 'await the clock';");
  expect(faultsOf(rooms, [source])).toEqual([]);
});

test('a circle is told, also one of types', () => {
  const sources = [
    file('src/base/a.ts', "import type { B } from './b.ts';"),
    file('src/base/b.ts', "import { a } from './a.ts';"),
  ];
  expect(faultsOf(rooms, sources)).toEqual(['circle: src/base/a.ts -> src/base/b.ts -> src/base/a.ts']);
});

test('what is too long is told', () => {
  const long = (n: number) => Array.from({ length: n }, () => '  a();');
  expect(faultsOf(rooms, [file('src/base/a.ts', ...long(301))]).join()).toContain('301 lines');
  expect(faultsOf(rooms, [file('src/base/a.ts', 'function a(): void {', ...long(80), '}')]).join()).toContain(
    '82 lines',
  );
  expect(faultsOf(rooms, [file('src/base/a.ts', `const a = ${'1 + '.repeat(40)}1;`)]).join()).toContain('letters');
});

test('the matrix counts imports between rooms, and the real table is read', () => {
  const sources = [file('src/base/a.ts', ''), file('src/core/b.ts', "import { a } from '../base/a.ts';")];
  expect(matrix(rooms, sources)).toContain('src/core');
  expect(readFloors(readFileSync('ARCHITECTURE.md', 'utf8')).length).toBeGreaterThan(5);
  expect(importsOf(file('src/a.ts', "export * from './b.ts';"))).toEqual([
    { from: 'src/a.ts', to: 'src/b.ts', local: true },
  ]);
});
