import type { Clock } from '../../base/clock.ts';
import {
  type BudgetSize,
  type ClusterBudget,
  hastened,
  left,
  newBudget,
  queued,
  served,
  slowed,
  waitingCalls,
} from '../../core/cluster/budget.ts';
import type { Budget } from './budget.ts';
import type { Urgency } from './provider.ts';

/** Sizes by what a call does. */
export interface BudgetSizes {
  readonly changing: BudgetSize;
  readonly reading: BudgetSize;
}

/** The budgets of all actions, since clouds count each by itself. */
export class SharedBudgets {
  readonly #sizes: BudgetSizes;
  readonly #clock: Clock;
  readonly #byAction = new Map<string, SharedBudget>();

  constructor(sizes: BudgetSizes, clock: Clock) {
    this.#sizes = sizes;
    this.#clock = clock;
  }

  /** What calls of an action on behalf of a node are spent of. */
  of(node: string, action: string): Budget {
    let budget = this.#byAction.get(action);
    if (budget === undefined) {
      const size = action.startsWith('Describe') ? this.#sizes.reading : this.#sizes.changing;
      budget = new SharedBudget(size, this.#clock);
      this.#byAction.set(action, budget);
    }
    return budget.of(node);
  }

  /** How many calls wait, by action. */
  get waiting(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#byAction].map(([action, { waiting }]) => [action, waiting]));
  }

  close(): void {
    for (const budget of this.#byAction.values()) budget.close();
  }
}

/** One budget of calls of one kind, for all nodes of a cluster: each sees its own side of it (`of`). */
export class SharedBudget {
  readonly #clock: Clock;
  readonly #going = new Map<number, () => void>();
  #budget: ClusterBudget;
  #ids = 0;
  #cancel: (() => void) | undefined;

  constructor(size: BudgetSize, clock: Clock) {
    this.#clock = clock;
    this.#budget = newBudget(size, clock.steady());
  }

  /** What calls on behalf of a node are spent of. */
  of(node: string): Budget {
    return {
      take: (urgency) => this.#take(node, urgency),
      slow: (fraction) => {
        this.#budget = slowed(this.#budget, fraction, this.#clock.steady());
        this.#serve();
      },
      hasten: () => {
        this.#budget = hastened(this.#budget, this.#clock.steady());
        this.#serve();
      },
      close: () => {}, // others of the node's calls may be under way by another side of it
    };
  }

  /** How many calls wait, of all nodes. */
  get waiting(): number {
    return waitingCalls(this.#budget);
  }

  /** Nobody goes any more: who waits, waits for ever. */
  close(): void {
    this.#cancel?.();
    this.#budget = left(this.#budget, () => true);
    this.#going.clear();
  }

  #take(node: string, urgency: Urgency): Promise<void> {
    const id = ++this.#ids;
    return new Promise((resolve) => {
      this.#going.set(id, resolve);
      this.#budget = queued(this.#budget, { id, node, urgency });
      this.#serve();
    });
  }

  #serve(): void {
    this.#cancel?.();
    const { budget, go, inMs } = served(this.#budget, this.#clock.steady());
    this.#budget = budget;
    if (inMs !== undefined) this.#cancel = this.#clock.timer(inMs, () => this.#serve());
    for (const { id } of go) {
      const resolve = this.#going.get(id);
      this.#going.delete(id);
      resolve?.();
    }
  }
}
