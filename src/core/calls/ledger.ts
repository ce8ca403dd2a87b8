import type { Millis } from '../../base/clock.ts';
import type { CloudErrorKind, Urgency } from '../ipam/nic.ts';

// What was asked of a cloud, counted: for `berth cloud calls`. Actions are the provider's own names, a dozen.

/** One call as it went. */
export interface CallTold {
  readonly action: string; //   "AssignPrivateIpAddresses"
  readonly urgency: Urgency;
  readonly ms: Millis;
  readonly outcome: CallOutcome;
  readonly code: string; //     the cloud's own; "" when it went well
}

export type CallOutcome = 'ok' | CloudErrorKind;

/** All calls of one action. */
export interface ActionCalls {
  readonly action: string;
  readonly outcomes: Readonly<Partial<Record<CallOutcome, number>>>;
  readonly urgencies: Readonly<Partial<Record<Urgency, number>>>;
  readonly recent: readonly Millis[]; // of the last `REMEMBERED` calls, oldest first
  readonly maxMs: Millis;
  readonly lastAt: Millis;
  readonly lastFailure: CallFailure | undefined;
}

export interface CallFailure {
  readonly at: Millis;
  readonly code: string;
}

/** A value: the actions in the order in which they were first asked. */
export type Ledger = readonly ActionCalls[];

export const emptyLedger: Ledger = [];

/** A median of so many calls is one of today, not of the time since the start. */
export const REMEMBERED = 128;

/** The ledger with one call more. */
export function noted(ledger: Ledger, told: CallTold, now: Millis): Ledger {
  const at = ledger.findIndex(({ action }) => action === told.action);
  const before = ledger[at];
  return before === undefined
    ? [...ledger, counted(none(told.action), told, now)]
    : ledger.with(at, counted(before, told, now));
}

/** How many calls of an action there were, or, with an outcome, how many that ended so. */
export function callsOf({ outcomes }: ActionCalls, outcome?: CallOutcome): number {
  if (outcome !== undefined) return outcomes[outcome] ?? 0;
  return Object.values(outcomes).reduce((sum, count) => sum + count, 0);
}

/** Half of the remembered calls took no longer; of an even number the lesser of the two in the middle. */
export function medianMs({ recent }: ActionCalls): Millis {
  return recent.toSorted((a, b) => a - b)[Math.floor((recent.length - 1) / 2)] ?? 0;
}

function none(action: string): ActionCalls {
  return { action, outcomes: {}, urgencies: {}, recent: [], maxMs: 0, lastAt: 0, lastFailure: undefined };
}

function counted(before: ActionCalls, { urgency, ms, outcome, code }: CallTold, now: Millis): ActionCalls {
  const { outcomes, urgencies, recent, maxMs, lastFailure } = before;
  return {
    ...before,
    outcomes: { ...outcomes, [outcome]: (outcomes[outcome] ?? 0) + 1 },
    urgencies: { ...urgencies, [urgency]: (urgencies[urgency] ?? 0) + 1 },
    recent: [...recent, ms].slice(-REMEMBERED),
    maxMs: Math.max(maxMs, ms),
    lastAt: now,
    lastFailure: outcome === 'ok' ? lastFailure : { at: now, code },
  };
}
