import type { Millis } from '../../src/base/clock.ts';
import { seeded } from '../../src/base/random.ts';
import { median, quantile } from '../bench/statistics.ts';
import { TICK_MS } from './aws-node-model.ts';
import { byAction, type CallCounts, countCalls, isMutating } from './counts.ts';
import { Region } from './region.ts';
import { contenderOf, instanceOf, type Kind, type Side, SIDES, startNode } from './sides.ts';

/** Pods that come to one node at once. `warm`: its pool is at rest; `cold`: the agent starts at that moment. */
export interface Burst extends Kind {
  readonly pool: 'warm' | 'cold';
  readonly pods: number;
}

/** What a burst took of one side. Times from the burst on; calls until the last pod had its address. */
export interface BurstCell extends Burst, Side {
  readonly firstMs: Millis;
  readonly medianMs: Millis;
  readonly p99Ms: Millis;
  readonly lastMs: Millis;
  readonly mutating: number;
  readonly mutatingInTheNextMinute: number;
  readonly throttled: number;
  readonly calls: CallCounts; //      by action, what comes in the next minute not counted
  readonly idleBefore: number; //     addresses held and not used, when it came
  readonly idleAfter: number; //      a minute after the last pod
}

const SPREAD_MS = 100; // a runtime starts the pods of a burst one after the other
const REST_MS = 120_000;
const AFTER_MS = 60_000;
const WITHIN_MS = 3_600_000;

/** A burst over and over, each time with other delays and at another moment; of each side the run in the middle. */
export async function bursts(of: Burst, seeds: readonly number[]): Promise<readonly BurstCell[]> {
  const runs: (readonly BurstCell[])[] = [];
  for (const seed of seeds) runs.push(await burst(of, seed));
  return SIDES.flatMap((_, side) => {
    const cells = runs.flatMap((run) => run[side] ?? []).toSorted((a, b) => a.lastMs - b.lastMs);
    return cells[Math.floor(cells.length / 2)] ?? [];
  });
}

/** Both sides with both targets, on one emulator, at the same time. */
export async function burst(of: Burst, seed: number): Promise<readonly BurstCell[]> {
  const region = new Region(
    SIDES.map((side) => contenderOf(side, of)),
    seed,
  );
  const random = seeded(seed);
  const phase = random.fraction() * TICK_MS;
  const comes = Array.from({ length: of.pods }, (_, i) => (i === 0 ? 0 : random.fraction() * SPREAD_MS));
  const all = SIDES.map((side) => one(region, side, { of, phase, comes }));
  return region.until(Promise.all(all), WITHIN_MS);
}

interface Coming {
  readonly of: Burst;
  readonly phase: Millis; //            of aws-node's ticks, at which the burst begins
  readonly comes: readonly Millis[]; // each pod, after that
}

async function one(region: Region, side: Side, { of, phase, comes }: Coming): Promise<BurstCell> {
  const instance = instanceOf(region, side, of);
  const { clock, calls } = region;
  const pause = (ms: Millis) => new Promise<void>((resolve) => void clock.timer(ms, resolve));
  const warm = of.pool === 'warm' ? await startNode(region, side, { kind: of }) : undefined;
  if (warm !== undefined) await pause(REST_MS + phase);
  const [begin, idleBefore] = [clock.now(), region.held(instance)];
  const node = warm ?? (await startNode(region, side, { kind: of }));
  const took: Millis[] = [];
  const pods = comes.map(async (after, i) => {
    if (begin + after > clock.now()) await pause(begin + after - clock.now());
    await node.add(`pod${i}`);
    took.push(clock.now() - begin);
  });
  await Promise.all(pods);
  const last = clock.now();
  await pause(AFTER_MS);
  await node.stop();
  const mine = calls.filter((it) => it.instance === instance && it.at >= begin);
  const during = mine.filter(({ at }) => at <= last);
  const after = mine.filter(({ at }) => at > last && at <= last + AFTER_MS);
  return {
    ...of,
    ...side,
    firstMs: Math.round(Math.min(...took)),
    medianMs: Math.round(median(took)),
    p99Ms: Math.round(quantile(took, 0.99)),
    lastMs: Math.round(Math.max(...took)),
    mutating: during.filter(isMutating).length,
    mutatingInTheNextMinute: after.filter(isMutating).length,
    throttled: countCalls(during, 'RequestLimitExceeded'),
    calls: byAction(during),
    idleBefore,
    idleAfter: region.held(instance) - of.pods,
  };
}
