import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../test/runtime/node.ts';
import type { Worker } from '../cluster/cluster.ts';
import { LOOPBACK, type Network, NETWORKS, PLUGINS, switchTo, type Timing, timingsOf } from './networks.ts';
import type { PodBook } from './pod-book.ts';

const CLEAN_MS = 120_000;
const TRIES = 20;
/** What a crowd's end leaves kubelets and kernel to do: nobody shall pay for what came before. */
const REST_MS = 1_000;

/** One pod's start. */
export interface Start {
  readonly network: Network;
  readonly crowd: number; //   how many began together
  readonly startMs: number; // from scheduled to Ready, as a watch hears it
  readonly cniMs: number; //   of it, inside the network's plugins
  readonly loopbackMs: number; // and in the plugin that brings up the pod's lo
}

/** How often how many pods begin together, in each round of each network. */
export type Crowds = readonly (readonly [crowd: number, times: number])[];

/** Rounds in which each network has its turn, so that what disturbs the machine disturbs both. */
export async function startUps(
  book: PodBook,
  workers: readonly Worker[],
  of: { readonly rounds: number; readonly crowds: Crowds; readonly tell: (line: string) => void },
): Promise<readonly Start[]> {
  const starts: Start[] = [];
  for (let round = 1; round <= of.rounds; round++)
    for (const network of NETWORKS.map((_, i) => NETWORKS[(i + round) % NETWORKS.length] as Network)) {
      await settle(book, workers, network);
      for (const [crowd, times] of of.crowds)
        for (let i = 1; i <= times; i++) {
          of.tell(`round ${round} of ${of.rounds}: ${network}, ${crowd} at once, ${i} of ${times}`);
          starts.push(...(await crowdOf(book, workers, { network, crowd })));
        }
    }
  return starts;
}

/** Until every node's runtime has noticed whose turn it is; the pods of these tries count for nobody. */
async function settle(book: PodBook, workers: readonly Worker[], network: Network): Promise<void> {
  switchTo(network, workers);
  for (let i = 1; i <= TRIES; i++) {
    const tried = await Promise.all(workers.map(({ name }) => book.make(1, name)));
    const timings = timingsOf(workers);
    const told = tried.map((pods) => adds(timings, [...pods.keys()][0] ?? '', PLUGINS[network]).length > 0);
    await clear(book, workers);
    if (told.every(Boolean)) return;
  }
  throw new Error(`not all nodes take on ${network}`);
}

async function crowdOf(
  book: PodBook,
  workers: readonly Worker[],
  { network, crowd }: { readonly network: Network; readonly crowd: number },
): Promise<readonly Start[]> {
  const began = await book.make(crowd);
  const timings = timingsOf(workers);
  const starts = [...began].map(([name, startMs]) => {
    const own = adds(timings, name, PLUGINS[network]);
    if (own.length === 0) throw new Error(`${name} is none of ${network}`);
    return { network, crowd, startMs, cniMs: sumMs(own), loopbackMs: sumMs(adds(timings, name, [LOOPBACK])) };
  });
  await clear(book, workers);
  return starts;
}

function adds(timings: readonly Timing[], pod: string, plugins: readonly string[]): readonly Timing[] {
  return timings.filter((it) => it.pod === pod && it.verb === 'ADD' && plugins.includes(it.plugin));
}

function sumMs(timings: readonly Timing[]): number {
  return timings.reduce((sum, { ms }) => sum + ms, 0);
}

/** Deletes all pods, until their sandboxes are gone as well: each network takes back what it gave. */
export async function clear(book: PodBook, workers: readonly Worker[]): Promise<void> {
  const names = await book.clear();
  const lastOf = NETWORKS.map((network) => PLUGINS[network][0]); // DEL goes through a list from its end
  await until(CLEAN_MS, 'all sandboxes are gone', () => {
    const done = timingsOf(workers).filter(({ verb, plugin }) => verb === 'DEL' && lastOf.includes(plugin));
    const pods = new Set(done.map(({ pod }) => pod));
    return names.every((name) => pods.has(name));
  });
  await sleep(REST_MS);
}
