import {
  closeSync,
  fdatasync,
  fsync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { type Disk, DiskError, type DiskErrorKind, type DiskFile } from './disk.ts';

const KINDS: Readonly<Record<string, DiskErrorKind>> = {
  ENOSPC: 'full',
  EDQUOT: 'full',
  EFBIG: 'full',
  EACCES: 'denied',
  EPERM: 'denied',
  EROFS: 'denied',
  EIO: 'io',
};

/** A thrown value of node:fs as a DiskError that names what was tried. */
export function diskError(tried: string, cause: unknown): DiskError {
  if (cause instanceof DiskError) return cause;
  const { code = '', message } = cause as NodeJS.ErrnoException;
  return new DiskError(KINDS[code] ?? 'unknown', `${tried}: ${message}`, { cause });
}

/** A directory of the machine's own disk, made (0700) when it is not there. Throws DiskError, as all its methods. */
export function linuxDisk(directory: string): Disk {
  const at = (name: string) => join(directory, name);
  attempt(`cannot make ${directory}`, () => mkdirSync(directory, { recursive: true, mode: 0o700 }));
  return {
    list: () => attempt(`cannot list ${directory}`, () => readdirSync(directory)),
    read: (name) => {
      try {
        return readFileSync(at(name));
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw diskError(`cannot read ${at(name)}`, cause);
      }
    },
    create: (name, bytes) => create(at(name), bytes),
    open: (name) =>
      fileOf(
        at(name),
        attempt(`cannot open ${at(name)}`, () => openSync(at(name), 'r+')),
      ),
    rename: (from, to) => attempt(`cannot rename ${at(from)}`, () => renameSync(at(from), at(to))),
    remove: (name) => attempt(`cannot remove ${at(name)}`, () => rmSync(at(name), { force: true })),
    syncDirectory: async () => {
      const fd = attempt(`cannot open ${directory}`, () => openSync(directory, 'r'));
      await done(`cannot sync ${directory}`, (told) => fsync(fd, told)).finally(() => closeSync(fd));
    },
  };
}

const ZEROS = new Uint8Array(1024 * 1024);

/**
 * Written, not only promised: a file with holes would find out about a full disk when it is too late. All of it, or
 * none.
 */
function create(path: string, bytes: number): DiskFile {
  return attempt(`cannot make ${path}`, () => {
    const fd = openSync(path, 'w+', 0o600);
    try {
      for (let at = 0; at < bytes; at += ZEROS.length)
        writeAll(fd, at, ZEROS.subarray(0, Math.min(ZEROS.length, bytes - at)));
      return fileOf(path, fd);
    } catch (cause) {
      closeSync(fd);
      rmSync(path, { force: true }); // on a full disk its part would be missed elsewhere
      throw cause;
    }
  });
}

function fileOf(path: string, fd: number): DiskFile {
  let syncing = 0;
  let life: 'open' | 'closing' | 'closed' = 'open';
  const end = () => {
    if (life !== 'closing' || syncing > 0) return;
    life = 'closed';
    attempt(`cannot close ${path}`, () => closeSync(fd));
  };
  return {
    bytes: attempt(`cannot look at ${path}`, () => fstatSync(fd).size),
    write: (at, bytes) => attempt(`cannot write ${path}`, () => writeAll(fd, at, bytes)),
    sync: async () => {
      syncing++;
      await done(`cannot sync ${path}`, (told) => fdatasync(fd, told)).finally(() => {
        syncing--;
        end(); // its number could be another file's by the time the sync is done
      });
    },
    close: () => {
      if (life === 'open') life = 'closing';
      end();
    },
  };
}

function writeAll(fd: number, at: number, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length; )
    written += writeSync(fd, bytes, written, bytes.length - written, at + written);
}

function attempt<T>(tried: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw diskError(tried, cause);
  }
}

function done(tried: string, start: (told: (error: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    start((error) => (error === null ? resolve() : reject(diskError(tried, error))));
  });
}
