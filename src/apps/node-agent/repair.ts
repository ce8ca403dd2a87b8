import type { Clock, Millis } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import type { AttachmentId } from '../../core/attachment.ts';
import type { About } from '../../core/why/decision.ts';
import { difference, REPAIR } from '../../core/datapath/difference.ts';
import { keyOf } from '../../core/datapath/identity.ts';
import { type Item, type Plan, show } from '../../core/datapath/plan.ts';
import { type Mending, mend } from '../../core/datapath/transition.ts';
import { converge, retract } from '../../io/kernel/execute.ts';
import type { AgentConfig } from '../../io/config/agent-config.ts';
import type { Kernel, KernelChange } from '../../io/kernel/kernel.ts';
import { type Attachments, holderName } from './attachments.ts';
import type { Meter } from './doors.ts';
import { type History, whom } from './history.ts';
import type { Lanes } from './lanes.ts';
import type { NodeRunner } from './node-runner.ts';

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

/** Whose plan: the node's, the elements of all (nftables tells no owner), or one attachment's. */
type Owner = 'node' | 'elements' | AttachmentId;

const LOOK_MS = 20; // one change seldom comes alone: a look after the first sees what the others did

/**
 * Keeps the kernel as the plans want it. A notification makes its owner suspect; a suspect is looked at, what is
 * missing is told at once (STATUS answers 51) and put back after the configured delay. Every interval all owners are
 * looked at in turn, one at a time.
 */
export class Repairer {
  readonly #doors: RepairDoors;
  readonly #suspects = new Set<Owner>();
  readonly #broken = new Map<Owner, Plan>();
  readonly #timers = new Set<() => void>();
  #unwatch: (() => void) | undefined;
  #lastRepair: { at: Millis; owner: string; items: readonly string[] } | undefined;
  #looking = false;
  #due = false;

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

  /** Lines of what is missing now and not yet put back. What belonged to a pod that is gone is missed no more. */
  missing(): readonly string[] {
    return [...this.#broken].flatMap(([owner, lack]) => {
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
    for (const owner of suspects) await this.#examine(owner);
    this.#looking = false;
    if (this.#suspects.size > 0) this.suspect({ kind: 'host', what: 'link', link: '' });
    if (this.#broken.size === 0 || this.#due) return;
    this.#due = true;
    this.#later(this.#doors.settings().delayMs, () => void this.#mend());
  }

  /** Compares plan and kernel of one owner, in its lane, and notes what is missing. */
  async #examine(owner: Owner): Promise<void> {
    await this.#inLane(owner, async () => {
      const { ensure: lack } = await this.#mendingOf(owner);
      if (lack.length === 0) this.#broken.delete(owner);
      else if (!this.#broken.has(owner)) this.#doors.log.warn('missing', { owner, items: lack.map(show) });
      if (lack.length > 0) this.#broken.set(owner, lack);
    });
  }

  async #mend(): Promise<void> {
    this.#due = false;
    for (const owner of [...this.#broken.keys()]) await this.#inLane(owner, () => this.#restore(owner));
    if (this.#broken.size === 0 || this.#due) return;
    this.#due = true;
    this.#later(Math.max(1_000, this.#doors.settings().delayMs), () => void this.#mend());
  }

  async #restore(owner: Owner): Promise<void> {
    const { kernel, log, meter, history, clock } = this.#doors;
    const { ensure: lack, remove } = await this.#mendingOf(owner);
    if (lack.length > 0) {
      const items = lack.map(show);
      const left = await retract(kernel, remove, this.#sandboxOf(owner));
      const wanted = new Set(this.#planOf(owner).map(keyOf)); // a pod may have gone while we looked
      const still = lack.filter((item) => wanted.has(keyOf(item)));
      const failures = [...left, ...(await converge(kernel, still, this.#sandboxOf(owner)))];
      for (const { item, error } of failures) log.error('not repaired', { owner, item: show(item), err: error });
      if (failures.length > 0) return;
      meter.repaired(kindOf(owner), items.length);
      history.note(this.#aboutOf(owner), { kind: 'repaired', missing: items });
      this.#lastRepair = { at: clock.now(), owner: this.#nameOf(owner), items };
      log.warn('repaired', { owner, items });
    }
    this.#broken.delete(owner);
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
    const record = owner === 'node' || owner === 'elements' ? undefined : this.#doors.attachments.get(owner);
    return record === undefined ? 'node' : holderName(record);
  }

  #aboutOf(owner: Owner): About {
    const record = owner === 'node' || owner === 'elements' ? undefined : this.#doors.attachments.get(owner);
    return record === undefined ? {} : whom(record);
  }

  #sandboxOf(owner: Owner): string | undefined {
    return owner === 'node' || owner === 'elements' ? undefined : this.#doors.attachments.get(owner)?.netns;
  }

  #inLane(owner: Owner, work: () => Promise<void>): Promise<void> {
    const lane = owner === 'node' || owner === 'elements' ? ` ${owner}` : (owner.split('/')[1] ?? owner);
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
      void this.#examine(owner).then(() => this.#later(pause, () => next(i + 1)));
    };
    void this.#refresh().then(() => next(0));
  }

  #refresh(): Promise<void> {
    const { kernel, node, log } = this.#doors;
    return kernel.refresh(node.plan).catch((err: unknown) => log.error('comparison failed', { owner: 'node', err }));
  }

  #later(after: number, then: () => void): void {
    const cancel = this.#doors.clock.timer(after, () => {
      this.#timers.delete(cancel);
      then();
    });
    this.#timers.add(cancel);
  }
}

/** What is missing of the table concerns all pods, so it counts as the node's. */
function kindOf(owner: Owner): 'node' | 'pod' {
  return owner === 'node' || owner === 'elements' ? 'node' : 'pod';
}

function isNft(item: Item): boolean {
  return item.kind === 'ruleset' || item.kind === 'element' || item.kind === 'forward-accept';
}
