import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * One thing that an installation put on the node. Paths are those of the node, without the root it was installed into.
 */
export type Entry =
  /** `backup`: where what was there before is kept. `keepIfEdited`: it is the user's once it was changed. */
  | {
      readonly kind: 'file';
      readonly path: string;
      readonly sha256: string;
      readonly backup?: string;
      readonly keepIfEdited?: true;
    }
  | { readonly kind: 'link'; readonly path: string }
  | { readonly kind: 'directory'; readonly path: string } // was not there before
  | { readonly kind: 'tree'; readonly path: string } //      was not there before, and all in it is the agent's
  | { readonly kind: 'unit'; readonly name: string } //      of systemd, enabled
  | { readonly kind: 'sysctl'; readonly path: string; readonly value: string }; // as it was before the agent

/** All of it, in the order it was done: the way back is the reverse. */
export interface Manifest {
  readonly version: string;
  readonly entries: readonly Entry[];
}

/** What entries are about: a second entry about the same thing would forget what was there before the first. */
export function subject(entry: Entry): string {
  return `${entry.kind} ${'path' in entry ? entry.path : entry.name}`;
}

/** Reads a manifest; undefined when there is none. Throws what JSON and the file system throw. */
export function readManifest(path: string): Manifest | undefined {
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Manifest) : undefined;
}

/** Writes it whole: an installation that is cut off can still be taken away. */
export function writeManifest(path: string, manifest: Manifest): void {
  writeWhole(path, `${JSON.stringify(manifest, null, 2)}\n`, 0o644);
}

/** Makes a file appear whole, with its mode, in one rename: whoever executes or reads it never meets a half. */
export function writeWhole(path: string, content: string | Uint8Array, mode: number): void {
  mkdirSync(dirname(path), { recursive: true });
  const born = `${path}.new-${process.pid}`;
  try {
    writeFileSync(born, content, { mode, flush: true });
    renameSync(born, path);
  } finally {
    rmSync(born, { force: true });
  }
}

export function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}
