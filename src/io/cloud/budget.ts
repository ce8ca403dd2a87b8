import type { Clock, Millis } from '../../base/clock.ts';
import type { BudgetSize } from '../../core/cluster/budget.ts';
import type { Urgency } from './provider.ts';

export type { BudgetSize } from '../../core/cluster/budget.ts';

/** What calls of one kind are spent of. */
export interface Budget {
  /** Resolves when a call of this urgency may go. */
  take(urgency: Urgency): Promise<void>;
  /** The cloud itself said that it was too much, of all nodes together. `fraction`: 0 to 1, by chance. */
  slow(fraction: number): void;
  /** The cloud took a call. */
  hasten(): void;
  close(): void;
}

/** So much slower than its size a budget becomes at most: what 500 nodes that are refused together must share. */
const SLOWEST = 1 / 32;

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
export class CallBudget implements Budget {
  readonly #size: BudgetSize;
  readonly #clock: Clock;
  #tokens: number;
  #pace = 1; // part of the size's tokens a second
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

  /**
   * The cloud itself said that it was too much, of all nodes together: nothing goes for a while, and from then on half
   * as often as before. `fraction`: 0 to 1, by chance, so that nodes that were refused together do not come back
   * together.
   */
  slow(fraction: number): void {
    this.#refill();
    this.#pace = Math.max(SLOWEST, this.#pace / 2);
    this.#tokens = Math.min(this.#tokens, -fraction);
  }

  /** The cloud took a call: twice as often as before, up to the size. */
  hasten(): void {
    if (this.#pace === 1) return;
    this.#refill();
    this.#pace = Math.min(1, 2 * this.#pace);
    this.#serve();
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
        this.#cancel = this.#clock.timer(Math.ceil((missing / this.#perSecond) * 1_000), () => this.#serve());
        return;
      }
      this.#tokens -= 1;
      this.#waiting = this.#waiting.slice(1);
      next.go();
    }
  }

  get #perSecond(): number {
    return this.#size.perSecond * this.#pace;
  }

  #refill(): void {
    const now = this.#clock.steady();
    this.#tokens = Math.min(this.#size.burst, this.#tokens + ((now - this.#at) / 1_000) * this.#perSecond);
    this.#at = now;
  }
}
