import type { Millis } from '../../base/clock.ts';
import { byText, type Compare, SortedMap } from '../../base/sorted-map.ts';

// Work by key, each key once however often it is asked for, never two of one key at a time, failures later and later.
// Times are of one steady clock.

interface Entry {
  readonly dueAt: Millis | undefined; // undefined: it runs, and nobody has asked for it since
  readonly turn: number; //              of two due at one time the one that was asked for first
  readonly running: boolean;
  readonly failures: number; //          in a row
}

interface Due {
  readonly at: Millis;
  readonly turn: number;
}

/** What is to be done: a value. */
export interface WorkQueue {
  readonly entries: SortedMap<string, Entry>;
  readonly waiting: SortedMap<Due, string>; // those that do not run
  readonly turns: number;
}

/** How one run of a key ended. */
export type Ended =
  | { readonly ok: true; readonly againInMs?: Millis | undefined }
  /** `fraction`: 0 to 1, by chance, so that not all come back at once. `atLeastMs`: the server's own wish. */
  | { readonly ok: false; readonly fraction: number; readonly atLeastMs?: Millis | undefined };

const FIRST_PAUSE_MS: Millis = 200;
const LAST_PAUSE_MS: Millis = 120_000;

const byDue: Compare<Due> = (a, b) => a.at - b.at || a.turn - b.turn;

export const noWork: WorkQueue = { entries: SortedMap.empty(byText), waiting: SortedMap.empty(byDue), turns: 0 };

/** A key is due at a time, or earlier if it was already. One that runs will run again. */
export function asked(queue: WorkQueue, key: string, at: Millis): WorkQueue {
  const { running, failures, ...before } = queue.entries.get(key) ?? idle;
  if (before.dueAt !== undefined && before.dueAt <= at) return queue;
  return put(queue, key, { dueAt: at, turn: queue.turns + 1, running, failures });
}

/** The key whose turn it is, which runs from now on; undefined: none is due. */
export function taken(queue: WorkQueue, now: Millis): { readonly queue: WorkQueue; readonly key: string | undefined } {
  const [due, key] = queue.waiting.first() ?? [];
  if (due === undefined || key === undefined || due.at > now) return { queue, key: undefined };
  const { failures } = queue.entries.get(key) ?? idle;
  return { queue: put(queue, key, { dueAt: undefined, turn: 0, running: true, failures }), key };
}

/** A run has ended. What was asked for meanwhile is due, and after a failure not before its pause is over. */
export function ended(queue: WorkQueue, key: string, how: Ended, now: Millis): WorkQueue {
  const { dueAt, failures } = queue.entries.get(key) ?? idle;
  const turn = queue.turns + 1;
  if (!how.ok) {
    const at = now + Math.max(how.atLeastMs ?? 0, pauseMs(failures, how.fraction));
    return put(queue, key, { dueAt: at, turn, running: false, failures: failures + 1 });
  }
  const again = how.againInMs === undefined ? undefined : now + how.againInMs;
  const next = dueAt === undefined || again === undefined ? (dueAt ?? again) : Math.min(dueAt, again);
  return put(queue, key, { dueAt: next, turn, running: false, failures: 0 });
}

/** When the next key is due; undefined: none waits. */
export function nextDue(queue: WorkQueue): Millis | undefined {
  return queue.waiting.first()?.[0].at;
}

/** How long a key rests after so many failures in a row before this one. */
export function pauseMs(failures: number, fraction: number): Millis {
  return Math.min(LAST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures, 16)) * (0.5 + fraction / 2);
}

const idle: Entry = { dueAt: undefined, turn: 0, running: false, failures: 0 };

function put(queue: WorkQueue, key: string, entry: Entry): WorkQueue {
  const { entries, turns } = queue;
  const before = entries.get(key);
  const { dueAt, turn, running } = entry;
  let { waiting } = queue;
  if (before?.dueAt !== undefined) waiting = waiting.delete({ at: before.dueAt, turn: before.turn });
  if (dueAt !== undefined && !running) waiting = waiting.set({ at: dueAt, turn }, key);
  const done = dueAt === undefined && !running;
  return { entries: done ? entries.delete(key) : entries.set(key, entry), waiting, turns: Math.max(turns, turn) };
}
