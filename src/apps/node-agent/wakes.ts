import type { Clock, Millis } from '../../base/clock.ts';

/** Whoever waits for something to happen to a name: woken when it may have. One of each name. */
export class Wakes {
  readonly #clock: Clock;
  readonly #wakes = new Map<string, () => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  has(name: string): boolean {
    return this.#wakes.has(name);
  }

  wake(name: string): void {
    this.#wakes.get(name)?.();
  }

  wakeAll(): void {
    for (const wake of this.#wakes.values()) wake();
  }

  /** What happens from now on is not missed. `within` resolves when it does, or after so long. */
  wait(name: string): { readonly within: (ms: Millis) => Promise<void>; readonly forget: () => void } {
    let wake = () => {};
    const woken = new Promise<void>((resolve) => (wake = resolve));
    this.#wakes.set(name, wake);
    return {
      within: (ms) => {
        const cancel = this.#clock.timer(ms, wake);
        return woken.finally(cancel);
      },
      forget: () => {
        if (this.#wakes.get(name) === wake) this.#wakes.delete(name);
      },
    };
  }
}
