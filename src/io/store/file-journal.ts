import type { Clock } from '../../base/clock.ts';
import { remember, snapshot } from '../../core/memory/fold.ts';
import type { Memory, MemoryRecord } from '../../core/memory/record.ts';
import { encodeHeader, encodeRecord, type RawRecord } from '../../wire/journal/format.ts';
import { SNAPSHOT_END, toRaw } from '../../wire/journal/record.ts';
import { type Disk, DiskError } from './disk.ts';
import { type Journal, JournalError } from './journal.ts';
import { FILE_BYTES, fileName, JournalFile } from './journal-file.ts';
import { SpareFile } from './spare-file.ts';

export interface FileJournalDoors {
  readonly disk: Disk;
  readonly clock: Clock;
  /** Seconds of one write. */
  readonly onCommit?: (seconds: number) => void;
  /** The least length of a file: FILE_BYTES, unless a test wants to see many files. */
  readonly fileBytes?: number;
}

/** A file that is no longer needed: it goes, or gets another name, once the file that has all it knew is durable. */
export interface Retired {
  readonly name: string;
  readonly keepAs?: string;
}

/** What a journal begins with. */
export interface Beginning {
  readonly memory: Memory;
  readonly foreign: readonly RawRecord[]; // of kinds that we do not know: kept for whoever does
  readonly generation: number; //            the highest that is taken
  readonly retired: readonly Retired[];
  /** How to go on in the newest file, where it is whole: should there be no room for another. */
  readonly goOn: (() => JournalFile) | undefined;
}

const SYNC_WITHIN_MS = 50;
const RETRY_MS = 1_000;

/**
 * What may be wrong, worst first: no file takes records; what was written is not durable; there is no room for the next
 * file.
 */
type Trouble = 'write' | 'sync' | 'room';

/**
 * The journal in files of fixed length. Records are written one behind the other; before the file is full, a snapshot
 * of everything begins the next. Until that is synced the file before it stays, so that a crash at any time leaves one
 * whole journal. The next file is made ready long before it is needed: a full disk is noticed, and claims are refused,
 * while there is still room for every DEL.
 */
export class FileJournal implements Journal {
  readonly #doors: FileJournalDoors;
  readonly #foreign: readonly RawRecord[];
  #memory: Memory;
  #generation: number;
  #file: JournalFile | undefined;
  readonly #spare: SpareFile;
  #retired: readonly Retired[];
  #largest = 0; // bytes of the longest claim so far
  readonly #troubles = new Map<Trouble, DiskError>();
  #written = 0; //  counts what was written,
  #durable = 0; //  and what of it is synced
  #syncing: Promise<void> | undefined;
  #wake: { readonly at: number; readonly cancel: () => void } | undefined;
  #closed = false;

  /**
   * Begins a new generation with a snapshot of what was found. Throws JournalError when there is no file that can be
   * written.
   */
  constructor(doors: FileJournalDoors, beginning: Beginning) {
    this.#doors = doors;
    this.#spare = new SpareFile(doors.disk);
    this.#memory = beginning.memory;
    this.#foreign = beginning.foreign;
    this.#generation = beginning.generation;
    this.#retired = beginning.retired;
    if (!this.#tryTo('write', () => this.#begin(0))) this.#goOn(beginning);
    this.#tendWithin(0);
  }

  memory(): Memory {
    return this.#memory;
  }

  failing(): string | undefined {
    return this.#trouble()?.message;
  }

  async append(records: readonly MemoryRecord[]): Promise<void> {
    const trouble = this.#trouble();
    if (trouble !== undefined && records.some(({ kind }) => kind === 'claim')) throw journalError(trouble);
    const began = this.#doors.clock.steady();
    this.#put(concat(records.map((record) => this.#encode(record))));
    this.#memory = records.reduce(remember, this.#memory);
    this.#written++;
    this.#doors.onCommit?.((this.#doors.clock.steady() - began) / 1_000);
    this.#tendWithin(SYNC_WITHIN_MS);
  }

  async synced(): Promise<void> {
    const goal = this.#written;
    while (this.#durable < goal) await this.#sync();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#wake?.cancel();
    await this.#sync().catch(() => {}); // what is written is written: the next start reads it
    this.#file?.close();
    this.#spare.close();
  }

  #encode(record: MemoryRecord): Uint8Array {
    const bytes = encodeRecord(toRaw(record));
    if (record.kind === 'claim') this.#largest = Math.max(this.#largest, bytes.length);
    return bytes;
  }

  /** Into this file, or, when it is full or fails, into the next. */
  #put(bytes: Uint8Array): void {
    if (this.#file?.takes(bytes.length) && this.#tryTo('write', () => this.#file?.write(bytes))) return;
    const done = this.#tryTo('write', () => {
      this.#begin(bytes.length);
      this.#file?.write(bytes);
    });
    const trouble = this.#troubles.get('write');
    if (!done && trouble !== undefined) throw journalError(trouble);
  }

  /**
   * Begins the next generation: its header, a snapshot, and the mark that it is whole. The file before it stays until
   * this one is durable.
   */
  #begin(room: number): void {
    const generation = this.#generation + 1;
    const bytes = this.#snapshot(generation);
    const wanted = this.#lengthFor(bytes.length + room);
    const file = this.#spare.become(fileName(generation), bytes, { room, wanted });
    if (this.#file !== undefined) this.#retired = [...this.#retired, { name: this.#file.name }];
    this.#file?.close();
    this.#file = new JournalFile(file, generation, bytes.length);
    this.#generation = generation;
    this.#written++;
    // a disk that does not sync would be given file after file
    this.#tendWithin(this.#troubles.has('sync') ? RETRY_MS : 0);
  }

  #snapshot(generation: number): Uint8Array {
    const known = snapshot(this.#memory).map((record) => this.#encode(record));
    return concat([encodeHeader(generation), ...known, ...[...this.#foreign, SNAPSHOT_END].map(encodeRecord)]);
  }

  /** Room for a snapshot four times: what is copied from file to file stays little beside what is written. */
  #lengthFor(snapshotBytes: number): number {
    return Math.max(this.#doors.fileBytes ?? FILE_BYTES, 4 * snapshotBytes);
  }

  /** No new file can be begun: the newest one is whole, and has room for a while. */
  #goOn({ goOn, retired }: Beginning): void {
    const trouble = this.#troubles.get('write') ?? new DiskError('unknown', 'the journal has no file');
    if (goOn === undefined) throw journalError(trouble);
    const opened = this.#tryTo('write', () => {
      const file = goOn();
      this.#file = file;
      this.#retired = retired.filter(({ name }) => name !== file.name);
    });
    if (!opened) throw journalError(trouble);
    this.#troubles.set('room', trouble);
  }

  /**
   * What is done beside the pods' way: the next file is made ready, what was written is synced, what failed is tried
   * again.
   */
  #tend(): void {
    // a file that ended when no other could be begun takes no claim any more
    if (this.#file?.trusted !== true || this.#troubles.has('write')) this.#tryTo('write', () => this.#begin(0));
    const live = (this.#memory.attachments.size + 1) * this.#largest;
    this.#tryTo('room', () => {
      this.#spare.prepare(this.#lengthFor(live)).catch((cause: unknown) => this.#note('room', cause));
    });
    this.#sync().catch(() => {}); // noted, and tried again
    if (this.#troubles.size > 0) this.#tendWithin(RETRY_MS);
  }

  #sync(): Promise<void> {
    this.#syncing ??= this.#syncOnce().finally(() => {
      this.#syncing = undefined;
    });
    return this.#syncing;
  }

  async #syncOnce(): Promise<void> {
    const [goal, file, retired] = [this.#written, this.#file, this.#retired];
    if (file === undefined || (goal === this.#durable && retired.length === 0)) return;
    try {
      await file.sync();
      // without its name a file is nothing, and before that the old one must stay
      if (!file.named) await this.#doors.disk.syncDirectory();
      file.named = true;
    } catch (cause) {
      this.#note('sync', cause);
      if (file === this.#file) this.#tryTo('write', () => this.#begin(0));
      throw journalError(this.#troubles.get('sync') ?? (cause as DiskError));
    }
    this.#durable = goal;
    if (file === this.#file) this.#troubles.delete('sync');
    this.#retire(retired);
  }

  #retire(retired: readonly Retired[]): void {
    const { disk } = this.#doors;
    for (const it of retired) {
      try {
        if (it.keepAs === undefined) disk.remove(it.name);
        else disk.rename(it.name, it.keepAs);
        this.#retired = this.#retired.filter((other) => other !== it);
      } catch (cause) {
        if (!(cause instanceof DiskError)) throw cause; // else it stays, and harms nobody: the next sync tries again
      }
    }
  }

  #trouble(): DiskError | undefined {
    return this.#troubles.get('write') ?? this.#troubles.get('sync') ?? this.#troubles.get('room');
  }

  /** Whether it was done. What the disk says against it is noted, and forgotten when it works. */
  #tryTo(trouble: Trouble, work: () => void): boolean {
    try {
      work();
      this.#troubles.delete(trouble);
      return true;
    } catch (cause) {
      this.#note(trouble, cause);
      return false;
    }
  }

  #note(trouble: Trouble, cause: unknown): void {
    if (!(cause instanceof DiskError)) throw cause;
    this.#troubles.set(trouble, cause);
    this.#tendWithin(RETRY_MS);
  }

  #tendWithin(ms: number): void {
    const { clock } = this.#doors;
    const at = clock.steady() + ms;
    if (this.#closed || (this.#wake !== undefined && this.#wake.at <= at)) return;
    this.#wake?.cancel();
    const cancel = clock.timer(ms, () => {
      this.#wake = undefined;
      this.#tend();
    });
    this.#wake = { at, cancel };
  }
}

function journalError(cause: DiskError): JournalError {
  return new JournalError(cause.kind, cause.message, { cause });
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
