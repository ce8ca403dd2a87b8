import type { Disk, DiskFile } from '../../../io/store/disk.ts';

/** A disk, and when it has done what it was asked: it takes its own time, which a test's clock knows nothing of. */
export interface WatchedDisk {
  readonly disk: Disk;
  /** Resolves when nothing is being synced. */
  idle(): Promise<void>;
}

export function watchedDisk(real: Disk): WatchedDisk {
  const syncs = new Set<Promise<void>>();
  const seen = (sync: Promise<void>): Promise<void> => {
    const ended = sync.catch(() => {}).finally(() => syncs.delete(ended));
    syncs.add(ended);
    return sync;
  };
  const file = (it: DiskFile): DiskFile => ({
    bytes: it.bytes,
    write: (at, bytes) => it.write(at, bytes),
    sync: () => seen(it.sync()),
    close: () => it.close(),
  });
  return {
    disk: {
      list: () => real.list(),
      read: (name) => real.read(name),
      create: (name, bytes) => file(real.create(name, bytes)),
      open: (name) => file(real.open(name)),
      rename: (from, to) => real.rename(from, to),
      remove: (name) => real.remove(name),
      syncDirectory: () => seen(real.syncDirectory()),
    },
    idle: async () => {
      while (syncs.size > 0) await Promise.all(syncs);
    },
  };
}
