import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  watch,
} from 'node:fs';
import { join } from 'node:path';
import { type CallFrame, decodeCall, FrameError } from '../../wire/agent/frame.ts';
import { diskError } from './linux-disk.ts';

/** A call that the CNI executable wrote down because no agent answered. */
export interface SpooledCall {
  readonly name: string; // of its file; names sort by time
  readonly call: CallFrame;
}

/** The calls that wait in a directory, as native/shim/spool.c writes them. Throws DiskError. */
export interface Spool {
  /**
   * What is there now, oldest first; cheap when empty. A file that holds no call is set aside as "<name>.bad" and told
   * to `onBad`, once.
   */
  entries(): readonly SpooledCall[];
  /** Absent = success. */
  remove(name: string): void;
  /** Calls back when something may have come, and once soon after this call, until the returned function is called. */
  watch(listener: () => void): () => void;
}

const ENDING = '.del';
/** A hidden file is being written. No executable takes so long: what is older was left by one that was killed. */
const TORN_AFTER_MS = 10 * 60_000;

/**
 * Opens the spool. Its directory is made when it is not there, and is for root alone: who may write there may take the
 * network of a pod away. Throws DiskError.
 */
export function openSpool(directory: string, onBad: (name: string, why: string) => void): Spool {
  make(directory);
  removeTorn(directory);
  let empty: Emptiness | undefined;
  return {
    entries: () => {
      if (empty !== undefined && stillEmpty(directory, empty)) return [];
      const now = Date.now();
      const names = list(directory).filter((name) => name.endsWith(ENDING) && !name.startsWith('.'));
      empty = names.length === 0 ? emptiness(directory, now) : undefined;
      return names.sort().flatMap((name) => read(directory, name, onBad));
    },
    remove: (name) => attempt('cannot remove from', directory, () => rmSync(join(directory, name), { force: true })),
    watch: (listener) => watchOver(directory, listener),
  };
}

function make(directory: string): void {
  attempt('cannot make', directory, () => {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    chmodSync(directory, 0o700);
  });
}

/** A directory that was seen to be empty: as long as it is the same and nothing changed in it, it is empty. */
interface Emptiness {
  readonly inode: number;
  readonly changedMs: number;
}

/** File systems tell time in ticks: what came in the tick of our look would not show. */
const TICK_MS = 1_000;

function emptiness(directory: string, seenAt: number): Emptiness | undefined {
  const found = statSync(directory, { throwIfNoEntry: false });
  if (found === undefined || found.mtimeMs > seenAt - TICK_MS) return undefined;
  return { inode: found.ino, changedMs: found.mtimeMs };
}

function stillEmpty(directory: string, { inode, changedMs }: Emptiness): boolean {
  const found = statSync(directory, { throwIfNoEntry: false });
  return found?.ino === inode && found.mtimeMs === changedMs;
}

function list(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return []; // removed under us; the executable makes it again
    throw diskError(`cannot list ${directory}`, cause);
  }
}

/** The call of one file, or nothing. A disk that cannot be read now says nothing about the file: that is thrown. */
function read(directory: string, name: string, onBad: (name: string, why: string) => void): readonly SpooledCall[] {
  const path = join(directory, name);
  try {
    return [{ name, call: decodeCall(readFileSync(path)) }];
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return []; // worked off meanwhile
    if (!(cause instanceof FrameError) && codeOf(cause) !== 'EISDIR') throw diskError(`cannot read ${path}`, cause);
    attempt('cannot set aside a file in', directory, () => renameSync(path, `${path}.bad`));
    onBad(name, (cause as Error).message);
    return [];
  }
}

/** Its DEL was never acknowledged: the runtime asks again. */
function removeTorn(directory: string): void {
  for (const name of list(directory).filter((it) => it.startsWith('.') && it.endsWith(ENDING)))
    attempt('cannot clean', directory, () => {
      const path = join(directory, name);
      const written = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
      if (Date.now() - written > TORN_AFTER_MS) rmSync(path, { force: true });
    });
}

/** Watches the directory, and the one that takes its place when somebody removes it. Throws only when it begins. */
function watchOver(directory: string, listener: () => void): () => void {
  let stop = () => {};
  const arm = () => {
    make(directory);
    const watcher = attempt('cannot watch', directory, () => watch(directory, { persistent: false }, heard));
    watcher.on('error', heard);
    stop = () => watcher.close();
  };
  const heard = () => {
    if (!existsSync(directory)) {
      stop();
      try {
        arm();
      } catch {
        // unwatched until the agent's next start; an ADD still looks for the DEL of its attachment
      }
    }
    listener();
  };
  arm();
  // what came between the caller's last look and now made no noise
  const soon = setImmediate(listener);
  return () => {
    clearImmediate(soon);
    stop();
  };
}

function codeOf(cause: unknown): string | undefined {
  return (cause as NodeJS.ErrnoException).code;
}

function attempt<T>(tried: string, directory: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw diskError(`${tried} ${directory}`, cause);
  }
}
