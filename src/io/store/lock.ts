import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import koffi from 'koffi';
import { DiskError } from './disk.ts';
import { diskError } from './linux-disk.ts';

const LOCK_EX = 2; // sys/file.h
const LOCK_NB = 4;

/**
 * Takes a state directory for this process, until the returned function is called or the process ends, however it
 * ends: the kernel holds flock(2) locks by open files, so a lock can never be stale, and it holds across network and
 * mount namespaces. Throws DiskError: `denied` when another agent has it. A door of one function: the rooms of io do
 * not know each other, so not io/kernel's libc.
 */
export function lockState(directory: string): () => void {
  const path = join(directory, 'lock');
  let fd: number;
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    fd = openSync(path, 'a', 0o600);
  } catch (cause) {
    throw diskError(`cannot open ${path}`, cause);
  }
  const flock = koffi.load(null).func('int flock(int fd, int operation)') as (fd: number, operation: number) => number;
  if (flock(fd, LOCK_EX | LOCK_NB) === 0) return () => closeSync(fd);
  closeSync(fd);
  throw new DiskError(
    'denied',
    `${directory} is in use by another agent: stop it, or give this one a paths.state of its own`,
  );
}
