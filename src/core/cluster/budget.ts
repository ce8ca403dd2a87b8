import type { Millis } from '../../base/clock.ts';
import { byNumber, byText, type Compare, SortedMap } from '../../base/sorted-map.ts';
import type { Urgency } from '../ipam/nic.ts';

// One budget of cloud calls for all nodes of a cluster. A node that asks for a hundred calls at once goes behind one
// that asks for its first: start-time fair queueing, in rounds. A round is one call of each node that waits. A waiting
// pod goes before a refill, a refill before housekeeping, but for so many rounds at most: nobody starves.

/** So many calls at once, and so many a second after that. */
export interface BudgetSize {
  readonly burst: number;
  readonly perSecond: number;
}

/** A call that wants to go. */
export interface Ticket {
  readonly id: number; // no other has it
  readonly node: string;
  readonly urgency: Urgency;
}

interface Turn {
  readonly round: number;
  readonly id: number; // of one round the one that asked first
}

interface Line {
  readonly waiting: SortedMap<Turn, Ticket>;
  readonly last: SortedMap<string, number>; // of each node, the round of the last call that it asked for
}

/** Who waits, and what may go: a value. Times are of one steady clock. */
export interface ClusterBudget {
  readonly size: BudgetSize;
  readonly tokens: number;
  readonly pace: number; //  part of the size's tokens a second
  readonly at: Millis; //    when tokens were counted
  readonly round: number; // how far calls have been served
  readonly lines: Readonly<Record<Urgency, Line>>;
}

const URGENCIES: readonly Urgency[] = ['pod', 'refill', 'housekeeping'];
/** How many rounds of pods' calls go first. */
const BEHIND: Readonly<Record<Urgency, number>> = { pod: 0, refill: 4, housekeeping: 32 };
/** What a call leaves of the burst while it is not its turn yet: for pods that come. */
const KEPT: Readonly<Record<Urgency, number>> = { pod: 0, refill: 0.25, housekeeping: 0.5 };
/** So much slower than its size a budget becomes at most, when others spend the account's quota. */
const SLOWEST = 1 / 32;

const byTurn: Compare<Turn> = (a, b) => byNumber(a.round, b.round) || byNumber(a.id, b.id);
const nobody: Line = { waiting: SortedMap.empty(byTurn), last: SortedMap.empty(byText) };

/** Full, and nobody waits. */
export function newBudget(size: BudgetSize, now: Millis): ClusterBudget {
  const lines = { pod: nobody, refill: nobody, housekeeping: nobody };
  return { size, tokens: size.burst, pace: 1, at: now, round: 0, lines };
}

/** A call waits for its turn from now on. */
export function queued(budget: ClusterBudget, ticket: Ticket): ClusterBudget {
  const { urgency, node, id } = ticket;
  const { waiting, last } = budget.lines[urgency];
  const before = last.get(node) ?? Number.NEGATIVE_INFINITY;
  const round = Math.max(budget.round + BEHIND[urgency], before) + 1;
  const line = { waiting: waiting.set({ round, id }, ticket), last: last.set(node, round) };
  return withLine(budget, urgency, line);
}

/** Calls that nobody waits for any more leave. */
export function left(budget: ClusterBudget, gone: (ticket: Ticket) => boolean): ClusterBudget {
  return URGENCIES.reduce((sum, urgency) => {
    const { waiting, last } = sum.lines[urgency];
    const turns = [...waiting].filter(([, ticket]) => gone(ticket)).map(([turn]) => turn);
    if (turns.length === 0) return sum;
    return withLine(sum, urgency, { waiting: turns.reduce((rest, turn) => rest.delete(turn), waiting), last });
  }, budget);
}

/** Who goes now, in order, and when to look again; undefined: when somebody asks. */
export function served(
  budget: ClusterBudget,
  now: Millis,
): { readonly budget: ClusterBudget; readonly go: readonly Ticket[]; readonly inMs: Millis | undefined } {
  let after = refilled(budget, now);
  const go: Ticket[] = [];
  for (;;) {
    const heads = headsOf(after);
    const next = heads.find(({ missing }) => missing <= 0);
    if (next === undefined) {
      const missing = Math.min(...heads.map((head) => head.missing));
      const inMs = heads.length === 0 ? undefined : Math.ceil((missing / perSecond(after)) * 1_000);
      return { budget: after, go, inMs };
    }
    go.push(next.ticket);
    after = gone(after, next);
  }
}

/** The cloud said that it was too much: nothing goes for a while, then half as often. `fraction`: 0 to 1, by chance. */
export function slowed(budget: ClusterBudget, fraction: number, now: Millis): ClusterBudget {
  const { tokens, pace, ...rest } = refilled(budget, now);
  return { ...rest, pace: Math.max(SLOWEST, pace / 2), tokens: Math.min(tokens, -fraction) };
}

/** The cloud took a call: twice as often as before, up to the size. */
export function hastened(budget: ClusterBudget, now: Millis): ClusterBudget {
  return budget.pace === 1 ? budget : { ...refilled(budget, now), pace: Math.min(1, 2 * budget.pace) };
}

/** How many calls wait. */
export function waitingCalls({ lines }: ClusterBudget): number {
  return URGENCIES.reduce((sum, urgency) => sum + lines[urgency].waiting.size, 0);
}

interface Head {
  readonly turn: Turn;
  readonly ticket: Ticket;
  readonly missing: number; // tokens
}

/** The first of each urgency, by their turns. */
function headsOf({ lines, round, tokens, size }: ClusterBudget): readonly Head[] {
  return URGENCIES.flatMap((urgency) => {
    const first = lines[urgency].waiting.first();
    if (first === undefined) return [];
    const [turn, ticket] = first;
    const kept = turn.round <= round ? 0 : KEPT[urgency] * (size.burst - 1);
    return [{ turn, ticket, missing: 1 + kept - tokens }];
  }).sort((a, b) => byTurn(a.turn, b.turn));
}

function gone(budget: ClusterBudget, { turn, ticket: { urgency } }: Head): ClusterBudget {
  const { waiting, last } = budget.lines[urgency];
  const round = Math.max(budget.round, turn.round - BEHIND[urgency]);
  const rest = waiting.delete(turn);
  // once nobody waits, nobody's last call is behind the round that everybody begins with
  const line = rest.size === 0 ? nobody : { waiting: rest, last };
  return { ...withLine(budget, urgency, line), round, tokens: budget.tokens - 1 };
}

function refilled(budget: ClusterBudget, now: Millis): ClusterBudget {
  const more = (Math.max(0, now - budget.at) / 1_000) * perSecond(budget);
  return { ...budget, tokens: Math.min(budget.size.burst, budget.tokens + more), at: now };
}

function perSecond({ size, pace }: ClusterBudget): number {
  return size.perSecond * pace;
}

function withLine(budget: ClusterBudget, urgency: Urgency, line: Line): ClusterBudget {
  return { ...budget, lines: { ...budget.lines, [urgency]: line } };
}
