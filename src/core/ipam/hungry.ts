import type { Millis } from '../../base/clock.ts';
import type { Family } from '../../base/ip.ts';
import type { Refusal } from '../refusal.ts';
import type { Cloud, Trouble } from './cloud.ts';
import { slotsOf } from './cloud.ts';
import type { NicId } from './nic.ts';
import type { Pool, Waiting } from './pool.ts';
import { type Outlook, steer } from './steer.ts';
import { keepsTrunkSlot, nicsOf, nicsTaken, type Tally, wantedConfig } from './tally.ts';
import { LIMITS, passes } from './trouble.ts';

// Who waits for the cloud: whether that is worth it, and what is said to whom it is not.

/**
 * Whether an ADD that has nothing yet may hope for the cloud: enough is on its way for it and those before it, or more
 * will be asked for in time.
 */
export function mayHope({ tally, stop }: Outlook, place: number, { until, apart = [] }: Waiting): boolean {
  // what is there may be of the very NICs that it must not have
  if (apart.length > 0 ? stop === undefined : place < tally.free + tally.asked + tally.preparing) return true;
  if (stop?.by === 'trouble') return passes(stop.trouble) && stop.trouble.until < until;
  return stop?.by === 'flights' || stop?.by === 'unknown' || (stop?.by === 'placing' && !stop.heard);
}

/** What is said to whom the cloud gave nothing in time; undefined: it did not wait for the cloud. */
export function tooLate(pool: Pool, it: Waiting, now: Millis): Refusal | undefined {
  const { cloud } = pool;
  if (cloud === undefined || it.promised.length > 0) return undefined;
  const config = wantedConfig(cloud, it);
  const outlook = steer(pool, cloud, now).outlook.filter(({ tally }) => tally.config === config);
  const of = outlook.find(({ tally }) => it.families.includes(tally.family) && tally.free === 0) ?? outlook[0];
  if (of === undefined) return undefined;
  const { asked, preparing, cooling } = of.tally;
  const coming = asked + preparing;
  const failing = failingCall(cloud);
  const reason =
    failing === undefined ? whyNot(cloud, of, { now, apart: it.apart }) : inTrouble(failing, of.tally, now);
  return reason ?? { why: 'too-late', waitedMs: now - it.since, cooling, coming, ...askedMs(cloud, now) };
}

/** For how long the cloud has been asked for what has not come. */
function askedMs({ flights }: Cloud, now: Millis): { askedMs?: Millis } {
  const since = flights.flatMap(({ at, urgency }) => (urgency === 'housekeeping' ? [] : at));
  return since.length === 0 ? {} : { askedMs: now - Math.min(...since) };
}

/** Why what was asked for has not come, when it failed before and is asked for again. */
function failingCall({ flights, troubles }: Cloud): Trouble | undefined {
  return flights.some(({ failures, urgency }) => failures > 0 && urgency !== 'housekeeping')
    ? troubles.at(-1)
    : undefined;
}

/** Why the cloud gives nothing, or undefined: it would, or what nodes may have is the limit. */
export function whyNot(
  cloud: Cloud,
  { tally, stop }: Outlook,
  of: { readonly now: Millis; readonly apart?: readonly NicId[] | undefined },
): Refusal | undefined {
  const { now, apart } = of;
  switch (stop?.by) {
    case 'trouble':
      return inTrouble(stop.trouble, tally, now);
    case 'hold':
      return { why: 'held', ...usage(tally), ...(cloud.policy.hold ? {} : { cordoned: true }) };
    case 'nics':
      return nicLimit(cloud, tally, apart);
    case 'placing': {
      const { config, heard } = stop;
      return { why: 'no-nic-config', config, heard, ofNode: config === cloud.placing.own };
    }
    case 'unknown':
      return starting(cloud);
    default:
      return undefined;
  }
}

function nicLimit(cloud: Cloud, of: Tally, apart: readonly NicId[] = []): Refusal | undefined {
  const { family, config, claimed, cooling } = of;
  const { limits, policy } = cloud;
  if (limits === undefined) return undefined;
  const limit = Math.min(limits.nics, policy.targets.maxNics ?? limits.nics);
  const slots = slotsOf(limits, family);
  const [nics, serving] = [nicsTaken(cloud), nicsOf(cloud, config, apart)];
  const trunk = keepsTrunkSlot(cloud) ? { trunkSlot: true as const } : {};
  return { why: 'nic-limit', family, nics, limit, slots, serving, ...trunk, claimed, cooling };
}

function starting(cloud: Cloud): Refusal {
  const limits = cloud.limits === undefined ? cloud.troubles.find(({ scope }) => scope === LIMITS) : undefined;
  const trouble = limits ?? cloud.troubles.at(-1);
  const cause = `the cloud has not told yet which interfaces this node ${limits === undefined ? 'has' : 'may have'}`;
  return { why: 'starting', cause: trouble === undefined ? cause : `${cause}: ${trouble.failure.message}` };
}

function inTrouble({ failure, since, until }: Trouble, tally: Tally, now: Millis): Refusal {
  const { action, message } = failure;
  const againInMs = Math.max(0, until - now);
  switch (failure.kind) {
    case 'exhausted':
      return {
        why: 'subnet-empty',
        ...usage(tally),
        ...(failure.subnet === undefined ? {} : { subnet: failure.subnet }),
        againInMs,
      };
    case 'denied':
      return { why: 'cloud-denied', action, message, againInMs };
    case 'throttled':
      return { why: 'cloud-throttled', action, againInMs };
    case 'away': {
      const { family, free } = tally;
      return { why: 'controller-away', message, awayMs: Math.max(0, now - since), family, free, againInMs };
    }
    default:
      return { why: 'cloud-failing', action, message, againInMs };
  }
}

function usage({ family, claimed, cooling }: Tally): { family: Family; claimed: number; cooling: number } {
  return { family, claimed, cooling };
}
