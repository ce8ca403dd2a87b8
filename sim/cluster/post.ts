import type { Millis } from '../../src/base/clock.ts';
import type { Actor } from '../cloud/cluster.ts';
import type { SimTime } from '../time.ts';

/** Something on its way. `kept`: what arrives though its sender has ended. */
interface Errand<K> {
  readonly at: Millis;
  readonly order: number;
  readonly kept: K | undefined;
  readonly arrive: () => void;
}

/** What is between processes: messages on their way, on simulated time. */
export class Post<K = never> implements Actor {
  readonly #time: SimTime;
  #errands: readonly Errand<K>[] = [];
  #order = 0;

  constructor(time: SimTime) {
    this.#time = time;
  }

  /** Something arrives after a while, or at `at` where that is later; of equal times what was sent first. */
  send(after: Millis, arrive: () => void, of: { readonly kept?: K; readonly notBefore?: Millis } = {}): Millis {
    const at = Math.max(this.#time.now + after, of.notBefore ?? 0);
    const errand = { at, order: ++this.#order, kept: of.kept, arrive };
    const behind = this.#errands.findIndex((it) => it.at > at);
    this.#errands = this.#errands.toSpliced(behind === -1 ? this.#errands.length : behind, 0, errand);
    return at;
  }

  /** What would arrive though all senders ended now, and after how long. */
  get kept(): readonly { readonly after: Millis; readonly what: K }[] {
    const { now } = this.#time;
    return this.#errands.flatMap(({ at, kept }) => (kept === undefined ? [] : { after: at - now, what: kept }));
  }

  get next(): Millis | undefined {
    const [first] = this.#errands;
    return first === undefined ? undefined : Math.max(first.at, this.#time.now);
  }

  fireNext(until: Millis): boolean {
    const [first] = this.#errands;
    if (first === undefined || first.at > until) return false;
    this.#errands = this.#errands.slice(1);
    this.#time.moveTo(first.at);
    first.arrive();
    return true;
  }
}
