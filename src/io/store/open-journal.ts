import { isBlank, scan } from '../../wire/journal/format.ts';
import { type Disk, DiskError } from './disk.ts';
import { FileJournal, type FileJournalDoors, type Retired } from './file-journal.ts';
import type { Journal, Recovery } from './journal.ts';
import { fileName, generationOf, JournalFile } from './journal-file.ts';
import { type Found, hasWholeSnapshot, recall } from './recall.ts';

/**
 * Opens the journal of a directory: reads what its files hold, and begins a new one with what that amounts to. Nothing
 * that cannot be read is thrown away: foreign and broken files are set aside under another name. A disk without room
 * for a new file is no reason not to start. Throws JournalError when nothing can be written, DiskError when the
 * directory cannot be read.
 */
export function openJournal(doors: FileJournalDoors): { readonly journal: Journal; readonly recovery: Recovery } {
  const { disk } = doors;
  const said: string[] = [];
  const names = disk.list();
  const generations = names.flatMap((name) => generationOf(name) ?? []).sort((a, b) => a - b);
  const retired: Retired[] = [];
  const found = generations.flatMap((generation) => readFile(disk, generation, { said, retired }));
  const { memory, records, foreign, unread } = recall(found);
  for (const file of found) {
    said.push(...faultsOf(file));
    retired.push(
      isBroken(file) || unread > 0 ? { name: file.name, keepAs: unusedName(names, `${file.name}.broken`) } : file,
    );
  }
  if (unread > 0) said.push(`${unread} records have a shape that this version does not know: they are passed over`);
  const newest = found.at(-1);
  const journal = new FileJournal(doors, {
    memory,
    foreign,
    generation: generations.at(-1) ?? 0,
    retired: retired.map(({ name, keepAs }) => (keepAs === undefined ? { name } : { name, keepAs })),
    goOn: newest !== undefined && isWhole(newest) && unread === 0 ? () => goOnIn(disk, newest) : undefined,
  });
  const corrupt = unread + found.reduce((sum, { scan: { breaks } }) => sum + breaks.length, 0);
  const torn = newest?.scan.torn ?? 0;
  return { journal, recovery: { records, torn, corrupt, unknown: foreign.length, said } };
}

/** A file of the journal, or none: then it is said what became of it. */
function readFile(disk: Disk, generation: number, to: { said: string[]; retired: Retired[] }): readonly Found[] {
  const name = fileName(generation);
  let bytes: Uint8Array;
  try {
    bytes = disk.read(name) ?? new Uint8Array(0);
  } catch (cause) {
    if (!(cause instanceof DiskError) || cause.kind !== 'io') throw cause;
    to.said.push(`${name} cannot be read (${cause.message}); it is kept as ${setAside(disk, name, 'unreadable')}`);
    return [];
  }
  const scanned = scan(bytes);
  if (scanned.ours) return [{ name, generation, scan: scanned }];
  if (isBlank(bytes)) {
    to.said.push(`${name} is empty: the machine stopped before it was written`);
    to.retired.push({ name });
  } else {
    const { why } = scanned;
    to.said.push(
      `${name} is not a journal that can be read (${why}); it is kept as ${setAside(disk, name, 'foreign')}`,
    );
  }
  return [];
}

function isBroken({ scan: { breaks } }: Found): boolean {
  return breaks.length > 0;
}

function isWhole(file: Found): boolean {
  return hasWholeSnapshot(file.scan) && !isBroken(file);
}

function goOnIn(disk: Disk, { generation, scan: { end, torn } }: Found): JournalFile {
  return JournalFile.goOn(disk, { generation, end, torn });
}

function faultsOf(file: Found): string[] {
  const { name, scan: found } = file;
  const said: string[] = [];
  if (isBroken(file))
    said.push(
      `${name}: passed over what is broken in ${found.breaks.length} places; what stands in the kernel is compared with the rest`,
    );
  if (!hasWholeSnapshot(found)) said.push(`${name} has no whole snapshot: what the file before it knew counts as well`);
  if (found.torn > 0)
    said.push(`${name}: ${found.torn} bytes behind byte ${found.end} are no whole record: a write that did not end`);
  return said;
}

function setAside(disk: Disk, name: string, as: string): string {
  const other = unusedName(disk.list(), `${name}.${as}`);
  disk.rename(name, other);
  return other;
}

/** The name, or the name with the first number that is free. */
function unusedName(taken: readonly string[], name: string): string {
  let other = name;
  for (let i = 2; taken.includes(other); i++) other = `${name}${i}`;
  return other;
}
