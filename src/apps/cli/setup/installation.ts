import { existsSync, lstatSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { VERSION } from '../../../base/version.ts';
import {
  type Entry,
  type Kept,
  type Manifest,
  readManifest,
  subject,
  writeManifest,
} from '../../../io/system/manifest.ts';
import { sha256, writeWhole } from '../../../io/system/whole-file.ts';

export interface Place {
  readonly root: string; //   "/" but for tests and images
  readonly prefix: string; // of the node
}

export interface FileManner {
  readonly mode?: number; //  absent: 0644
  readonly keepIfEdited?: true;
  readonly kept?: Omit<Kept, 'mode'>;
}

/** The manifest of an installation, as a path of the machine we are on. */
export function manifestPath({ root, prefix }: Place): string {
  return join(root, prefix, 'manifest.json');
}

/** Puts things on a node and remembers each before it is there, also over several runs. Paths are those of the node. */
export class Installation {
  readonly #place: Place;
  #manifest: Manifest;

  constructor(place: Place) {
    this.#place = place;
    this.#manifest = readManifest(manifestPath(place)) ?? { version: VERSION, entries: [] };
  }

  /** Where a path of the node is on the machine we are on. */
  at(path: string): string {
    return join(this.#place.root, path);
  }

  /** Writes a file whole. What was there before and is not ours is kept beside, for the way back. */
  file(path: string, content: string | Uint8Array, more: FileManner = {}): void {
    const { mode = 0o644, keepIfEdited, kept } = more;
    this.directory(dirname(path));
    const before = this.#entry(`file ${path}`);
    const backup = before?.kind === 'file' ? before.backup : this.#backup(path);
    this.#remember({
      kind: 'file',
      path,
      sha256: sha256(content),
      ...(backup === undefined ? {} : { backup }),
      ...(keepIfEdited ? { keepIfEdited } : {}),
      ...(kept === undefined ? {} : { kept: { ...kept, mode } }),
    });
    writeWhole(this.at(path), content, mode);
  }

  /** A symbolic link, unless something else has that name. Answers whether it is there. */
  link(path: string, to: string): boolean {
    const found = lstatSync(this.at(path), { throwIfNoEntry: false });
    if (found !== undefined && this.#entry(`link ${path}`) === undefined) return false;
    this.directory(dirname(path));
    this.#remember({ kind: 'link', path });
    rmSync(this.at(path), { force: true });
    symlinkSync(to, this.at(path));
    return true;
  }

  /** A directory with those above it that are missing. */
  directory(path: string): void {
    for (const missing of this.#missing(path)) {
      this.#remember({ kind: 'directory', path: missing });
      mkdirSync(this.at(missing), { recursive: true, mode: 0o755 }); // the manifest may have needed it already
    }
  }

  /** The agent will make this directory: whatever is in it then goes with it. */
  tree(path: string): void {
    if (existsSync(this.at(path))) return;
    this.directory(dirname(path));
    this.#remember({ kind: 'tree', path });
  }

  unit(name: string): void {
    this.#remember({ kind: 'unit', name });
  }

  /** The agent will set this: its value until now. */
  sysctl(path: string): void {
    if (this.#entry(`sysctl ${path}`) !== undefined || !existsSync(this.at(path))) return;
    this.#remember({ kind: 'sysctl', path, value: readFileSync(this.at(path), 'utf8').trim() });
  }

  /** The path and those above it that are not there, the topmost first. */
  #missing(path: string): readonly string[] {
    return existsSync(this.at(path)) ? [] : [...this.#missing(dirname(path)), path];
  }

  #backup(path: string): string | undefined {
    if (!existsSync(this.at(path))) return undefined;
    const backup = join(this.#place.prefix, 'before', path);
    writeWhole(this.at(backup), readFileSync(this.at(path)), lstatSync(this.at(path)).mode & 0o777);
    return backup;
  }

  #entry(about: string): Entry | undefined {
    return this.#manifest.entries.find((entry) => subject(entry) === about);
  }

  /** The newest word about a thing replaces the older one in its place. */
  #remember(entry: Entry): void {
    const { entries } = this.#manifest;
    const known = entries.some((it) => subject(it) === subject(entry));
    const all = known ? entries.map((it) => (subject(it) === subject(entry) ? entry : it)) : [...entries, entry];
    this.#manifest = { version: VERSION, entries: all };
    mkdirSync(dirname(manifestPath(this.#place)), { recursive: true });
    writeManifest(manifestPath(this.#place), this.#manifest);
  }
}
