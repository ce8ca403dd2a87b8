import type { Millis } from '../../base/clock.ts';

// Who of several replicas works: whoever holds a lease that all write to. No clock is compared with another's: a lease
// is free when nobody has changed it for as long as its holder asked for, by the watch of whoever looks. Times here are
// of one steady clock.

/** How long a lease lasts, and how often its holder says that it lives. */
export const TERM = {
  durationMs: 15_000, // others wait so long without a word
  deadlineMs: 10_000, // the holder stops so long after its last word: before the others may begin
  renewMs: 4_000,
  retryMs: 1_500, //     after a word that did not arrive
} as const;

/** A lease as it was read. Another version: somebody has written it. */
export interface LeaseFacts {
  readonly holder: string; // '': given back
  readonly durationMs: Millis;
  readonly transitions: number;
  readonly version: string;
}

/** Where one candidate stands: a value. */
export interface Standing {
  readonly me: string;
  readonly lease: LeaseFacts | undefined; // undefined: there is none
  readonly seenAt: Millis; //               when it was seen to be another
  readonly wroteAt: Millis | undefined; //  when we began the last word of ours that arrived, while it is ours
}

/** What a candidate shall do now. */
export type Move =
  | { readonly kind: 'write'; readonly lease: LeaseFacts | undefined; readonly transitions: number }
  | { readonly kind: 'wait'; readonly forMs: Millis };

/** Nothing seen yet: a lease that is there is waited for its whole time. */
export function candidate(me: string): Standing {
  return { me, lease: undefined, seenAt: 0, wroteAt: undefined };
}

/** The lease as it is now. Another's name on it, or none of ours that we know of: we do not lead. */
export function seen(before: Standing, lease: LeaseFacts | undefined, now: Millis): Standing {
  if (lease?.version === before.lease?.version) return before;
  const wroteAt = lease?.holder === before.me ? before.wroteAt : undefined;
  return { ...before, lease, seenAt: now, wroteAt };
}

/** A word of ours arrived: begun at `wroteAt`, so that we stop too early rather than too late. */
export function written(before: Standing, lease: LeaseFacts, wroteAt: Millis): Standing {
  return { ...before, lease, seenAt: wroteAt, wroteAt };
}

/** Until when we lead; not at all: in the past of every clock. */
export function leadsUntil({ wroteAt }: Standing): Millis {
  return wroteAt === undefined ? Number.NEGATIVE_INFINITY : wroteAt + TERM.deadlineMs;
}

/** Renew what is ours; take what is nobody's; wait for what is another's. */
export function move({ me, lease, seenAt, wroteAt }: Standing, now: Millis): Move {
  if (lease === undefined) return { kind: 'write', lease, transitions: 0 };
  const { holder, durationMs, transitions } = lease;
  if (holder === me && wroteAt !== undefined) {
    const due = wroteAt + TERM.renewMs;
    return now < due ? { kind: 'wait', forMs: due - now } : { kind: 'write', lease, transitions };
  }
  const free = holder === '' || holder === me ? seenAt : seenAt + durationMs; // of us: we were here before a restart
  return now < free ? { kind: 'wait', forMs: free - now } : { kind: 'write', lease, transitions: transitions + 1 };
}
