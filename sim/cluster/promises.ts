import type { Address } from '../../src/base/ip.ts';

/** What a name was told to be its own. */
interface Promised {
  readonly uid: string; // of its StaticAddress: another one is another promise
  readonly addresses: readonly Address[];
}

/** The addresses of names, as pods were told: kept outside of everything that could forget them. */
export class Promises {
  readonly #all: Map<string, Promised>;

  constructor(from?: Promises) {
    this.#all = new Map(from === undefined ? [] : from.#all);
  }

  /** What the name was told before, of the same StaticAddress. */
  told(name: string, uid: string): readonly Address[] | undefined {
    const before = this.#all.get(name);
    return before?.uid === uid ? before.addresses : undefined;
  }

  note(name: string, promised: Promised): void {
    this.#all.set(name, promised);
  }
}
