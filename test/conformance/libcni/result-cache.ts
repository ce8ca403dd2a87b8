import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Json } from './network-list.ts';

/** What a runtime remembers of an ADD until its DEL, in libcni's own format ("cniCacheV1"). */
export interface CachedAttachment {
  readonly kind: 'cniCacheV1';
  readonly containerId: string;
  readonly config: string; // base64 of the list
  readonly ifName: string;
  readonly networkName: string;
  readonly netns: string;
  readonly cniArgs?: readonly (readonly [string, string])[];
  readonly capabilityArgs?: Json;
  readonly result: Json;
}

type Key = Pick<CachedAttachment, 'networkName' | 'containerId' | 'ifName'>;

/**
 * libcni's cache directory: one file an attachment, "results/<network>-<container>-<ifname>". What cannot be read is
 * not there.
 */
export class ResultCache {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = join(directory, 'results');
  }

  put(it: CachedAttachment): void {
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    writeFileSync(this.#path(it), JSON.stringify(it), { mode: 0o600 });
  }

  get(key: Key): CachedAttachment | undefined {
    return this.#read(this.#path(key));
  }

  /** Absent = success. */
  remove(key: Key): void {
    rmSync(this.#path(key), { force: true });
  }

  /** Everything of one network, in name order. */
  of(network: string): readonly CachedAttachment[] {
    let names: string[];
    try {
      names = readdirSync(this.#directory).toSorted();
    } catch {
      return []; // nothing was ever added
    }
    const all = names.flatMap((name) => this.#read(join(this.#directory, name)) ?? []);
    return all.filter((it) => it.networkName === network);
  }

  #read(path: string): CachedAttachment | undefined {
    try {
      const it = JSON.parse(readFileSync(path, 'utf8')) as CachedAttachment;
      return it.kind === 'cniCacheV1' ? it : undefined;
    } catch {
      return undefined;
    }
  }

  #path(key: Key): string {
    return join(this.#directory, `${key.networkName}-${key.containerId}-${key.ifName}`);
  }
}
