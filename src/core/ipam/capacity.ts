import type { Millis } from '../../base/clock.ts';
import { type Family, familyOf } from '../../base/ip.ts';
import { type Cloud, servesFor, slotsOf, unitSize, unitsOf } from './cloud.ts';
import { keptAddresses } from './keep.ts';
import type { NicLimits, Unit } from './nic.ts';
import { censusOf, type Pool } from './pool.ts';
import { nicRoom, roomOf, tally } from './tally.ts';
import { lackOfPlace } from './placing.ts';
import { creating, inSubnet, ofKind, onNic, passes } from './trouble.ts';

/** A node has not so many pods: what more a range of IPv6 could give is no news. */
const MOST = 100_000;

/**
 * How many pods this node could have at most, by its addresses: those that it holds, and what the cloud would add. What
 * is cooling counts, for an ADD waits for it; what is kept for a name does not, for no other pod is given it.
 * Undefined: nobody has told yet what the instance may have.
 */
export function mostPods(pool: Pool, families: readonly Family[], now: Millis): number | undefined {
  let most = MOST;
  for (const family of families) {
    const of = pool.cloud === undefined ? inRanges(pool, family, now) : onNics(pool, pool.cloud, { family, now });
    if (of === undefined) return undefined;
    most = Math.min(most, of - keptOf(pool, family));
  }
  return families.length === 0 ? 0 : Math.max(0, most);
}

function keptOf(pool: Pool, family: Family): number {
  return keptAddresses(pool).filter((it) => familyOf(it) === family).length;
}

function inRanges(pool: Pool, family: Family, now: Millis): number {
  const { usable } = censusOf(pool, family, now);
  return usable > BigInt(MOST) ? MOST : Number(usable);
}

function onNics(pool: Pool, cloud: Cloud, of: { family: Family; now: Millis }): number | undefined {
  const { limits, policy } = cloud;
  if (limits === undefined) return undefined;
  const { total, elsewhere } = tally(pool, cloud, { ...of, config: cloud.placing.own });
  const has = total + elsewhere;
  if (policy.hold || cloud.cordoned) return has;
  return Math.max(has, Math.min(policy.maxPods, has + more({ cloud, ...of }, limits)));
}

interface Asking {
  readonly cloud: Cloud;
  readonly family: Family;
  readonly now: Millis;
}

/** What could be added: what is under way has its slots still. */
function more(of: Asking, limits: NicLimits): number {
  const { cloud, family } = of;
  const { own } = cloud.placing;
  const still = { ...cloud, flights: [] };
  let sum = 0;
  for (const nic of cloud.nics) {
    if (!servesFor(cloud, nic, own) || nic.trust !== 'sure') continue;
    const { id, subnet } = nic.report;
    const unit = unitFor(of, (it) => [ofKind('assign'), onNic(id), inSubnet(subnet, it, family)]);
    if (unit !== undefined) sum += roomOf(still, nic, { limits, family }) * unitSize(unit, family);
  }
  const unit = unitFor(of, (it) => creating(it, own));
  if (unit === undefined || lackOfPlace(cloud.placing, own) !== undefined) return sum;
  return sum + Math.max(0, nicRoom(still, limits)) * slotsOf(limits, family) * unitSize(unit, family);
}

/**
 * The first unit that the cloud has not refused. When it may be asked again, later after each refusal, it counts as
 * given: it may be that only who comes has it asked.
 */
function unitFor({ cloud, family, now }: Asking, scopes: (unit: Unit) => readonly string[]): Unit | undefined {
  const refused = cloud.troubles.filter((it) => it.until > now && !passes(it));
  return unitsOf(cloud, family).find((unit) => !refused.some(({ scope }) => scopes(unit).includes(scope)));
}
