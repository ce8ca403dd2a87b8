import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster, Worker } from '../cluster/cluster.ts';
import { AUDIT_LOG } from '../cluster/control-plane.ts';

import { callsOf, counted } from './calls.ts';
import type { PodBook } from './pod-book.ts';
import { clear } from './start-up.ts';
import { AGENT, type Traffic, trafficBetween, usageOf } from './usage.ts';

/** What pods leave to be told has been told then: their addresses have cooled (30 s), and a word waits 19 s at most. */
export const SETTLED_MS = 55_000;

/** What one agent used in a while. */
export interface Stretch extends Traffic {
  readonly seconds: number;
  readonly pods: number; //   that came, or that stand
  readonly rssMb: number; //  at its end
  readonly cpuMs: number;
  readonly calls: Readonly<Record<string, number>>; // of the API server, by verb and resource
}

/** What the agent of the first node costs: without pods, while a node fills, with a full node, while it empties. */
export interface Costs {
  readonly idle: Stretch;
  readonly filling: Stretch;
  readonly full: Stretch;
  readonly emptying: Stretch;
  readonly setUp: Readonly<Record<string, number>>; // calls from the agent's start to the first stretch
}

/** Measures the agent of the first node. All its pods are gone afterwards. */
export async function costs(
  cluster: Cluster,
  book: PodBook,
  of: { readonly idleSeconds: number; readonly full: number; readonly tell: (line: string) => void },
): Promise<Costs> {
  const { idleSeconds, full, tell } = of;
  const [worker] = cluster.workers;
  if (worker === undefined) throw new RangeError('a cluster without workers');
  const log = cluster.control.logFile(AUDIT_LOG);
  const setUp = callsFrom(log, worker, 0);
  const stretch = (pods: number, work: () => Promise<unknown>) => stretchOf(worker, log, { pods, work });
  const rest = async (pods: number) => {
    await sleep(SETTLED_MS);
    return stretch(pods, () => sleep(idleSeconds * 1_000));
  };
  tell(`idle for ${idleSeconds} s`);
  const idle = await rest(0);
  tell(`${full} pods on one node`);
  const filling = await stretch(full, () => book.make(full, worker.name));
  const stand = await rest(full);
  const emptying = await stretch(full, () => clear(book, cluster.workers));
  return { idle, filling, full: stand, emptying, setUp };
}

async function stretchOf(
  worker: Worker,
  log: string,
  { pods, work }: { readonly pods: number; readonly work: () => Promise<unknown> },
): Promise<Stretch> {
  const [before, since] = [usageOf(worker, AGENT), Date.now()];
  await work();
  const [after, until] = [usageOf(worker, AGENT), Date.now()];
  return {
    seconds: (until - since) / 1_000,
    pods,
    rssMb: after.rssMb,
    cpuMs: after.cpuMs - before.cpuMs,
    ...trafficBetween(before.connections, after.connections),
    calls: callsFrom(log, worker, since),
  };
}

function callsFrom(log: string, { addresses }: Worker, since: number): Readonly<Record<string, number>> {
  return Object.fromEntries(counted(callsOf(log, since).filter(({ from }) => addresses.includes(from))));
}
