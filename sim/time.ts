import type { Clock, Millis } from '../src/base/clock.ts';

interface Timer {
  readonly at: Millis;
  readonly order: number; // of equal times the one that was set first
  readonly run: () => void;
}

/** Time that stands until it is moved. A process' clock is its own: its timers end with it. */
export class SimTime {
  #now: Millis;

  constructor(now: Millis) {
    this.#now = now;
  }

  get now(): Millis {
    return this.#now;
  }

  /** Moves on to a time; never back. */
  moveTo(at: Millis): void {
    this.#now = Math.max(this.#now, at);
  }
}

/** One process' clock. */
export class SimClock implements Clock {
  readonly #time: SimTime;
  readonly #timers = new Set<Timer>();
  #order = 0;

  constructor(time: SimTime) {
    this.#time = time;
  }

  now(): Millis {
    return this.#time.now;
  }

  steady(): Millis {
    return this.#time.now;
  }

  timer(after: Millis, then: () => void): () => void {
    const timer: Timer = { at: this.#time.now + Math.max(0, after), order: ++this.#order, run: then };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** When the next timer is due. */
  get next(): Millis | undefined {
    return this.#first()?.at;
  }

  /** Moves time to the next timer, unless it is later than `until`, and runs it. Whether there was one. */
  fireNext(until: Millis): boolean {
    const first = this.#first();
    if (first === undefined || first.at > until) return false;
    this.#timers.delete(first);
    this.#time.moveTo(first.at);
    first.run();
    return true;
  }

  #first(): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers)
      if (first === undefined || timer.at < first.at || (timer.at === first.at && timer.order < first.order))
        first = timer;
    return first;
  }
}
