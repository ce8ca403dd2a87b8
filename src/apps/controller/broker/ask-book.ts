import type { Clock, Millis } from '../../../base/clock.ts';
import type { Answer } from '../../../wire/broker/answer.ts';

/** An agent that waits for longer is told that it is being worked on, and asks again. */
const HELD_MS: Millis = 5_000;
/** What was answered is given again for so long, should it have been lost on its way: longer than an agent asks. */
const KEPT_MS: Millis = 120_000;
/** A node's pool asks fewer at once. */
const MOST_OF_A_NODE = 64;

/** One question as it is carried out. `work` never throws. */
export interface Asking {
  readonly node: string;
  readonly id: string;
  readonly changes: boolean; // something: to be done once
  readonly work: () => Promise<Answer>;
}

/** Questions that are being worked on, or were lately: however often one is asked, it is carried out once. */
export class AskBook {
  readonly #clock: Clock;
  readonly #answers = new Map<string, Promise<Answer>>();
  readonly #running = new Map<string, number>(); // by node
  readonly #timers = new Map<() => void, () => void>(); // what is due then, by how it is cancelled
  #closed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many are being worked on. */
  get running(): number {
    return [...this.#running.values()].reduce((sum, it) => sum + it, 0);
  }

  /** The answer, or `pending`. What failed is forgotten once it has been told: asked again, it is tried again. */
  async answer(asking: Asking): Promise<Answer> {
    const key = `${asking.node} ${asking.id}`;
    let answer = this.#answers.get(key);
    if (answer === undefined) {
      if ((this.#running.get(asking.node) ?? 0) >= MOST_OF_A_NODE) return tooMany(asking.node);
      answer = this.#begin(key, asking);
    }
    const told = await this.#within(answer);
    const isKept = told.is === 'pending' || (told.is === 'done' && asking.changes);
    if (!isKept && this.#answers.get(key) === answer) this.#answers.delete(key);
    return told;
  }

  /** Who waits is told that it is being worked on; nothing is kept any more. */
  close(): void {
    this.#closed = true;
    for (const then of [...this.#timers.values()]) then();
  }

  #begin(key: string, { node, work }: Asking): Promise<Answer> {
    this.#count(node, 1);
    const answer = work();
    this.#answers.set(key, answer);
    void answer.then(() => {
      this.#count(node, -1);
      this.#later(KEPT_MS, () => {
        if (this.#answers.get(key) === answer) this.#answers.delete(key);
      });
    });
    return answer;
  }

  #within(answer: Promise<Answer>): Promise<Answer> {
    return new Promise((resolve) => {
      const cancel = this.#later(HELD_MS, () => resolve({ is: 'pending' }));
      void answer.then((it) => {
        cancel();
        resolve(it);
      });
    });
  }

  #count(node: string, more: number): void {
    const count = (this.#running.get(node) ?? 0) + more;
    if (count === 0) this.#running.delete(node);
    else this.#running.set(node, count);
  }

  #later(after: Millis, then: () => void): () => void {
    const cancel = () => {
      this.#timers.delete(cancel);
      stop();
    };
    const due = () => {
      cancel();
      then();
    };
    const stop = this.#clock.timer(this.#closed ? 0 : after, due);
    this.#timers.set(cancel, due);
    return cancel;
  }
}

function tooMany(node: string): Answer {
  const message = `${MOST_OF_A_NODE} questions of ${node} are being worked on: no more at once`;
  return { is: 'failed', failure: { kind: 'busy', action: 'controller', code: 'TooMany', message } };
}
