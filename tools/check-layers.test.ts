import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { faultsOf } from './check-layers.ts';
import { matrix, readFloors } from './layers/floors.ts';
import { bare, withoutComments } from './layers/mask.ts';
import { importsOf, type Source } from './layers/source.ts';

const FLOORS = `## Floors

| room | may import | |
|---|---|---|
| \`src/base\` | | sealed |
| \`src/core\` | \`src/base\` | sealed |
| \`src/io/*\` | \`src/base\` \`src/core\` | |
| \`src/main.ts\` | \`src/io/*\` | |
| \`sim\` | \`src/core\` | |

## Else
`;
const rooms = readFloors(FLOORS);
const file = (path: string, ...lines: string[]): Source => ({ path, text: `${lines.join('\n')}\n` });

test('what the table allows is no fault', () => {
  const sources = [
    file('src/base/a.ts', 'export const a = 1;'),
    file('src/core/b.ts', "import { a } from '../base/a.ts';", 'export const b = a;'),
    file('src/core/ipam/c.ts', "import { b } from '../b.ts';", "export * from './d.ts';"),
    file('src/core/ipam/d.test.ts', "import { c } from '../../io/disk/c.ts';", "import fs from 'node:fs';"),
    file('src/io/disk/c.ts', "import fs from 'node:fs';", "import type { b } from '../../core/b.ts';"),
    file('src/main.ts', "import './io/disk/c.ts';"),
    file('sim/main.ts', "import { b } from '../src/core/b.ts';"),
  ];
  expect(faultsOf(rooms, sources)).toEqual([]);
});

const up = "from '../io/disk/c.ts';";

test.each([
  ['upwards', 'src/core/b.ts', `import { c } ${up}`, 'src/core may not import src/io/disk/c.ts'],
  ['as an export', 'src/core/b.ts', `export { c } ${up}`, 'src/core may not import src/io/disk/c.ts'],
  ['of everything', 'src/core/b.ts', `export * ${up}`, 'src/core may not import src/io/disk/c.ts'],
  ['for its deeds', 'src/core/b.ts', `import '../io/disk/c.ts';`, 'src/core may not import src/io/disk/c.ts'],
  ['over several lines', 'src/core/b.ts', `import {\n  c, // why\n} ${up}`, 'may not import'],
  ['when it runs', 'src/core/b.ts', "const c = import('../io/disk/c.ts');", 'may not import'],
  ['sideways, of a type', 'src/io/disk/c.ts', "import type { D } from '../net/d.ts';", 'src/io/disk may not import'],
  ['by the garden', 'sim/main.ts', "import { c } from '../src/io/disk/c.ts';", 'sim may not import'],
  ['of the garden', 'src/io/disk/c.ts', "import { s } from '../../../sim/s.ts';", 'may not import sim/s.ts'],
  ['of Node on a sealed floor', 'src/core/b.ts', "import fs from 'node:fs';", 'a sealed floor imports node:fs'],
  ['of a package on a sealed floor', 'src/core/b.ts', "import { z } from 'zod';", 'a sealed floor imports zod'],
  ['from outside of all rooms', 'lib/x.ts', "import { a } from '../src/base/a.ts';", 'stands in no room'],
  ['from between the rooms', 'src/io/x.ts', "import { a } from '../base/a.ts';", 'stands in no room'],
  ['of what is in no room', 'src/io/disk/c.ts', "import { a } from '../../x.ts';", 'which stands in no room'],
])('a forbidden import is told: %s', (_, path, text, says) => {
  expect(faultsOf(rooms, [file(path, text)]).join('\n')).toContain(says);
});

test.each([
  ['Date.now', 'Date.now()'],
  ['new Date(', 'new Date(0)'],
  ['Math.random', 'Math.random()'],
  ['async', 'async () => 1'],
  ['await', 'await x'],
  ['Promise', 'Promise.resolve()'],
  ['globalThis', 'globalThis.x'],
])('a sealed floor does not use %s', (word, code) => {
  const text = `export const b = ${code};`;
  expect(faultsOf(rooms, [file('src/core/b.ts', text)])).toEqual([`src/core/b.ts: a sealed floor uses ${word}`]);
  expect(faultsOf(rooms, [file('src/io/disk/b.ts', text)])).toEqual([]);
});

test('a circle is told, also one of types, and one of a single file', () => {
  const sources = [
    file('src/base/a.ts', "import type { B } from './b.ts';"),
    file('src/base/b.ts', "import { c } from './c.ts';"),
    file('src/base/c.ts', "import { a } from './a.ts';", "import { b } from './b.ts';"),
    file('src/base/d.ts', "import { d } from './d.ts';"),
  ];
  expect(faultsOf(rooms, sources)).toEqual([
    'circle: src/base/a.ts -> src/base/b.ts -> src/base/c.ts -> src/base/a.ts',
    'circle: src/base/b.ts -> src/base/c.ts -> src/base/b.ts',
    'circle: src/base/d.ts -> src/base/d.ts',
  ]);
});

test('what is too long, too wide or named by nothing is told', () => {
  const told = (path: string, ...lines: string[]) => faultsOf(rooms, [file(path, ...lines)]).join();
  const lines = (n: number) => Array.from({ length: n }, () => 'a();');
  expect(told('src/base/a.ts', ...lines(301))).toContain('301 lines');
  expect(told('src/base/a.ts', ...lines(300))).toBe('');
  expect(told('src/base/a.ts', `const a = ${'1 + '.repeat(40)}1;`)).toContain('a.ts:1: wider');
  expect(told('src/base/a.ts', `// ${'word '.repeat(30)}`)).toContain('a.ts:1: wider');
  expect(told('src/base/a.ts', `const a = 1; // ${'word '.repeat(30)}`)).toContain('a.ts:1: wider');
  expect(told('src/base/a.ts', `const a = '${'word '.repeat(30)}';`)).toBe('');
  expect(told('src/base/utils.ts', '')).toContain('its name');
  expect(told('src/base/index.ts', '')).toContain('its name');
});

const MASKED: readonly (readonly [string, string, string])[] = [
  ["a('//'); // b", "a('//');     ", "a('  ');     "],
  ['a /* " */ "/*" b', 'a         "/*" b', 'a         "  " b'],
  ['`a${b(`c}`) + {}}d` // e', '`a${b(`c}`) + {}}d`     ', '`  {b(`  `) + {}} `     '],
  ["x = /['/]/.test(y) / 2; // z", "x = /['/]/.test(y) / 2;     ", 'x = /    /.test(y) / 2;     '],
  ["'it\\'s' + \"\\\\\" // x", "'it\\'s' + \"\\\\\"     ", '\'     \' + "  "     '],
  ['a / b / c // d', 'a / b / c     ', 'a / b / c     '],
  ['// a \\\nb', '      \nb', '      \nb'],
  ['/* a', '    ', '    '],
];

test.each(MASKED)('comments and texts are told from code: %s', (text, code, hollow) => {
  expect([withoutComments(text), bare(text)]).toEqual([code, hollow]);
});

test('an import that only stands in a text or a comment is none', () => {
  const source = file('src/core/b.ts', "// import x from './x.ts';", "const a = `\nimport y from './y.ts';\n`;");
  expect(importsOf(source)).toEqual([]);
  expect(faultsOf(rooms, [file('src/core/b.ts', '// Date.now()', "export const a = 'await';")])).toEqual([]);
});

test('the matrix counts imports between rooms', () => {
  const sources = [
    file('src/core/b.ts', "import { a } from '../base/a.ts';"),
    file('src/core/c.ts', "import { a } from '../base/a.ts';", "import { b } from './b.ts';"),
    file('src/base/a.ts'),
  ];
  const paths = sources.map(({ path }) => path);
  expect(matrix(rooms, paths, sources.flatMap(importsOf)).split('\n')).toEqual([
    '               1   2',
    ' 1 src/base    .   .',
    ' 2 src/core    2   1',
  ]);
});

test('the real table is read; a document without one is told', () => {
  const sealed = readFloors(readFileSync('ARCHITECTURE.md', 'utf8')).filter((room) => room.sealed);
  expect(sealed.map(({ folder }) => folder)).toEqual([
    'src/base',
    'src/core',
    'src/wire',
    'src/wire/kube/crd',
    'emulator/cloud',
  ]);
  expect(() => readFloors('## Floors\n\nnone')).toThrow('no table');
});
