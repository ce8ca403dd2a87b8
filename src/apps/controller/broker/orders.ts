import { CloudError } from '../../../io/cloud/provider.ts';

/** It was overtaken on its way: `newest` is the order of what was asked about that NIC since. */
export class Overtaken extends CloudError {
  readonly newest: number;

  constructor(nic: string, newest: number) {
    const message = `something newer was asked about ${nic} since: ask again`;
    super('busy', { action: 'controller', code: 'Overtaken', message });
    this.newest = newest;
  }
}

/** What was asked last about each NIC of one instance. A question without an order is of an agent that tells none. */
export class Orders {
  readonly #newest = new Map<string, number>();

  /** What touches a NIC is carried out now. */
  note(nic: string, order: number | undefined): void {
    if (order !== undefined) this.#newest.set(nic, Math.max(order, this.#newest.get(nic) ?? 0));
  }

  /**
   * The same for all that it touches, unless it was overtaken at one of them: its agent may long rely on what was asked
   * since. Throws Overtaken.
   */
  noteInTurn(nics: readonly string[], order: number | undefined): void {
    for (const nic of nics) {
      const newest = this.#newest.get(nic);
      if (order !== undefined && newest !== undefined && order < newest) throw new Overtaken(nic, newest);
    }
    for (const nic of nics) this.note(nic, order);
  }

  /** The NIC is gone. */
  forget(nic: string): void {
    this.#newest.delete(nic);
  }
}
