import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

const COPIED = /^docs$|\.md$/;
const HIDDEN = /^\./;
const TOOL = resolve('tools/check-docs.ts');

/** A copy of the documents beside the real sources. */
let tree: string;
beforeEach(() => {
  tree = mkdtempSync(join(tmpdir(), 'berth-docs-'));
  for (const name of readdirSync('.').filter((it) => !HIDDEN.test(it))) {
    if (COPIED.test(name)) cpSync(name, join(tree, name), { recursive: true });
    else symlinkSync(resolve(name), join(tree, name));
  }
});
afterEach(() => rmSync(tree, { recursive: true, force: true }));

function check(...args: string[]): { status: number | null; said: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [TOOL, ...args], { cwd: tree, encoding: 'utf8' });
  return { status, said: stdout + stderr };
}

function edit(file: string, change: (text: string) => string): void {
  const before = readFileSync(join(tree, file), 'utf8');
  const after = change(before);
  expect(after).not.toBe(before); // else the test would change nothing
  writeFileSync(join(tree, file), after);
}

/** Takes out the line that begins so. */
function withoutLine(beginning: string): (text: string) => string {
  return (text) =>
    text
      .split('\n')
      .filter((line) => !line.startsWith(beginning))
      .join('\n');
}

test('the documents say what the code says', () => {
  expect(check()).toMatchObject({ status: 0, said: expect.stringContaining(' 0 faults') });
});

test.each([
  ['a code of a CNI error', 'docs/errors.md', '| 11 |', 'the table "codes"'],
  ['a reason of a refusal', 'docs/errors.md', '| `port-taken` |', 'the table "refusals"'],
  ['a metric', 'docs/metrics.md', '| `berth_degraded` |', 'the table "metrics"'],
  ['a key of the configuration', 'docs/configuration.md', '| `pool.cooldown` |', 'the table "keys"'],
  ['a variable of the executable', 'docs/configuration.md', '| `BERTH_WAIT_MS` |', 'the table "executable"'],
  ['a command', 'docs/cli.md', '### `berth why ', 'the table "commands"'],
  ['an option of a command', 'docs/cli.md', '| `--dry-run` |', 'the table "commands"'],
  ['an exit code', 'docs/cli.md', '| 4 |', 'the table "exit codes"'],
])('%s without a line is told', (_, file, line, says) => {
  edit(file, withoutLine(line));
  expect(check()).toMatchObject({ status: 1, said: expect.stringContaining(`${file}: ${says}`) });
});

test.each([
  ['docs/errors.md', '| `port-taken` |', '| `never-was` | 102 | x | y |'],
  ['docs/metrics.md', '| `berth_degraded` |', '| `berth_never_was` | gauge |  | x |'],
  ['docs/configuration.md', '| `pool.cooldown` |', '| `pool.neverWas` | `1s` | x | live |  |'],
  ['docs/cli.md', '| `--dry-run` |', '| `--never-was` | x |  |'],
])('%s: a line of what the code has not is told', (file, before, line) => {
  edit(file, (text) => text.replace(`\n${before}`, `\n${line}\n${before}`));
  expect(check()).toMatchObject({ status: 1, said: expect.stringContaining(`${file}: the table`) });
});

test('a document that is missing, and a place for a table that is missing, are told', () => {
  edit('docs/metrics.md', (text) => text.replace('<!-- table metrics -->', ''));
  expect(check()).toMatchObject({ status: 1, said: expect.stringContaining('no place for the table "metrics"') });
  rmSync(join(tree, 'docs/metrics.md'));
  expect(check()).toMatchObject({ status: 1, said: expect.stringContaining('docs/metrics.md') });
});

test('a link that leads nowhere is told', () => {
  edit('README.md', (text) => `${text}\n[gone](docs/gone.md)\n`);
  expect(check()).toMatchObject({ status: 1, said: expect.stringContaining('README.md: links to docs/gone.md') });
});

test('a source that is named and is not there is told', () => {
  edit('ARCHITECTURE.md', (text) => `${text}\nSee \`src/base/gone.ts\`.\n`);
  expect(check()).toMatchObject({
    status: 1,
    said: expect.stringContaining('ARCHITECTURE.md: names src/base/gone.ts'),
  });
});

test('--write makes the tables as the code has them, and touches nothing else', () => {
  const before = readFileSync(join(tree, 'docs/errors.md'), 'utf8');
  edit('docs/errors.md', withoutLine('| `port-taken` |'));
  expect(check('--write').status).toBe(0);
  expect(readFileSync(join(tree, 'docs/errors.md'), 'utf8')).toBe(before);
});

test('every package is argued in a decision', () => {
  const { dependencies, optionalDependencies, devDependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as {
    readonly [kind in 'dependencies' | 'optionalDependencies' | 'devDependencies']: Readonly<Record<string, string>>;
  };
  const packages = Object.keys({ ...dependencies, ...optionalDependencies, ...devDependencies });
  const decisions = ['libraries', 'tools'].map((name) => readFileSync(`docs/decisions/${name}.md`, 'utf8')).join('\n');
  const heads = decisions.split('\n').filter((line) => line.startsWith('**'));
  expect(packages.filter((name) => !heads.some((head) => head.includes(name)))).toEqual([]);
});
