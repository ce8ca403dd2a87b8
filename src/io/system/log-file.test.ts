import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { logFile } from './log-file.ts';

let folder: string;
let said: string[];
const path = () => join(folder, 'log', 'agent.log');
const open = (mostBytes: number) => logFile(path(), { mostBytes, otherwise: (line) => void said.push(line) });
const read = (name = 'agent.log') => readFileSync(join(folder, 'log', name), 'utf8');

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-log-'));
  said = [];
});
afterEach(() => rmSync(folder, { recursive: true }));

test('lines are appended, over a restart as well, and for nobody else to read', () => {
  open(100)('one\n');
  open(100)('two\n');
  expect(read()).toBe('one\ntwo\n');
  expect(statSync(path()).mode & 0o007).toBe(0);
});

test('A73: however much is logged, no more than twice the bound is kept, and the newest of it', () => {
  const log = open(1_000);
  const lines = Array.from({ length: 1_000 }, (_, i) => `line ${i}\n`);
  for (const line of lines) log(line);
  expect(readdirSync(join(folder, 'log')).toSorted()).toEqual(['agent.log', 'agent.log.1']);
  expect(read().length).toBeLessThanOrEqual(1_000);
  expect(read('agent.log.1').length).toBeLessThanOrEqual(1_000);
  const kept = read('agent.log.1') + read();
  expect(lines.join('').endsWith(kept)).toBe(true);
  expect(kept.length).toBeGreaterThan(1_000);
});

test('what was there before counts, and a line longer than the bound has a file to itself', () => {
  const long = `${'x'.repeat(50)}\n`;
  open(20)('short\n');
  const log = open(20);
  log(long);
  expect([read('agent.log.1'), read()]).toEqual(['short\n', long]);
  log('short again\n');
  expect([read('agent.log.1'), read()]).toEqual([long, 'short again\n']);
});

test('a line that cannot be written is said elsewhere, and the next one is tried again', () => {
  writeFileSync(join(folder, 'log'), 'in the way of the folder');
  const log = open(100);
  log('one\n');
  expect(said).toEqual(['one\n']);
  rmSync(join(folder, 'log'));
  log('two\n');
  expect([said, read()]).toEqual([['one\n'], 'two\n']);
});
