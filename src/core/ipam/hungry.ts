import type { Millis } from '../../base/clock.ts';
import { type Family, familyOf } from '../../base/ip.ts';
import type { Refusal } from '../refusal.ts';
import { type Cloud, type Nic, nicNamed, servesFor, slotsOf, subnetOf, type Trouble } from './cloud.ts';
import type { Intent, NicId } from './nic.ts';
import { askSingle, untold } from './grow.ts';
import type { Pool, Waiting } from './pool.ts';
import { type Outlook, steer } from './steer.ts';
import { givers, keepsTrunkSlot, nicsTaken, type Tally, tally, wantedConfig } from './tally.ts';
import { passes, scopeOf, WHOLE } from './trouble.ts';

// Who waits for the cloud: whether that is worth it, and what is said to whom it is not.

/** One failure may be of long ago, with nothing asked since. */
const LASTING_FAILURES = 3;

/**
 * Whether an ADD that has nothing yet may hope for the cloud: enough is on its way for it and those before it, or more
 * will be asked for in time.
 */
export function mayHope({ tally, stop }: Outlook, place: number, { until, apart = [] }: Waiting): boolean {
  // what is there may be of the very NICs that it must not have
  if (apart.length > 0 ? stop === undefined : place < tally.free + tally.asked + tally.preparing) return true;
  if (stop?.by === 'trouble') return passes(stop.trouble) && stop.trouble.until < until;
  if (stop?.by === 'unknown') return stop.trouble === undefined || passes(stop.trouble);
  return stop?.by === 'flights' || (stop?.by === 'placing' && !stop.heard);
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
  const failing = failingCall(cloud, config);
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
function failingCall(cloud: Cloud, config: string | undefined): Trouble | undefined {
  const failing = cloud.flights.filter(({ failures, urgency }) => failures > 0 && urgency !== 'housekeeping');
  const intents = failing.map(({ intent }) => intent).filter((it) => isFor(cloud, it, config));
  return cloud.troubles.findLast(({ scope, failure }) =>
    intents.some((it) => scope === scopeOf(it, failure, subnetOf(cloud, it))),
  );
}

function isFor(cloud: Cloud, intent: Intent, config: string | undefined): boolean {
  if (intent.kind === 'createNic') return intent.spec.config === config;
  const nic = nicNamed(cloud, intent.nic);
  return nic !== undefined && servesFor(cloud, nic, config);
}

/** What has failed again and again for so long that nobody need wait for it: the cloud, or what it must tell first. */
export function lastingTrouble(cloud: Cloud, patienceMs: Millis, now: Millis): Trouble | undefined {
  const first = [WHOLE, ...untold(cloud)];
  const lasts = ({ since, failures }: Trouble) => now - since >= patienceMs && failures >= LASTING_FAILURES;
  return cloud.troubles.findLast((it) => first.includes(it.scope) && lasts(it));
}

/** Why there comes no address that is in no prefix; undefined: one is asked for. */
export function whyNoSingle(pool: Pool, cloud: Cloud, now: Millis): Refusal | undefined {
  const of = tally(pool, cloud, { family: 'v4', config: cloud.placing.own, now });
  return whyNot(cloud, { tally: of, stop: askSingle(cloud, now).stop }, { now });
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
      return stop.trouble === undefined ? starting(cloud) : inTrouble(stop.trouble, tally, now);
    case 'max-pods':
      return maxPods(cloud, tally);
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
  const serving = givers(cloud, config, apart);
  const foreign = serving.reduce((sum, nic) => sum + foreignOn(nic, family), 0);
  const more = { ...(keepsTrunkSlot(cloud) ? { trunkSlot: true as const } : {}), ...(foreign > 0 ? { foreign } : {}) };
  const nics = { nics: nicsTaken(cloud), limit, slots, serving: serving.length };
  return { why: 'nic-limit', family, ...nics, ...more, claimed, cooling };
}

function foreignOn({ holds }: Nic, family: Family): number {
  return [...holds].filter(([it, { trust }]) => trust === 'foreign' && familyOf(it) === family).length;
}

function maxPods({ policy }: Cloud, of: Tally): Refusal {
  const { family, free, claimed, cooling, total, elsewhere } = of;
  if (total > claimed + cooling + free) {
    const cause = 'not every NIC that holds addresses is set up, and confirmed by the cloud; berth nics shows which';
    return { why: 'starting', cause };
  }
  return { why: 'max-pods', family, maxPods: policy.maxPods, claimed: claimed + elsewhere, cooling };
}

function starting({ limits }: Cloud): Refusal {
  const what = limits === undefined ? 'may have' : 'has';
  return { why: 'starting', cause: `the cloud has not told yet which interfaces this node ${what}` };
}

/** What is said to whom this keeps from an address. */
export function inTrouble({ failure, since, until }: Trouble, tally: Tally, now: Millis): Refusal {
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
      return { why: 'cloud-failing', kind: failure.kind, action, message, againInMs };
  }
}

function usage({ family, claimed, cooling }: Tally): { family: Family; claimed: number; cooling: number } {
  return { family, claimed, cooling };
}
