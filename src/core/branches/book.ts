import type { Millis } from '../../base/clock.ts';
import type { Address } from '../../base/ip.ts';
import type { AttachmentId } from '../attachment.ts';
import type { NicId, Token } from '../ipam/nic.ts';
import { type BranchReport, type BranchSpec, groupsKey } from './branch.ts';

/**
 * Where a branch NIC stands. `lost`: the cloud has it no more. `rests`: its last pod has gone, and others may still
 * speak to it. `going`: perhaps for one that is being made in its place.
 */
export type BranchState =
  | { readonly is: 'held'; readonly by: AttachmentId; readonly lost?: true }
  | { readonly is: 'rests'; readonly until: Millis }
  | { readonly is: 'free'; readonly since: Millis }
  | { readonly is: 'going'; readonly for?: Token };

/** One branch NIC. */
export interface Branch {
  readonly report: BranchReport;
  readonly state: BranchState;
}

/** All branch NICs of a node, and how many are being made. A value. */
export interface Book {
  readonly branches: ReadonlyMap<NicId, Branch>;
  readonly making: ReadonlyMap<Token, string>; // the groups of those that are being made
}

/** How branch NICs are kept. */
export interface BranchPolicy {
  readonly cooldownMs: Millis; // a NIC rests so long between two pods
  readonly idleMs: Millis; //     one that nobody takes goes after so long
  readonly most: number; //       that the trunk carries
}

export const EMPTY_BOOK: Book = { branches: new Map(), making: new Map() };

/** What an ADD gets: a NIC, the leave to make one, or no. `first`: these go before there is room. */
export type Taken =
  | { readonly is: 'held'; readonly book: Book; readonly branch: BranchReport }
  | { readonly is: 'make'; readonly book: Book; readonly first: readonly NicId[] }
  | { readonly is: 'full'; readonly held: number; readonly resting: number; readonly making: number };

/**
 * A pod wants a NIC with exactly these groups: a free one of the same groups, the one that was used last, so that
 * others grow old; else a new one, in the place of a free one of other groups when the trunk is full.
 */
export function take(
  book: Book,
  of: BranchSpec & { readonly by: AttachmentId; readonly token: Token },
  policy: BranchPolicy,
): Taken {
  const key = groupsKey(of.groups);
  const free = freeOnes(book);
  const same = free.filter(({ report }) => groupsKey(report.groups) === key && hasFamilies(report, of));
  const [chosen] = same.toSorted((a, b) => b.since - a.since);
  if (chosen !== undefined) {
    const { report } = chosen;
    return { is: 'held', branch: report, book: withState(book, report.id, { is: 'held', by: of.by }) };
  }
  const others = free.toSorted((a, b) => a.since - b.since).map(({ report }) => report.id);
  const over = placesTaken(book) + 1 - policy.most;
  if (over > others.length) {
    const count = (is: BranchState['is']) => [...book.branches.values()].filter(({ state }) => state.is === is).length;
    return { is: 'full', held: count('held'), resting: count('rests'), making: book.making.size };
  }
  const first = over > 0 ? others.slice(0, over) : [];
  const gone = first.reduce((now, id) => withState(now, id, { is: 'going', for: of.token }), book);
  return { is: 'make', first, book: { ...gone, making: new Map([...gone.making, [of.token, key]]) } };
}

/** It was made. `by`: whose it is; undefined: nobody waits for it any more, and it is free. */
export function made(
  book: Book,
  report: BranchReport,
  of: { readonly token: Token; readonly by: AttachmentId | undefined; readonly now: Millis },
): Book {
  const { making, branches } = failed(book, of.token, of.now);
  const state: BranchState = of.by === undefined ? { is: 'free', since: of.now } : { is: 'held', by: of.by };
  return { making, branches: new Map([...branches, [report.id, { report, state }]]) };
}

/** It was not made. What was to go for it, and is still there, may stay. */
export function failed(book: Book, token: Token, now: Millis): Book {
  const making = new Map(book.making);
  making.delete(token);
  const left = [...book.branches].filter(([, { state }]) => state.is === 'going' && state.for === token);
  return left.reduce<Book>((rest, [id]) => withState(rest, id, { is: 'free', since: now }), { ...book, making });
}

/** A pod has gone: its NIC rests. `used` false: it never reached the wire and is free at once. */
export function give(book: Book, by: AttachmentId, of: { used: boolean; now: Millis; policy: BranchPolicy }): Book {
  const held = [...book.branches.values()].find(({ state }) => state.is === 'held' && state.by === by);
  if (held === undefined) return book;
  if (held.state.is === 'held' && held.state.lost === true) return gone(book, held.report.id);
  const { now, policy } = of;
  const state: BranchState = of.used ? { is: 'rests', until: now + policy.cooldownMs } : { is: 'free', since: now };
  return withState(book, held.report.id, state);
}

/** What time does: who has rested is free, and who was free for long goes. `going` are those that go now. */
export function aged(book: Book, policy: BranchPolicy, now: Millis): { book: Book; going: readonly NicId[] } {
  const going: NicId[] = [];
  const branches = new Map(book.branches);
  for (const [id, { report, state }] of book.branches) {
    if (state.is === 'rests' && state.until <= now) branches.set(id, { report, state: { is: 'free', since: now } });
    if (state.is !== 'free' || state.since + policy.idleMs > now) continue;
    branches.set(id, { report, state: { is: 'going' } });
    going.push(id);
  }
  return { book: { ...book, branches }, going };
}

/** When `aged` has something to do next. */
export function nextAge({ branches }: Book, { idleMs }: BranchPolicy): Millis | undefined {
  const times = [...branches.values()].flatMap(({ state }) =>
    state.is === 'rests' ? [state.until] : state.is === 'free' ? [state.since + idleMs] : [],
  );
  return times.length === 0 ? undefined : Math.min(...times);
}

/** It is no more. */
export function gone(book: Book, id: NicId): Book {
  const branches = new Map(book.branches);
  branches.delete(id);
  return { ...book, branches };
}

/** It could not be deleted: it is tried again when it has been idle once more. */
export function stayed(book: Book, id: NicId, now: Millis): Book {
  return book.branches.has(id) ? withState(book, id, { is: 'free', since: now }) : book;
}

/**
 * What the cloud tells, all of it: NICs that nobody here knew rest before they are given, for nobody knows who had
 * them; those that it no longer tells of are gone, and lost what a pod holds: told once. `going`: they were made and
 * never carried. `before`: the book when it was asked; what came or went since it cannot tell. `holderOf`: who has an
 * address without a NIC on record, found by its link alone: the NIC is its own.
 */
export function reported(
  book: Book,
  reports: readonly BranchReport[],
  of: {
    readonly before: Book;
    readonly now: Millis;
    readonly policy: BranchPolicy;
    readonly holderOf?: (address: Address) => AttachmentId | undefined;
  },
): { book: Book; going: readonly NicId[]; lost: readonly AttachmentId[] } {
  const branches = new Map<NicId, Branch>();
  const going: NicId[] = [];
  for (const report of reports) {
    const known = book.branches.get(report.id);
    if (known === undefined && of.before.branches.has(report.id)) continue; // deleted since
    const state = known === undefined ? foundState(book, report, of) : thereState(known.state);
    if (state === undefined) continue;
    if (known === undefined && state.is === 'going') going.push(report.id);
    branches.set(report.id, { report, state });
  }
  const lost: AttachmentId[] = [];
  for (const [id, branch] of book.branches) {
    if (branches.has(id)) continue;
    const { state } = branch;
    if (!of.before.branches.has(id)) branches.set(id, branch);
    else if (state.is === 'held') {
      branches.set(id, { ...branch, state: { ...state, lost: true } });
      if (state.lost !== true) lost.push(state.by);
    }
  }
  return { book: { ...book, branches }, going, lost };
}

/** Where one stands that is told of. */
function thereState(state: BranchState): BranchState {
  return state.is === 'held' ? { is: 'held', by: state.by } : state;
}

/** Where one stands that was not known; undefined: who has it made will tell. */
function foundState(book: Book, report: BranchReport, of: Parameters<typeof reported>[2]): BranchState | undefined {
  const [by] = report.addresses.flatMap((it) => of.holderOf?.(it) ?? []);
  if (by !== undefined) return { is: 'held', by };
  if (!report.carried) return isOnItsWay(report, of.now) ? undefined : { is: 'going' };
  if ([...book.making.values()].includes(groupsKey(report.groups))) return undefined;
  return { is: 'rests', until: of.now + of.policy.cooldownMs };
}

/** What attachments hold after a restart, as they have it on record. */
export function adopted(held: readonly { readonly by: AttachmentId; readonly report: BranchReport }[]): Book {
  const branches = held.map(({ by, report }): [NicId, Branch] => [report.id, { report, state: { is: 'held', by } }]);
  return { ...EMPTY_BOOK, branches: new Map(branches) };
}

/** Made a moment ago: who makes it will have the trunk carry it. */
function isOnItsWay({ createdAt = 0 }: BranchReport, now: Millis): boolean {
  return now - createdAt < ON_ITS_WAY_MS;
}

const ON_ITS_WAY_MS: Millis = 60_000;

/** How many places are taken: one that goes for another has none of its own. */
function placesTaken({ branches, making }: Book): number {
  const hasOwn = ({ state }: Branch) => state.is !== 'going' || state.for === undefined || !making.has(state.for);
  return [...branches.values()].filter(hasOwn).length + making.size;
}

function freeOnes({ branches }: Book): readonly { readonly report: BranchReport; readonly since: Millis }[] {
  return [...branches.values()].flatMap(({ report, state }) =>
    state.is === 'free' ? [{ report, since: state.since }] : [],
  );
}

function hasFamilies({ addresses }: BranchReport, { v6 }: BranchSpec): boolean {
  return addresses.some((it) => it.includes(':')) === v6;
}

function withState(book: Book, id: NicId, state: BranchState): Book {
  const known = book.branches.get(id);
  return known === undefined ? book : { ...book, branches: new Map([...book.branches, [id, { ...known, state }]]) };
}
