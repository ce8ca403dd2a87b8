import type { Clock, Millis } from '../../base/clock.ts';
import type { Urgency } from './provider.ts';

/** Calls of one kind: so many at once, and so many a second after that. */
export interface BudgetSize {
  readonly burst: number;
  readonly perSecond: number;
}

/** What a call of an urgency leaves untouched, as a part of the burst: a pod may take the last token. */
const KEPT: Readonly<Record<Urgency, number>> = { pod: 0, refill: 0.25, housekeeping: 0.5 };
const ORDER: readonly Urgency[] = ['pod', 'refill', 'housekeeping'];

interface Waiter {
  readonly urgency: Urgency;
  readonly go: () => void;
}

/**
 * A token bucket of this node's own, so that a cloud's quota is not spent by one node, and a waiting pod goes before a
 * refill, a refill before housekeeping.
 */
export class CallBudget {
  readonly #size: BudgetSize;
  readonly #clock: Clock;
  #tokens: number;
  #at: Millis;
  #waiting: readonly Waiter[] = [];
  #cancel: (() => void) | undefined;

  constructor(size: BudgetSize, clock: Clock) {
    this.#size = size;
    this.#clock = clock;
    this.#tokens = size.burst;
    this.#at = clock.steady();
  }

  /** Resolves when a call of this urgency may go. */
  take(urgency: Urgency): Promise<void> {
    return new Promise((resolve) => {
      const behind = this.#waiting.findIndex((it) => ORDER.indexOf(it.urgency) > ORDER.indexOf(urgency));
      const at = behind === -1 ? this.#waiting.length : behind;
      this.#waiting = this.#waiting.toSpliced(at, 0, { urgency, go: resolve });
      this.#serve();
    });
  }

  /** The cloud itself said that it was too much: nothing goes for a while. */
  empty(): void {
    this.#refill();
    this.#tokens = Math.min(this.#tokens, 0);
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  close(): void {
    this.#cancel?.();
  }

  #serve(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#refill();
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      const missing = 1 + KEPT[next.urgency] * (this.#size.burst - 1) - this.#tokens;
      if (missing > 0) {
        this.#cancel = this.#clock.timer(Math.ceil((missing / this.#size.perSecond) * 1_000), () => this.#serve());
        return;
      }
      this.#tokens -= 1;
      this.#waiting = this.#waiting.slice(1);
      next.go();
    }
  }

  #refill(): void {
    const now = this.#clock.steady();
    this.#tokens = Math.min(this.#size.burst, this.#tokens + ((now - this.#at) / 1_000) * this.#size.perSecond);
    this.#at = now;
  }
}
