import { type FSWatcher, statSync, watch } from 'node:fs';
import { basename, dirname } from 'node:path';

export interface FileWatchOptions {
  readonly quietMs?: number; // how long it must be still before we tell; default 200
  readonly pollMs?: number; //  how late at most where the file system tells nothing; default 10 s
}

/**
 * Calls `changed` after a file was written, replaced by a rename, made or removed, once for a burst of changes. Follows
 * symbolic links, so that a mounted ConfigMap counts. The file and its directory may be absent. Keeps no process alive.
 * Returns what ends it.
 */
export function watchFile(path: string, changed: () => void, options: FileWatchOptions = {}): () => void {
  const { quietMs = 200, pollMs = 10_000 } = options;
  let seen = fingerprint(path);
  let timer: NodeJS.Timeout | undefined;
  let watcher: FSWatcher | undefined;

  const compare = () => {
    timer = undefined;
    const now = fingerprint(path);
    if (now === seen) return;
    seen = now;
    changed();
  };
  const stir = () => {
    clearTimeout(timer); // the burst goes on
    timer = setTimeout(compare, quietMs).unref();
  };
  const forget = () => {
    watcher?.close();
    watcher = undefined;
  };
  /** The directory, not the file: a rename replaces the file's inode, and a watch would stay with the old one. */
  const attend = () => {
    try {
      watcher ??= watch(dirname(path), { persistent: false }, stir).on('error', forget);
    } catch {
      forget(); // no such directory yet, or no watches left: the poll below still sees the file
    }
  };
  const poll = setInterval(() => {
    if (fingerprint(path) !== seen) {
      forget(); // it told us nothing: the directory it watches may be gone
      if (timer === undefined) stir();
    }
    attend();
  }, pollMs).unref();
  attend();
  return () => {
    clearTimeout(timer);
    clearInterval(poll);
    forget();
  };
}

/** What differs whenever the content may differ. */
function fingerprint(path: string): string {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
  } catch {
    return `no ${basename(path)}`;
  }
}
