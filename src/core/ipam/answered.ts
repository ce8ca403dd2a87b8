import type { Millis } from '../../base/clock.ts';
import { type Address, contains, familyOf, type Prefix } from '../../base/ip.ts';
import { type Cloud, type Flight, type Held, type Nic, nicNamed, returnKey, subnetOf } from './cloud.ts';
import type { CloudEvent } from './cloud-event.ts';
import type { CloudFailure, Given, Holdable, Intent, NicId, NicReport, Token } from './nic.ts';
import { lacking, unitsOf } from './nic-holding.ts';
import { nicOf } from './reported.ts';
import { mayHaveHappened, PATIENCE, REPORTING, scopeOf, troubled, untroubled, WHOLE } from './trouble.ts';

// What a call's answer changes in what is known of the cloud.

/** After so many failures whose outcome is unknown an intent is given up: a report tells what came of it. */
const GIVE_UP_AFTER = 6;

/** The cloud after an answer, and the intents whose outcome is known now: not those that are still awaited. */
export interface Answered {
  readonly cloud: Cloud;
  readonly settled: readonly Token[];
}

type Assign = Extract<Intent, { readonly kind: 'assign' }>;
type Answer = Extract<CloudEvent, { readonly token: Token }>;

/** An answer that nobody waits for any more, or that comes twice, changes nothing but that the API is asked. */
export function answered(cloud: Cloud, event: Answer, now: Millis): Answered {
  const flight = cloud.flights.find(({ intent }) => intent.token === event.token);
  if (flight === undefined) return known(askSurely(cloud, now), event.token);
  const { intent } = flight;
  if (event.kind === 'cloudFailed') return failed(cloud, flight, { failure: event.failure, now });
  const nothing = emptyAnswer(intent, event);
  if (nothing !== undefined) return failed(cloud, flight, { failure: nothing, now });
  const fine = untroubled(landed(cloud, flight), intent, subnetOf(cloud, intent));
  return known(carriedOut(fine, intent, { event, now }), event.token);
}

/** An assign of which the cloud may still tell stays on record: a crash must not forget whose that is. */
function known(cloud: Cloud, token: Token): Answered {
  return { cloud, settled: cloud.awaited.has(token) ? [] : [token] };
}

/** A cloud that answers with nothing of what was asked for would be asked for ever. */
function emptyAnswer(intent: Intent, event: Answer): CloudFailure | undefined {
  if (intent.kind !== 'assign' || event.kind !== 'assigned') return undefined;
  const given = intent.unit === 'prefix' ? event.given.prefixes : event.given.addresses;
  if (given.some((it) => familyOf(it) === intent.family)) return undefined;
  const message = `${intent.count} were asked for, and it answered with none`;
  return { kind: 'limit', action: 'assign', code: 'NothingGiven', message };
}

function carriedOut(cloud: Cloud, intent: Intent, { event, now }: { event: Answer; now: Millis }): Cloud {
  switch (intent.kind) {
    case 'assign':
      return event.kind === 'assigned' ? withGiven(cloud, intent, { given: event.given, now }) : cloud;
    case 'createNic':
      return event.kind === 'nicCreated' ? withNic(cloud, event.nic, now) : cloud;
    case 'unassign':
      return without(cloud, intent.nic, { what: intent.what, now });
    case 'deleteNic':
      return withoutNic(cloud, intent.nic, now);
  }
}

function landed(cloud: Cloud, flight: Flight): Cloud {
  return { ...cloud, flights: cloud.flights.filter((it) => it !== flight) };
}

function changed(cloud: Cloud, id: NicId, change: (nic: Nic) => Nic): Cloud {
  return { ...cloud, nics: cloud.nics.map((nic) => (nic.report.id === id ? change(nic) : nic)) };
}

function withGiven(cloud: Cloud, { nic: id, token }: Assign, of: { given: Given; now: Millis }): Cloud {
  const all: readonly Holdable[] = [...of.given.addresses, ...of.given.prefixes];
  const held: Held = { trust: 'sure', since: of.now, confirmedAt: of.now, missedAt: undefined };
  const returned = all.reduce((rest, it) => rest.delete(returnKey(id, it)), cloud.returned);
  const next = changed({ ...cloud, returned }, id, (nic) => ({
    ...nic,
    holds: all.reduce((holds, it) => holds.set(it, held), withoutSingles(nic.holds, of.given.prefixes)),
  }));
  const awaited = of.given.doubtful === true ? next.awaited.set(token, { nic: id, at: of.now }) : next.awaited;
  const sure = { ...next, awaited };
  return nicNamed(cloud, id) === undefined ? askSurely(sure, of.now) : sure;
}

/** What was thought to be there by itself, and lies in what was given. */
function withoutSingles(holds: Nic['holds'], given: Given['prefixes']): Nic['holds'] {
  const inside = [...holds.keys()].filter(
    (it) => !it.includes('/') && given.some((one) => contains(one, it as Address)),
  );
  return inside.reduce((all, it) => all.delete(it), holds);
}

/** What was given back since it was made, an answer that was long under way may still tell of. */
function withNic(cloud: Cloud, told: NicReport, now: Millis): Cloud {
  const isBack = (it: Holdable) => cloud.returned.has(returnKey(told.id, it));
  const report = lacking(told, unitsOf(told).filter(isBack));
  const nic = nicOf(report, { event: { sure: true, asOf: now }, now });
  const known = nicNamed(cloud, report.id);
  if (known === undefined) return { ...cloud, nics: [...cloud.nics, nic] };
  const holds = [...nic.holds].reduce((all, [it, held]) => (all.has(it) ? all : all.set(it, held)), known.holds);
  return changed(cloud, report.id, (it) => ({ ...it, holds }));
}

/** The cloud in which a NIC has this address, whoever put it there: in a prefix of the NIC it has it already. */
export function withAddress(cloud: Cloud, of: { nic: NicId; address: Address }, now: Millis): Cloud {
  const { nic: id, address } = of;
  const held: Held = { trust: 'sure', since: now, confirmedAt: now, missedAt: undefined };
  const returned = cloud.returned.delete(returnKey(id, address));
  const prefixes = [...(nicNamed(cloud, id)?.holds.keys() ?? [])].filter((it) => it.includes('/')) as readonly Prefix[];
  if (prefixes.some((it) => contains(it, address))) return cloud;
  return changed({ ...cloud, returned }, id, (nic) => ({ ...nic, holds: nic.holds.set(address, held) }));
}

/** The cloud in which a NIC no longer has what was given back. */
export function without(cloud: Cloud, id: NicId, of: { what: readonly Holdable[]; now: Millis }): Cloud {
  const returned = of.what.reduce((all, it) => all.set(returnKey(id, it), of.now), cloud.returned);
  return changed({ ...cloud, returned }, id, (nic) => ({
    ...nic,
    holds: of.what.reduce((holds, it) => holds.delete(it), nic.holds),
  }));
}

function withoutNic(cloud: Cloud, id: NicId, now: Millis): Cloud {
  const nics = cloud.nics.filter(({ report }) => report.id !== id);
  return { ...cloud, nics, returned: cloud.returned.set(returnKey(id), now) };
}

function failed(cloud: Cloud, flight: Flight, { failure, now }: { failure: CloudFailure; now: Millis }): Answered {
  const { intent } = flight;
  const scope = scopeOf(intent, failure, subnetOf(cloud, intent));
  const noted = troubled(awaiting(cloud, intent, { failure, now }), { scope, failure, salt: intent.token }, now);
  const until = noted.troubles.find((it) => it.scope === scope)?.until ?? now;
  const failures = flight.failures + 1;
  if (PATIENCE[failure.kind].again && failures < GIVE_UP_AFTER) {
    const again: Flight = { ...flight, sent: false, failures, dueAt: until };
    return { cloud: { ...noted, flights: noted.flights.map((it) => (it === flight ? again : it)) }, settled: [] };
  }
  // an earlier try may have happened: then only the API knows, and not at once
  const refused = flight.failures === 0 && (failure.kind === 'exhausted' || failure.kind === 'denied');
  const left = refused
    ? stayed(landed(noted, flight), intent, { trust: 'sure' })
    : doubted(landed(noted, flight), intent, now);
  return known(refused ? left : askSurely(left, now), intent.token);
}

/** What was assigned, and not answered, the API may not tell of at once. */
function awaiting(cloud: Cloud, intent: Intent, { failure, now }: { failure: CloudFailure; now: Millis }): Cloud {
  if (intent.kind !== 'assign' || !mayHaveHappened(failure)) return cloud;
  return { ...cloud, awaited: cloud.awaited.set(intent.token, { nic: intent.nic, at: now }) };
}

/** What was to leave, and may have left: it goes on leaving until the API tells, late enough (reported.ts). */
function doubted(cloud: Cloud, intent: Intent, now: Millis): Cloud {
  return stayed(cloud, intent, { trust: 'leaving', since: now });
}

/** What was to leave and is held so now. */
function stayed(cloud: Cloud, intent: Intent, as: Partial<Held>): Cloud {
  if (intent.kind === 'deleteNic') return changed(cloud, intent.nic, (nic) => ({ ...nic, ...as }));
  if (intent.kind !== 'unassign') return cloud;
  const staying = (nic: Nic, it: Holdable): Nic['holds'] => {
    const held = nic.holds.get(it);
    return held === undefined ? nic.holds : nic.holds.set(it, { ...held, ...as });
  };
  return changed(cloud, intent.nic, (nic) =>
    intent.what.reduce((all, it) => ({ ...all, holds: staying(all, it) }), nic),
  );
}

/**
 * The cloud could not say what is attached. Where the API itself was asked, nothing else is asked of it meanwhile.
 * Metadata that fail are in nobody's way: the API is asked in their place.
 */
export function reportFailed(cloud: Cloud, of: { failure: CloudFailure; sure: boolean }, now: Millis): Cloud {
  const { failure, sure } = of;
  const salt = `${cloud.policy.owner} report`;
  const scope = failure.kind === 'denied' || !sure ? REPORTING : WHOLE;
  const noted = troubled(cloud, { scope, failure, salt }, now);
  const dueAt = noted.troubles.find((it) => it.scope === scope)?.until ?? now;
  return { ...noted, report: { ...noted.report, asked: false, sure: true, dueAt } };
}

/** The API itself shall tell what is attached, as soon as it is not being asked already. */
export function askSurely(cloud: Cloud, now: Millis): Cloud {
  const { report } = cloud;
  return { ...cloud, report: { ...report, sure: true, dueAt: Math.min(report.dueAt, now) } };
}
