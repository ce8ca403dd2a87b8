import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { type Address, address } from '../../base/ip.ts';
import { type AttachmentId, attachmentId, type AttachmentRecord } from '../../core/attachment.ts';
import type { MemoryRecord } from '../../core/memory/record.ts';
import { type Disk, DiskError, type DiskFile } from './disk.ts';
import type { Journal } from './journal.ts';
import { linuxDisk } from './linux-disk.ts';
import { openJournal } from './open-journal.ts';

// What the journal's tests are played with: a directory of their own, a real clock, claims, and a disk that fails
// when told to.

const clock: Clock = {
  now: () => Date.now(),
  steady: () => performance.now(),
  timer: (after, then) => {
    const timeout = setTimeout(then, after);
    return () => clearTimeout(timeout);
  },
};

/** A directory for one test. `end` removes it. */
export function newFolder(): { readonly path: string; readonly end: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'berth-journal-'));
  return { path, end: () => rmSync(path, { recursive: true, force: true }) };
}

/** The i-th attachment, with one address; `bytes` makes its record that much longer. */
export function attachment(i: number, bytes = 0): AttachmentRecord {
  const name = { network: 'pods', containerId: `c${i}`, ifname: 'eth0' };
  const addresses: Address[] = [address(`10.0.${i >> 8}.${i & 255}`)];
  const [id, result] = [attachmentId(name), 'x'.repeat(bytes)];
  return { id, name, netns: `/run/netns/c${i}`, addresses, ports: [], ordinal: 0, plan: [], result, since: i };
}

export function claim(i: number, bytes = 0): MemoryRecord {
  return { kind: 'claim', attachment: attachment(i, bytes) };
}

export function release(i: number, freeAt = 1): MemoryRecord {
  const { id, addresses } = attachment(i);
  return { kind: 'release', id, addresses, freeAt };
}

/** Opens as the agent does after a kill: nothing was closed. */
export function openIn(folder: string, disk: Disk = linuxDisk(folder), fileBytes?: number) {
  return openJournal({ disk, clock, ...(fileBytes === undefined ? {} : { fileBytes }) });
}

/** Whose claims a journal holds. */
export function idsOf(journal: Journal): readonly AttachmentId[] {
  return [...journal.memory().attachments.keys()];
}

/** A disk on which what is named fails while it is in the set. */
export interface FailingDisk extends Disk {
  readonly fails: Set<'create' | 'write' | 'sync' | 'read'>;
}

export function failingDisk(folder: string): FailingDisk {
  const real = linuxDisk(folder);
  const fails: FailingDisk['fails'] = new Set();
  const wrapped = (file: DiskFile): DiskFile => ({
    ...file,
    write: (at, bytes) => {
      if (!fails.has('write')) return file.write(at, bytes);
      file.write(at, bytes.subarray(0, bytes.length - 9)); // the disk had room for a part
      throw new DiskError('io', 'cannot write: input/output error');
    },
    sync: () =>
      fails.has('sync') ? Promise.reject(new DiskError('io', 'cannot sync: input/output error')) : file.sync(),
  });
  return {
    ...real,
    fails,
    create: (name, bytes) => {
      if (fails.has('create')) throw new DiskError('full', `cannot make ${name}: no space left on device`);
      return wrapped(real.create(name, bytes));
    },
    open: (name) => wrapped(real.open(name)),
    read: (name) => {
      if (fails.has('read')) throw new DiskError('io', `cannot read ${name}: input/output error`);
      return real.read(name);
    },
  };
}
