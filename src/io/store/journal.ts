import type { DiskErrorKind } from './disk.ts';
import type { Memory, MemoryRecord } from '../../core/memory/record.ts';

/**
 * What opening a journal found, for the log and for `berth status`. Sentences, worst first; empty when all was well.
 */
export interface Recovery {
  readonly records: number;
  readonly torn: number; //    bytes behind the last whole record that were not zero
  readonly corrupt: number; // records whose checksum was wrong
  readonly unknown: number; // records of a kind we do not know, kept
  readonly said: readonly string[];
}

/**
 * Why something could not be remembered. `full`: no room; `io`: the disk failed; `denied`: no permission, or another
 * agent has it.
 */
export class JournalError extends Error {
  readonly kind: DiskErrorKind;
  constructor(kind: DiskErrorKind, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.name = 'JournalError';
    this.kind = kind;
  }
}

/** The agent's memory. Throws JournalError. */
export interface Journal {
  /**
   * Appends records as one: after a crash of the process all of them are there. Returns when they are written; a sync
   * follows within 50 ms.
   */
  append(records: readonly MemoryRecord[]): Promise<void>;
  /** Resolves when everything appended before is synced: survives the machine. */
  synced(): Promise<void>;
  /** What all records so far amount to. */
  memory(): Memory;
  /** Why no claim can be made durable now, or undefined. */
  failing(): string | undefined;
  close(): Promise<void>;
}
