import type { Clock, Millis } from '../../base/clock.ts';
import { hash64 } from '../../base/hash.ts';
import type { Logger } from '../../base/log.ts';
import type { AttachmentId, PodName } from '../../core/attachment.ts';
import * as book from '../../core/branches/book.ts';
import { type BranchReport, type BranchSpec, specKey } from '../../core/branches/branch.ts';
import { ON_ITS_WAY_MS } from '../../core/branches/reported.ts';
import type { BranchDatapath, Enforcing } from '../../core/datapath/branch-plan.ts';
import type { Token } from '../../core/ipam/nic.ts';
import { type Placing, placeNamed } from '../../core/ipam/placing.ts';
import { PATIENCE } from '../../core/ipam/trouble.ts';
import type { BranchProvider } from '../../io/cloud/branches.ts';
import { CloudError } from '../../io/cloud/provider.ts';
import type { Kernel } from '../../io/kernel/kernel.ts';
import { within } from '../../io/system/within.ts';
import type { Attachments } from './attachments.ts';
import type { BranchKeeper } from './branch-keeper.ts';
import { BranchLinks } from './branch-links.ts';
import { RefusalError } from './pool-runner.ts';

export interface BranchRunnerDoors {
  readonly provider: BranchProvider;
  readonly keeper: BranchKeeper;
  readonly kernel: Kernel;
  readonly clock: Clock;
  readonly log: Logger;
  readonly attachments: Attachments;
  readonly enforcing: Enforcing | 'off'; // off: pods have the groups of their node
  readonly placing: () => Placing | undefined;
}

/** What a pod wants: where it stands is the node's to say. */
type Asked = Pick<BranchSpec, 'groups' | 'v6'>;

/** Which NIC an ADD of the sandbox `netns` wants. */
export interface BranchWish extends Asked {
  readonly by: AttachmentId;
  readonly pod: PodName | undefined;
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
  readonly pod: string;
  readonly since: Millis;
  over: boolean;
  cancel: () => void;
}

/** When a cloud that failed is asked what there is: what it made all the same, or did not take back. */
const LOOK_MS: Millis = ON_ITS_WAY_MS;

/** What is made, and what goes before it. */
type Order = Pick<Extract<book.Taken, { readonly is: 'make' }>, 'token' | 'first'>;

/**
 * Gives pods branch NICs. Who has which is on record with the attachment; all else the cloud tells anew: a NIC that was
 * made for an ADD that nobody remembers is found by its tags, and serves the next pod with its groups, or goes.
 */
export class BranchRunner {
  readonly #doors: BranchRunnerDoors;
  readonly #keeper: BranchKeeper;
  readonly #links: BranchLinks;
  readonly #waits = new Map<AttachmentId, Wait>(); //          ADDs that wait, seldom for long
  readonly #coming = new Map<Token, Promise<BranchReport>>(); // NICs that are being made
  readonly #expected = new Map<string, string>(); //           by pods that will ask: what they will ask for

  #serial = 0;

  constructor(doors: BranchRunnerDoors) {
    this.#doors = doors;
    this.#keeper = doors.keeper;
    this.#links = new BranchLinks(doors);
  }

  get book(): book.Book {
    return this.#keeper.book;
  }

  /** How many the trunk carries for pods: none where they are switched off; undefined: not told yet. */
  get most(): number | undefined {
    return this.enforcing === 'off' ? 0 : this.#keeper.most;
  }

  get enforcing(): Enforcing | 'off' {
    return this.#doors.enforcing;
  }

  start(): void {
    this.#keeper.start();
  }

  stop(): void {
    this.#keeper.stop();
  }

  /** A pod of this node will ask soon: what it will take is made, unless it is there or there is no room. */
  expect(pod: PodName, asked: Asked): void {
    const name = nameOf(pod);
    if (this.#expected.has(name)) return;
    const isThere = this.#doors.attachments.all().some((it) => it.pod !== undefined && nameOf(it.pod) === name);
    if (isThere || [...this.#waits.values()].some((it) => it.pod === name)) return;
    const spec = this.#placed(asked);
    if (spec === undefined) return;
    this.#expected.set(name, specKey(spec));
    void this.#keeper.whenKnown.then(() => this.#prepare(name, spec));
  }

  /** It asks no more. */
  forget(pod: Pick<PodName, 'namespace' | 'name'>): void {
    this.#expected.delete(nameOf(pod));
  }

  #prepare(name: string, spec: BranchSpec): void {
    const key = this.#expected.get(name);
    if (key === undefined) return;
    const pods = [...this.#expected.values()].filter((it) => it === key).length;
    const { policy } = this.#keeper;
    const prepared = book.prepare(this.book, { ...spec, token: this.#tokenOf(name) }, { pods, policy });
    if (prepared === undefined) return;
    this.#keeper.become(prepared.book);
    this.#begin(spec, { token: prepared.token, first: [] }).catch(() => {}); // said; its ADD asks itself
  }

  /** A NIC with exactly these groups, and where its link is. Throws RefusalError, KernelError: it has none then. */
  async claim(of: BranchWish): Promise<ClaimedBranch> {
    const pod = of.pod === undefined ? '' : nameOf(of.pod);
    const wait: Wait = { netns: of.netns, pod, since: this.#doors.clock.now(), over: false, cancel: () => {} };
    this.#expected.delete(pod);
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
    const { policy } = this.#keeper;
    this.#keeper.become(book.give(this.book, by, { used, now: this.#doors.clock.now(), policy }));
  }

  #cancelled({ since }: Wait): RefusalError {
    return new RefusalError({ why: 'cancelled', waitedMs: this.#doors.clock.now() - since });
  }

  async #claim(of: BranchWish, wait: Wait): Promise<ClaimedBranch> {
    await this.#within(of.until, this.#keeper.whenKnown);
    const { unknown } = this.#keeper;
    if (unknown !== undefined) throw new RefusalError({ why: 'no-pod-nic', groups: of.groups, because: unknown });
    const branch = await this.#take(of, wait);
    const on = await this.#links.of(branch, of.until);
    if (on !== undefined) return { branch, on };
    if (wait.over) throw this.#cancelled(wait);
    this.give(of.by, true); // perhaps it is no more: nobody else shall wait for it as long
    this.#keeper.lookWithin(0);
    const because = `neither a link of ${branch.mac} nor the trunk's ${branch.trunkMac} is there`;
    throw new RefusalError({ why: 'no-pod-nic', groups: of.groups, because });
  }

  async #take(of: BranchWish, wait: Wait): Promise<BranchReport> {
    const { by, groups } = of;
    if (wait.over) throw this.#cancelled(wait);
    const spec = this.#placed(of) ?? this.#refuseUnplaced();
    const taken = book.take(this.book, { ...spec, by, token: this.#tokenOf(by) }, this.#keeper.policy);
    if (taken.is === 'full') {
      const { held, resting, going, making } = taken;
      const limit = this.#keeper.most;
      if (limit === undefined)
        throw new RefusalError({ why: 'no-pod-nic', groups, because: 'how many this node may have is not told yet' });
      throw new RefusalError({ why: 'pod-nic-limit', groups, limit, held: held + making, resting, going });
    }
    this.#keeper.become(taken.book);
    if (taken.is === 'held') return taken.branch;
    const coming = taken.is === 'comes' ? this.#coming.get(taken.token) : this.#begin(spec, taken);
    const branch = coming && (await this.#within(of.until, coming));
    if (branch !== undefined) return branch;
    throw new RefusalError({ why: 'no-pod-nic', groups, because: 'the cloud has not made it in time' });
  }

  /** As the node's NICConfig says; undefined: what it says is not known. The pod's groups stay its own. */
  #placed({ groups, v6 }: Asked): BranchSpec | undefined {
    const placing = this.#doors.placing();
    if (placing?.own === undefined) return { groups, v6 };
    const place = placeNamed(placing, placing.own);
    return place && { groups, v6, place };
  }

  #refuseUnplaced(): never {
    const { own = '', known } = this.#doors.placing() ?? {};
    throw new RefusalError({ why: 'no-nic-config', config: own, heard: known !== undefined, ofNode: true });
  }

  #tokenOf(whose: string): Token {
    const name = hash64(`${whose} ${++this.#serial}`) & 0xffffffffn;
    return `b${name.toString(16)}@${this.#doors.clock.now()}` as Token;
  }

  #begin(spec: BranchSpec, order: Order): Promise<BranchReport> {
    const { token } = order;
    const coming = this.#make(spec, order);
    this.#coming.set(token, coming);
    const end = () => {
      if (this.#coming.get(token) === coming) this.#coming.delete(token);
    };
    coming.then(end, end);
    return coming;
  }

  /** Whose it is then the book knows; nobody's is free, for the runtime asks again. Throws RefusalError. */
  async #make(spec: BranchSpec, { token, first }: Order): Promise<BranchReport> {
    const { provider, clock, log } = this.#doors;
    const { groups } = spec;
    try {
      for (const nic of first) await this.#keeper.remove(nic, 'pod');
      const report = await provider.create(spec, token, 'pod');
      this.#keeper.become(book.made(this.book, report, { token, now: clock.now() }));
      log.info('pod NIC made', { nic: report.id, groups, vlan: report.vlan });
      return report;
    } catch (error) {
      const open = error instanceof CloudError && PATIENCE[error.kind].again;
      this.#keeper.become(book.failed(this.book, { token, now: clock.now(), open }));
      if (!(error instanceof CloudError)) throw error;
      log.warn('pod NIC not made', { groups, err: error });
      this.#keeper.lookWithin(LOOK_MS);
      throw new RefusalError({ why: 'no-pod-nic', groups, because: error.message }, { cause: error });
    }
  }

  /** What comes of it before the time is over; undefined: nothing. */
  #within<T>(until: Millis, work: Promise<T>): Promise<T | undefined> {
    const { clock } = this.#doors;
    return within(Math.max(0, until - clock.now()), work, clock);
  }
}

function nameOf({ namespace, name }: Pick<PodName, 'namespace' | 'name'>): string {
  return `${namespace}/${name}`;
}
