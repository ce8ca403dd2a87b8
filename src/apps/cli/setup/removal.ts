import { existsSync, lstatSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Entry } from '../../../io/system/manifest.ts';
import { sha256, writeWhole } from '../../../io/system/whole-file.ts';
import { systemctl } from './systemd.ts';

export interface RemovalOptions {
  readonly root: string;
  readonly purge: boolean; // also files that the user edited
}

/**
 * Takes one entry of a manifest away again. Gone already is success. Answers what a person should know, if anything.
 */
export function takeBack(entry: Entry, { root, purge }: RemovalOptions): string | undefined {
  switch (entry.kind) {
    case 'file':
      return takeFile(entry, root, purge);
    case 'link':
      rmSync(join(root, entry.path), { force: true });
      return undefined;
    case 'directory':
      return takeDirectory(entry.path, root);
    case 'tree':
      rmSync(join(root, entry.path), { recursive: true, force: true });
      return undefined;
    case 'unit':
      if (root === '/') systemctl('disable', '--now', entry.name);
      return undefined;
    case 'sysctl':
      return takeSysctl(entry, root);
  }
}

function takeFile(entry: Extract<Entry, { kind: 'file' }>, root: string, purge: boolean): string | undefined {
  const path = join(root, entry.path);
  if (!existsSync(path)) return undefined;
  const edited = sha256(readFileSync(path)) !== entry.sha256;
  if (edited && entry.keepIfEdited && !purge) return `${entry.path} was edited and is left: --purge takes it too`;
  if (entry.backup === undefined) {
    rmSync(path);
    return undefined;
  }
  const backup = join(root, entry.backup);
  writeWhole(path, readFileSync(backup), lstatSync(backup).mode & 0o777);
  return `${entry.path} is again what it was before`;
}

/** Only an empty one: somebody else may have moved in. */
function takeDirectory(path: string, root: string): string | undefined {
  const place = join(root, path);
  if (!existsSync(place)) return undefined;
  if (readdirSync(place).length > 0) return `${path} is not empty and is left`;
  rmdirSync(place);
  return undefined;
}

function takeSysctl({ path, value }: Extract<Entry, { kind: 'sysctl' }>, root: string): string | undefined {
  const place = join(root, path);
  if (!existsSync(place) || readFileSync(place, 'utf8').trim() === value) return undefined;
  writeFileSync(place, value);
  return `${path} is ${value} again`;
}
