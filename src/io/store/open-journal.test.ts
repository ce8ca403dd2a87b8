import { existsSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { encodeHeader, encodeRecord } from '../../wire/journal/format.ts';
import { attachment, claim, failingDisk, idsOf, newFolder, openIn, release } from './journal-stage.ts';
import { fileName } from './journal-file.ts';
import { linuxDisk } from './linux-disk.ts';

let folder: ReturnType<typeof newFolder>;
beforeEach(() => {
  folder = newFolder();
});
afterEach(() => folder.end());

const open = (disk = linuxDisk(folder.path), fileBytes?: number) => openIn(folder.path, disk, fileBytes);
const path = (name: string) => join(folder.path, name);

/** A journal of three claims, closed; the path of its file. */
async function threeClaims(): Promise<string> {
  const { journal } = open();
  for (let i = 1; i <= 3; i++) await journal.append([claim(i)]);
  await journal.close();
  return path(fileName(1));
}

/** Turns one bit over where a text stands in a file. */
function flipAt(file: string, text: string): void {
  const bytes = readFileSync(file);
  const at = bytes.indexOf(text);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(file, bytes);
}

test('a flipped bit costs one record, is said, and the broken file is kept until and after the new one is durable', async () => {
  const file = await threeClaims();
  flipAt(file, '/run/netns/c2');
  const { journal, recovery } = open();
  expect(existsSync(file)).toBe(true); // a crash now must find it
  expect(idsOf(journal)).toEqual([attachment(1).id, attachment(3).id]);
  expect(recovery.corrupt).toBe(1);
  expect(recovery.said).toEqual([expect.stringContaining('passed over what is broken in 1 places')]);
  await journal.synced();
  await expect.poll(() => existsSync(`${file}.broken`)).toBe(true);
});

test('a truncated file gives what is whole in it', async () => {
  const file = await threeClaims();
  truncateSync(file, readFileSync(file).indexOf('/run/netns/c3'));
  const { journal, recovery } = open();
  expect(idsOf(journal)).toEqual([attachment(1).id, attachment(2).id]);
  expect(recovery.said).toEqual([expect.stringContaining('a write that did not end')]);
});

test('a foreign file of our name is set aside, never overwritten', () => {
  writeFileSync(path(fileName(3)), 'somebody’s letters');
  const { recovery } = open();
  expect(recovery.said).toEqual([expect.stringContaining(`${fileName(3)}.foreign`)]);
  expect(readFileSync(path(`${fileName(3)}.foreign`), 'utf8')).toBe('somebody’s letters');
});

test('a newer file that is blank is passed over for the one before it', async () => {
  await threeClaims();
  writeFileSync(path(fileName(50)), new Uint8Array(4_096));
  const { journal, recovery } = open();
  expect(idsOf(journal)).toHaveLength(3);
  expect(recovery.said).toEqual([expect.stringContaining('stopped before it was written')]);
  await journal.append([claim(4)]);
  expect(idsOf(open().journal)).toHaveLength(4);
});

test('a newer file whose snapshot is not whole counts together with the one before it', async () => {
  await threeClaims();
  const bytes = new Uint8Array(4_096);
  bytes.set(encodeHeader(2));
  bytes.set(encodeRecord({ kind: 2, payload: Buffer.from(JSON.stringify({ attachment: attachment(7) })) }), 512);
  writeFileSync(path(fileName(2)), bytes);
  const { journal, recovery } = open();
  expect(idsOf(journal)).toEqual([1, 2, 3, 7].map((i) => attachment(i).id));
  expect(recovery.said.join()).toContain(`${fileName(2)} has no whole snapshot`);
});

test('a file whose snapshot is whole counts alone: what an older file has beyond it is over', async () => {
  const file = await threeClaims();
  const old = readFileSync(file);
  const { journal } = open();
  await journal.append([release(2)]);
  await journal.synced();
  await journal.close();
  writeFileSync(file, old); // as if its removal had been lost with the machine
  expect(idsOf(open().journal)).toEqual([attachment(1).id, attachment(3).id]);
});

test('a file that cannot be read is set aside, and the agent starts with what the kernel will tell it', async () => {
  await threeClaims();
  const disk = failingDisk(folder.path);
  disk.fails.add('read');
  const { journal, recovery } = open(disk);
  expect(idsOf(journal)).toEqual([]);
  expect(recovery.said).toEqual([expect.stringContaining(`${fileName(1)}.unreadable`)]);
});

test('records of a kind that this version does not know survive it, again and again', async () => {
  const file = await threeClaims();
  const bytes = readFileSync(file);
  const unknown = encodeRecord({ kind: 77, payload: Buffer.from('of a later version') });
  const last = bytes.findLastIndex((byte) => byte !== 0);
  bytes.set(unknown, last + 8 - (last % 8));
  writeFileSync(file, bytes);
  for (let i = 0; i < 3; i++) {
    const { journal, recovery } = open();
    expect(recovery).toMatchObject({ unknown: 1, said: [] });
    await journal.synced();
    await journal.close();
  }
});

test('a record of a known kind in an unknown shape is passed over, said, and the file is kept', async () => {
  const file = await threeClaims();
  const bytes = readFileSync(file);
  const odd = encodeRecord({ kind: 2, payload: Buffer.from('{"attachment":{"id":"pods/c9/eth0","plan":7}}') });
  const last = bytes.findLastIndex((byte) => byte !== 0);
  bytes.set(odd, last + 8 - (last % 8));
  writeFileSync(file, bytes);
  const { journal, recovery } = open();
  expect(idsOf(journal)).toHaveLength(3);
  expect(recovery).toMatchObject({ corrupt: 1, said: [expect.stringContaining('shape')] });
  await journal.synced();
  await expect.poll(() => existsSync(`${file}.broken`)).toBe(true);
});

test('whatever happens to the bytes of its files, the journal opens, invents nothing and loses only what was hit', async () => {
  const change = fc.record({ at: fc.nat(), to: fc.nat(255) });
  await fc.assert(
    fc.asyncProperty(fc.array(change, { maxLength: 6 }), fc.option(fc.nat()), async (changes, cut) => {
      const own = newFolder();
      const { journal } = openIn(own.path, linuxDisk(own.path), 8_192);
      for (let i = 1; i <= 9; i++) await journal.append([claim(i)]);
      await journal.close();
      const file = join(own.path, fileName(1));
      const bytes = readFileSync(file);
      const used = bytes.findLastIndex((byte) => byte !== 0) + 1;
      for (const { at, to } of changes) bytes[at % used] = to;
      writeFileSync(file, bytes.subarray(0, cut === null ? undefined : cut % bytes.length));
      const { journal: next, recovery } = openIn(own.path, linuxDisk(own.path), 8_192);
      const found = idsOf(next);
      expect(found.every((id) => attachment(Number(/c(\d)/.exec(id)?.[1])).id === id)).toBe(true);
      const header = changes.some(({ at }) => at % used < 24) || (cut !== null && cut % bytes.length < 24);
      if (cut === null && !header) expect(found.length).toBeGreaterThanOrEqual(9 - changes.length);
      if (found.length < 9 && cut === null) expect(recovery.said).not.toEqual([]);
      await next.close();
      own.end();
    }),
    { numRuns: 60 },
  );
});

test('nothing is left but the journal and its next file', async () => {
  await threeClaims();
  const { journal } = open();
  await journal.synced();
  await journal.close();
  expect(readdirSync(folder.path).sort()).toEqual([fileName(2), 'journal-next']);
});
