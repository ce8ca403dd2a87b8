import type { Millis } from '../../src/base/clock.ts';
import { byAction, type CallCounts, countCalls, isMutating } from './counts.ts';
import { Region } from './region.ts';
import { contenderOf, type Kind, type Side, SIDES, startNodes } from './sides.ts';

/** Nodes of one account that start at the same moment, with pods waiting on each. */
export interface Fleet extends Kind {
  readonly nodes: number;
  readonly pods: number; // on each
}

/** What the start took of one side. */
export interface FleetCell extends Fleet, Side {
  readonly firstMs: Millis;
  readonly lastMs: Millis; // of the last pod of the last node
  readonly mutating: number;
  readonly throttled: number; // calls beyond the quota: RequestLimitExceeded
  readonly calls: CallCounts;
}

const WITHIN_MS = 3_600_000;

/** Both sides with both targets, on one emulator, at the same time; each with its own account's quota. */
export async function fleet(of: Fleet, seed: number): Promise<readonly FleetCell[]> {
  const indexes = Array.from({ length: of.nodes }, (_, i) => i);
  const contenders = SIDES.flatMap((side) => indexes.map((i) => contenderOf(side, of, i)));
  const region = new Region(contenders, seed);
  return region.until(Promise.all(SIDES.map((side) => one(region, side, { of, indexes }))), WITHIN_MS);
}

async function one(
  region: Region,
  side: Side,
  { of, indexes }: { of: Fleet; indexes: readonly number[] },
): Promise<FleetCell> {
  const { clock, calls } = region;
  const { nodes, took } = await startNodes(region, side, { kind: of, indexes, pods: of.pods });
  const last = clock.now();
  for (const node of nodes) await node.stop();
  const { account } = contenderOf(side, of);
  const mine = calls.filter((it) => it.account === account && it.at <= last);
  return {
    ...of,
    ...side,
    firstMs: Math.round(Math.min(...took)),
    lastMs: Math.round(Math.max(...took)),
    mutating: mine.filter(isMutating).length,
    throttled: countCalls(mine, 'RequestLimitExceeded'),
    calls: byAction(mine),
  };
}
