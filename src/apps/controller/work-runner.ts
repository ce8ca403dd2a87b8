import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import type { Random } from '../../base/random.ts';
import { asked, ended, type Ended, nextDue, noWork, taken, type WorkQueue } from '../../core/cluster/work-queue.ts';
import { CloudError } from '../../io/cloud/provider.ts';
import { KubeError } from '../../io/kube/client.ts';
import type { Reconciler } from './reconciler.ts';

export interface WorkDoors {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** One reconcile has ended: "ok", or the kind of what it threw. */
  readonly reconciled: (reconciler: string, outcome: string, seconds: number) => void;
}

/** So many are begun before others have a word: some milliseconds. */
const IN_A_ROW = 100;

/**
 * The queue of one reconciler and its hands. Keys that are told while nobody leads are forgotten: whoever begins to
 * lead looks at everything.
 */
export class WorkRunner {
  readonly #doors: WorkDoors;
  readonly #reconciler: Reconciler;
  #queue: WorkQueue = noWork;
  #leading = false;
  #serving = false; // leads, and nothing runs any more that an earlier leadership began
  #begun = 0; //        since it rested last
  #resting = false;
  readonly #running = new Set<Promise<void>>();
  #cancel: (() => void) | undefined;

  constructor(doors: WorkDoors, reconciler: Reconciler) {
    this.#doors = doors;
    this.#reconciler = reconciler;
    for (const watch of reconciler.watches) watch.follow((key) => this.#ask(key));
  }

  get name(): string {
    return this.#reconciler.name;
  }

  /** Whether everything that it looks at is known. One kind that is not to be had keeps no other reconciler waiting. */
  get known(): boolean {
    return this.#reconciler.watches.every((watch) => watch.synced());
  }

  /** Keys that wait or run. */
  get length(): number {
    return this.#queue.entries.size;
  }

  /** This replica leads, and everything it looks at is known: looks at all of it once, then at what changes. */
  begin(): void {
    if (this.#leading) return;
    this.#leading = true;
    void Promise.all(this.#running).then(() => {
      if (!this.#leading || this.#serving) return;
      this.#serving = true;
      this.#reconciler.began?.();
      for (const watch of this.#reconciler.watches) for (const key of watch.all()) this.#put(key);
      this.#serve();
    });
  }

  /** Begins nothing any more. What runs ends by itself: its writes are refused from now on. */
  end(): void {
    this.#leading = false;
    this.#serving = false;
    this.#queue = noWork;
    this.#cancel?.();
  }

  /** Ends, and resolves when nothing runs. */
  async stop(): Promise<void> {
    this.end();
    await Promise.all(this.#running);
  }

  #ask(key: string): void {
    if (!this.#serving) return;
    this.#put(key);
    this.#serve();
  }

  #put(key: string): void {
    this.#queue = asked(this.#queue, key, this.#doors.clock.steady());
  }

  #serve(): void {
    if (!this.#serving) return;
    const { clock } = this.#doors;
    while (this.#running.size < this.#reconciler.atOnce) {
      if (this.#begun >= IN_A_ROW) return this.#rest();
      const { queue, key } = taken(this.#queue, clock.steady());
      if (key === undefined) break;
      this.#queue = queue;
      this.#begun++;
      const run: Promise<void> = this.#run(key).finally(() => {
        this.#running.delete(run);
        this.#serve();
      });
      this.#running.add(run);
    }
    this.#cancel?.();
    const due = nextDue(this.#queue);
    if (due === undefined || this.#running.size >= this.#reconciler.atOnce) return;
    this.#cancel = clock.timer(Math.max(0, due - clock.steady()), () => this.#serve());
  }

  /** Lets everybody else have a word: most reconciles wait for nothing, and there may be thousands. */
  #rest(): void {
    if (this.#resting) return;
    this.#resting = true;
    this.#doors.clock.timer(0, () => {
      this.#resting = false;
      this.#begun = 0;
      this.#serve();
    });
  }

  async #run(key: string): Promise<void> {
    const { clock, reconciled } = this.#doors;
    const began = clock.steady();
    const how = await this.#reconcile(key);
    reconciled(this.name, how.outcome, (clock.steady() - began) / 1_000);
    if (this.#serving) this.#queue = ended(this.#queue, key, how.ended, clock.steady());
  }

  async #reconcile(key: string): Promise<{ readonly outcome: string; readonly ended: Ended }> {
    const { random, log } = this.#doors;
    try {
      const again = await this.#reconciler.reconcile(key);
      return { outcome: 'ok', ended: { ok: true, againInMs: again?.againInMs } };
    } catch (error) {
      if (!(error instanceof KubeError) && !(error instanceof CloudError)) throw error;
      const { kind, message: says, retryAfterMs: atLeastMs } = error;
      const level = kind === 'conflict' || kind === 'ended' ? 'debug' : 'warn'; // somebody was first; tried again
      log[level]('not reconciled', { reconciler: this.name, key, kind, says });
      return { outcome: kind, ended: { ok: false, fraction: random.fraction(), atLeastMs } };
    }
  }
}
