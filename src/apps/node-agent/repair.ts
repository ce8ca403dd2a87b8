import type { Clock, Millis } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import type { About } from '../../core/why/decision.ts';
import { difference, REPAIR } from '../../core/datapath/difference.ts';
import { keyOf } from '../../core/datapath/identity.ts';
import { type Plan, show } from '../../core/datapath/plan.ts';
import { type Mending, mend } from '../../core/datapath/transition.ts';
import { converge, retract } from '../../io/kernel/execute.ts';
import type { AgentConfig } from '../../io/config/agent-config.ts';
import type { Kernel, KernelChange, Remaining } from '../../io/kernel/kernel.ts';
import { type Attachments, holderName } from './attachments.ts';
import type { Meter } from './doors.ts';
import { type History, whom } from './history.ts';
import type { Lanes } from './lanes.ts';
import type { NodeRunner } from './node-runner.ts';
import { isNft, isShared, kindOf, mayBeLeaving, type Owner } from './repair-owner.ts';

export interface RepairDoors {
  readonly kernel: Kernel;
  readonly clock: Clock;
  readonly log: Logger;
  readonly meter: Meter;
  readonly history: History;
  readonly lanes: Lanes;
  readonly attachments: Attachments;
  readonly node: NodeRunner;
  readonly settings: () => AgentConfig['repair'];
}

const RETRY_MS = 1_000; // what could not be put back is tried again then, and ever more seldom

const LOOK_MS = 20; // one change seldom comes alone: a look after the first sees what the others did

const LEAVING_MS = 5_000; // a runtime that takes a pod away asks us within that, on a busy machine too

/**
 * Keeps the kernel as the plans want it. A notification makes its owner suspect; a suspect is looked at, what is
 * missing is told at once (of what all pods share, STATUS answers 51) and put back after the configured delay. Every
 * interval all owners are looked at in turn, one at a time.
 */
export class Repairer {
  readonly #doors: RepairDoors;
  readonly #suspects = new Set<Owner>();
  readonly #broken = new Map<Owner, Plan>();
  readonly #timers = new Set<() => void>();
  #unwatch: (() => void) | undefined;
  #lastRepair: { at: Millis; owner: string; items: readonly string[] } | undefined;
  readonly #told = new Map<Owner, string>(); // what of it could not be put back, as it was logged
  #looking = false;
  #due = false;
  #retryMs: Millis = RETRY_MS;
  #cancelRetry: (() => void) | undefined;

  constructor(doors: RepairDoors) {
    this.#doors = doors;
  }

  start(): void {
    if (!this.#doors.settings().enabled) return;
    this.#unwatch = this.#doors.kernel.watch((change) => this.suspect(change));
    if (!this.#doors.kernel.hearsPods()) this.#doors.log.warn('pods not heard', { details: this.#deaf() });
    this.#later(this.#doors.settings().intervalMs, () => this.#comparison());
  }

  /** What repair cannot do here, for `berth status`. */
  get limits(): readonly string[] {
    if (!this.#doors.settings().enabled) return ['repair is off: what somebody removes stays removed'];
    return this.#doors.kernel.hearsPods() ? [] : [this.#deaf()];
  }

  #deaf(): string {
    const seconds = this.#doors.settings().intervalMs / 1_000;
    return `changes in pods are found by the comparison every ${seconds} s only: no CAP_NET_BROADCAST over the node's namespaces`;
  }

  stop(): void {
    this.#unwatch?.();
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
  }

  /**
   * Lines of what is missing now and not yet put back, of what all pods share or of pods' own. What belonged to a pod
   * that is gone is missed no more.
   */
  missing(whose: 'shared' | 'pods'): readonly string[] {
    const owners = [...this.#broken].filter(([owner]) => isShared(owner) === (whose === 'shared'));
    return owners.flatMap(([owner, lack]) => {
      const wanted = new Set(this.#planOf(owner).map(keyOf));
      return lack.filter((item) => wanted.has(keyOf(item))).map(show);
    });
  }

  /** The last thing that was put back. */
  get lastRepair(): { readonly at: Millis; readonly owner: string; readonly items: readonly string[] } | undefined {
    return this.#lastRepair;
  }

  /** The kernel told of a change. */
  suspect(change: KernelChange): void {
    for (const owner of this.#ownersOf(change)) this.#suspects.add(owner);
    if (this.#suspects.size === 0 || this.#looking) return;
    this.#looking = true;
    this.#later(LOOK_MS, () => void this.#look());
  }

  #ownersOf(change: KernelChange): readonly Owner[] {
    if (change.kind === 'overflow') return this.#everybody();
    if (change.kind === 'host' && change.what === 'nftables') return ['elements'];
    const link = change.kind === 'pod' ? change.hostLink : change.link;
    const id = link === undefined ? undefined : this.#doors.attachments.byHostLink(link);
    return id === undefined ? (change.kind === 'host' ? ['node'] : []) : [id];
  }

  #everybody(): readonly Owner[] {
    return ['node', 'elements', ...this.#doors.attachments.all().map(({ id }) => id)];
  }

  async #look(): Promise<void> {
    const suspects = [...this.#suspects];
    this.#suspects.clear();
    for (const owner of suspects) await this.#examine(owner, mayBeLeaving);
    this.#looking = false;
    if (this.#suspects.size > 0) this.suspect({ kind: 'host', what: 'link', link: '' });
    if (this.#broken.size === 0 || this.#due) return;
    this.#due = true;
    this.#later(this.#doors.settings().delayMs, () => void this.#mend());
  }

  /** Compares plan and kernel of one owner, in its lane, and notes what is missing. */
  async #examine(owner: Owner, isNoNews: (lack: Plan) => boolean = () => false): Promise<void> {
    await this.#inLane(owner, async () => {
      const { ensure: lack } = await this.#mendingOf(owner);
      this.#missed(owner, isNoNews(lack) ? [] : lack);
    });
  }

  /** Notes what an owner lacks now, and tells what it did not lack before. */
  #missed(owner: Owner, lack: Plan): void {
    const known = new Set(this.#broken.get(owner)?.map(keyOf));
    const more = lack.filter((item) => !known.has(keyOf(item)));
    if (more.length > 0) this.#doors.log.warn('missing', { owner, items: more.map(show) });
    if (lack.length > 0) this.#broken.set(owner, lack);
    else {
      this.#broken.delete(owner);
      this.#told.delete(owner);
    }
  }

  async #mend(): Promise<void> {
    this.#due = false;
    this.#cancelRetry?.();
    // pods stand on what all share: a bridge that is gone comes back before its ports
    const owners = [...this.#broken.keys()].sort((a, b) => Number(isShared(b)) - Number(isShared(a)));
    for (const owner of owners) await this.#inLane(owner, () => this.#restore(owner));
    const most = this.#doors.settings().intervalMs;
    if (this.#broken.size > 0) this.#cancelRetry = this.#later(this.#retryMs, () => void this.#mend());
    this.#retryMs = this.#broken.size > 0 ? Math.min(most, 2 * this.#retryMs) : RETRY_MS;
  }

  /** Puts back what an owner lacks, all that can be. What cannot stays missing. */
  async #restore(owner: Owner): Promise<void> {
    const { kernel } = this.#doors;
    const { ensure: lack, remove } = await this.#mendingOf(owner);
    const left = lack.length === 0 ? [] : await retract(kernel, remove, this.#sandboxOf(owner));
    const wanted = new Set(this.#planOf(owner).map(keyOf)); // a pod may have gone while we looked
    const still = lack.filter((item) => wanted.has(keyOf(item)));
    const failures = [...left, ...(await converge(kernel, still, this.#sandboxOf(owner)))];
    const failed = new Set(failures.map(({ item }) => keyOf(item)));
    this.#tellRepaired(
      owner,
      still.filter((item) => !failed.has(keyOf(item))),
    );
    this.#tellFailures(owner, failures);
    this.#missed(
      owner,
      still.filter((item) => failed.has(keyOf(item))),
    );
  }

  #tellRepaired(owner: Owner, done: Plan): void {
    if (done.length === 0) return;
    const { meter, history, clock, log } = this.#doors;
    const items = done.map(show);
    meter.repaired(kindOf(owner), items.length);
    history.note(this.#aboutOf(owner), { kind: 'repaired', missing: items });
    this.#lastRepair = { at: clock.now(), owner: this.#nameOf(owner), items };
    log.warn('repaired', { owner, items });
  }

  /** Once, as long as the same fails. */
  #tellFailures(owner: Owner, failures: readonly Remaining[]): void {
    const text = failures.map(({ item, error }) => `${show(item)}: ${error.message}`).join('\n');
    if (failures.length === 0 || this.#told.get(owner) === text) return;
    this.#told.set(owner, text);
    for (const { item, error } of failures)
      this.#doors.log.error('not repaired', { owner, item: show(item), err: error });
  }

  /**
   * What of the owner's plan the kernel lacks or has otherwise. Nobody's plan, and a vanished sandbox, lack nothing.
   */
  async #mendingOf(owner: Owner): Promise<Mending> {
    const plan = this.#planOf(owner);
    if (plan.length === 0) return { remove: [], ensure: [] };
    const observed = await this.#doors.kernel.observe(plan, this.#sandboxOf(owner));
    return mend(plan, difference(plan, observed, REPAIR));
  }

  #planOf(owner: Owner): Plan {
    const { node, attachments, kernel, lanes } = this.#doors;
    if (owner === 'node') return node.plan;
    if (owner === 'elements') {
      // a pod that comes or goes right now has some of its elements and not others: its own lane sees to them
      const quiet = attachments.all().filter(({ name }) => !lanes.busy(name.containerId));
      return [...node.plan, ...quiet.flatMap(({ plan }) => plan)].filter(isNft);
    }
    const record = attachments.get(owner);
    return record === undefined || !kernel.sandboxExists(record.netns) ? [] : record.plan;
  }

  #nameOf(owner: Owner): string {
    const record = isShared(owner) ? undefined : this.#doors.attachments.get(owner);
    return record === undefined ? 'node' : holderName(record);
  }

  #aboutOf(owner: Owner): About {
    const record = isShared(owner) ? undefined : this.#doors.attachments.get(owner);
    return record === undefined ? {} : whom(record);
  }

  #sandboxOf(owner: Owner): string | undefined {
    return isShared(owner) ? undefined : this.#doors.attachments.get(owner)?.netns;
  }

  #inLane(owner: Owner, work: () => Promise<void>): Promise<void> {
    const lane = isShared(owner) ? ` ${owner}` : (owner.split('/')[1] ?? owner);
    return this.#doors.lanes
      .run(lane, work)
      .catch((err: unknown) => this.#doors.log.error('comparison failed', { owner, err }));
  }

  /** The full comparison: owner after owner, spread so that an ADD never waits behind all of it. */
  #comparison(): void {
    const owners = this.#everybody();
    const { intervalMs, delayMs } = this.#doors.settings();
    const pause = Math.min(10, intervalMs / (2 * owners.length));
    const next = (i: number) => {
      const owner = owners[i];
      if (owner === undefined) {
        if (this.#broken.size > 0) this.#later(delayMs, () => void this.#mend());
        this.#later(intervalMs, () => this.#comparison());
        return;
      }
      const isNew = !this.#broken.has(owner);
      const isLeaving = (lack: Plan) => isNew && mayBeLeaving(lack) && this.#lookAgain(owner);
      void this.#examine(owner, isLeaving).then(() => this.#later(pause, () => next(i + 1)));
    };
    void this.#refresh().then(() => next(0));
  }

  /** A pod that is there still by then is not leaving. */
  #lookAgain(owner: Owner): true {
    const { intervalMs, delayMs } = this.#doors.settings();
    const again = async () => {
      await this.#examine(owner);
      if (this.#broken.has(owner)) this.#later(delayMs, () => void this.#mend());
    };
    this.#later(Math.min(LEAVING_MS, intervalMs / 2), () => void again());
    return true;
  }

  #refresh(): Promise<void> {
    const { kernel, node, log } = this.#doors;
    return kernel.refresh(node.plan).catch((err: unknown) => log.error('comparison failed', { owner: 'node', err }));
  }

  #later(after: number, then: () => void): () => void {
    const cancel = this.#doors.clock.timer(after, () => {
      this.#timers.delete(cancel);
      then();
    });
    this.#timers.add(cancel);
    return () => {
      this.#timers.delete(cancel);
      cancel();
    };
  }
}
