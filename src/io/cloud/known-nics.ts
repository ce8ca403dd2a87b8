import type { Millis } from '../../base/clock.ts';
import type { Holdable, NicId, NicReport, Token } from '../../core/ipam/nic.ts';

/** More than the pool asks at once: those beyond it has given up. */
const MOST_OPEN = 256;
/** So long a cloud may show what was given back. */
const SHOWN_MS: Millis = 60_000;

interface Asked {
  readonly had: readonly Holdable[];
}

/** What the NICs of this node held last, as far as anybody told, and what they held when a change was first asked. */
export class KnownNics {
  #all: readonly NicReport[];
  readonly #open = new Map<Token, Asked>(); // assigns of which nobody knows whether they were carried out
  readonly #returned = new Map<Holdable, Millis>();
  readonly #since: Millis;

  /** `since`: tokens from before were asked by another process of ours, and nobody knows what came of them. */
  constructor(all: readonly NicReport[], since: Millis) {
    [this.#all, this.#since] = [all, since];
  }

  get all(): readonly NicReport[] {
    return this.#all;
  }

  set all(nics: readonly NicReport[]) {
    this.#all = nics;
  }

  /**
   * An assign is about to be asked. `again`: it may have been carried out before. What was given back lately counts as
   * held: a cloud shows it for a while. Of a NIC that nobody told of nothing can be said.
   */
  asked(token: Token, nic: NicId, now: Millis): Partial<Asked> & { readonly again: boolean } {
    const before = this.#open.get(token);
    if (before !== undefined) return { ...before, again: true };
    const known = this.#all.find(({ id }) => id === nic);
    if (known === undefined) return { again: false };
    for (const [it, at] of this.#returned) if (now - at > SHOWN_MS) this.#returned.delete(it);
    const asked = { had: [...known.addresses, ...known.prefixes, ...this.#returned.keys()] };
    this.#open.set(token, asked);
    const [oldest] = this.#open.keys();
    if (this.#open.size > MOST_OPEN && oldest !== undefined) this.#open.delete(oldest);
    return { ...asked, again: (timeOf(token) ?? this.#since) < this.#since };
  }

  /** It is known what came of it. */
  settled(token: Token): void {
    this.#open.delete(token);
  }

  add(nic: NicReport): void {
    this.#all = [...this.#all.filter(({ id }) => id !== nic.id), nic];
  }

  drop(nic: NicId): void {
    this.#all = this.#all.filter(({ id }) => id !== nic);
  }

  gained(nic: NicId, what: readonly Holdable[]): void {
    this.#change(nic, (held) => [...new Set([...held, ...what])]);
  }

  lost(nic: NicId, what: readonly Holdable[], now: Millis): void {
    for (const it of what) this.#returned.set(it, now);
    this.#change(nic, (held) => held.filter((it) => !what.includes(it)));
  }

  #change(nic: NicId, change: (held: readonly Holdable[]) => readonly Holdable[]): void {
    this.#all = this.#all.map((it) => {
      if (it.id !== nic) return it;
      const held = change([...it.addresses, ...it.prefixes]);
      return { ...it, addresses: held.filter(isAddress), prefixes: held.filter((one) => !isAddress(one)) };
    }) as readonly NicReport[];
  }
}

function isAddress(it: Holdable): boolean {
  return !it.includes('/');
}

/** A token that holds its time, "…@1700000000000", gives it. */
function timeOf(token: Token): Millis | undefined {
  const at = Number(token.split('@')[1]);
  return Number.isFinite(at) ? at : undefined;
}
