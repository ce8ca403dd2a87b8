import type { Clock, Millis } from '../../base/clock.ts';

/** Does something at once and then again and again, one round after the other, until it is stopped. */
export class Rounds {
  readonly #clock: Clock;
  readonly #round: () => Promise<Millis>;
  #cancel = () => {};
  #stopped = false;

  /** `round` answers in how long the next is due. It must not throw. */
  constructor(clock: Clock, round: () => Promise<Millis>) {
    this.#clock = clock;
    this.#round = round;
  }

  start(): void {
    void this.#go();
  }

  /** A round that is under way ends; none follows. */
  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  async #go(): Promise<void> {
    const next = await this.#round();
    if (!this.#stopped) this.#cancel = this.#clock.timer(next, () => void this.#go());
  }
}
