import type { Disk, DiskFile } from './disk.ts';

/** The bytes of a file, unless what must be in it is longer: some thousand claims. */
export const FILE_BYTES = 4 * 1024 * 1024;

const NAME = /^journal-(\d{10})$/;

/** The journal's file of a generation. */
export function fileName(generation: number): string {
  return `journal-${String(generation).padStart(10, '0')}`;
}

/** The generation that a file's name tells; undefined for files that are not the journal's. */
export function generationOf(name: string): number | undefined {
  const digits = NAME.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** A file of the journal, written from `at` on. Its methods throw DiskError. */
export class JournalFile {
  readonly generation: number;
  /** Whether its name is durable as well: for whoever syncs the directory to say. */
  named = false;
  readonly #file: DiskFile;
  #at: number;
  #trusted = true;

  constructor(file: DiskFile, generation: number, at: number) {
    this.#file = file;
    this.generation = generation;
    this.#at = at;
  }

  /**
   * Opens a file that stands, to go on behind its last record. What a write that did not end has left there is wiped.
   */
  static goOn(
    disk: Disk,
    from: { readonly generation: number; readonly end: number; readonly torn: number },
  ): JournalFile {
    const file = disk.open(fileName(from.generation));
    if (from.torn > 0) file.write(from.end, new Uint8Array(from.torn));
    return new JournalFile(file, from.generation, from.end);
  }

  get name(): string {
    return fileName(this.generation);
  }

  /**
   * False after a write or sync that failed: nobody knows what of it is on the disk, so nothing may be written behind
   * it.
   */
  get trusted(): boolean {
    return this.#trusted;
  }

  takes(bytes: number): boolean {
    return this.#trusted && this.#at + bytes <= this.#file.bytes;
  }

  write(bytes: Uint8Array): void {
    try {
      this.#file.write(this.#at, bytes);
    } catch (cause) {
      this.#trusted = false;
      throw cause;
    }
    this.#at += bytes.length;
  }

  async sync(): Promise<void> {
    try {
      await this.#file.sync();
    } catch (cause) {
      // the kernel may have dropped the pages, and counts them as written: the next sync would lie
      this.#trusted = false;
      throw cause;
    }
  }

  close(): void {
    this.#file.close();
  }
}
