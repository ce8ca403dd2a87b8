import type { Millis } from '../../base/clock.ts';
import { familyOf } from '../../base/ip.ts';
import { aimOf, excessOf } from './aim.ts';
import {
  type Calm,
  CALM_MS,
  type Cloud,
  gives,
  type Held,
  type Need,
  type Nic,
  servesFor,
  tokenOf,
  unitSize,
} from './cloud.ts';
import type { Holdable, Intent } from './nic.ts';
import { configOf } from './placing.ts';
import type { Pool } from './pool.ts';
import { isUnusedAt } from './slots.ts';
import { type Tally, unitOf } from './tally.ts';
import { keptBy, ofKind, onNic, WHOLE } from './trouble.ts';

/** What is younger is not given back: the cloud may not have told everybody of it yet. */
export const LEAST_AGE_MS: Millis = 60_000;

/**
 * Gives back what was too much for `CALM_MS`: first NICs that nobody needs, then prefixes and addresses, in one call a
 * NIC, the emptiest NIC first. Never what is in use, cooling, young or unsure, and nothing at all while anything is
 * unsure, somebody waits, anything is being asked for, or the node is held or cordoned.
 */
export function shrink(pool: Pool, before: Cloud, of: { tally: Tally; now: Millis }): Cloud {
  const { tally, now } = of;
  const { family, config } = tally;
  const { limits, policy } = before;
  if (limits === undefined) return before;
  if (policy.hold || before.cordoned) return withCalm(before, tally, undefined);
  const aim = aimOf(before, limits, tally);
  const calm = calmer(calmOf(before, tally), isUneasy(before) ? 0 : excessOf(aim, tally), { family, config, now });
  const cloud = withCalm(before, tally, calm);
  if (calm === undefined || now < calm.since + CALM_MS) return cloud;
  const done = withCalm(cloud, tally, undefined);
  const shrinking: Shrinking = { pool, cloud: done, family, config, now, excess: calm.least };
  giveNics(shrinking);
  if (!aim.whole) giveUnits(shrinking);
  return shrinking.cloud;
}

/**
 * Gives back, at once, a NIC of another need that nothing of is in use: somebody waits, and there is no place for a NIC
 * more. The cloud as it was: there is none such.
 */
export function makeRoom(pool: Pool, before: Cloud, of: { need: Need; now: Millis }): Cloud {
  const { need, now } = of;
  if (before.policy.hold || before.cordoned || isUneasy(before)) return before;
  const others = before.nics.filter(({ report }) => configOf(before.placing, report) !== need.config);
  for (const nic of others.filter((it) => gives(before, it))) {
    const { config } = nic.report;
    const shrinking = { pool, cloud: before, family: need.family, config, now, excess: Number.POSITIVE_INFINITY };
    if (giveNic(shrinking, nic)) return shrinking.cloud;
  }
  return before;
}

interface Shrinking extends Need {
  readonly pool: Pool;
  cloud: Cloud;
  readonly now: Millis;
  excess: number;
}

function isUneasy({ nics, flights }: Cloud): boolean {
  if (flights.length > 0) return true;
  return nics.some((nic) => {
    if (nic.trust !== 'sure') return true;
    for (const { trust } of nic.holds.values()) if (trust === 'unsure') return true;
    return false;
  });
}

/** How long there has been more than is aimed at, and how much at least. */
function calmer(calm: Calm | undefined, excess: number, of: Need & { now: Millis }): Calm | undefined {
  if (excess <= 0) return undefined;
  if (calm === undefined) return { family: of.family, config: of.config, since: of.now, least: excess };
  return excess < calm.least ? { ...calm, least: excess } : calm;
}

/** How long a need has had too much; undefined: it has not. */
export function calmOf({ calm }: Cloud, { family, config }: Need): Calm | undefined {
  return calm.find((it) => it.family === family && it.config === config);
}

function withCalm(cloud: Cloud, of: Need, calm: Calm | undefined): Cloud {
  const before = calmOf(cloud, of);
  if (before === calm) return cloud;
  const others = cloud.calm.filter((it) => it !== before);
  return { ...cloud, calm: calm === undefined ? others : [...others, calm] };
}

/** Whole NICs, the emptiest first: one call gives back everything they hold. Never the node's own. */
function giveNics(shrinking: Shrinking): void {
  for (const nic of emptiestFirst(shrinking)) giveNic(shrinking, nic);
}

/** One NIC, if nobody needs it. Answers whether it is given back. */
function giveNic(shrinking: Shrinking, nic: Nic): boolean {
  const { family, now } = shrinking;
  const { id, device } = nic.report;
  const holds = [...nic.holds];
  const size = sum(holds.map(([it]) => (familyOf(it) === family ? unitSize(unitOf(it), family) : 0)));
  const spare = holds.every(
    ([it, held]) => familyOf(it) === family && isSpare(held, now) && isUnusedAt(shrinking.pool, it, now),
  );
  if (device === 0 || !isSpare(nic, now) || !spare || size > shrinking.excess) return false;
  if (keptBy(shrinking.cloud, [WHOLE, ofKind('deleteNic'), onNic(id)], now) !== undefined) return false;
  const nics = shrinking.cloud.nics.map((it) => (it === nic ? { ...nic, trust: 'leaving' as const } : it));
  give(shrinking, nics, { kind: 'deleteNic', token: tokenOf(shrinking.cloud, now), nic: id });
  shrinking.excess -= size;
  return true;
}

/** Prefixes and single addresses that are whole and unused, as many as are too much. */
function giveUnits(shrinking: Shrinking): void {
  const { family, now } = shrinking;
  for (const nic of emptiestFirst(shrinking)) {
    const { id } = nic.report;
    if (keptBy(shrinking.cloud, [WHOLE, ofKind('unassign'), onNic(id)], now) !== undefined) continue;
    const what: Holdable[] = [];
    let holds = nic.holds;
    for (const [it, held] of nic.holds) {
      const size = unitSize(unitOf(it), family);
      if (familyOf(it) !== family || size > shrinking.excess) continue;
      if (!isSpare(held, now) || !isUnusedAt(shrinking.pool, it, now)) continue;
      what.push(it);
      holds = holds.set(it, { ...held, trust: 'leaving' });
      shrinking.excess -= size;
    }
    if (what.length === 0) continue;
    const nics = shrinking.cloud.nics.map((it) => (it === nic ? { ...nic, holds } : it));
    give(shrinking, nics, { kind: 'unassign', token: tokenOf(shrinking.cloud, now), nic: id, what });
  }
}

/** NICs of the need that give, by how many of their addresses are in use; the node's own last. */
function emptiestFirst({ pool, cloud, config }: Shrinking): readonly Nic[] {
  const used = ({ report }: Nic) =>
    sum(pool.blocks.map((block) => (block.nic === report.id ? block.claimed + block.promised : 0)));
  return cloud.nics
    .filter((nic) => gives(cloud, nic) && servesFor(cloud, nic, config))
    .toSorted(
      (a, b) =>
        Number(a.report.device === 0) - Number(b.report.device === 0) ||
        used(a) - used(b) ||
        b.report.device - a.report.device,
    );
}

/** Surely there, and for long enough. */
function isSpare({ since, trust }: Held, now: Millis): boolean {
  return trust === 'sure' && since <= now - LEAST_AGE_MS;
}

function give(shrinking: Shrinking, nics: readonly Nic[], intent: Intent): void {
  const { cloud, now } = shrinking;
  const flight = {
    intent,
    urgency: 'housekeeping' as const,
    at: now,
    sent: false,
    dueAt: now,
    failures: 0,
    doubt: false,
  };
  shrinking.cloud = { ...cloud, nics, serial: cloud.serial + 1, flights: [...cloud.flights, flight] };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, it) => all + it, 0);
}
