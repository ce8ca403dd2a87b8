import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Clock } from '../../base/clock.ts';
import { type Address, address } from '../../base/ip.ts';
import { type AttachmentId, attachmentId, type AttachmentRecord } from '../../core/attachment.ts';
import { encodeRecord } from '../../wire/journal/format.ts';
import { type Disk, DiskError } from './disk.ts';
import { FILE_BYTES, fileName } from './file-journal.ts';
import { linuxDisk } from './linux-disk.ts';
import { lockState } from './lock.ts';
import { openJournal } from './open-journal.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-journal-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const clock: Clock = {
  now: () => Date.now(),
  steady: () => performance.now(),
  timer: (after, then) => {
    const timeout = setTimeout(then, after);
    return () => clearTimeout(timeout);
  },
};

function attachment(i: number): AttachmentRecord {
  const name = { network: 'pods', containerId: `c${i}`, ifname: 'eth0' };
  const addresses: Address[] = [address(`10.0.${i >> 8}.${i & 255}`)];
  return {
    id: attachmentId(name),
    name,
    netns: `/run/netns/c${i}`,
    addresses,
    ports: [],
    ordinal: 0,
    plan: [],
    result: '{}',
    since: i,
  };
}

/** Opens as the agent does after a kill: nothing was closed. */
function open(disk: Disk = linuxDisk(folder)) {
  return openJournal({ disk, clock });
}

const ids = (from: ReturnType<typeof open>): AttachmentId[] => [...from.journal.memory().attachments.keys()].sort();

test('what was appended is there after a kill, without a sync and without a close', async () => {
  const { journal } = open();
  await journal.append([
    { kind: 'claim', attachment: attachment(1) },
    { kind: 'claim', attachment: attachment(2) },
  ]);
  await journal.append([{ kind: 'release', id: attachment(1).id, addresses: attachment(1).addresses, freeAt: 99 }]);
  const after = open();
  expect(ids(after)).toEqual([attachment(2).id]);
  expect(after.journal.memory().released.get(address('10.0.0.1'))).toBe(99);
  expect(after.journal.memory().attachments.get(attachment(2).id)).toEqual(attachment(2));
  expect(after.recovery).toMatchObject({ corrupt: 0, torn: 0, said: [] });
});

test('the journal goes on in new files for ever, and only one stays', async () => {
  const { journal } = open();
  const big = { ...attachment(1), result: 'x'.repeat(100_000) };
  for (let i = 0; i < 3 * (FILE_BYTES / 100_000); i++) await journal.append([{ kind: 'claim', attachment: big }]);
  await journal.append([{ kind: 'claim', attachment: attachment(2) }]);
  await journal.synced();
  expect(ids(open())).toEqual([attachment(1).id, attachment(2).id]);
  await journal.close();
  const files = readdirSync(folder).filter((name) => /^journal-\d+$/.test(name));
  expect(files.length).toBeLessThanOrEqual(2); // the one of this journal, and of the one opened to look
});

test('a newer file without a whole snapshot is passed over for the one before it', async () => {
  const { journal } = open();
  await journal.append([{ kind: 'claim', attachment: attachment(1) }]);
  await journal.close();
  writeFileSync(join(folder, fileName(50)), new Uint8Array(4_096));
  const after = open();
  expect(ids(after)).toEqual([attachment(1).id]);
  expect(after.recovery.said.join()).toContain(`${fileName(50)}.foreign`);
});

test('a flipped bit costs one record, is said, and the broken file is kept', async () => {
  const { journal } = open();
  for (let i = 1; i <= 3; i++) await journal.append([{ kind: 'claim', attachment: attachment(i) }]);
  await journal.close();
  const path = join(folder, fileName(1));
  const bytes = readFileSync(path);
  const at = bytes.indexOf('/run/netns/c2');
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(path, bytes);
  const after = open();
  expect(ids(after)).toEqual([attachment(1).id, attachment(3).id]);
  expect(after.recovery.corrupt).toBe(1);
  expect(readdirSync(folder)).toContain(`${fileName(1)}.broken`);
});

test('a truncated file gives what is whole in it', async () => {
  const { journal } = open();
  for (let i = 1; i <= 3; i++) await journal.append([{ kind: 'claim', attachment: attachment(i) }]);
  await journal.close();
  truncateSync(join(folder, fileName(1)), readFileSync(join(folder, fileName(1))).indexOf('/run/netns/c3'));
  expect(ids(open())).toEqual([attachment(1).id, attachment(2).id]);
});

test('a foreign file of our name is set aside, never overwritten', () => {
  writeFileSync(join(folder, fileName(3)), 'somebody’s letters');
  const { recovery } = open();
  expect(recovery.said).toHaveLength(1);
  expect(readFileSync(join(folder, `${fileName(3)}.foreign`), 'utf8')).toBe('somebody’s letters');
});

test('records of a kind that this version does not know survive it', async () => {
  const { journal } = open();
  await journal.append([{ kind: 'claim', attachment: attachment(1) }]);
  await journal.close();
  const path = join(folder, fileName(1));
  const bytes = readFileSync(path);
  const unknown = encodeRecord({ kind: 77, payload: Buffer.from('of a later version') });
  bytes.set(unknown, bytes.findLastIndex((byte) => byte !== 0) + 8 - (bytes.findLastIndex((byte) => byte !== 0) % 8));
  writeFileSync(path, bytes);
  expect(open().recovery.unknown).toBe(1);
  expect(open().recovery.unknown).toBe(1);
});

/** A disk that is full, or whose syncs fail, while a switch is on. */
function failingDisk(): Disk & { full: boolean; broken: boolean } {
  const real = linuxDisk(folder);
  const disk = {
    ...real,
    full: false,
    broken: false,
    create: (name: string, bytes: number) => {
      if (disk.full) throw new DiskError('full', `cannot make ${name}: no space left on device`);
      const file = real.create(name, bytes);
      const sync = () =>
        disk.broken ? Promise.reject(new DiskError('io', 'cannot sync: input/output error')) : file.sync();
      return { ...file, sync };
    },
  };
  return disk;
}

test('a full disk is noticed before it is felt: claims are refused while every DEL still has room', async () => {
  const disk = failingDisk();
  const { journal } = open(disk);
  const big = { ...attachment(1), result: 'x'.repeat(200_000) };
  for (let i = 0; i < FILE_BYTES / 200_000 - 1; i++) await journal.append([{ kind: 'claim', attachment: big }]);
  disk.full = true;
  await journal.append([{ kind: 'claim', attachment: big }]); // begins the file that was ready; the one after it cannot be made
  await expect.poll(() => journal.failing(), { timeout: 5_000 }).toContain('no space left');
  await journal.append([{ kind: 'release', id: big.id, addresses: big.addresses, freeAt: 1 }]);
  disk.full = false;
  await expect.poll(() => journal.failing(), { timeout: 5_000 }).toBeUndefined();
  expect(ids(open())).toEqual([]);
});

test('after a sync that failed the file is trusted no more: everything goes into a new one', async () => {
  const disk = failingDisk();
  const { journal } = open(disk);
  disk.broken = true;
  await journal.append([{ kind: 'claim', attachment: attachment(1) }]);
  await expect(journal.synced()).rejects.toThrow('input/output error');
  expect(journal.failing()).toContain('could not be synced');
  disk.broken = false;
  await expect.poll(() => journal.failing(), { timeout: 5_000 }).toBeUndefined();
  await journal.synced();
  expect(ids(open())).toEqual([attachment(1).id]);
});

test('one agent at a time: a second one is told so, and a released lock is free', () => {
  const release = lockState(folder);
  expect(() => lockState(folder)).toThrow('in use by another agent');
  release();
  lockState(folder)();
});
