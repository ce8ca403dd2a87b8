import type { Millis } from '../../src/base/clock.ts';
import { awsRules } from '../../emulator/dialects/aws/rules.ts';
import { quantile } from '../bench/statistics.ts';
import { byAction, type CallCounts, countCalls, isMutating } from './counts.ts';
import type { Node } from './node.ts';
import { Region, type SeenCall } from './region.ts';
import { contenderOf, type Kind, type Side, startNodes } from './sides.ts';

/** More nodes of one account than its quota lets start at once; then each goes on with its pods coming and going. */
export interface Crowd extends Kind {
  readonly nodes: number;
  readonly pods: number; //      on each
  readonly everyMs: Millis; //   after the start, each node has one pod go and another come
  readonly forMs: Millis;
}

/** What it took of one side. Times of pods from the start on. */
export interface CrowdCell extends Crowd, Side {
  readonly quotaMs: Millis; //   what the calls that went well take by the quota alone
  readonly firstMs: Millis;
  readonly medianMs: Millis;
  readonly p99Ms: Millis;
  readonly lastMs: Millis;
  readonly calls: CallCounts;
  readonly throttled: number; // of these calls: RequestLimitExceeded
  readonly later: {
    readonly calls: number;
    readonly mutating: number;
    readonly throttled: number;
    readonly slowestMs: Millis; // of the pods that came
  };
}

const WITHIN_MS = 7_200_000;

/** One side, with an account to itself. */
export async function crowd(of: Crowd, side: Side, seed: number): Promise<CrowdCell> {
  const indexes = Array.from({ length: of.nodes }, (_, i) => i);
  const region = new Region(
    indexes.map((i) => contenderOf(side, of, i)),
    seed,
  );
  return region.until(run(region, side, { of, indexes }), WITHIN_MS);
}

async function run(
  region: Region,
  side: Side,
  { of, indexes }: { of: Crowd; indexes: readonly number[] },
): Promise<CrowdCell> {
  const { calls } = region;
  const { nodes, took } = await startNodes(region, side, { kind: of, indexes, pods: of.pods });
  const started = calls.length;
  const slowestMs = await goOn(region, nodes, of);
  for (const node of nodes) await node.stop();
  const [early, late] = [calls.slice(0, started), calls.slice(started)];
  const at = (part: number) => Math.round(quantile(took, part));
  return {
    ...of,
    ...side,
    quotaMs: Math.round(quotaMs(early)),
    ...{ firstMs: at(0), medianMs: at(0.5), p99Ms: at(0.99), lastMs: at(1) },
    calls: byAction(early),
    throttled: countCalls(early, 'RequestLimitExceeded'),
    later: {
      calls: late.length,
      mutating: late.filter(isMutating).length,
      throttled: countCalls(late, 'RequestLimitExceeded'),
      slowestMs: Math.round(slowestMs),
    },
  };
}

/** Nodes are spread over the time between two of their pods. Answers how long the slowest pod waited. */
async function goOn({ clock }: Region, nodes: readonly Node[], of: Crowd): Promise<Millis> {
  const pause = (ms: Millis) => new Promise<void>((resolve) => void clock.timer(ms, resolve));
  let slowest = 0;
  const one = async (node: Node, index: number) => {
    await pause((of.everyMs * index) / nodes.length);
    for (let i = 0; i * of.everyMs < of.forMs; i++) {
      await node.remove(`pod${i}`);
      const asked = clock.now();
      await node.add(`pod${i + of.pods}`);
      slowest = Math.max(slowest, clock.now() - asked);
      await pause(of.everyMs);
    }
  };
  await Promise.all(nodes.map(one));
  return slowest;
}

/** How long the calls that went well take at least: a bucket of each action, full at first. */
function quotaMs(calls: readonly SeenCall[]): Millis {
  const { buckets } = awsRules();
  const fine = byAction(calls.filter(({ code }) => code === undefined));
  const least = Object.entries(fine).map(([action, count]) => {
    const size = buckets[action] ?? buckets[`${action} filtered`];
    return size === undefined ? 0 : ((count - size.capacity) / size.perSecond) * 1_000;
  });
  return Math.max(0, ...least);
}
