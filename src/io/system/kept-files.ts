import { readFileSync, statSync } from 'node:fs';
import { type FileEntry, type Kept, type Manifest, readManifest } from './manifest.ts';
import { sha256, writeWhole } from './whole-file.ts';

/** What became of a file that was not as it was installed. `because`: why it could not be put back. */
export interface Tended {
  readonly path: string;
  readonly was: 'missing' | 'altered';
  readonly because?: string;
}

/** Which files are looked after now. */
export interface Tending {
  readonly which: 'missing' | 'altered'; // altered: those that are missing, too
  readonly serving: boolean; //             whether an ADD would succeed
}

type KeptFile = FileEntry & { readonly kept: Kept };

/**
 * The files of an installation that others read or execute, and that are put back as they were installed. To look costs
 * a `stat` each, unless something was touched. Without a manifest there are none.
 */
export class KeptFiles {
  readonly #manifest: string;
  readonly #sound = new Map<string, string>(); // by path: how a file stands that was found as it must be
  #files: readonly KeptFile[] = [];
  #read = '';

  constructor(manifest: string) {
    this.#manifest = manifest;
  }

  /** Puts back what has gone or is not as it was. Throws what a broken manifest throws. */
  tend({ which, serving }: Tending): readonly Tended[] {
    this.#refresh();
    return this.#files.flatMap((file) => {
      if (file.kept.onceServing && !serving) return [];
      const was = this.#stateOf(file);
      return was === 'sound' || (was === 'altered' && which === 'missing') ? [] : this.#putBack(file.path, was);
    });
  }

  /** The list, when the manifest is another one than before. */
  #refresh(): void {
    const stands = standOf(this.#manifest);
    if (stands === this.#read) return;
    this.#files = keptOf(readManifest(this.#manifest));
    this.#sound.clear();
    this.#read = stands;
  }

  #stateOf({ path, sha256: wanted, kept }: KeptFile): 'sound' | 'missing' | 'altered' {
    const stands = standOf(path);
    if (stands === ABSENT) return 'missing';
    if (this.#sound.get(path) === stands) return 'sound';
    if ((modeOf(path) & 0o777) !== kept.mode || hashOf(path) !== wanted) return 'altered';
    this.#sound.set(path, stands);
    return 'sound';
  }

  /** The manifest is read behind the look at the file: who takes the file away for good says so there before. */
  #putBack(path: string, was: Tended['was']): readonly Tended[] {
    const now = keptOf(readManifest(this.#manifest)).find((it) => it.path === path);
    if (now === undefined || this.#stateOf(now) === 'sound') return [];
    try {
      const content = readFileSync(now.kept.from);
      if (sha256(content) !== now.sha256) return [{ path, was, because: `${now.kept.from} is not what was installed` }];
      writeWhole(path, content, now.kept.mode);
      return [{ path, was }];
    } catch (error) {
      return [{ path, was, because: error instanceof Error ? error.message : String(error) }];
    }
  }
}

const ABSENT = 'absent';

/** What differs whenever a file's content or mode may differ. */
function standOf(path: string): string {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
  } catch {
    return ABSENT;
  }
}

function modeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mode ?? 0;
}

/** '' : it cannot be read, or is no file. */
function hashOf(path: string): string {
  try {
    return sha256(readFileSync(path));
  } catch {
    return '';
  }
}

function keptOf(manifest: Manifest | undefined): readonly KeptFile[] {
  return (manifest?.entries ?? []).filter((it): it is KeptFile => it.kind === 'file' && it.kept !== undefined);
}
