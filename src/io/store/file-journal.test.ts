import { readdirSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { address } from '../../base/ip.ts';
import { attachment, claim, failingDisk, idsOf, newFolder, openIn, release } from './journal-stage.ts';
import { FILE_BYTES, generationOf } from './journal-file.ts';
import { lockState } from './lock.ts';
import { openJournal } from './open-journal.ts';

let folder: ReturnType<typeof newFolder>;
beforeEach(() => {
  folder = newFolder();
});
afterEach(() => folder.end());

const open = (...more: [Parameters<typeof openIn>[1]?, number?]) => openIn(folder.path, ...more);
const after = () => idsOf(open().journal); // what the next agent finds
const journalFiles = () => readdirSync(folder.path).filter((name) => generationOf(name) !== undefined);

test('what was appended is there after a kill, without a sync and without a close', async () => {
  const { journal } = open();
  await journal.append([claim(1), claim(2)]);
  await journal.append([release(1, 99)]);
  const { journal: next, recovery } = open();
  expect(idsOf(next)).toEqual([attachment(2).id]);
  expect(next.memory().released.get(address('10.0.0.1'))).toBe(99);
  expect(next.memory().attachments.get(attachment(2).id)).toEqual(attachment(2));
  expect(recovery).toMatchObject({ corrupt: 0, torn: 0, said: [] });
});

test('the journal goes on in new files for ever, and only one stays', async () => {
  const { journal } = open();
  for (let i = 0; i < 3 * (FILE_BYTES / 100_000); i++) await journal.append([claim(1, 100_000)]);
  await journal.append([claim(2)]);
  await journal.synced();
  expect(after()).toEqual([attachment(1).id, attachment(2).id]);
  await journal.close();
  expect(journalFiles().length).toBeLessThanOrEqual(2); // the one of this journal, and of the one opened to look
});

test('files grow with what they must hold: a snapshot leaves most of its file free', async () => {
  const { journal } = open(undefined, 64 * 1024);
  for (let i = 1; i <= 500; i++) await journal.append([claim(i, 1_000)]);
  for (let i = 1; i <= 5_000; i++) await journal.append([claim((i % 500) + 1, 1_000)]);
  await journal.synced();
  await journal.close();
  expect(after()).toHaveLength(500);
  const newest = Math.max(...journalFiles().map((name) => generationOf(name) ?? 0));
  expect(newest).toBeLessThan(30); // 5.5 MB written, 0.6 MB alive
});

test('synced() resolves while others append without end', async () => {
  const { journal } = open();
  let going = true;
  const appending = (async () => {
    for (let i = 0; going; i++) {
      await journal.append([claim(i % 9)]);
      await new Promise((done) => setImmediate(done));
    }
  })();
  await journal.synced();
  going = false;
  await appending;
  await journal.close();
});

test('a full disk is noticed before it is felt: claims are refused while every DEL still has room', async () => {
  const disk = failingDisk(folder.path);
  const { journal } = open(disk);
  await journal.append([claim(1)]);
  await journal.synced();
  disk.fails.add('create');
  for (let i = 0; i < FILE_BYTES / 200_000 - 1; i++) await journal.append([claim(2, 200_000)]);
  // begins the file that was ready; the one after it cannot be made
  await journal.append([claim(2, 200_000)]).catch(() => {});
  await expect.poll(() => journal.failing(), { timeout: 5_000 }).toContain('no space left');
  await expect(journal.append([claim(3)])).rejects.toMatchObject({ name: 'JournalError', kind: 'full' });
  await journal.append([release(1)]);
  disk.fails.clear();
  await expect.poll(() => journal.failing(), { timeout: 5_000 }).toBeUndefined();
  await journal.append([claim(3)]);
  expect(after()).toEqual([attachment(2).id, attachment(3).id]);
});

test('an agent starts on a full disk, goes on in the file that is there, and refuses claims alone', async () => {
  const disk = failingDisk(folder.path);
  const first = open(disk).journal;
  await first.append([claim(1), claim(2)]);
  await first.close();
  disk.fails.add('create');
  const { journal } = open(disk);
  expect(idsOf(journal)).toEqual([attachment(1).id, attachment(2).id]);
  expect(journal.failing()).toContain('no space left');
  await expect(journal.append([claim(3)])).rejects.toMatchObject({ kind: 'full' });
  await journal.append([release(1)]);
  disk.fails.clear();
  expect(after()).toEqual([attachment(2).id]);
});

test('a disk that was full when a file ended is no trouble for ever: nobody need give anything back', async () => {
  const disk = failingDisk(folder.path);
  const { journal } = open(disk, 16 * 1024);
  await journal.synced();
  disk.fails.add('create');
  await expect(journal.append([claim(1, 60_000)])).rejects.toMatchObject({ kind: 'full' });
  disk.fails.clear();
  await expect.poll(() => journal.failing(), { timeout: 5_000 }).toBeUndefined();
  await journal.append([claim(1, 60_000)]);
  expect(after()).toEqual([attachment(1).id]);
});

test('an agent on a full disk without any journal does not start: it could remember nothing', () => {
  const disk = failingDisk(folder.path);
  disk.fails.add('create');
  expect(() => open(disk)).toThrow('no space left');
});

test('after a sync that failed the file is trusted no more: everything goes into a new one', async () => {
  const disk = failingDisk(folder.path);
  const { journal } = open(disk);
  await journal.synced();
  const before = journalFiles();
  await journal.append([claim(1)]);
  disk.fails.add('sync');
  await expect(journal.synced()).rejects.toMatchObject({ name: 'JournalError', kind: 'io' });
  expect(journal.failing()).toContain('cannot sync');
  await expect(journal.append([claim(2)])).rejects.toMatchObject({ kind: 'io' });
  disk.fails.clear();
  await expect.poll(() => journal.failing(), { timeout: 5_000 }).toBeUndefined();
  await journal.synced();
  expect(journalFiles()).not.toEqual(before);
  expect(after()).toEqual([attachment(1).id]);
});

test('a disk that does not sync is given another file once a second, not again and again', async () => {
  const disk = failingDisk(folder.path);
  const timers: { readonly ms: number; readonly run: () => void }[] = [];
  const timer = (ms: number, run: () => void) => {
    const it = { ms, run };
    timers.push(it);
    return () => void timers.splice(timers.indexOf(it), timers.includes(it) ? 1 : 0);
  };
  const { journal } = openJournal({ disk, clock: { now: () => 0, steady: () => 0, timer } });
  disk.fails.add('sync');
  for (let rounds = 0; rounds < 50; rounds++) {
    for (const { run } of timers.splice(0).filter(({ ms }) => ms < 1_000)) run();
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(journal.failing()).toContain('cannot sync');
  expect(journalFiles().length).toBeLessThanOrEqual(3);
});

test('after a write that failed half-way nothing is written behind it, and what was refused does not come back', async () => {
  const disk = failingDisk(folder.path);
  const { journal } = open(disk);
  await journal.synced();
  disk.fails.add('write');
  await expect(journal.append([claim(1), claim(2, 500)])).rejects.toMatchObject({ kind: 'io' });
  expect(journal.failing()).toContain('cannot write');
  disk.fails.clear();
  await expect.poll(() => journal.failing(), { timeout: 5_000 }).toBeUndefined();
  await journal.append([claim(3)]);
  await journal.synced();
  await journal.close();
  expect(after()).toEqual([attachment(3).id]);
});

test('a write that fails once is not felt: the record goes into a new file', async () => {
  const disk = failingDisk(folder.path);
  const { journal } = open({
    ...disk,
    rename: (from, to) => {
      disk.fails.clear();
      disk.rename(from, to);
    },
  });
  await journal.append([claim(1)]);
  await journal.synced();
  expect(after()).toEqual([attachment(1).id]);
});

test('one agent at a time: a second one is told so, and a released lock is free', () => {
  const unlock = lockState(folder.path);
  expect(() => lockState(folder.path)).toThrow('in use by another agent');
  unlock();
  lockState(folder.path)();
});
