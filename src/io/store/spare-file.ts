import type { Disk, DiskFile } from './disk.ts';

/** Zeros, made ready to become the journal's next file. */
const NAME = 'journal-next';

/** The journal's next file, made long before it is needed, so that a full disk is noticed while there is still room. */
export class SpareFile {
  readonly #disk: Disk;
  #file: DiskFile | undefined;

  constructor(disk: Disk) {
    this.#disk = disk;
  }

  /**
   * Makes it ready, `wanted` bytes long, unless it is and has at least half of them. What comes back resolves when its
   * zeros are durable, after which syncs write data alone; it rejects with DiskError, and the file is then gone.
   * Throws DiskError when there is no room.
   */
  prepare(wanted: number): Promise<void> {
    if (this.#file !== undefined && 2 * this.#file.bytes >= wanted) return Promise.resolve();
    this.close();
    const file = this.#disk.create(NAME, wanted);
    this.#file = file;
    return file.sync().catch((cause: unknown) => {
      if (this.#file === file) this.close();
      throw cause;
    });
  }

  /**
   * Turns it into a file of the journal that begins with these bytes, and has room for so many more. It is `wanted`
   * bytes long, or long enough. Throws DiskError.
   */
  become(name: string, bytes: Uint8Array, { room, wanted }: { room: number; wanted: number }): DiskFile {
    if (this.#file !== undefined && this.#file.bytes < bytes.length + room) this.close();
    const file = this.#file ?? this.#disk.create(NAME, wanted);
    this.#file = undefined; // whatever happens to it now, it is no longer a file of zeros
    try {
      file.write(0, bytes);
      this.#disk.rename(NAME, name);
    } catch (cause) {
      file.close();
      throw cause;
    }
    return file;
  }

  close(): void {
    this.#file?.close();
    this.#file = undefined;
  }
}
