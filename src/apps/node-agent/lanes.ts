/** One lane a key: work of one key runs in the order it came, work of different keys overlaps. */
export class Lanes {
  readonly #tails = new Map<string, Promise<unknown>>();

  /**
   * Runs `work` after all earlier work of this key has ended, however it ended. Answers or throws what the work does.
   */
  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key);
    const mine = before === undefined ? work() : before.then(work, work);
    this.#tails.set(key, mine);
    try {
      return await mine;
    } finally {
      if (this.#tails.get(key) === mine) this.#tails.delete(key);
    }
  }

  /** Whether anything runs or waits for this key. */
  busy(key: string): boolean {
    return this.#tails.has(key);
  }

  /** How many keys have work. */
  get size(): number {
    return this.#tails.size;
  }

  /** Resolves when everything that runs or waits now has ended. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.#tails.values());
  }
}
