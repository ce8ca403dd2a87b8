import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { writeWhole } from './whole-file.ts';

/**
 * One thing that an installation put on the node. Paths are those of the node, without the root it was installed into.
 */
export type Entry =
  | FileEntry
  | { readonly kind: 'link'; readonly path: string }
  | { readonly kind: 'directory'; readonly path: string } // was not there before
  | { readonly kind: 'tree'; readonly path: string } //      was not there before, and all in it is the agent's
  | { readonly kind: 'unit'; readonly name: string } //      of systemd, enabled
  | { readonly kind: 'sysctl'; readonly path: string; readonly value: string }; // as it was before the agent

/** `backup`: where what was there before is kept. `keepIfEdited`: it is the user's once it was changed. */
export interface FileEntry {
  readonly kind: 'file';
  readonly path: string;
  readonly sha256: string;
  readonly backup?: string;
  readonly keepIfEdited?: true;
  readonly kept?: Kept; // the agent puts it back
}

/** How a file is put back: the same bytes lie at `from`. `onceServing`: not before an ADD would succeed. */
export interface Kept {
  readonly from: string;
  readonly mode: number;
  readonly onceServing?: true;
}

/** All of it, in the order it was done: the way back is the reverse. */
export interface Manifest {
  readonly version: string;
  readonly entries: readonly Entry[];
}

/** The manifest of the installation that this program runs from, which lies in its lib/; elsewhere there is none. */
export const ownManifestPath = (): string => fileURLToPath(new URL('../manifest.json', import.meta.url));

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

/** From now on no agent puts anything back: what is taken away stays away. */
export function letGo(path: string, { version, entries }: Manifest): void {
  const free = entries.map((entry) => {
    if (entry.kind !== 'file') return entry;
    const { kept: _, ...rest } = entry;
    return rest;
  });
  writeManifest(path, { version, entries: free });
}
