import type { Clock, Millis } from '../../base/clock.ts';
import type { Address } from '../../base/ip.ts';
import { hash64 } from '../../base/hash.ts';
import type { Logger } from '../../base/log.ts';
import type { AttachmentId, AttachmentRecord } from '../../core/attachment.ts';
import * as book from '../../core/branches/book.ts';
import type { BranchReport, BranchSpec } from '../../core/branches/branch.ts';
import type { BranchDatapath, Enforcing } from '../../core/datapath/branch-plan.ts';
import type { NicId, Token } from '../../core/ipam/nic.ts';
import type { BranchProvider } from '../../io/cloud/branches.ts';
import { CloudError } from '../../io/cloud/provider.ts';
import type { Kernel } from '../../io/kernel/kernel.ts';
import type { Attachments } from './attachments.ts';
import { BranchLinks } from './branch-links.ts';
import type { AgentDoors } from './doors.ts';
import type { History } from './history.ts';
import { RefusalError } from './pool-runner.ts';

export interface BranchRunnerDoors {
  readonly provider: BranchProvider;
  readonly kernel: Kernel;
  readonly clock: Clock;
  readonly log: Logger;
  readonly attachments: Attachments;
  readonly history: History;
  readonly enforcing: Enforcing;
  readonly cooldownMs: Millis;
  readonly idleMs: Millis;
}

/** Which NIC an ADD of the sandbox `netns` wants. */
export interface BranchWish extends BranchSpec {
  readonly by: AttachmentId;
  readonly netns: string;
  readonly until: Millis;
}

export interface ClaimedBranch {
  readonly branch: BranchReport;
  readonly on: BranchDatapath['on'];
}

/** An ADD that waits. `over`: it was answered. */
interface Wait {
  readonly netns: string;
  readonly since: Millis;
  over: boolean;
  cancel: () => void;
}

const RETRY_MS: Millis = 2_000; //    a cloud that did not tell what there is
const REPORT_MS: Millis = 600_000; // what others did to our NICs is seen so late

/** Undefined where pods have the groups of their node. Nothing is asked yet. */
export function openBranches(
  { provider, clock, log, config }: AgentDoors,
  of: Pick<BranchRunnerDoors, 'attachments' | 'history' | 'kernel'>,
): BranchRunner | undefined {
  const { podGroups: enforcing, podNicIdleMs: idleMs } = config.cloud;
  if (provider?.branches === undefined || enforcing === 'off') return undefined;
  const { cooldownMs } = config.pool;
  return new BranchRunner({ provider: provider.branches, clock, log, enforcing, cooldownMs, idleMs, ...of });
}

/**
 * The node's branch NICs. Who has which is on record with the attachment; all else the cloud tells anew: a NIC that was
 * made for an ADD that nobody remembers is found by its tags, and serves the next pod with its groups, or goes.
 */
export class BranchRunner {
  readonly #doors: BranchRunnerDoors;
  readonly #links: BranchLinks;
  #book: book.Book;
  #most: number | undefined;
  #trouble = 'the cloud has not told of them yet';
  #known = false;
  #tellKnown = (): void => {};
  readonly #whenKnown = new Promise<void>((resolve) => (this.#tellKnown = resolve));
  #cancelAge: (() => void) | undefined;
  #cancelReport: (() => void) | undefined;
  readonly #waits = new Map<AttachmentId, Wait>(); // ADDs that wait, seldom for long
  #stopped = false;

  constructor(doors: BranchRunnerDoors) {
    this.#doors = doors;
    this.#links = new BranchLinks(doors);
    this.#book = book.adopted(doors.attachments.all().flatMap(heldOnRecord));
  }

  get book(): book.Book {
    return this.#book;
  }

  /** How many the trunk carries; undefined: not told yet. */
  get most(): number | undefined {
    return this.#most;
  }

  start(): void {
    void this.#report();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancelAge?.();
    this.#cancelReport?.();
  }

  get enforcing(): Enforcing {
    return this.#doors.enforcing;
  }

  /** A NIC with exactly these groups, and where its link is. Throws RefusalError, KernelError: it has none then. */
  async claim(of: BranchWish): Promise<ClaimedBranch> {
    const wait: Wait = { netns: of.netns, since: this.#doors.clock.now(), over: false, cancel: () => {} };
    const cancelled = new Promise<never>((_, refuse) => {
      wait.cancel = () => refuse(this.#cancelled(wait));
    });
    this.#waits.set(of.by, wait);
    try {
      return await Promise.race([this.#claim(of, wait), cancelled]);
    } catch (error) {
      wait.over = true; // what comes from now on is not its own
      this.give(of.by, false);
      throw error;
    } finally {
      this.#waits.delete(of.by);
    }
  }

  /** An ADD that still waits is refused now, if it is this one: its sandbox is being removed. */
  cancel(by: AttachmentId, isThis: (netns: string) => boolean): void {
    const wait = this.#waits.get(by);
    if (wait !== undefined && isThis(wait.netns)) wait.cancel();
  }

  /** The attachment's NIC is its no more; unknown: nothing happens. */
  give(by: AttachmentId, used: boolean): void {
    this.#become(book.give(this.#book, by, { used, now: this.#doors.clock.now(), policy: this.#policy }));
  }

  #cancelled({ since }: Wait): RefusalError {
    return new RefusalError({ why: 'cancelled', waitedMs: this.#doors.clock.now() - since });
  }

  async #claim(of: BranchWish, wait: Wait): Promise<ClaimedBranch> {
    await this.#within(of.until, this.#whenKnown);
    if (!this.#known) throw new RefusalError({ why: 'no-pod-nic', groups: of.groups, because: this.#trouble });
    const branch = await this.#take(of, wait);
    const on = await this.#links.of(branch, of.until);
    if (on !== undefined) return { branch, on };
    if (wait.over) throw this.#cancelled(wait);
    this.give(of.by, true); // perhaps it is no more: nobody else shall wait for it as long
    this.#reportIn(0);
    const because = `neither a link of ${branch.mac} nor the trunk's ${branch.trunkMac} is there`;
    throw new RefusalError({ why: 'no-pod-nic', groups: of.groups, because });
  }

  async #take(of: BranchWish, wait: Wait): Promise<BranchReport> {
    const { by, groups } = of;
    const { clock } = this.#doors;
    const token = `b${(hash64(by) & 0xffffffffn).toString(16)}@${clock.now()}` as Token;
    if (wait.over) throw this.#cancelled(wait);
    const taken = book.take(this.#book, { ...of, token }, this.#policy);
    if (taken.is === 'full') {
      const { held, resting, making } = taken;
      const limit = this.#policy.most;
      throw new RefusalError({ why: 'pod-nic-limit', groups, limit, held: held + making, resting });
    }
    this.#become(taken.book);
    if (taken.is === 'held') return taken.branch;
    const making = this.#make(of, wait, { token, first: taken.first });
    const branch = await this.#within(of.until, making);
    if (branch !== undefined) return branch;
    throw new RefusalError({ why: 'no-pod-nic', groups, because: 'the cloud has not made it in time' });
  }

  /** One that comes when nobody waits for it any more is free, for the runtime asks again. */
  async #make(
    of: BranchWish,
    wait: Wait,
    { token, first }: { readonly token: Token; readonly first: readonly NicId[] },
  ): Promise<BranchReport> {
    const { provider, clock, log } = this.#doors;
    const { by, groups } = of;
    try {
      for (const nic of first) await this.#remove(nic, 'pod');
      const report = await provider.create(of, token, 'pod');
      this.#become(book.made(this.#book, report, { token, by: wait.over ? undefined : by, now: clock.now() }));
      log.info('pod NIC made', { nic: report.id, groups, vlan: report.vlan });
      return report;
    } catch (error) {
      this.#become(book.failed(this.#book, token, clock.now()));
      if (!(error instanceof CloudError)) throw error;
      log.warn('pod NIC not made', { groups, err: error });
      throw new RefusalError({ why: 'no-pod-nic', groups, because: error.message }, { cause: error });
    }
  }

  async #report(): Promise<void> {
    const { provider, clock, log, history, attachments } = this.#doors;
    try {
      this.#most ??= await provider.most();
      const before = this.#book;
      const reports = await provider.report();
      const holders = new Map(
        attachments.all().flatMap(({ id, addresses }) => addresses.map((it) => [it, id] as const)),
      );
      const holderOf = (address: Address) => holders.get(address);
      const of = { before, now: clock.now(), policy: this.#policy, holderOf };
      const { book: now, going, lost } = book.reported(this.#book, reports, of);
      this.#become(now);
      for (const id of lost) history.note({ id }, { kind: 'cutOff', because: 'its NIC was deleted from outside' });
      for (const nic of going) void this.#remove(nic, 'housekeeping');
      this.#known = true;
      this.#tellKnown();
    } catch (error) {
      this.#trouble = error instanceof Error ? error.message : String(error);
      log.warn('pod NICs not told', { err: error });
    }
    this.#reportIn(this.#known ? REPORT_MS : RETRY_MS);
  }

  #reportIn(ms: Millis): void {
    this.#cancelReport?.();
    if (!this.#stopped) this.#cancelReport = this.#doors.clock.timer(ms, () => void this.#report());
  }

  async #remove(nic: NicId, urgency: 'pod' | 'housekeeping'): Promise<void> {
    const { provider, clock, log } = this.#doors;
    try {
      await provider.remove(nic, urgency);
      this.#become(book.gone(this.#book, nic));
      log.info('pod NIC deleted', { nic });
    } catch (err) {
      log.warn('pod NIC not deleted', { nic, err });
      this.#become(book.stayed(this.#book, nic, clock.now()));
      if (urgency === 'pod') throw err;
    }
  }

  get #policy(): book.BranchPolicy {
    const { cooldownMs, idleMs } = this.#doors;
    return { cooldownMs, idleMs, most: this.#most ?? 0 };
  }

  #become(next: book.Book): void {
    this.#book = next;
    this.#cancelAge?.();
    this.#cancelAge = undefined;
    const { clock } = this.#doors;
    const at = this.#stopped ? undefined : book.nextAge(next, this.#policy);
    if (at === undefined) return;
    this.#cancelAge = clock.timer(Math.max(0, at - clock.now()), () => {
      const { book: aged, going } = book.aged(this.#book, this.#policy, clock.now());
      this.#become(aged);
      for (const nic of going) void this.#remove(nic, 'housekeeping');
    });
  }

  /** What comes of it before the time is over; undefined: nothing. */
  #within<T>(until: Millis, work: Promise<T>): Promise<T | undefined> {
    const { clock } = this.#doors;
    let cancel = () => {};
    const late = new Promise<undefined>((resolve) => {
      cancel = clock.timer(Math.max(0, until - clock.now()), () => resolve(undefined));
    });
    return Promise.race([work, late]).finally(() => {
      cancel();
      work.catch(() => {}); // whoever waited has been told
    });
  }
}

/** Enough of a report until the cloud tells it. */
function heldOnRecord({ id: by, addresses, branch }: AttachmentRecord) {
  if (branch === undefined) return [];
  const { id, mac, vlan, groups } = branch;
  const report = { id, mac, vlan, groups, addresses, trunkMac: mac, subnet: '', gateways: [], carried: true };
  return [{ by, report }];
}
