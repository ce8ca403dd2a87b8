import type { Millis } from '../../base/clock.ts';
import { byText, SortedMap } from '../../base/sorted-map.ts';
import { type Cloud, type Held, type Nic, returnKey, type Trouble } from './cloud.ts';
import type { CloudEvent } from './cloud-event.ts';
import type { Holdable, NicId, NicReport, Token } from './nic.ts';
import { lacking, unitsOf } from './nic-holding.ts';
import { mayHaveHappened, REPORTING, WHOLE } from './trouble.ts';

/** Clouds are eventually consistent: for so long a report may miss what was just made, or tell of what is gone. */
export const LAG_MS: Millis = 60_000;
/** So long metadata are not believed about what was given back. */
const RETURNED_MS: Millis = 300_000;
/** What the API itself missed is asked for again after this time, and then believed. */
export const CONFIRM_MS: Millis = 10_000;
/** Every so often metadata are asked, and the API itself. */
export const REPORT_MS: Millis = 60_000;
export const SURE_EVERY_MS: Millis = 600_000;

/** What a report changed that nobody here asked for. */
export interface Change {
  readonly nic: NicId;
  readonly what: readonly Holdable[];
  readonly whole: boolean;
}
export interface Heard {
  readonly cloud: Cloud;
  readonly settled: readonly Token[]; // intents of which the cloud must have told by now
  readonly lost: readonly Change[];
  readonly found: readonly (Change & { readonly taken: boolean })[];
}

type Report = Extract<CloudEvent, { kind: 'reported' }>;

/**
 * The cloud after it told what is attached. Nothing that is missing is believed to be gone before the API itself has
 * missed it twice, `CONFIRM_MS` apart and `LAG_MS` after it was made; metadata raise doubts at most, and none about
 * what the API confirmed a moment ago. What is told of and was never ours is taken on or left alone, by the policy.
 */
export function reported(cloud: Cloud, event: Report, now: Millis): Heard {
  const hearing: Hearing = { cloud, event, now, lost: [], found: [], doubts: false };
  const nics = cloud.nics.flatMap((nic) => {
    const seen = event.nics.find(({ id }) => id === nic.report.id);
    const orphan = nic.trust === 'leaving' && !isLeaving(cloud, nic.report.id);
    const held = orphan ? stayedAfterAll(nic, seen !== undefined, event) : nicHeard(nic, seen !== undefined, event);
    if (held === undefined && orphan) return [];
    if (held === undefined) {
      hearing.lost.push({ nic: nic.report.id, what: [...nic.holds.keys()], whole: true });
      return [];
    }
    const holds = seen === undefined ? nic.holds : merged(hearing, nic, seen);
    return [{ ...nic, ...held, report: seen ?? nic.report, holds }];
  });
  for (const report of event.nics) {
    if (cloud.nics.some((nic) => nic.report.id === report.id) || isReturned(hearing, returnKey(report.id))) continue;
    if (cloud.report.told > 0 && !event.sure) hearing.doubts = true;
    else nics.push(newNic(hearing, report));
  }
  nics.sort((a, b) => Number(a.report.device !== 0) - Number(b.report.device !== 0));
  const doubts = hearing.doubts || nics.some((nic) => doubtful(cloud, nic, event.asOf));
  const returned = [...cloud.returned].filter(([, at]) => at > now - RETURNED_MS);
  const awaited = event.sure ? stillAwaited(cloud, event.asOf) : cloud.awaited;
  const flights = event.sure ? cloud.flights.filter(({ doubt }) => !doubt) : cloud.flights;
  const next: Cloud = {
    ...cloud,
    awaited,
    flights,
    nics,
    troubles: event.sure ? cloud.troubles.filter((it) => !endsWith(it)) : cloud.troubles,
    report: reportAfter({ ...cloud, awaited }, event, { doubts, now }),
    returned: returned.reduce((all, [key, at]) => all.set(key, at), SortedMap.empty<string, Millis>(byText)),
  };
  const open = new Set(flights.map(({ intent }) => intent.token));
  const settled = [...cloud.awaited.keys()].filter((token) => !awaited.has(token) && !open.has(token));
  return { cloud: next, settled, lost: hearing.lost, found: hearing.found };
}

interface Hearing {
  readonly cloud: Cloud;
  readonly event: Report;
  readonly now: Millis;
  readonly lost: Change[];
  readonly found: (Change & { readonly taken: boolean })[];
  doubts: boolean;
}

/** The NICs of a report without what it tells of only because it is late: what was given back since. */
export function withoutReturned(cloud: Cloud, event: Pick<Report, 'nics' | 'sure' | 'asOf'>): readonly NicReport[] {
  const isBack = (nic: NicId, it?: Holdable) => isReturned({ cloud, event }, returnKey(nic, it));
  return event.nics
    .filter(({ id }) => !isBack(id))
    .map((nic) =>
      lacking(
        nic,
        unitsOf(nic).filter((it) => isBack(nic.id, it)),
      ),
    );
}

/** A NIC that nobody here has heard of: what we are giving back of it, since before a restart, is leaving. */
function newNic(hearing: Hearing, report: NicReport): Nic {
  const nic = nicOf(report, hearing);
  const back = hearing.cloud.flights.flatMap(({ intent }) =>
    intent.kind === 'unassign' && intent.nic === report.id ? intent.what : [],
  );
  let { holds } = nic;
  for (const [it, held] of nic.holds) {
    if (back.includes(it)) holds = holds.set(it, { ...held, trust: 'leaving' });
    else if (isReturned(hearing, returnKey(report.id, it))) holds = holds.delete(it);
  }
  const leaves = hearing.cloud.flights.some(({ intent }) => intent.kind === 'deleteNic' && intent.nic === report.id);
  return { ...nic, holds, trust: leaves ? 'leaving' : nic.trust };
}

/**
 * A NIC as it was told of before a restart. It counts as known for long, and never confirmed: the first report that
 * misses it, or something on it, raises the doubt that ends with its being lost, when the API cannot lag any more.
 */
export function rememberedNic(cloud: Cloud, report: NicReport): Nic {
  const nic = nicOf(report, { event: { sure: false, asOf: 0 }, now: 0 });
  const leaves = isLeaving(cloud, report.id);
  const leaving = [...nic.holds].filter(([it]) => isLeaving(cloud, report.id, it));
  const holds = leaving.reduce((all, [it, held]) => all.set(it, { ...held, trust: 'leaving' }), nic.holds);
  return { ...nic, holds, trust: leaves ? 'leaving' : nic.trust };
}

/** A NIC as a report tells of it, with everything that it holds. */
export function nicOf(report: NicReport, of: { event: { sure: boolean; asOf: Millis }; now: Millis }): Nic {
  const held = heldSince(of);
  const holds = [...report.addresses, ...report.prefixes].reduce(
    (all, it) => all.set(it, held),
    SortedMap.empty<Holdable, Held>(byText),
  );
  return { ...held, report, ready: false, goneAt: undefined, holds };
}

function heldSince({ event, now }: { event: { sure: boolean; asOf: Millis }; now: Millis }): Held {
  return { trust: 'sure', since: now, confirmedAt: event.sure ? event.asOf : 0, missedAt: undefined };
}

function merged(hearing: Hearing, nic: Nic, seen: NicReport): Nic['holds'] {
  const { cloud, event } = hearing;
  const told = new Set<Holdable>([...seen.addresses, ...seen.prefixes]);
  let holds = nic.holds;
  const lost: Holdable[] = [];
  for (const [it, before] of nic.holds) {
    const orphan = before.trust === 'leaving' && !isLeaving(cloud, seen.id, it);
    const held = orphan ? stayedAfterAll(before, told.has(it), event) : heard(before, told.has(it), event);
    holds = held === undefined ? holds.delete(it) : holds.set(it, held);
    if (held === undefined && before.trust !== 'foreign' && !orphan) lost.push(it);
  }
  if (lost.length > 0) hearing.lost.push({ nic: seen.id, what: lost, whole: false });
  const news = [...told].filter((it) => !nic.holds.has(it) && !isReturned(hearing, returnKey(seen.id, it)));
  const isBack = (it: Holdable) => isLeaving(cloud, seen.id, it); // since before a restart that forgot it
  for (const it of news) if (isBack(it)) holds = holds.set(it, { ...heldSince(hearing), trust: 'leaving' });
  const others = news.filter((it) => !isBack(it));
  if (others.length === 0) return holds;
  if (!event.sure) {
    hearing.doubts = true;
    return holds;
  }
  const asked = cloud.flights.some(({ intent }) => intent.kind === 'assign' && intent.nic === seen.id);
  const ours = asked || [...cloud.awaited.values()].some(({ nic }) => nic === seen.id);
  const taken = ours || cloud.policy.foreign === 'adopt';
  if (!ours) hearing.found.push({ nic: seen.id, what: others, whole: false, taken });
  const held: Held = { ...heldSince(hearing), trust: taken ? 'sure' : 'foreign' };
  return others.reduce((all, it) => all.set(it, held), holds);
}

/** The assigns of which the API may not tell yet. */
function stillAwaited({ awaited }: Cloud, asOf: Millis): Cloud['awaited'] {
  return [...awaited].reduce((all, [token, { at }]) => (asOf < at + LAG_MS ? all : all.delete(token)), awaited);
}

/** Whether it is being given back right now. */
function isLeaving({ flights }: Cloud, nic: NicId, it?: Holdable): boolean {
  return flights.some(({ intent }) => {
    if (it === undefined) return intent.kind === 'deleteNic' && intent.nic === nic;
    return intent.kind === 'unassign' && intent.nic === nic && intent.what.includes(it);
  });
}

/** What was to leave by a call whose outcome nobody knows: there again, or gone, once the API must have noticed. */
function stayedAfterAll(held: Held, there: boolean, { sure, asOf }: Report): Held | undefined {
  const { trust, since, confirmedAt, missedAt } = held;
  if (!sure || asOf < since + LAG_MS) return { trust, since, confirmedAt, missedAt };
  return there ? { trust: 'sure', since, confirmedAt: asOf, missedAt: undefined } : undefined;
}

/** That it was just made does not excuse a NIC that is missed and whose link has gone: it was there already. */
function nicHeard(nic: Nic, there: boolean, event: Report): Held | undefined {
  if (nic.goneAt === undefined) return heard(nic, there, event);
  const held = heard({ ...nic, since: Math.min(nic.since, event.asOf - LAG_MS) }, there, event);
  return held === undefined ? undefined : { ...held, since: nic.since };
}

function heard(held: Held, there: boolean, event: Report): Held | undefined {
  return there ? seenAgain(held, event) : missed(held, event);
}

function seenAgain(held: Held, { sure, asOf }: Report): Held {
  const { trust, since, confirmedAt, missedAt } = held;
  if (trust === 'leaving') return { trust, since, confirmedAt, missedAt };
  const back = trust === 'unsure' ? 'sure' : trust;
  if (sure) return { trust: back, since, confirmedAt: asOf, missedAt: undefined };
  return missedAt === undefined
    ? { trust: back, since, confirmedAt, missedAt } // only metadata had missed it
    : { trust, since, confirmedAt, missedAt };
}

/** Undefined: it is gone. */
function missed(held: Held, { sure, asOf }: Report): Held | undefined {
  const { trust, since, confirmedAt, missedAt } = held;
  const as = (other: Held['trust'], at = missedAt): Held => ({ trust: other, since, confirmedAt, missedAt: at });
  if (trust === 'leaving' || since > asOf - LAG_MS) return as(trust);
  if (trust === 'foreign') return sure ? undefined : as(trust);
  if (!sure) return confirmedAt > asOf - LAG_MS ? as(trust) : as('unsure');
  // what the API never told of may be younger than it knows: given just before a restart
  const patience = confirmedAt === 0 ? LAG_MS : CONFIRM_MS;
  if (missedAt !== undefined && asOf >= missedAt + patience) return undefined;
  return as('unsure', missedAt ?? asOf);
}

/** What an answer of the API proves to be over. */
function endsWith({ scope, failure }: Trouble): boolean {
  return scope === REPORTING || (scope === WHOLE && mayHaveHappened(failure));
}

/** Clouds tell for a while of what is on its way out: where the link has just gone, that is no answer yet. */
function doubtful(cloud: Cloud, nic: Nic, asOf: Millis): boolean {
  const { id } = nic.report;
  if (nic.goneAt !== undefined && asOf < nic.goneAt + LAG_MS) return true;
  if (nic.trust === 'unsure' || (nic.trust === 'leaving' && !isLeaving(cloud, id))) return true;
  for (const [it, { trust }] of nic.holds)
    if (trust === 'unsure' || (trust === 'leaving' && !isLeaving(cloud, id, it))) return true;
  return false;
}

function isReturned(of: { cloud: Cloud; event: Pick<Report, 'sure' | 'asOf'> }, key: string): boolean {
  const { cloud, event } = of;
  const at = cloud.returned.get(key);
  return at !== undefined && (!event.sure || event.asOf < at + LAG_MS); // metadata may lag for longer
}

function reportAfter(cloud: Cloud, event: Report, of: { doubts: boolean; now: Millis }): Cloud['report'] {
  const { doubts, now } = of;
  const told = cloud.report.told + 1;
  const sureAt = event.sure ? event.asOf : cloud.report.sureAt;
  const base = { told, sureAt, asked: false };
  if (cloud.report.dueAt <= now) return { ...base, sure: cloud.report.sure, dueAt: now }; // wanted meanwhile
  if (doubts) return { ...base, sure: true, dueAt: event.sure ? now + CONFIRM_MS : now };
  if (sureAt === 0) return { ...base, sure: true, dueAt: now };
  const awaited = Math.min(...[...cloud.awaited.values()].map(({ at }) => at + LAG_MS), Number.POSITIVE_INFINITY);
  if (awaited <= now + REPORT_MS) return { ...base, sure: true, dueAt: Math.max(now, awaited) };
  return { ...base, sure: now - sureAt >= SURE_EVERY_MS, dueAt: now + REPORT_MS };
}
