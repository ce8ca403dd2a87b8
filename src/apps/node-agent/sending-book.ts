import type { Clock, Millis } from '../../base/clock.ts';
import { type Address, contains, type Prefix } from '../../base/ip.ts';
import { isSending, sendingToken } from '../../core/ipam/keep.ts';
import type { Holdable, NicId, Token } from '../../core/ipam/nic.ts';
import type { Journal } from '../../io/store/journal.ts';

interface BookDoors {
  readonly journal: Pick<Journal, 'append' | 'memory' | 'synced'>;
  readonly clock: Clock;
}

/** One entry. */
interface Sending {
  readonly token: Token;
  readonly nic: NicId;
  readonly what: Holdable;
}

/**
 * Which names' addresses the cloud was asked to take off, without anybody knowing whether it did: on record durably
 * before it is asked, so that no later agent takes such an address for one that is there. Throws JournalError.
 */
export class SendingBook {
  readonly #doors: BookDoors;

  constructor(doors: BookDoors) {
    this.#doors = doors;
  }

  isOpen(address: Address): boolean {
    return this.openOf(address).length > 0;
  }

  /** What was to leave which NIC, where an address is, or lies in, that. */
  openOf(what: Holdable): readonly Sending[] {
    const isOf = (it: Holdable) =>
      it === what || (it.includes('/') && !what.includes('/') && contains(it as Prefix, what as Address));
    return [...this.#doors.journal.memory().intents.values()].flatMap(({ intent, settledAt }) => {
      const [it] = intent.kind === 'unassign' ? intent.what : [];
      if (settledAt !== undefined || !isSending(intent) || it === undefined || !isOf(it)) return [];
      return { token: intent.token, nic: intent.nic, what: it };
    });
  }

  /** It is about to be asked. Again: that is the same entry. */
  async open(nic: NicId, what: Holdable): Promise<void> {
    const { journal, clock } = this.#doors;
    const at = clock.now();
    if (!this.openOf(what).some((it) => it.nic === nic)) {
      const intent = { kind: 'unassign', token: sendingToken(what, at), nic, what: [what] } as const;
      await journal.append([{ kind: 'intent', intent, at }]);
    }
    await journal.synced();
  }

  /** It has left. After a restart, too, a report that is late is not believed about it. */
  left(what: Holdable): Promise<void> {
    return this.#close(what, this.#doors.clock.now());
  }

  /** It is there again, or is nobody's concern any more: as if it had never been asked. */
  drop(what: Holdable): Promise<void> {
    return this.#close(what, 0);
  }

  async #close(what: Holdable, at: Millis): Promise<void> {
    const tokens: readonly Token[] = this.openOf(what).map(({ token }) => token);
    if (tokens.length > 0) await this.#doors.journal.append([{ kind: 'settled', tokens, at }]);
  }
}
