import type { Millis } from '../../base/clock.ts';
import { Elector } from '../../io/kube/elector.ts';
import { fencedClient } from '../../io/kube/fenced-client.ts';
import { within } from '../../io/system/within.ts';
import type { ControllerDoors, ReconcilerDoors } from './doors.ts';
import { openBroker } from './broker/open-broker.ts';
import { notLeading } from './not-leading.ts';
import { reconcilersOf } from './reconcilers.ts';
import type { SourceState } from './source.ts';
import { everySource, openSources } from './sources.ts';
import { WorkRunner } from './work-runner.ts';

/** The Lease that the replicas share. */
export const LEASE = 'berth-controller';

/** So long what runs may end in order before the lease is given back. */
const STOP_MS: Millis = 2_000;

/** One replica as its server, its signals and the simulator see it. */
export interface Controller {
  /** Whether this replica works, at this very moment. */
  readonly leads: boolean;
  /** What is followed, and how well. */
  readonly sources: readonly SourceState[];
  /** Keys that wait or run, by reconciler. */
  readonly queues: Readonly<Record<string, number>>;
  /** Gives the lease back; resolves when nothing is under way. The client stays open: whoever opened it closes it. */
  stop(): Promise<void>;
}

/**
 * Starts one replica: it follows the cluster at once, so that it can take over without asking for everything first, and
 * works while it leads. A replica that ends in the middle leaves nothing that the next does not find.
 */
export function startController(doors: ControllerDoors): Controller {
  const { client, clock, random, log, meter, config } = doors;
  const leads = () => elector.leads;
  const sources = openSources({ client, clock, random, log }, config.namespace);
  const cloud = doors.openCloud?.(() => (leads() ? undefined : notLeading()));
  const own: ReconcilerDoors = { ...doors, client: fencedClient(client, leads), leads, cloud };
  const broker = doors.broker === undefined ? undefined : openBroker(own, sources, doors.broker);
  const reconcilers = [...reconcilersOf(own, sources), ...(broker === undefined ? [] : [broker.reconciler])];
  const reconciled = meter.reconciled.bind(meter);
  const runners = reconcilers.map((it) => new WorkRunner({ clock, random, log, reconciled }, it));
  const followed = everySource(sources).filter(({ wanted }) => wanted);
  const beginWhenKnown = () => {
    if (!leads()) return;
    for (const runner of runners) if (runner.known) runner.begin();
  };
  const elector = new Elector(
    { client, clock, random, log },
    { namespace: config.namespace, name: LEASE, me: config.replica },
    {
      began: beginWhenKnown,
      ended: () => {
        for (const runner of runners) runner.end();
      },
    },
  );
  for (const source of followed) {
    source.onceSynced(beginWhenKnown);
    source.start();
  }
  elector.start();
  return {
    get leads() {
      return leads();
    },
    get sources() {
      return followed;
    },
    get queues() {
      return Object.fromEntries(runners.map(({ name, length }) => [name, length]));
    },
    stop: async () => {
      for (const source of followed) source.stop();
      const idle = Promise.all(runners.map((runner) => runner.stop()));
      await within(STOP_MS, idle, clock); // another replica shall not wait for a call of ours
      await elector.stop(); // what runs still may write nothing more
      await idle;
      broker?.close();
      cloud?.close();
    },
  };
}
