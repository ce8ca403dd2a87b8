import type { Clock } from '../../base/clock.ts';
import { emptyMemory, remember, snapshot } from '../../core/memory/fold.ts';
import type { Memory, MemoryRecord } from '../../core/memory/record.ts';
import { encodeHeader, encodeRecord, type RawRecord } from '../../wire/journal/format.ts';
import { SNAPSHOT_END, toRaw } from '../../wire/journal/record.ts';
import { type Disk, DiskError, type DiskFile } from './disk.ts';
import { type Journal, JournalError } from './journal.ts';

export interface FileJournalDoors {
  readonly disk: Disk;
  readonly clock: Clock;
  /** Seconds of one write. */
  readonly onCommit?: (seconds: number) => void;
}

/** What a journal begins with: what was found, or nothing. */
export interface Beginning {
  readonly memory: Memory;
  readonly foreign: readonly RawRecord[]; // of kinds that we do not know: kept for whoever does
  readonly generation: number; //            the file that holds all that; 0: none does
}

export const FILE_BYTES = 4 * 1024 * 1024;
const SYNC_WITHIN_MS = 50;
const RETRY_MS = 1_000;

/** The journal's file of a generation. */
export function fileName(generation: number): string {
  return `journal-${String(generation).padStart(10, '0')}`;
}

const NEXT = 'journal-next'; // zeros, ready to become the next generation

/**
 * The journal in files of fixed length. Records are written one behind the other; before the file is full, a snapshot of everything
 * begins the next. Until that is synced the file before it stays, so that a crash at any time leaves one whole journal. A new file
 * is made ready long before it is needed: a full disk is noticed while there is still room for every DEL.
 */
export class FileJournal implements Journal {
  readonly #doors: FileJournalDoors;
  readonly #foreign: readonly RawRecord[];
  #memory: Memory;
  #generation: number;
  #file: DiskFile | undefined;
  #at = 0;
  #next: DiskFile | undefined;
  #trouble: string | undefined;
  #unsynced = false; // written since the last sync
  #syncing: Promise<void> | undefined;
  #older: readonly string[]; // files to remove once this one is synced
  #cancelTimer: (() => void) | undefined;
  #closed = false;

  /** Begins a new generation with a snapshot of what was found. Throws JournalError. */
  constructor(doors: FileJournalDoors, beginning: Beginning, older: readonly string[]) {
    this.#doors = doors;
    this.#memory = beginning.memory;
    this.#foreign = beginning.foreign;
    this.#generation = beginning.generation;
    this.#older = older;
    this.#guarded(() => this.#rotate());
    this.#prepare();
  }

  memory(): Memory {
    return this.#memory;
  }

  failing(): string | undefined {
    return this.#trouble;
  }

  async append(records: readonly MemoryRecord[]): Promise<void> {
    const began = this.#doors.clock.steady();
    const bytes = concat(records.map((record) => encodeRecord(toRaw(record))));
    this.#guarded(() => this.#write(bytes));
    this.#memory = records.reduce(remember, this.#memory);
    this.#doors.onCommit?.((this.#doors.clock.steady() - began) / 1_000);
    this.#unsynced = true;
    this.#soon(SYNC_WITHIN_MS);
  }

  async synced(): Promise<void> {
    while (this.#unsynced || this.#syncing !== undefined) await this.#sync();
    if (this.#trouble !== undefined) throw new JournalError('io', this.#trouble);
  }

  async close(): Promise<void> {
    this.#cancelTimer?.();
    await this.#sync().catch(() => {}); // what is written is written: the next start reads it
    this.#closed = true;
    this.#file?.close();
    this.#next?.close();
  }

  #write(bytes: Uint8Array): void {
    if (this.#file === undefined || this.#at + bytes.length > this.#file.bytes) this.#rotate(bytes.length);
    const file = this.#file;
    if (file === undefined) throw new DiskError('unknown', 'the journal has no file');
    file.write(this.#at, bytes);
    this.#at += bytes.length;
    if (this.#at > file.bytes / 2 && this.#next === undefined) this.#soon(0);
  }

  /** Begins the next generation: its header, a snapshot, and the mark that it is whole. The old file is removed only after a sync. */
  #rotate(room = 0): void {
    const generation = this.#generation + 1;
    const records = [...snapshot(this.#memory).map(toRaw), ...this.#foreign, SNAPSHOT_END];
    const bytes = concat([encodeHeader(generation), ...records.map(encodeRecord)]);
    const wanted = Math.max(FILE_BYTES, 4 * bytes.length + room);
    const ready =
      this.#next !== undefined && this.#next.bytes >= wanted ? this.#next : this.#doors.disk.create(NEXT, wanted);
    ready.write(0, bytes);
    this.#doors.disk.rename(NEXT, fileName(generation));
    this.#next = undefined;
    if (this.#file !== undefined) this.#older = [...this.#older, fileName(this.#generation)];
    this.#file?.close();
    [this.#file, this.#at, this.#generation] = [ready, bytes.length, generation];
    this.#unsynced = true;
    this.#soon(0);
  }

  /** Makes the next file ready. A disk without room for it is trouble now, though not yet felt. */
  #prepare(): void {
    if (this.#next !== undefined || this.#closed) return;
    try {
      const wanted = Math.max(FILE_BYTES, 6 * this.#at);
      this.#next = this.#doors.disk.create(NEXT, wanted);
      this.#trouble = undefined;
    } catch (error) {
      this.#trouble = messageOf(error);
      this.#doors.disk.remove(NEXT);
      this.#soon(RETRY_MS);
    }
  }

  #soon(afterMs: number): void {
    if (this.#closed) return;
    if (this.#cancelTimer !== undefined && afterMs > 0) return;
    this.#cancelTimer?.();
    this.#cancelTimer = this.#doors.clock.timer(afterMs, () => {
      this.#cancelTimer = undefined;
      this.#sync().catch(() => {}); // noted as trouble, and tried again
      if (this.#file !== undefined && this.#at > this.#file.bytes / 2) this.#prepare();
      if (this.#next === undefined) this.#prepare();
    });
  }

  #sync(): Promise<void> {
    this.#syncing ??= this.#syncOnce().finally(() => {
      this.#syncing = undefined;
    });
    return this.#syncing;
  }

  async #syncOnce(): Promise<void> {
    const file = this.#file;
    if (!this.#unsynced || file === undefined) return;
    this.#unsynced = false;
    try {
      await file.sync();
      if (this.#older.length > 0) await this.#removeOlder();
    } catch (error) {
      // After a failed sync nobody knows what of the file is on the disk: never trust it again
      this.#trouble = `the journal could not be synced: ${messageOf(error)}`;
      if (this.#file === file) this.#guarded(() => this.#rotate());
      this.#unsynced = true;
      this.#soon(RETRY_MS);
      throw error;
    }
    if (this.#next !== undefined) this.#trouble = undefined;
  }

  async #removeOlder(): Promise<void> {
    const older = this.#older;
    await this.#doors.disk.syncDirectory();
    for (const name of older) this.#doors.disk.remove(name);
    this.#older = this.#older.filter((name) => !older.includes(name));
  }

  #guarded(work: () => void): void {
    try {
      work();
    } catch (cause) {
      if (!(cause instanceof DiskError)) throw cause;
      this.#trouble = cause.message;
      this.#soon(RETRY_MS);
      throw new JournalError(cause.kind, cause.message, { cause });
    }
  }
}

/** The memory that raw records fold to, and those of kinds we do not know. */
export function recall(values: readonly MemoryRecord[]): Memory {
  return values.reduce(remember, emptyMemory);
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
