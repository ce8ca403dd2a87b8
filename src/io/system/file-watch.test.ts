import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { watchFile } from './file-watch.ts';

let directory: string;
let path: string;
let calls: number;
let stop = () => {};

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'berth-watch-'));
  path = join(directory, 'config.yaml');
  calls = 0;
});

afterEach(() => {
  stop();
  rmSync(directory, { recursive: true });
});

function watch(pollMs = 60_000): void {
  stop = watchFile(path, () => void calls++, { quietMs: 30, pollMs });
}

async function called(times: number): Promise<void> {
  for (let i = 0; i < 100 && calls < times; i++) await sleep(20);
  await sleep(80); // and not once more
  expect(calls).toBe(times);
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test('a burst of writes is told once', async () => {
  writeFileSync(path, 'a');
  watch();
  for (const text of ['b', 'bc', 'bcd']) writeFileSync(path, text);
  await called(1);
});

test('a replacement by rename is told, and so is the next one', async () => {
  writeFileSync(path, 'a');
  watch();
  for (const times of [1, 2, 3]) {
    writeFileSync(`${path}.new`, `version ${times}`);
    renameSync(`${path}.new`, path);
    await called(times);
  }
});

test('a file that appears and one that goes are told', async () => {
  watch();
  writeFileSync(path, 'a');
  await called(1);
  rmSync(path);
  await called(2);
});

test('a mounted ConfigMap is told when its link turns to another directory', async () => {
  for (const version of ['v1', 'v2']) {
    mkdirSync(join(directory, version));
    writeFileSync(join(directory, version, 'config.yaml'), version);
  }
  symlinkSync('v1', join(directory, '..data'));
  symlinkSync('..data/config.yaml', path);
  watch();
  symlinkSync('v2', join(directory, '..next'));
  renameSync(join(directory, '..next'), join(directory, '..data'));
  await called(1);
});

test('other files of the directory are not told', async () => {
  writeFileSync(path, 'a');
  watch();
  writeFileSync(join(directory, 'other'), 'b');
  await called(0);
});

test('a directory that comes later is noticed by the poll', async () => {
  path = join(directory, 'later', 'config.yaml');
  watch(50);
  mkdirSync(join(directory, 'later'));
  writeFileSync(path, 'a');
  await called(1);
  writeFileSync(path, 'ab');
  await called(2);
});

test('nothing is told after the end', async () => {
  writeFileSync(path, 'a');
  watch(20);
  writeFileSync(path, 'ab');
  stop();
  await called(0);
});
