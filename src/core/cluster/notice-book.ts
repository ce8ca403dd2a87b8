import type { Millis } from '../../base/clock.ts';
import type { Notice } from './notice.ts';

/** How often something was noticed, and what of that was told. */
interface Entry {
  readonly count: number;
  readonly firstAt: Millis;
  readonly told: number; //  times it was told: 0 while the first is still to be
  readonly nextAt: Millis; // it is not told again before
}

/** What has been noticed lately: a value. */
export interface NoticeBook {
  readonly entries: ReadonlyMap<string, Entry>; // the longest silent first
  readonly tokens: number; // so many may be told at once
  readonly at: Millis; //     when they were counted
}

/** What shall be told. `again`: the Event of `firstAt` is there, and gets another count and message. */
export interface Telling {
  readonly key: string;
  readonly notice: Notice;
  readonly count: number;
  readonly firstAt: Millis;
  readonly lastAt: Millis;
  readonly again: boolean;
}

/** The API server keeps an Event for an hour: what is silent for so long begins anew. */
const FORGOTTEN_MS: Millis = 3_300_000;
const FIRST_PAUSE_MS: Millis = 10_000;
const LAST_PAUSE_MS: Millis = 300_000;
/** A node in trouble must not flood the API server: so many at once, and one a second. */
const BURST = 25;
const REFILL_MS: Millis = 1_000;
const MOST_ENTRIES = 1_024;

export const emptyBook: NoticeBook = { entries: new Map(), tokens: BURST, at: 0 };

/** Whether two notices are the same thing happening again: of one pod and one reason. */
export function noticeKey({ pod, reason }: Notice): string {
  return pod === undefined ? `node ${reason}` : `${pod.namespace}/${pod.name}/${pod.uid} ${reason}`;
}

/**
 * Counts a notice. The first is told at once, the same again with its count, less and less often. What may not be told
 * now is counted, and told with the next.
 */
export function noted(
  before: NoticeBook,
  notice: Notice,
  now: Millis,
): { readonly book: NoticeBook; readonly telling: Telling | undefined } {
  const key = noticeKey(notice);
  const known = before.entries.get(key);
  const fresh = known === undefined || known.nextAt + FORGOTTEN_MS < now;
  const entry = fresh ? { count: 1, firstAt: now, told: 0, nextAt: now } : { ...known, count: known.count + 1 };
  const tokens = Math.min(BURST, before.tokens + Math.max(0, now - before.at) / REFILL_MS);
  const due = now >= entry.nextAt && tokens >= 1;
  const pause = Math.min(LAST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** entry.told);
  const after = due ? { ...entry, told: entry.told + 1, nextAt: now + pause } : entry;
  const entries = new Map(before.entries);
  entries.delete(key); // to the end
  entries.set(key, after);
  for (const oldest of entries.keys()) {
    if (entries.size <= MOST_ENTRIES) break;
    entries.delete(oldest);
  }
  const { count, firstAt, told } = entry;
  return {
    book: { entries, tokens: due ? tokens - 1 : tokens, at: now },
    telling: due ? { key, notice, count, firstAt, lastAt: now, again: told > 0 } : undefined,
  };
}

/** What was told did not arrive: the next time it is told as the first. */
export function untold(book: NoticeBook, key: string): NoticeBook {
  const entries = new Map(book.entries);
  entries.delete(key);
  return { ...book, entries };
}
