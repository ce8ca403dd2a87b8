import type { Millis } from '../../base/clock.ts';
import { counted, duration, familyName, listed } from '../../base/words.ts';
import { sentence } from '../refusal-words.ts';
import { type Aim, aimOf } from './aim.ts';
import { CALM_MS, type Cloud, type Flight, type Need, nicNamed } from './cloud.ts';
import { whyNot } from './hungry.ts';
import type { NicSpec } from './nic.ts';
import { configOf } from './placing.ts';
import type { Pool } from './pool.ts';
import { calmOf } from './shrink.ts';
import { type Outlook, outlookOf, steer } from './steer.ts';
import { needsOf, type Tally, tally } from './tally.ts';

/** Where one need of a pool of NICs stands, and what comes next, for `berth pool`. */
export interface PoolPlan extends Need {
  readonly tally: Tally;
  readonly aim: Aim | undefined; // unknown before the instance's limits are
  readonly now: string; //  "14 IPv4 addresses: 9 in use, 2 cooling, 3 free; 1 to 3 shall be free"
  readonly next: string; // "gives back 2 in 1 min 40 s, should nothing come"
}

/** What the pool has and will do, without doing it. Sentences without a full stop. */
export function planOf(pool: Pool, now: Millis): readonly PoolPlan[] {
  const { cloud } = pool;
  if (cloud === undefined) return [];
  const steered = steer(pool, cloud, now);
  return needsOf(pool, cloud).map((need) => {
    const of = tally(pool, cloud, { ...need, now });
    const aim = cloud.limits && aimOf(cloud, cloud.limits, of);
    return {
      ...need,
      tally: of,
      aim,
      now: stand(of, aim),
      next: nextOf(cloud, outlookOf(steered.outlook, need), { ...need, now }),
    };
  });
}

function stand(
  { family, config, free, claimed, cooling, total, hungry, expected }: Tally,
  aim: Aim | undefined,
): string {
  const name = familyName(family);
  const some = counted(total, `${name} address`, `${name} addresses`);
  const by = config === undefined ? '' : ` by NICConfig ${config}`;
  const all = `${some}${by}: ${claimed} in use, ${cooling} cooling, ${free} free`;
  const wants = aim === undefined ? '' : `; ${range(aim)} shall be free`;
  const most = aim !== undefined && aim.minimum > 0 ? `, and ${aim.minimum} there be in all` : '';
  const waits = hungry > 0 ? `; ${counted(hungry, 'pod waits', 'pods wait')}` : '';
  const comes = expected > 0 ? `; ${counted(expected, 'pod is', 'pods are')} expected` : '';
  return `${all}${wants}${most}${waits}${comes}`;
}

function range({ low, high }: Aim): string {
  if (high === Number.POSITIVE_INFINITY) return `${low} or more`;
  return low === high ? `${low}` : `${low} to ${high}`;
}

function nextOf(cloud: Cloud, outlook: Outlook | undefined, of: Need & { now: Millis }): string {
  const { now } = of;
  const parts = cloud.flights.filter((it) => concerns(cloud, it, of)).map((flight) => flightWords(flight, now));
  const needs = outlook !== undefined && (outlook.stop?.by !== 'max-pods' || outlook.tally.hungry > 0);
  const reason = needs ? whyNot(cloud, outlook, { now }) : undefined;
  if (reason !== undefined) parts.push(`needs more, but ${sentence(reason)}`);
  if (cloud.gathering !== undefined && parts.length === 0) parts.push('asks for more at once');
  const calm = calmOf(cloud, of);
  if (calm !== undefined)
    parts.push(`gives back up to ${calm.least} in ${duration(calm.since + CALM_MS - now)}, should nothing come`);
  const unsure = cloud.nics.filter((nic) => nic.trust === 'unsure').map(({ report }) => report.id);
  if (unsure.length > 0)
    parts.push(`gives nothing from ${listed(unsure)} before the cloud has confirmed what is there`);
  return parts.length === 0 ? 'nothing to do' : parts.join('; ');
}

function concerns(cloud: Cloud, { intent }: Flight, { family, config }: Need): boolean {
  if (intent.kind === 'createNic') return intent.spec.family === family && intent.spec.config === config;
  const nic = nicNamed(cloud, intent.nic);
  if (nic !== undefined && configOf(cloud.placing, nic.report) !== config) return false;
  return intent.kind !== 'assign' || intent.family === family;
}

function flightWords({ intent, at, sent, dueAt, failures }: Flight, now: Millis): string {
  const when = sent ? `asked ${duration(now - at)} ago` : `asked again in ${duration(dueAt - now)}`;
  const tries = failures === 0 ? '' : `, failed ${counted(failures, 'time')}`;
  switch (intent.kind) {
    case 'assign':
      return `${units(intent)} for ${intent.nic} (${when}${tries})`;
    case 'createNic':
      return `a NIC with ${units(intent.spec)} (${when}${tries})`;
    case 'unassign':
      return `giving back ${listed(intent.what)} of ${intent.nic} (${when}${tries})`;
    case 'deleteNic':
      return `giving back ${intent.nic} (${when}${tries})`;
  }
}

function units({ count, unit }: Pick<NicSpec, 'count' | 'unit'>): string {
  return counted(count, unit, unit === 'address' ? 'addresses' : 'prefixes');
}
