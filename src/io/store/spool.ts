import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, watch } from 'node:fs';
import { join } from 'node:path';
import { type CallFrame, decodeCall } from '../../wire/agent/frame.ts';
import { diskError } from './linux-disk.ts';

/** A call that the CNI executable wrote down because no agent answered. */
export interface SpooledCall {
  readonly name: string; // of its file; names sort by time
  readonly call: CallFrame;
}

/** The calls that wait in a directory, as native/shim/spool.c writes them. Throws DiskError. */
export interface Spool {
  /** What is there now, oldest first. A file that holds no call is set aside as "<name>.bad" and told to `onBad`. Cheap when empty. */
  entries(): readonly SpooledCall[];
  /** Absent = success. */
  remove(name: string): void;
  /** Calls back when something may have come, until the returned function is called. */
  watch(listener: () => void): () => void;
}

const ENDING = '.del';

/** Opens the spool, making its directory (0700) when it is not there. Throws DiskError. */
export function openSpool(directory: string, onBad: (name: string, why: string) => void): Spool {
  const guarded = <T>(what: string, work: () => T): T => {
    try {
      return work();
    } catch (cause) {
      throw diskError(`${what} ${directory}`, cause);
    }
  };
  guarded('cannot make', () => mkdirSync(directory, { recursive: true, mode: 0o700 }));
  const read = (name: string): readonly SpooledCall[] => {
    const path = join(directory, name);
    try {
      return [{ name, call: decodeCall(readFileSync(path)) }];
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return []; // worked off meanwhile
      onBad(name, cause instanceof Error ? cause.message : String(cause));
      guarded('cannot set aside a file in', () => renameSync(path, `${path}.bad`));
      return [];
    }
  };
  return {
    entries: () => {
      const names = guarded('cannot list', () => readdirSync(directory));
      if (names.length === 0) return [];
      return names
        .filter((name) => name.endsWith(ENDING) && !name.startsWith('.'))
        .sort()
        .flatMap(read);
    },
    remove: (name) => guarded('cannot remove from', () => rmSync(join(directory, name), { force: true })),
    watch: (listener) => {
      const watcher = guarded('cannot watch', () => watch(directory, { persistent: false }, listener));
      watcher.on('error', () => {}); // the directory was removed: it is made anew at the next start
      return () => watcher.close();
    },
  };
}
