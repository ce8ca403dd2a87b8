import type { Clock, Millis } from '../../src/base/clock.ts';
import { realClock } from '../../src/io/system/clock.ts';

/** The real clock, which a test may set ahead: whoever waits for a time that has come by then is woken at once. */
export class SkippingClock implements Clock {
  #aheadMs: Millis = 0;
  readonly #waiting = new Map<symbol, { readonly at: Millis; readonly wake: () => void }>();

  now(): Millis {
    return realClock.now() + this.#aheadMs;
  }

  steady(): Millis {
    return realClock.steady() + this.#aheadMs;
  }

  timer(after: Millis, then: () => void): () => void {
    const key = Symbol('timer');
    const wake = () => {
      if (this.#waiting.delete(key)) then();
    };
    const cancel = realClock.timer(after, wake);
    this.#waiting.set(key, { at: this.steady() + after, wake });
    return () => {
      this.#waiting.delete(key);
      cancel();
    };
  }

  skip(ms: Millis): void {
    this.#aheadMs += ms;
    const now = this.steady();
    const due = [...this.#waiting.values()].filter(({ at }) => at <= now).toSorted((a, b) => a.at - b.at);
    for (const { wake } of due) wake();
  }
}
