/** What went wrong with the disk: `full` is ENOSPC or EDQUOT. */
export type DiskErrorKind = 'full' | 'denied' | 'io' | 'unknown';

export class DiskError extends Error {
  readonly kind: DiskErrorKind;
  constructor(kind: DiskErrorKind, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.name = 'DiskError';
    this.kind = kind;
  }
}

/** One directory of the disk. The simulator replaces it by one that loses what was not synced. Throws DiskError. */
export interface Disk {
  /** The names in the directory, in no order. */
  list(): readonly string[];
  /** A whole file, or undefined when there is none. */
  read(name: string): Uint8Array | undefined;
  /**
   * Makes (or truncates) a file of `bytes` zeros whose blocks are really there, opened for writing. On failure there
   * is no such file.
   */
  create(name: string, bytes: number): DiskFile;
  /** Opens an existing file for writing without touching it. */
  open(name: string): DiskFile;
  rename(from: string, to: string): void;
  /** Absent = success. */
  remove(name: string): void;
  /** Makes renames, creations and removals survive a power cut. */
  syncDirectory(): Promise<void>;
}

export interface DiskFile {
  readonly bytes: number; // its length
  /** Hands bytes to the operating system: they survive the process, not yet the machine. */
  write(at: number, bytes: Uint8Array): void;
  /** Makes all that was written survive the machine (fdatasync). */
  sync(): Promise<void>;
  /**
   * Nothing is written or synced through it afterwards; syncs that are under way end well. The second call does
   * nothing.
   */
  close(): void;
}
