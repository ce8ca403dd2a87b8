import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { berthImage } from '../../tools/image/berth-image.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-same-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Bundle and executable built in a folder of their own; the image of them. */
function builtIn(name: string): string {
  const own = join(folder, name);
  mkdirSync(join(own, 'build'), { recursive: true });
  const make = (...words: readonly string[]) => execFileSync(process.execPath, words, { stdio: 'pipe' });
  make('tools/bundle.ts', join(own, 'dist'));
  make('tools/build.ts', '--output', join(own, 'build/berth-cni'));
  return berthImage('berth.test/berth:same', { from: own }).digest;
}

test('the same sources, built twice and in different places, are the same image to the byte', () => {
  expect(builtIn('here')).toBe(builtIn('somewhere/else'));
}, 60_000);
