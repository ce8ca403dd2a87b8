import type { Millis } from '../../base/clock.ts';
import { type Aim, aimOf, needOf } from './aim.ts';
import {
  type Cloud,
  type Need,
  type Nic,
  servesFor,
  slotsOf,
  tokenOf,
  type Trouble,
  unitSize,
  unitsOf,
} from './cloud.ts';
import type { Intent, NicId, NicLimits, NicSpec, Unit, Urgency } from './nic.ts';
import { isCreating, nicRoom, roomOf, type Tally } from './tally.ts';
import { lackOfPlace } from './placing.ts';
import { creating, inSubnet, keptBy, LIMITS, ofKind, onNic, REPORTING, WHOLE } from './trouble.ts';

/** NICs that are being created at once. */
const CREATES_AT_ONCE = 2;
/**
 * A need gathers before it is asked for: pods come in bursts, and a call costs the same for all. Longer while nobody
 * waits, and from each pod of a burst on; all of it is less than a call takes.
 */
export const GATHER_MS: Readonly<Record<'alone' | 'unhurried' | 'more' | 'most', Millis>> = {
  alone: 30, //     from the first that waits
  unhurried: 100, // from when the pool is to be refilled
  more: 60, //      from each that comes then; a busy machine starts its pods in fits
  most: 250,
};

/** Why no more can be asked for now than is. */
export type Stop =
  | { readonly by: 'trouble'; readonly trouble: Trouble }
  | { readonly by: 'hold' } //     the operator wants it so, for good or while the node is cordoned
  | { readonly by: 'nics' } //     no slot on any NIC, and no NIC more
  | { readonly by: 'max-pods' }
  | { readonly by: 'placing'; readonly config: string; readonly heard: boolean } // that NICConfig is not there
  | { readonly by: 'unknown'; readonly trouble: Trouble | undefined } // what this instance has is not told
  | { readonly by: 'flights' }; // not before what is under way is answered

/** The cloud with what was decided to be asked; `stop` when that does not cover the need. */
export interface Growth {
  readonly cloud: Cloud;
  readonly stop: Stop | undefined;
}

/**
 * Asks for as much of a need as is lacking, in as few calls as it takes: the fullest NIC first, prefixes before
 * single addresses, NICs only when no slot is left that the cloud would fill. Nothing is asked of what failed lately.
 */
export function grow(before: Cloud, tally: Tally, now: Millis): Growth {
  const { limits, policy } = before;
  if (limits === undefined || !isKnown(before))
    return { cloud: before, stop: { by: 'unknown', trouble: troubleTelling(before, now) } };
  const aim = aimOf(before, limits, tally);
  const need = needOf(aim, tally, policy.maxPods);
  const full: Stop = givesBack(before) ? { by: 'flights' } : { by: 'max-pods' };
  const { lacks } = tally;
  if (need <= 0 && lacks.length === 0) return { cloud: before, stop: atCap(tally, policy.maxPods) ? full : undefined };
  if (policy.hold || before.cordoned) return { cloud: before, stop: { by: 'hold' } };
  const trouble = keptBy(before, [WHOLE], now);
  if (trouble !== undefined) return { cloud: before, stop: { by: 'trouble', trouble } };
  const most = policy.maxPods - tally.elsewhere - tally.total - tally.asked;
  const urgency = urgencyOf(tally);
  const { family, config } = tally;
  const of = { family, config, limits, aim, now, urgency };
  let cloud = before;
  let stop: Stop | undefined;
  for (const { apart, count } of [...lacks, { apart: [], count: need }]) {
    const growing: Growing = { ...of, apart, cloud, need: count, most, stop: undefined };
    fill(growing);
    if (growing.need > 0) create(growing);
    cloud = growing.cloud;
    if (growing.need > 0) stop ??= growing.stop ?? { by: 'nics' };
  }
  return { cloud, stop };
}

/**
 * Asks for one IPv4 address by itself, on a NIC that stands as the node's own do, on one more where no slot is left,
 * whatever is asked for else. Not while anything is under way that may do, nor what failed lately: `stop`.
 */
export function askSingle(cloud: Cloud, now: Millis): Growth {
  const { limits, flights, placing } = cloud;
  const { own: config } = placing;
  const not = (stop: Stop): Growth => ({ cloud, stop });
  const comes = flights.some(({ intent }) => intent.kind === 'assign' || intent.kind === 'createNic');
  if (comes) return not({ by: 'flights' });
  if (limits === undefined) return not({ by: 'unknown', trouble: troubleTelling(cloud, now) });
  if (cloud.policy.hold || cloud.cordoned) return not({ by: 'hold' });
  const room = (nic: Nic) =>
    servesFor(cloud, nic, config) && nic.trust === 'sure' && roomOf(cloud, nic, { limits, family: 'v4' }) > 0;
  const roomy = cloud.nics.find(room);
  const lack = lackOfPlace(placing, config);
  if (roomy === undefined && nicRoom(cloud, limits) <= 0) return not({ by: 'nics' });
  if (roomy === undefined && config !== undefined && lack !== undefined)
    return not({ by: 'placing', config, heard: lack === 'missing' });
  const trouble = keptBy(cloud, [WHOLE, ...singleScopes(roomy, config)], now);
  if (trouble !== undefined) return not({ by: 'trouble', trouble });
  const one = { token: tokenOf(cloud, now), unit: 'address', family: 'v4', count: 1 } as const;
  const { token, ...spec } = one;
  const intent: Intent =
    roomy === undefined
      ? { kind: 'createNic', token, spec: { ...spec, ...placed(config) } }
      : { kind: 'assign', nic: roomy.report.id, ...one };
  return { cloud: asking(cloud, intent, { urgency: 'pod', now }), stop: undefined };
}

/** What keeps a single address from being asked for: on a NIC, or on one more. */
function singleScopes(nic: Nic | undefined, config: string | undefined): readonly string[] {
  if (nic === undefined) return creating('address', config);
  const { id, subnet } = nic.report;
  return [ofKind('assign'), onNic(id), inSubnet(subnet, 'address', 'v4')];
}

interface Growing extends Need {
  cloud: Cloud;
  readonly limits: NicLimits;
  readonly aim: Aim;
  readonly now: Millis;
  readonly urgency: Urgency;
  readonly apart: readonly NicId[]; // these are of no use
  need: number; // addresses
  most: number; // and no more than so many
  stop: Stop | undefined;
}

/** Whether a slot comes free soon. */
function givesBack({ flights }: Cloud): boolean {
  return flights.some(({ intent }) => intent.kind === 'unassign' || intent.kind === 'deleteNic');
}

/** Metadata may lag behind what was asked for before a restart: the API itself must have told, unless it never will. */
function isKnown({ report, troubles }: Cloud): boolean {
  return (
    report.sureAt > 0 ||
    (report.told > 0 && troubles.some(({ scope, failure }) => scope === REPORTING && failure.kind === 'denied'))
  );
}

/** Why the cloud does not tell what must be known first. */
function troubleTelling(cloud: Cloud, now: Millis): Trouble | undefined {
  const missing = untold(cloud);
  return cloud.troubles.findLast(({ scope }) => missing.includes(scope)) ?? keptBy(cloud, [WHOLE], now);
}

/** What must be told before anything can be asked for, by the scopes of its troubles. */
export function untold(cloud: Cloud): readonly string[] {
  return [...(cloud.limits === undefined ? [LIMITS] : []), ...(isKnown(cloud) ? [] : [REPORTING])];
}

function atCap({ total, asked, elsewhere }: Tally, maxPods: number): boolean {
  return total + asked + elsewhere >= maxPods;
}

function urgencyOf({ hungry }: Tally): Urgency {
  return hungry > 0 ? 'pod' : 'refill';
}

/** The NICs there are, the fullest first. */
function fill(growing: Growing): void {
  const { limits, family, config, now } = growing;
  const room = (nic: Nic) => roomOf(growing.cloud, nic, { limits, family });
  const { apart } = growing;
  const isUseful = ({ report }: Nic) => !apart.includes(report.id);
  const mine = (nic: Nic) => servesFor(growing.cloud, nic, config) && nic.trust === 'sure' && isUseful(nic);
  const nics = growing.cloud.nics.filter((nic) => mine(nic) && room(nic) > 0);
  nics.sort((a, b) => Number(a.report.device !== 0) - Number(b.report.device !== 0) || room(a) - room(b));
  for (const nic of nics) {
    if (growing.need <= 0) return;
    const { id, subnet } = nic.report;
    const busy = growing.cloud.flights.some(({ intent }) => intent.kind === 'assign' && intent.nic === id);
    if (busy) {
      growing.stop = { by: 'flights' };
      continue;
    }
    const unit = firstUnit(growing, (it) => [ofKind('assign'), onNic(id), inSubnet(subnet, it, family)], now);
    if (unit === undefined) continue;
    const count = Math.min(room(nic), countOf(growing, unit));
    ask(growing, { kind: 'assign', token: tokenOf(growing.cloud, now), nic: id, unit, family, count });
    spend(growing, count * unitSize(unit, family));
  }
}

/** A NIC more, with its first addresses. Not while a NIC that has slots is only waiting for an answer. */
function create(growing: Growing): void {
  const { limits, family, config, now, aim } = growing;
  const per = slotsOf(limits, family);
  const lack = lackOfPlace(growing.cloud.placing, config);
  if (config !== undefined && lack !== undefined) {
    growing.stop ??= { by: 'placing', config, heard: lack === 'missing' };
    return;
  }
  while (growing.need > 0 && growing.stop?.by !== 'flights') {
    if (nicRoom(growing.cloud, limits) <= 0 || per === 0) {
      const wait = givesBack(growing.cloud) || bringsRoom(growing);
      growing.stop ??= wait ? { by: 'flights' } : { by: 'nics' };
      return;
    }
    if (growing.cloud.flights.filter(isCreating).length >= CREATES_AT_ONCE) {
      growing.stop = { by: 'flights' };
      return;
    }
    const unit = firstUnit(growing, (it) => creating(it, config), now);
    if (unit === undefined) return;
    const count = aim.whole ? Math.min(per, capped(growing, per)) : Math.min(per, countOf(growing, unit));
    const spec = { count, unit, family, ...placed(config) };
    ask(growing, { kind: 'createNic', token: tokenOf(growing.cloud, now), spec });
    spend(growing, count * unitSize(unit, family));
  }
}

function placed(config: string | undefined): Pick<NicSpec, 'config'> {
  return config === undefined ? {} : { config };
}

/** Whether a NIC is being made that will have slots left: more can be asked for once it is there. */
function bringsRoom({ cloud, limits, family, config }: Growing): boolean {
  const per = slotsOf(limits, family);
  return cloud.flights.some(
    ({ intent }) =>
      intent.kind === 'createNic' &&
      intent.spec.config === config &&
      (intent.spec.family !== family || intent.spec.count < per),
  );
}

/** The first unit that nothing keeps from being asked. None: the trouble of the last is the reason. */
function firstUnit(growing: Growing, scopes: (unit: Unit) => readonly string[], now: Millis): Unit | undefined {
  let stop: Stop | undefined;
  for (const unit of unitsOf(growing.cloud, growing.family)) {
    const trouble = keptBy(growing.cloud, scopes(unit), now);
    if (trouble === undefined) return unit;
    stop = { by: 'trouble', trouble };
  }
  growing.stop = stop;
  return undefined;
}

/** How many units the need is; where NICs are filled as a whole, as many as fit. */
function countOf(growing: Growing, unit: Unit): number {
  if (growing.aim.whole) return capped(growing, slotsOf(growing.limits, growing.family));
  return Math.ceil(growing.need / unitSize(unit, growing.family));
}

/** A whole NIC's worth, but not more than the pods there may be. */
function capped(growing: Growing, units: number): number {
  return Math.max(1, Math.min(units, growing.most));
}

function spend(growing: Growing, addresses: number): void {
  growing.need -= addresses;
  growing.most -= addresses;
}

function ask(growing: Growing, intent: Intent): void {
  growing.cloud = asking(growing.cloud, intent, growing);
}

function asking(cloud: Cloud, intent: Intent, of: { readonly urgency: Urgency; readonly now: Millis }): Cloud {
  const { urgency, now } = of;
  const flight = { intent, urgency, at: now, sent: false, dueAt: now, failures: 0, doubt: false };
  return { ...cloud, serial: cloud.serial + 1, flights: [...cloud.flights, flight] };
}
