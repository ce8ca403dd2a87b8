import type { Clock, Millis } from '../../../base/clock.ts';
import type { Token } from '../../../core/ipam/nic.ts';

/** EC2 may not show at once what it has made. */
const LAG_MS: Millis = 60_000;
/** So long a number is left alone that EC2 refused: on a trunk that somebody else attached a NIC of theirs has it. */
const REFUSED_MS: Millis = 3_600_000;
/** Numbers of VLANs that mean something: IEEE 802.1Q. */
const LAST_VLAN = 4094;

/** The numbers that NICs get on a trunk, and that EC2 may not tell of yet. */
export class VlanNumbers {
  readonly #clock: Clock;
  readonly #given = new Map<Token, { readonly vlan: number; readonly until: Millis }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** One that nobody has; asked again by the same token, the same: EC2 refuses a token with other words. */
  take(token: Token, used: ReadonlySet<number>): number | undefined {
    const now = this.#clock.now();
    for (const [it, { until }] of this.#given) if (until <= now) this.#given.delete(it);
    const before = this.#given.get(token)?.vlan;
    const given = new Set([...this.#given.values()].map(({ vlan }) => vlan));
    const vlan = before ?? firstNot((it) => used.has(it) || given.has(it));
    if (vlan !== undefined) this.#given.set(token, { vlan, until: Number.POSITIVE_INFINITY });
    return vlan;
  }

  /** Nothing is under way for it now: soon EC2 tells whether it is taken. `refused`: it has said so. */
  settle(token: Token, { refused }: { readonly refused: boolean }): void {
    const known = this.#given.get(token);
    const until = this.#clock.now() + (refused ? REFUSED_MS : LAG_MS);
    if (known !== undefined) this.#given.set(token, { ...known, until });
  }
}

function firstNot(isTaken: (vlan: number) => boolean): number | undefined {
  for (let vlan = 1; vlan <= LAST_VLAN; vlan++) if (!isTaken(vlan)) return vlan;
  return undefined;
}
