import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ACCESS_KEY } from '../emulator/server/start.ts';

/** Loads koffi from a bundle as the agent does, and calls libc whenever it is asked to. */
const CALLER = `
  const koffi = require(process.argv[1]);
  const getppid = koffi.load(null).func('int getppid()');
  process.on('message', () => process.send(getppid()));
  process.send(getppid());
`;

let directory: string;
let caller: ChildProcess | undefined;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'berth-bundle-'));
});
afterEach(() => {
  caller?.kill('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
});

test('a program that runs from a bundle goes on when it is bundled anew', { timeout: 30_000 }, async () => {
  const bundle = () => execFileSync(process.execPath, ['tools/bundle.ts', directory], { stdio: 'pipe' });
  bundle();
  const child = spawn(process.execPath, ['-e', CALLER, join(directory, 'koffi.node')], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  caller = child;
  const end = once(child, 'exit').then(([code, signal]) => `ended: ${code ?? signal}`);
  const answer = () => Promise.race([once(child, 'message').then(([said]) => said as unknown), end]);
  expect(await answer()).toBe(process.pid);
  bundle();
  child.send('again');
  expect(await answer()).toBe(process.pid);
});

test('the emulator is started by the bundle, and is no part of what the agent loads', { timeout: 30_000 }, () => {
  execFileSync(process.execPath, ['tools/bundle.ts', directory], { stdio: 'pipe' });
  const words = ['emulator', 'start', '--help'];
  const said = execFileSync(join(directory, 'berth'), words, { encoding: 'utf8' });
  expect(said).toContain('--topology');
  expect(readFileSync(join(directory, 'berth.mjs'), 'utf8')).not.toContain(ACCESS_KEY.secret);
  expect(readFileSync(join(directory, 'emulator.mjs'), 'utf8')).toContain(ACCESS_KEY.secret);
});
