import type { Millis } from '../../base/clock.ts';
import type { AttachmentId } from '../attachment.ts';
import type { NicId, Token } from '../ipam/nic.ts';
import { type BranchReport, type BranchSpec, fits, specKey } from './branch.ts';

/**
 * Where a branch NIC stands. `lost`: the cloud has it no more. `rests`: its last pod has gone, and others may still
 * speak to it. `going`: perhaps for one that is being made in its place; `doubted`: it may have gone, or go late, and
 * is given to nobody any more, for its address is another's then; `again`: at that time it is deleted once more.
 */
export type BranchState =
  | { readonly is: 'held'; readonly by: AttachmentId; readonly lost?: true }
  | { readonly is: 'rests'; readonly until: Millis }
  | { readonly is: 'free'; readonly since: Millis }
  | { readonly is: 'going'; readonly for?: Token; readonly doubted?: true; readonly again?: Millis };

/** One branch NIC. */
export interface Branch {
  readonly report: BranchReport;
  readonly state: BranchState;
  readonly shown?: true; // a report told of it once
}

/** A NIC that is being made, or may have been. */
export interface Making {
  readonly spec: BranchSpec;
  readonly by?: AttachmentId; // whose it will be; absent: that of whoever asks for such a one
  readonly open?: Millis; //     since then nobody knows what came of it: it is asked for again by its token
}

/** All branch NICs of a node, and those that are being made. A value. */
export interface Book {
  readonly branches: ReadonlyMap<NicId, Branch>;
  readonly making: ReadonlyMap<Token, Making>;
}

/** How branch NICs are kept. */
export interface BranchPolicy {
  readonly cooldownMs: Millis; // a NIC rests so long between two pods
  readonly idleMs: Millis; //     one that nobody takes goes after so long
  readonly most: number; //       that the trunk carries
}

/** When a deletion of which nobody knows what came is tried again. */
const DELETE_AGAIN_MS: Millis = 60_000;

export const EMPTY_BOOK: Book = { branches: new Map(), making: new Map() };

/** What an ADD gets: a NIC, one that is being made already, the leave to make one, or no. `first`: go before it. */
export type Taken =
  | { readonly is: 'held'; readonly book: Book; readonly branch: BranchReport }
  | { readonly is: 'comes'; readonly book: Book; readonly token: Token }
  | { readonly is: 'make'; readonly book: Book; readonly token: Token; readonly first: readonly NicId[] }
  | {
      readonly is: 'full';
      readonly held: number;
      readonly resting: number;
      readonly going: number;
      readonly making: number;
    };

/** What somebody wants, and the name that it will have if it must be made. */
type Wanted = BranchSpec & { readonly token: Token };

/**
 * A pod wants a NIC with exactly these groups: a free one of the same groups, the one that was used last, so that
 * others grow old; else one that is being made and is nobody's, or may have been made; else a new one, in the place of
 * a free one of other groups when the trunk is full.
 */
export function take(book: Book, of: Wanted & { readonly by: AttachmentId }, policy: BranchPolicy): Taken {
  const { by } = of;
  const free = freeOnes(book);
  const [chosen] = free.filter(({ report }) => serves(report, of)).toSorted((a, b) => b.since - a.since);
  if (chosen !== undefined) {
    const { report } = chosen;
    return { is: 'held', branch: report, book: withState(book, report.id, { is: 'held', by }) };
  }
  const alike = [...book.making].filter(([, { spec }]) => specKey(spec) === specKey(of));
  const [coming] = alike.find((it) => isNobodys(it[1])) ?? [];
  if (coming !== undefined) return { is: 'comes', token: coming, book: withMaking(book, coming, { spec: of, by }) };
  const [open] = alike.find((it) => it[1].open !== undefined) ?? [];
  const token = open ?? of.token;
  const others = [...goingAgain(book), ...free.toSorted((a, b) => a.since - b.since)].map(({ report }) => report.id);
  const over = placesTaken(book) + 1 - policy.most;
  if (over > others.length) {
    const count = (is: BranchState['is']) => [...book.branches.values()].filter(({ state }) => state.is === is).length;
    const [held, resting, going] = [count('held'), count('rests'), count('going')];
    return { is: 'full', held, resting, going, making: asked(book).length };
  }
  const first = over > 0 ? others.slice(0, over) : [];
  const gone = first.reduce((now, id) => withState(now, id, { ...goingOn(now, id), for: token }), book);
  return { is: 'make', token, first, book: withMaking(gone, token, { spec: of, by }) };
}

/**
 * `pods` will want such a NIC soon: one is made ahead for whoever comes first. Undefined: there are as many that are
 * free or on their way, or there is no room but that of others.
 */
export function prepare(
  book: Book,
  of: Wanted,
  { pods, policy }: { readonly pods: number; readonly policy: BranchPolicy },
): { readonly book: Book; readonly token: Token } | undefined {
  const alike = [...book.making].filter(([, { spec }]) => specKey(spec) === specKey(of));
  const coming = alike.filter(([, making]) => isNobodys(making)).length;
  const there = freeOnes(book).filter(({ report }) => serves(report, of)).length + coming;
  if (there >= pods || placesTaken(book) >= policy.most) return undefined;
  const [token = of.token] = alike.find(([, { open }]) => open !== undefined) ?? [];
  return { token, book: withMaking(book, token, { spec: of }) };
}

/** It was made: for whom it was asked for, or whoever comes. */
export function made(book: Book, report: BranchReport, of: { readonly token: Token; readonly now: Millis }): Book {
  const by = book.making.get(of.token)?.by;
  const { making, branches } = failed(book, { ...of, open: false });
  const state: BranchState = by === undefined ? { is: 'free', since: of.now } : { is: 'held', by };
  return { making, branches: new Map([...branches, [report.id, { report, state }]]) };
}

/** It was not made; `open`: perhaps it was. What was to go for it, and is still there, may stay. */
export function failed(
  book: Book,
  { token, now, open }: { readonly token: Token; readonly now: Millis; readonly open: boolean },
): Book {
  const making = new Map(book.making);
  const before = making.get(token);
  making.delete(token);
  if (open && before !== undefined) making.set(token, { spec: before.spec, open: now });
  const left = [...book.branches].filter(([, { state }]) => state.is === 'going' && state.for === token);
  return left.reduce<Book>((rest, [id]) => stayed(rest, id, { now, open: false }), { ...book, making });
}

/**
 * A pod has gone: its NIC rests, and one that is being made for it is nobody's. `used` false: it never reached the wire
 * and is free at once.
 */
export function give(before: Book, by: AttachmentId, of: { used: boolean; now: Millis; policy: BranchPolicy }): Book {
  const [token, making] = [...before.making].find((it) => it[1].by === by) ?? [];
  const book = token === undefined || making === undefined ? before : withMaking(before, token, { spec: making.spec });
  const held = [...book.branches.values()].find(({ state }) => state.is === 'held' && state.by === by);
  if (held === undefined) return book;
  if (held.state.is === 'held' && held.state.lost === true) return gone(book, held.report.id);
  const { now, policy } = of;
  const state: BranchState = of.used ? { is: 'rests', until: now + policy.cooldownMs } : { is: 'free', since: now };
  return withState(book, held.report.id, state);
}

/**
 * What time does: who has rested is free, who was free for long goes, and who may not have gone goes again. `going` are
 * those that go now.
 */
export function aged(book: Book, policy: BranchPolicy, now: Millis): { book: Book; going: readonly NicId[] } {
  const going: NicId[] = [];
  const branches = new Map(book.branches);
  for (const [id, branch] of book.branches) {
    const { state } = branch;
    if (state.is === 'rests' && state.until <= now) branches.set(id, { ...branch, state: { is: 'free', since: now } });
    if ((goesAt(state, policy) ?? Number.POSITIVE_INFINITY) > now) continue;
    branches.set(id, { ...branch, state: goingOn(book, id) });
    going.push(id);
  }
  return { book: { ...book, branches }, going };
}

/** When `aged` has something to do next. */
export function nextAge({ branches }: Book, policy: BranchPolicy): Millis | undefined {
  const times = [...branches.values()].flatMap(
    ({ state }) => (state.is === 'rests' ? state.until : goesAt(state, policy)) ?? [],
  );
  return times.length === 0 ? undefined : Math.min(...times);
}

/** When it is to be deleted. */
function goesAt(state: BranchState, { idleMs }: BranchPolicy): Millis | undefined {
  if (state.is === 'free') return state.since + idleMs;
  return state.is === 'going' ? state.again : undefined;
}

/** It is no more. */
export function gone(book: Book, id: NicId): Book {
  const branches = new Map(book.branches);
  branches.delete(id);
  return { ...book, branches };
}

/** It was not deleted: it is tried again when it has been idle once more. `open`: perhaps it was, or will be. */
export function stayed(book: Book, id: NicId, { now, open }: { readonly now: Millis; readonly open: boolean }): Book {
  const isDoubted = open || goingOn(book, id).doubted === true; // a later no does not end what is under way
  return withState(
    book,
    id,
    isDoubted ? { is: 'going', doubted: true, again: now + DELETE_AGAIN_MS } : { is: 'free', since: now },
  );
}

/** What attachments hold after a restart, as they have it on record. */
export function adopted(held: readonly { readonly by: AttachmentId; readonly report: BranchReport }[]): Book {
  const branches = held.map(({ by, report }): [NicId, Branch] => [report.id, { report, state: { is: 'held', by } }]);
  return { ...EMPTY_BOOK, branches: new Map(branches) };
}

/** How many places are taken: one that goes for another has none of its own. What may be there is told by the cloud. */
function placesTaken(book: Book): number {
  const hasOwn = ({ state }: Branch) => state.is !== 'going' || state.for === undefined || !book.making.has(state.for);
  return [...book.branches.values()].filter(hasOwn).length + asked(book).length;
}

/** Those that somebody is making now. */
function asked({ making }: Book): readonly Making[] {
  return [...making.values()].filter(({ open }) => open === undefined);
}

function isNobodys({ by, open }: Making): boolean {
  return by === undefined && open === undefined;
}

/** Whether a free one is right, and reaches the network. */
function serves(report: BranchReport, of: BranchSpec): boolean {
  return report.carried && fits(report, of);
}

/** Those that may have gone, and of which nobody sees to it now. */
function goingAgain({ branches }: Book): readonly Branch[] {
  return [...branches.values()].filter(({ state }) => state.is === 'going' && state.again !== undefined);
}

/** It is deleted now. */
function goingOn({ branches }: Book, id: NicId): Extract<BranchState, { readonly is: 'going' }> {
  const state = branches.get(id)?.state;
  return state?.is === 'going' && state.doubted === true ? { is: 'going', doubted: true } : { is: 'going' };
}

function freeOnes({ branches }: Book): readonly { readonly report: BranchReport; readonly since: Millis }[] {
  return [...branches.values()].flatMap(({ report, state }) =>
    state.is === 'free' ? [{ report, since: state.since }] : [],
  );
}

function withMaking(book: Book, token: Token, { spec: { groups, v6, place }, by }: Making): Book {
  const spec = { groups, v6, ...(place && { place }) };
  return { ...book, making: new Map([...book.making, [token, { spec, ...(by && { by }) }]]) };
}

function withState(book: Book, id: NicId, state: BranchState): Book {
  const known = book.branches.get(id);
  return known === undefined ? book : { ...book, branches: new Map([...book.branches, [id, { ...known, state }]]) };
}
