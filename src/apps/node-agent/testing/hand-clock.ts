import type { Clock, Millis } from '../../../base/clock.ts';

/** A clock that stands until a test moves it. */
export class HandClock implements Clock {
  #now: Millis = 1_800_000_000_000;
  readonly #timers = new Set<{ readonly at: Millis; readonly run: () => void }>();

  now(): Millis {
    return this.#now;
  }

  steady(): Millis {
    return this.#now;
  }

  timer(after: Millis, then: () => void): () => void {
    const timer = { at: this.#now + Math.max(0, after), run: then };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Timers that are set. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Moves on, timer by timer, and lets what each has begun come to rest. */
  async pass(ms: Millis): Promise<void> {
    const end = this.#now + ms;
    await settled();
    for (;;) {
      const [first] = [...this.#timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (first === undefined) break;
      this.#timers.delete(first);
      this.#now = Math.max(this.#now, first.at);
      first.run();
      await settled();
    }
    this.#now = end;
  }
}

/** When nothing that waits for nothing is left to run. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
}
