import type { Clock, Millis } from '../../src/base/clock.ts';
import { SimClock, type SimTime } from '../time.ts';

/**
 * The clock of a process whose machine may stand still: as on a virtual one that is moved, the steady clock knows
 * nothing of that, while everybody else's goes on.
 */
export class ReplicaClock implements Clock {
  readonly #time: SimTime;
  readonly #inner: SimClock;
  #frozenAt: Millis | undefined;
  #lostMs: Millis = 0;
  readonly #held: (() => void)[] = [];

  constructor(time: SimTime) {
    this.#time = time;
    this.#inner = new SimClock(time);
  }

  now(): Millis {
    return this.#inner.now();
  }

  steady(): Millis {
    return this.#inner.steady() - this.#lostMs;
  }

  timer(after: Millis, then: () => void): () => void {
    return this.#inner.timer(after, then);
  }

  get next(): Millis | undefined {
    return this.#frozenAt === undefined ? this.#inner.next : undefined;
  }

  fireNext(until: Millis): boolean {
    return this.#frozenAt === undefined && this.#inner.fireNext(until);
  }

  get frozen(): boolean {
    return this.#frozenAt !== undefined;
  }

  /** Nothing happens in the process from now on. */
  freeze(): void {
    this.#frozenAt ??= this.#time.now;
  }

  /** It goes on as if no time had passed, and hears at once what came meanwhile. */
  thaw(): void {
    if (this.#frozenAt === undefined) return;
    this.#lostMs += this.#time.now - this.#frozenAt;
    this.#frozenAt = undefined;
    for (const then of this.#held.splice(0)) then();
  }

  /** Does it now, or when the process goes on. */
  awake(then: () => void): void {
    if (this.#frozenAt === undefined) then();
    else this.#held.push(then);
  }
}
