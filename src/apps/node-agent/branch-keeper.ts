import type { Clock, Millis } from '../../base/clock.ts';
import type { Address } from '../../base/ip.ts';
import type { Logger } from '../../base/log.ts';
import type { AttachmentRecord } from '../../core/attachment.ts';
import * as book from '../../core/branches/book.ts';
import { ON_ITS_WAY_MS, reported } from '../../core/branches/reported.ts';
import type { NicId } from '../../core/ipam/nic.ts';
import { PATIENCE } from '../../core/ipam/trouble.ts';
import type { BranchProvider } from '../../io/cloud/branches.ts';
import { CloudError } from '../../io/cloud/provider.ts';
import type { Attachments } from './attachments.ts';
import type { History } from './history.ts';

export interface BranchKeeperDoors {
  readonly provider: BranchProvider;
  readonly clock: Clock;
  readonly log: Logger;
  readonly attachments: Attachments;
  readonly history: History;
  readonly cooldownMs: Millis;
  readonly idleMs: Millis;
  /** There where pods get none any more: whether something seems to be left of before. */
  readonly left?: () => boolean;
}

const RETRY_MS: Millis = 2_000; //    a cloud that did not tell what there is; doubled by each failure in a row
const LONGEST_RETRY_MS: Millis = ON_ITS_WAY_MS;
const REPORT_MS: Millis = 600_000; // what others did to our NICs is seen so late

/**
 * Keeps the book of the node's branch NICs true: asks the cloud, lets them rest and grow old, gives back those that
 * nobody takes. Where pods get none any more, it ends when all of them and the trunk have gone.
 */
export class BranchKeeper {
  readonly #doors: BranchKeeperDoors;
  #book: book.Book;
  #most: number | undefined;
  #trouble = 'the cloud has not told of them yet';
  #known = false;
  #tellKnown = (): void => {};
  readonly whenKnown = new Promise<void>((resolve) => (this.#tellKnown = resolve));
  #cancelAge: (() => void) | undefined;
  #cancelReport: (() => void) | undefined;
  #reportAt: Millis = Number.POSITIVE_INFINITY;
  #failures = 0; // of reports, in a row
  #stopped = false;

  constructor(doors: BranchKeeperDoors) {
    this.#doors = doors;
    this.#book = book.adopted(doors.attachments.all().flatMap(heldOnRecord));
  }

  get book(): book.Book {
    return this.#book;
  }

  /** How many the trunk carries; undefined: not told yet. */
  get most(): number | undefined {
    return this.#most;
  }

  get policy(): book.BranchPolicy {
    const { cooldownMs, idleMs } = this.#doors;
    return { cooldownMs, idleMs, most: this.#most ?? 0 };
  }

  /** Why the cloud has not told what there is; undefined: it has. */
  get unknown(): string | undefined {
    return this.#known ? undefined : this.#trouble;
  }

  start(): void {
    void this.#report();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancelAge?.();
    this.#cancelReport?.();
  }

  /** Then at the latest the cloud is asked what there is. */
  lookWithin(ms: Millis): void {
    const { clock } = this.#doors;
    const at = clock.now() + ms;
    if (this.#stopped || at >= this.#reportAt) return;
    this.#cancelReport?.();
    this.#reportAt = at;
    this.#cancelReport = clock.timer(ms, () => {
      this.#reportAt = Number.POSITIVE_INFINITY;
      void this.#report();
    });
  }

  become(next: book.Book): void {
    this.#book = next;
    this.#cancelAge?.();
    this.#cancelAge = undefined;
    const { clock } = this.#doors;
    const at = this.#stopped ? undefined : book.nextAge(next, this.policy);
    if (at === undefined) return;
    this.#cancelAge = clock.timer(Math.max(0, at - clock.now()), () => {
      const { book: aged, going } = book.aged(this.#book, this.policy, clock.now());
      this.become(aged);
      for (const nic of going) void this.remove(nic, 'housekeeping');
    });
  }

  /** Throws CloudError where a pod waits for it. */
  async remove(nic: NicId, urgency: 'pod' | 'housekeeping'): Promise<void> {
    const { provider, clock, log } = this.#doors;
    try {
      await provider.remove(nic, urgency);
      this.become(book.gone(this.#book, nic));
      log.info('pod NIC deleted', { nic });
    } catch (err) {
      log.warn('pod NIC not deleted', { nic, err });
      const open = !(err instanceof CloudError) || PATIENCE[err.kind].again;
      this.become(book.stayed(this.#book, nic, { now: clock.now(), open }));
      if (urgency === 'pod') throw err;
    }
    await this.#endIfEmpty();
  }

  async #report(): Promise<void> {
    const { provider, clock, log, history, attachments, left } = this.#doors;
    if (left?.() === false) return this.lookWithin(REPORT_MS);
    let nextMs = REPORT_MS;
    try {
      this.#most ??= await provider.most();
      const before = this.#book;
      const reports = await provider.report();
      const holders = new Map(
        attachments.all().flatMap(({ id, addresses }) => addresses.map((it) => [it, id] as const)),
      );
      const holderOf = (address: Address) => holders.get(address);
      const of = { before, now: clock.now(), policy: this.policy, holderOf };
      const told = reported(this.#book, reports, of);
      nextMs = told.lookMs ?? REPORT_MS;
      this.#failures = 0;
      this.become(told.book);
      for (const id of told.lost) history.note({ id }, { kind: 'cutOff', because: 'its NIC was deleted from outside' });
      for (const nic of told.going) void this.remove(nic, 'housekeeping');
      this.#known = true;
      this.#tellKnown();
    } catch (error) {
      this.#trouble = error instanceof Error ? error.message : String(error);
      log.warn('pod NICs not told', { err: error });
      nextMs = Math.min(LONGEST_RETRY_MS, RETRY_MS * 2 ** this.#failures++);
    }
    this.lookWithin(nextMs);
    await this.#endIfEmpty();
  }

  /** The trunk that has nothing to carry any more, where no pod will have anything carried. */
  async #endIfEmpty(): Promise<void> {
    const { provider, log, left } = this.#doors;
    if (left === undefined || !this.#known || this.#stopped || this.#book.branches.size > 0) return;
    try {
      await provider.removeTrunk('housekeeping');
      log.info('trunk given back', {});
      this.stop();
    } catch (err) {
      log.warn('trunk not given back', { err });
      this.lookWithin(ON_ITS_WAY_MS);
    }
  }
}

/** Enough of a report until the cloud tells it. */
function heldOnRecord({ id: by, addresses, branch }: AttachmentRecord) {
  if (branch === undefined) return [];
  const { id, mac, vlan, groups } = branch;
  const report = { id, mac, vlan, groups, addresses, trunkMac: mac, subnet: '', gateways: [], carried: true };
  return [{ by, report }];
}
