import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { KeptFiles, type Tending } from './kept-files.ts';
import { type Kept, letGo, type Manifest, writeManifest } from './manifest.ts';
import { sha256, writeWhole } from './whole-file.ts';

let folder: string;
let files: KeptFiles;
const at = (name: string) => join(folder, name);
const manifest = () => JSON.parse(readFileSync(at('manifest.json'), 'utf8')) as Manifest;
const tend = (more: Partial<Tending> = {}) => files.tend({ which: 'altered', serving: true, ...more });

/** As an installation does it: the source, the word about it, the file. */
function installed(program: string, list: string): void {
  const entry = (path: string, text: string, kept: Kept) =>
    ({ kind: 'file', path: at(path), sha256: sha256(text), kept }) as const;
  writeWhole(at('lib/program'), program, 0o755);
  writeWhole(at('lib/list'), list, 0o600);
  const entries = [
    entry('bin/program', program, { from: at('lib/program'), mode: 0o755 }),
    entry('net.d/list', list, { from: at('lib/list'), mode: 0o600, onceServing: true }),
    { kind: 'file', path: at('config'), sha256: sha256('') } as const,
  ];
  writeManifest(at('manifest.json'), { version: '1', entries });
  writeWhole(at('bin/program'), program, 0o755);
  writeWhole(at('net.d/list'), list, 0o600);
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-kept-'));
  installed('a program', 'a list');
  files = new KeptFiles(at('manifest.json'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('what is as it was installed is left alone', () => {
  expect(tend()).toEqual([]);
  expect(tend()).toEqual([]);
});

test('A25: what was deleted or altered is put back with its mode, whole, also when its folder went with it', () => {
  rmSync(at('net.d'), { recursive: true });
  writeFileSync(at('bin/program'), 'another');
  expect(tend()).toEqual([
    { path: at('bin/program'), was: 'altered' },
    { path: at('net.d/list'), was: 'missing' },
  ]);
  expect(readFileSync(at('bin/program'), 'utf8')).toBe('a program');
  expect(readFileSync(at('net.d/list'), 'utf8')).toBe('a list');
  expect(statSync(at('net.d/list')).mode & 0o777).toBe(0o600);
  expect(readdirSync(at('net.d'))).toEqual(['list']);
  expect(tend()).toEqual([]);
});

test('A25: a program that nobody may execute any more is altered', () => {
  chmodSync(at('bin/program'), 0o644);
  expect(tend()).toEqual([{ path: at('bin/program'), was: 'altered' }]);
  expect(statSync(at('bin/program')).mode & 0o777).toBe(0o755);
});

test('A22, A25: the list is not put back while no ADD would succeed', () => {
  rmSync(at('net.d/list'));
  rmSync(at('bin/program'));
  expect(tend({ serving: false })).toEqual([{ path: at('bin/program'), was: 'missing' }]);
  expect(tend()).toEqual([{ path: at('net.d/list'), was: 'missing' }]);
});

test('who edits the list may say that only what is missing comes back', () => {
  writeFileSync(at('net.d/list'), 'an edited list');
  expect(tend({ which: 'missing' })).toEqual([]);
  rmSync(at('net.d/list'));
  expect(tend({ which: 'missing' })).toEqual([{ path: at('net.d/list'), was: 'missing' }]);
});

test('an upgrade is no alteration, whenever it is looked at', () => {
  tend();
  installed('a newer program', 'a newer list');
  expect(tend()).toEqual([]);
  expect(readFileSync(at('bin/program'), 'utf8')).toBe('a newer program');
});

test('what is to go stays away', () => {
  tend();
  letGo(at('manifest.json'), manifest());
  rmSync(at('net.d/list'));
  expect(tend()).toEqual([]);
  expect(manifest().entries.map((it) => (it.kind === 'file' ? it.path : ''))).toEqual([
    at('bin/program'),
    at('net.d/list'),
    at('config'),
  ]);
});

test('what cannot be put back says why, and nothing else takes its place', () => {
  rmSync(at('bin/program'));
  writeFileSync(at('lib/program'), 'spoiled');
  expect(tend()).toEqual([
    { path: at('bin/program'), was: 'missing', because: `${at('lib/program')} is not what was installed` },
  ]);
  rmSync(at('lib/program'));
  expect(tend()).toMatchObject([{ path: at('bin/program'), because: expect.stringContaining('ENOENT') }]);
});

test('without a manifest there is nothing to look after', () => {
  rmSync(at('manifest.json'));
  rmSync(at('bin/program'));
  expect(tend()).toEqual([]);
});
