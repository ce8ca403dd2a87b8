import type { MemoryRecord } from '../../core/memory/record.ts';
import { type Scan, type RawRecord, scan } from '../../wire/journal/format.ts';
import { fromRaw, SNAPSHOT_END } from '../../wire/journal/record.ts';
import type { Disk } from './disk.ts';
import { FileJournal, type FileJournalDoors, recall } from './file-journal.ts';
import type { Journal, Recovery } from './journal.ts';

const NAME = /^journal-(\d{10})$/;

type Ours = Scan & { readonly ours: true };

/**
 * Opens the journal of a directory: reads the newest file that holds a whole snapshot, and begins a new one with what it amounts to.
 * Nothing that cannot be read is thrown away: foreign and broken files are set aside under another name. Throws JournalError when
 * nothing can be written, DiskError when nothing can be read.
 */
export function openJournal(doors: FileJournalDoors): { readonly journal: Journal; readonly recovery: Recovery } {
  const { disk } = doors;
  const said: string[] = [];
  const names = disk
    .list()
    .filter((name) => NAME.test(name))
    .sort()
    .reverse();
  const found: { name: string; scanned: Ours }[] = [];
  for (const name of names) {
    const scanned = scan(disk.read(name) ?? new Uint8Array(0));
    if (scanned.ours) found.push({ name, scanned });
    else said.push(`${name} is not a journal that can be read (${scanned.why}); it is kept as ${setAside(disk, name)}`);
  }
  const newest = found.find(({ scanned }) => isWhole(scanned)) ?? found[0];
  const highest = Math.max(0, ...names.map((name) => Number(NAME.exec(name)?.[1] ?? 0)));
  const { values, foreign } = sorted(newest?.scanned.records ?? []);
  if (newest !== undefined) said.push(...faults(newest.name, newest.scanned));
  if (newest !== undefined && newest.scanned.corrupt > 0) disk.rename(newest.name, `${newest.name}.broken`); // what it had is in the new file; the rest is for whoever wants to look
  const older = found
    .filter(({ name, scanned }) => name !== newest?.name || scanned.corrupt === 0)
    .map(({ name }) => name);
  const journal = new FileJournal(doors, { memory: recall(values), foreign, generation: highest }, older);
  const { corrupt = 0, torn = 0 } = newest?.scanned ?? {};
  return { journal, recovery: { records: values.length, torn, corrupt, unknown: foreign.length, said } };
}

/** A file is begun with a snapshot; without its end the file before it knows more. */
function isWhole({ records }: Ours): boolean {
  return records.some(({ kind }) => kind === SNAPSHOT_END.kind);
}

function sorted(records: readonly RawRecord[]): { values: readonly MemoryRecord[]; foreign: readonly RawRecord[] } {
  const values: MemoryRecord[] = [];
  const foreign: RawRecord[] = [];
  for (const record of records) {
    if (record.kind === SNAPSHOT_END.kind) continue;
    const value = fromRaw(record);
    if (value === undefined) foreign.push(record);
    else values.push(value as unknown as MemoryRecord); // written by this very program, and its checksum is right
  }
  return { values, foreign };
}

function faults(name: string, { corrupt, torn, end }: Ours): string[] {
  const said: string[] = [];
  if (corrupt > 0)
    said.push(
      `${name}: ${corrupt} broken records were passed over; what stands in the kernel is compared with the rest`,
    );
  if (torn > 0) said.push(`${name}: ${torn} bytes behind byte ${end} are no whole record: a write that did not end`);
  return said;
}

function setAside(disk: Disk, name: string): string {
  const taken = new Set(disk.list());
  let other = `${name}.foreign`;
  for (let i = 2; taken.has(other); i++) other = `${name}.foreign${i}`;
  disk.rename(name, other);
  return other;
}
