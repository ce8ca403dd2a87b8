import type { Millis } from '../../src/base/clock.ts';
import { byAction, type CallCounts, isMutating } from './counts.ts';
import { Region } from './region.ts';
import { contenderOf, instanceOf, type Kind, type Side, SIDES, startNode } from './sides.ts';

/** One pod goes and another comes, over and over, on a node that has so many. */
export interface Churn extends Kind {
  readonly pods: number;
  readonly everyMs: Millis; // half of this from a pod that goes to one that comes, half from when that runs
  readonly forMs: Millis;
}

/** What a churn took of one side. */
export interface ChurnCell extends Churn, Side {
  readonly unassign: number; // calls that give addresses or NICs back
  readonly mutating: number;
  readonly slowestMs: Millis; // of the pods that came
  readonly calls: CallCounts;
  readonly idleAfter: number;
}

const REST_MS = 300_000;
const WITHIN_MS = 3_600_000;
const GIVING_BACK = new Set(['UnassignPrivateIpAddresses', 'DetachNetworkInterface', 'DeleteNetworkInterface']);

/** Both sides with both targets, on one emulator, at the same time. */
export async function churn(of: Churn, seed: number): Promise<readonly ChurnCell[]> {
  const region = new Region(
    SIDES.map((side) => contenderOf(side, of)),
    seed,
  );
  return region.until(Promise.all(SIDES.map((side) => one(region, side, of))), WITHIN_MS);
}

async function one(region: Region, side: Side, of: Churn): Promise<ChurnCell> {
  const instance = instanceOf(region, side, of);
  const { clock, calls } = region;
  const pause = (ms: Millis) => new Promise<void>((resolve) => void clock.timer(ms, resolve));
  const node = await startNode(region, side, { kind: of });
  await Promise.all(Array.from({ length: of.pods }, (_, i) => node.add(`pod${i}`)));
  await pause(REST_MS);
  const begin = clock.now();
  let slowestMs = 0;
  for (let i = 0; clock.now() < begin + of.forMs; i++) {
    await node.remove(`pod${i}`);
    await pause(of.everyMs / 2);
    const asked = clock.now();
    await node.add(`pod${i + of.pods}`);
    slowestMs = Math.max(slowestMs, clock.now() - asked);
    await pause(of.everyMs / 2);
  }
  await node.stop();
  const mine = calls.filter((it) => it.instance === instance && it.at >= begin);
  return {
    ...of,
    ...side,
    unassign: mine.filter(({ action }) => GIVING_BACK.has(action)).length,
    mutating: mine.filter(isMutating).length,
    slowestMs: Math.round(slowestMs),
    calls: byAction(mine),
    idleAfter: region.held(instance) - of.pods,
  };
}
