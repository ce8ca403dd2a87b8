import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { buildOnShelf } from './build.ts';
import { Progress } from './progress.ts';
import { type Recipe, shelf } from './recipe.ts';

// What is built here is a few letters, by a "go" that counts how often it was asked.

const GO = `#!/bin/sh
echo "$1" >>"$GO_CALLS"
case $1 in
  list) printf 'fmt\\nmain\\n' ;;
  build)
    echo fmt >&2
    if [ -n "$GO_FAILS" ]; then echo 'main.go:1: no' >&2; exit 1; fi
    while [ "$1" != -o ]; do shift; done
    cat main.go >"$2"
    ;;
esac
`;
const recipe: Recipe = {
  files: { 'main.go': 'bytes' },
  products: { program: '.' },
  flags: ['-x'],
  env: {},
  compiler: 'go',
};
const built = () => join(shelf(recipe), 'program');
const quiet = () => new Progress({ what: 'K', usually: 'no time' }, { isTTY: true, columns: 80, write: () => true });

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-build-'));
  writeFileSync(join(folder, 'go'), GO);
  chmodSync(join(folder, 'go'), 0o755);
  vi.stubEnv('PATH', [folder, process.env['PATH']].join(delimiter));
  vi.stubEnv('XDG_CACHE_HOME', join(folder, 'cache'));
  vi.stubEnv('GO_CALLS', join(folder, 'calls'));
  vi.stubEnv('GO_FAILS', '');
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const calls = () => readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n');

test('it is built once: the second start takes it from the shelf, and asks Go nothing', async () => {
  const first = await buildOnShelf(recipe, quiet());
  expect(readFileSync(join(first, 'program'), 'utf8')).toBe('bytes');
  expect(first.startsWith(join(folder, 'cache', 'berth', 'kube'))).toBe(true);
  expect(await buildOnShelf(recipe, quiet())).toBe(first);
  expect(calls()).toEqual(['list', 'build']);
});

test('two who come at the same time build it once', async () => {
  const [one, other] = await Promise.all([buildOnShelf(recipe, quiet()), buildOnShelf(recipe, quiet())]);
  expect(one).toBe(other);
  expect(calls()).toEqual(['list', 'build']);
});

test('a build that fails says how the log ends, leaves nothing on the shelf, and is tried again', async () => {
  vi.stubEnv('GO_FAILS', 'yes');
  await expect(buildOnShelf(recipe, quiet())).rejects.toThrow('go build failed:\nfmt\nmain.go:1: no');
  expect(existsSync(built())).toBe(false);
  vi.stubEnv('GO_FAILS', '');
  await buildOnShelf(recipe, quiet());
  expect(readFileSync(built(), 'utf8')).toBe('bytes');
});

test('what a killed build left half is taken away, and never taken for a whole one', async () => {
  vi.stubEnv('GO_FAILS', 'yes');
  await buildOnShelf(recipe, quiet()).catch(() => {});
  writeFileSync(join(shelf(recipe), 'other.partial'), 'byt');
  vi.stubEnv('GO_FAILS', '');
  await buildOnShelf(recipe, quiet());
  expect(readdirSync(shelf(recipe)).filter((name) => name.endsWith('.partial'))).toEqual([]);
});
