import type { Millis } from '../../base/clock.ts';
import type { Address } from '../../base/ip.ts';
import type { AttachmentId } from '../attachment.ts';
import type { NicId, Token } from '../ipam/nic.ts';
import type { Book, Branch, BranchPolicy, BranchState, Making } from './book.ts';
import { type BranchReport, groupsKey } from './branch.ts';

/** So long one that was just made may be without its trunk, or unseen: who makes it sees to it, or the cloud lags. */
export const ON_ITS_WAY_MS: Millis = 60_000;

/**
 * After so long the cloud is asked again about NICs that nobody here knew: an agent that was killed may have had one
 * deleted, and the first report may not show it yet.
 */
export const LOOK_AGAIN_MS: Millis = 10_000;

/** What is known besides what the cloud tells. */
export interface ReportedWith {
  readonly before: Book; //         when it was asked: what came or went since it cannot tell
  readonly now: Millis;
  readonly policy: BranchPolicy;
  /** Who has an address without a NIC on record, found by its link alone: the NIC is its own. */
  readonly holderOf?: (address: Address) => AttachmentId | undefined;
}

/**
 * What the cloud tells, all of it: NICs that nobody here knew rest before they are given, for nobody knows who had
 * them; one of which nobody knew whether it was made is free. Those that it no longer tells of are gone, and lost what
 * a pod holds: told once. `going`: they were made and never carried. `lookMs`: of some it will tell more by then.
 */
export function reported(
  book: Book,
  reports: readonly BranchReport[],
  of: ReportedWith,
): { book: Book; going: readonly NicId[]; lost: readonly AttachmentId[]; lookMs?: Millis } {
  const branches = new Map<NicId, Branch>();
  const going: NicId[] = [];
  const making = new Map(book.making);
  let [unsure, mayBeGone] = [false, false];
  for (const report of reports) {
    const known = book.branches.get(report.id);
    if (known === undefined && of.before.branches.has(report.id)) continue; // deleted since
    const state = known === undefined ? foundState(book, report, of) : thereState(known.state);
    unsure ||= state === undefined || (known !== undefined && !report.carried);
    if (state === undefined) continue;
    mayBeGone ||= known === undefined && state.is === 'rests';
    if (known === undefined && state.is === 'going') going.push(report.id);
    if (known === undefined && report.token !== undefined) making.delete(report.token);
    branches.set(report.id, { report, state, shown: true });
  }
  for (const [token, it] of making) {
    if (neverCame(it, reports, { token, now: of.now })) making.delete(token);
    else unsure ||= it.open !== undefined;
  }
  const lost: AttachmentId[] = [];
  for (const [id, branch] of book.branches) {
    if (branches.has(id)) continue;
    const unseen = isOnItsWay(branch.report, of.now);
    unsure ||= unseen;
    mayBeGone ||= unseen && branch.shown === true;
    const state = unseenState(id, branch, of);
    if (state === undefined) continue;
    branches.set(id, { ...branch, state });
    if (isLost(state) && !isLost(branch.state)) lost.push(state.by);
  }
  const lookMs = mayBeGone ? LOOK_AGAIN_MS : ON_ITS_WAY_MS;
  return { book: { making, branches }, going, lost, ...((mayBeGone || unsure) && { lookMs }) };
}

/** Where one stands that is not told of; undefined: it is gone. */
function unseenState(id: NicId, { report, state, shown }: Branch, of: ReportedWith): BranchState | undefined {
  const isIdle = state.is === 'free' || state.is === 'rests';
  if (isOnItsWay(report, of.now)) return shown === true && isIdle ? resting(of) : state;
  if (isBeingDeleted(state) || !of.before.branches.has(id)) return state;
  return state.is === 'held' ? { ...state, lost: true } : undefined;
}

function isLost(state: BranchState): state is Extract<BranchState, { readonly is: 'held' }> {
  return state.is === 'held' && state.lost === true;
}

/** Whoever deletes it will tell what came of that. */
function isBeingDeleted(state: BranchState): boolean {
  return state.is === 'going' && state.for === undefined && state.again === undefined;
}

/** Where one stands that is told of. */
function thereState(state: BranchState): BranchState {
  return state.is === 'held' ? { is: 'held', by: state.by } : state;
}

/** Where one stands that was not known; undefined: who has it made, or will have it made again, will tell. */
function foundState(book: Book, report: BranchReport, of: ReportedWith): BranchState | undefined {
  const { token, carried } = report;
  const [by] = report.addresses.flatMap((it) => of.holderOf?.(it) ?? []);
  if (by !== undefined) return { is: 'held', by };
  const making = token === undefined ? undefined : book.making.get(token);
  if (making !== undefined && making.open === undefined) return undefined;
  if (!carried) return isOnItsWay(report, of.now) ? undefined : { is: 'going' };
  if (making !== undefined) return { is: 'free', since: of.now }; // its pod was never told of it
  if (token === undefined && mayBeMaking(book, report)) return undefined;
  return resting(of);
}

/** Until the cloud has told of it once more. */
function resting({ now, policy }: ReportedWith): BranchState {
  return { is: 'rests', until: now + Math.max(policy.cooldownMs, 2 * LOOK_AGAIN_MS) };
}

/** A controller of an earlier version tells no tokens. */
function mayBeMaking({ making }: Book, { groups }: BranchReport): boolean {
  return [...making.values()].some(({ spec }) => groupsKey(spec.groups) === groupsKey(groups));
}

/** Made a moment ago: who makes it will have the trunk carry it, and the cloud may not show it yet. */
function isOnItsWay({ createdAt = Number.NEGATIVE_INFINITY }: BranchReport, now: Millis): boolean {
  return now - createdAt < ON_ITS_WAY_MS;
}

/** The cloud would show it by now. */
function neverCame(
  { open }: Making,
  reports: readonly BranchReport[],
  { token, now }: { readonly token: Token; readonly now: Millis },
): boolean {
  return open !== undefined && now - open >= ON_ITS_WAY_MS && !reports.some((it) => it.token === token);
}
