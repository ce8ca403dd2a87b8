import { accessSync, constants, lstatSync, readdirSync, readFileSync, statfsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The files of a node, for looking only. Absent or unreadable is undefined or empty, never an error. */
export interface NodeFiles {
  text(path: string): string | undefined;
  /** The names in a directory, sorted by their bytes as runtimes sort them. */
  names(path: string): readonly string[];
  exists(path: string): boolean;
  executable(path: string): boolean;
  modifiedAt(path: string): number | undefined; // milliseconds since the Unix epoch
  /** Of the file system that a path is on, or would be on. */
  space(path: string): { readonly freeBytes: number; readonly freeInodes: number; readonly writable: boolean };
}

/** The node under a directory: "/" is this one. Paths that are asked for are absolute. */
export function nodeFiles(root = '/'): NodeFiles {
  const at = (path: string) => join(root, path);
  return {
    text: (path) => quietly(() => readFileSync(at(path), 'utf8')),
    names: (path) => quietly(() => readdirSync(at(path)).toSorted()) ?? [],
    exists: (path) => lstatSync(at(path), { throwIfNoEntry: false }) !== undefined,
    executable: (path) => quietly(() => accessSync(at(path), constants.X_OK) ?? true) ?? false,
    modifiedAt: (path) => lstatSync(at(path), { throwIfNoEntry: false })?.mtimeMs,
    space: (path) => {
      const place = nearest(at(path));
      const { bavail, bsize, ffree, files } = statfsSync(place);
      // some file systems count no inodes
      const freeInodes = files === 0 ? Number.POSITIVE_INFINITY : ffree;
      const writable = quietly(() => accessSync(place, constants.W_OK) ?? true) ?? false;
      return { freeBytes: bavail * bsize, freeInodes, writable };
    },
  };
}

/** The path itself, or the closest directory above that is there. */
function nearest(path: string): string {
  return path === '/' || lstatSync(path, { throwIfNoEntry: false }) !== undefined ? path : nearest(dirname(path));
}

function quietly<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}
