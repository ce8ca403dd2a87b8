import type { Millis } from '../../../base/clock.ts';
import { address } from '../../../base/ip.ts';
import { mac } from '../../../base/mac.ts';
import type { Random } from '../../../base/random.ts';
import type { BranchReport, BranchSpec } from '../../../core/branches/branch.ts';
import type { NicId, Token } from '../../../core/ipam/nic.ts';
import type { BranchProvider } from '../../../io/cloud/branches.ts';
import { CloudError, type CloudErrorKind } from '../../../io/cloud/provider.ts';
import { TRUNK } from './branch-cloud.ts';
import type { HandClock } from './hand-clock.ts';

/** How many it carries. */
export const MOST = 6;

/** Nothing was done, or perhaps. */
const NOES: readonly CloudErrorKind[] = ['unknown', 'away', 'throttled', 'busy', 'denied', 'limit'];
const LOST: readonly CloudErrorKind[] = ['unknown', 'away'];
/** How long calls, deletions that nobody waits for, and what a report does not show yet may take at most. */
const [CALL_MS, LATE_MS, LAG_MS] = [1_000, 8_000, 4_000] as const;

/** An agent between its start and its end. */
export interface Life {
  over: boolean;
}

interface Doors {
  readonly clock: HandClock;
  readonly random: Random;
  readonly deleted: (nic: NicId) => void; // hears of each deletion
}

/**
 * A cloud of branch NICs that does what it is asked without always saying so: answers are lost, deletions come late,
 * reports lag, and it says no at random. What an agent asked goes on when the agent has ended.
 */
export class UncertainBranches {
  readonly nics = new Map<NicId, BranchReport & { readonly token: Token }>();
  trunk = false;
  calls = 0;
  /** The part of the calls that fail. */
  trouble = 0.25;
  readonly #doors: Doors;
  readonly #shown: { readonly at: Millis; readonly nics: readonly BranchReport[] }[] = [];
  #made = 0;

  constructor(doors: Doors) {
    this.#doors = doors;
    this.#show();
  }

  /** The cloud as one agent sees it. */
  seenBy(life: Life): BranchProvider {
    const alive = <T>(work: Promise<T>): Promise<T> => {
      this.calls += life.over ? 0 : 1;
      const never = new Promise<T>(() => {});
      return work.then(
        (value) => (life.over ? never : value),
        (error: unknown) => (life.over ? never : Promise.reject(error)),
      );
    };
    return {
      most: () => alive(this.#most()),
      report: () => alive(this.#report()),
      create: (spec, token) => alive(this.#create(spec, token)),
      remove: (nic) => alive(this.#remove(nic)),
      removeTrunk: () => alive(this.#removeTrunk()),
    };
  }

  async #most(): Promise<number> {
    await this.#pause(CALL_MS);
    this.#mayFail(NOES);
    return MOST;
  }

  async #report(): Promise<readonly BranchReport[]> {
    await this.#pause(CALL_MS / 2);
    this.#mayFail(NOES);
    const { clock, random } = this.#doors;
    const asOf = clock.now() - (random.fraction() < 0.3 ? random.fraction() * LAG_MS : 0);
    const shown = this.#shown.findLast(({ at }) => at <= asOf) ?? this.#shown[0];
    await this.#pause(CALL_MS / 2);
    return shown?.nics ?? [];
  }

  async #create(spec: BranchSpec, token: Token): Promise<BranchReport> {
    await this.#pause(3 * CALL_MS);
    this.#mayFail(NOES);
    this.trunk = true;
    const { id } = [...this.nics.values()].find((it) => it.token === token) ?? this.#make(spec, token);
    this.#mayFail(LOST);
    await this.#pause(this.#doors.random.fraction() < 0.1 ? 30 * CALL_MS : CALL_MS);
    const nic = this.nics.get(id);
    if (nic === undefined) throw no('gone');
    const carried = { ...nic, carried: true };
    if (!nic.carried && [...this.nics.values()].filter((it) => it.carried).length >= MOST) {
      this.#delete(id);
      throw no('limit');
    }
    this.nics.set(id, carried);
    this.#show();
    this.#mayFail(LOST);
    return carried;
  }

  #make({ groups }: BranchSpec, token: Token): BranchReport {
    const n = ++this.#made;
    const [high, low] = [n >> 8, n & 255];
    const byte = (value: number) => value.toString(16).padStart(2, '0');
    const report = {
      ...{ id: `eni-${n}` as NicId, mac: mac(`0a:00:00:00:${byte(high + 2)}:${byte(low)}`), trunkMac: TRUNK, vlan: n },
      ...{ subnet: 's', gateways: [], addresses: [address(`10.0.${high}.${low}`)], groups, carried: false, token },
      createdAt: Number(token.split('@')[1]),
    };
    this.nics.set(report.id, report);
    this.#show();
    return report;
  }

  async #remove(nic: NicId): Promise<void> {
    await this.#pause(CALL_MS);
    const { random } = this.#doors;
    const luck = random.fraction();
    if (luck < this.trouble / 2) this.#mayFail(NOES, 1);
    if (luck < this.trouble) {
      void this.#pause(LATE_MS).then(() => this.#delete(nic));
      this.#mayFail(LOST, 1);
    }
    this.#delete(nic);
  }

  async #removeTrunk(): Promise<void> {
    await this.#pause(CALL_MS);
    this.#mayFail(NOES);
    if (this.nics.size > 0) throw no('busy');
    this.trunk = false;
  }

  #delete(nic: NicId): void {
    if (!this.nics.delete(nic)) return;
    this.#doors.deleted(nic);
    this.#show();
  }

  #show(): void {
    this.#shown.push({ at: this.#doors.clock.now(), nics: [...this.nics.values()] });
  }

  #pause(most: Millis): Promise<void> {
    const { clock, random } = this.#doors;
    return new Promise((resolve) => void clock.timer(random.fraction() * most, resolve));
  }

  #mayFail(kinds: readonly CloudErrorKind[], share = this.trouble): void {
    const { random } = this.#doors;
    const [luck, which] = [random.fraction(), Math.floor(random.fraction() * kinds.length)];
    if (luck < share) throw no(kinds[which] ?? 'unknown');
  }
}

function no(kind: CloudErrorKind): CloudError {
  return new CloudError(kind, { action: 'branch', code: kind, message: `a cloud that says ${kind}` });
}
