import type { Millis } from '../../base/clock.ts';
import type { Cloud, Flight, Need } from './cloud.ts';
import type { CloudEffect } from './cloud-event.ts';
import { GATHER_MS, type Growth, grow, type Stop } from './grow.ts';
import type { Pool } from './pool.ts';
import { makeRoom, shrink } from './shrink.ts';
import { needsOf, type Tally, tally } from './tally.ts';

/** What was decided about the cloud, and where each need stands. */
export interface Steered {
  readonly cloud: Cloud;
  readonly effects: readonly CloudEffect[];
  readonly outlook: readonly Outlook[];
}

/** Whether more of what is needed is on its way. */
export interface Outlook {
  readonly tally: Tally; // after what was asked
  readonly stop: Stop | undefined;
}

/** Asks for more, or gives back; sends what is due; has the cloud tell what is attached when it is time. */
export function steer(pool: Pool, before: Cloud, now: Millis): Steered {
  const counted = needsOf(pool, before).map((need) => tally(pool, before, { ...need, now }));
  const grown = gathered(before, counted, now);
  let cloud = withoutOldCalm(grown.cloud, counted);
  const stops = counted.map((of, i) => {
    const stop = grown.stops[i];
    if (stop?.by !== 'nics' || of.hungry === 0) return stop;
    const roomy = makeRoom(pool, cloud, { need: of, now });
    if (roomy === cloud) return stop;
    cloud = roomy;
    return { by: 'flights' } as const;
  });
  for (const of of counted) cloud = shrink(pool, cloud, { tally: of, now });
  const outlook = counted.map((of, i) => ({
    tally: cloud.flights === before.flights ? of : tally(pool, cloud, { ...needIn(of), now }),
    stop: stops[i],
  }));
  const asked = sendDue(cloud, now);
  const told = askReport(withRetry(asked.cloud, stops), now);
  return { cloud: told.cloud, effects: [...asked.effects, ...told.effects], outlook };
}

/** What all need, asked for together, once it has gathered. */
function gathered(
  before: Cloud,
  counted: readonly Tally[],
  now: Millis,
): { readonly cloud: Cloud; readonly stops: readonly (Stop | undefined)[] } {
  let cloud = before;
  const stops: (Stop | undefined)[] = [];
  for (const of of counted) {
    const growth: Growth = grow(cloud, of, now);
    cloud = growth.cloud;
    stops.push(growth.stop);
  }
  const asks = cloud !== before;
  if (!asks || (before.gathering !== undefined && now >= before.gathering.at))
    return { cloud: cloud.gathering === undefined ? cloud : { ...cloud, gathering: undefined }, stops };
  const hungry = counted.reduce((sum, of) => sum + of.hungry, 0);
  return { cloud: gathers(before, hungry, now), stops: stops.map(() => ({ by: 'flights' })) };
}

/** As long as more of a burst comes, but not for ever. */
function gathers(cloud: Cloud, hungry: number, now: Millis): Cloud {
  const { gathering } = cloud;
  if (gathering === undefined) {
    const first = hungry > 0 ? GATHER_MS.alone : GATHER_MS.unhurried;
    return { ...cloud, gathering: { at: now + first, atLatest: now + GATHER_MS.most, hungry } };
  }
  if (hungry <= gathering.hungry) return cloud;
  return { ...cloud, gathering: { ...gathering, at: Math.min(gathering.atLatest, now + GATHER_MS.more), hungry } };
}

/** Each intent that is due is asked for; a later failure makes it due again. */
function sendDue(cloud: Cloud, now: Millis): { readonly cloud: Cloud; readonly effects: readonly CloudEffect[] } {
  const isDue = ({ sent, dueAt }: Flight) => !sent && dueAt <= now;
  const due = cloud.flights.filter(isDue);
  if (due.length === 0) return { cloud, effects: [] };
  const flights = cloud.flights.map((it) => (isDue(it) ? { ...it, sent: true } : it));
  const order = { assign: 0, createNic: 1, unassign: 2, deleteNic: 3 };
  const sorted = due.toSorted((a, b) => order[a.intent.kind] - order[b.intent.kind]);
  return {
    cloud: { ...cloud, flights },
    effects: sorted.map(({ intent, urgency }) => ({ kind: 'ask', intent, urgency })),
  };
}

/** When the first trouble ends that keeps a need from being asked for. */
function withRetry(cloud: Cloud, stops: readonly (Stop | undefined)[]): Cloud {
  const times = stops.flatMap((stop) => (stop?.by === 'trouble' ? [stop.trouble.until] : []));
  const retryAt = times.length === 0 ? undefined : Math.min(...times);
  return retryAt === cloud.retryAt ? cloud : { ...cloud, retryAt };
}

function askReport(cloud: Cloud, now: Millis): { readonly cloud: Cloud; readonly effects: readonly CloudEffect[] } {
  const { report } = cloud;
  if (report.asked || report.dueAt > now) return { cloud, effects: [] };
  const asked = { ...report, asked: true, dueAt: Number.POSITIVE_INFINITY };
  return { cloud: { ...cloud, report: asked }, effects: [{ kind: 'report', sure: report.sure }] };
}

/** A need that is no more has nothing to give back. */
function withoutOldCalm(cloud: Cloud, needs: readonly Need[]): Cloud {
  const isNeeded = (it: Need) => needs.some(({ family, config }) => it.family === family && it.config === config);
  return cloud.calm.every(isNeeded) ? cloud : { ...cloud, calm: cloud.calm.filter(isNeeded) };
}

function needIn({ family, config }: Need): Need {
  return { family, config };
}

/** The outlook of a need, if there is any. */
export function outlookOf(outlook: readonly Outlook[], { family, config }: Need): Outlook | undefined {
  return outlook.find(({ tally }) => tally.family === family && tally.config === config);
}
