import { readFile } from 'node:fs/promises';
import koffi from 'koffi';
import type { Clock, Millis } from '../../base/clock.ts';

const MADV_DONTNEED = 4; // asm-generic/mman-common.h
const FIRST_MS: Millis = 10_000; // what only a start needs has been needed by then
const ROUND_MS: Millis = 60_000;
const GROWN_BYTES = 8 << 20; // less than that is not worth the faults that follow

/**
 * Hands memory back to the machine that a long life does not need: some seconds after the start, and whenever some has
 * gathered since. Answers what ends it.
 */
export function keepLean(clock: Clock): () => void {
  const handBack = memoryReturner();
  let least = 0;
  let ended = false;
  const round = async (): Promise<void> => {
    if (process.memoryUsage.rss() > least + GROWN_BYTES) {
      await handBack().catch(() => {}); // where /proc is hidden, more is kept
      least = process.memoryUsage.rss();
    }
    if (!ended) cancel = clock.timer(ROUND_MS, () => void round());
  };
  let cancel = clock.timer(FIRST_MS, () => void round());
  return () => {
    ended = true;
    cancel();
  };
}

/**
 * Makes what hands back unused pages of the C heap, which keeps them else, and takes the pages of Node's own file out
 * of our tables. Most of these only a start needs; each other is found in the page cache at its next use, for about a
 * microsecond.
 */
export function memoryReturner(): () => Promise<void> {
  const libc = koffi.load(null);
  const madvise = libc.func('int madvise(uintptr_t at, size_t bytes, int advice)');
  const trim = libc.func('int malloc_trim(size_t kept)');
  return async () => {
    await new Promise((resolve) => trim.async(0, resolve));
    const pages = cleanPages(await readFile('/proc/self/smaps', 'utf8'), process.execPath);
    for (const { at, bytes } of pages) madvise(at, bytes, MADV_DONTNEED);
  };
}

/** A mapping in our memory. */
export interface Pages {
  readonly at: number;
  readonly bytes: number;
}

/**
 * Of a process, as /proc/PID/smaps lists its memory (proc(5)), the mappings of a file that cannot be written and never
 * were: they say nothing that the file does not say.
 */
export function cleanPages(smaps: string, file: string): readonly Pages[] {
  return smaps.split(/\n(?=[0-9a-f]+-[0-9a-f]+ )/).flatMap((mapping) => {
    const [, from = '', to = '', path] = /^([0-9a-f]+)-([0-9a-f]+) r-[-x]p \S+ \S+ \S+ +(.*)/.exec(mapping) ?? [];
    const written = ['Anonymous', 'Swap'].some((of) => !new RegExp(`^${of}: +0 kB$`, 'm').test(mapping));
    if (path !== file || written) return [];
    const at = Number.parseInt(from, 16);
    return [{ at, bytes: Number.parseInt(to, 16) - at }];
  });
}
