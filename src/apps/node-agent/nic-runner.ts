import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import type { Nic } from '../../core/ipam/cloud.ts';
import { believed, holding, lacking, onlyHolding, unitsOf } from '../../core/ipam/nic-holding.ts';
import type { Given, Holdable, NicId, NicReport } from '../../core/ipam/nic.ts';
import type { HostLink, Kernel, KernelChange } from '../../io/kernel/kernel.ts';
import type { Journal } from '../../io/store/journal.ts';
import { isForPods, nodeNics } from './node-nics.ts';
import type { NodeRunner } from './node-runner.ts';

export interface NicRunnerDoors {
  readonly kernel: Kernel;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly log: Logger;
  readonly node: NodeRunner;
}

/** What goes of a NIC; 'all': the NIC itself. */
type Leaving = Holdable | 'all';

const LOOK_MS = 50; //    a link that comes is named, moved and brought up: one look sees all of it
const RETRY_MS = 1_000; // a NIC that the cloud tells of and the kernel has not yet

/**
 * Keeps the node's datapath on its NICs: a NIC is served while its link is there. Links come and go behind our back,
 * and often later than the cloud tells. What stands is on record, so that a restart takes nothing from under pods while
 * the cloud is silent (A19).
 */
export class NicRunner {
  readonly #doors: NicRunnerDoors;
  readonly #nics = new Map<NicId, NicReport>();
  readonly #arriving = new Map<NicId, Set<Holdable>>(); // the pool has not been told of it yet
  readonly #leaving = new Map<NicId, readonly Leaving[]>(); // the pool has not been told that it is gone
  readonly #up = new Set<NicId>();
  #links = ''; // of NICs, when the datapath was last made to stand on them
  readonly #wanting: (() => void)[] = []; // who waits until what is known now stands
  #working = false;
  #stopped = false;
  #listener: (nic: NicId, ready: boolean) => void = () => {};
  #unwatch: (() => void) | undefined;
  #cancelLook: (() => void) | undefined;
  #cancelRetry: (() => void) | undefined;

  /** `known`: what the pool believes of NICs after a restart. */
  constructor(doors: NicRunnerDoors, known: readonly Nic[]) {
    this.#doors = doors;
    for (const nic of known) this.#nics.set(nic.report.id, believed(nic));
  }

  /** Calls back when a NIC begins or ends to be served. Those that were known before the start are served now. */
  async start(listener: (nic: NicId, ready: boolean) => void): Promise<void> {
    this.#listener = listener;
    this.#unwatch = this.#doors.kernel.watch((change) => this.#hear(change));
    if (this.#nics.size > 0) await this.#establish();
  }

  stop(): void {
    this.#stopped = true;
    this.#unwatch?.();
    this.#cancelLook?.();
    this.#cancelRetry?.();
    for (const done of this.#wanting.splice(0)) done();
  }

  /** Whether the datapath stands for a NIC now. */
  serves(nic: NicId): boolean {
    return this.#up.has(nic);
  }

  /**
   * NICs as the cloud tells of them. Resolves when the datapath stands for all of them whose link is there. What
   * metadata, which lag, tell of a NIC that is known adds nothing to it, and what is on one NIC is on no other.
   */
  async serve(reports: readonly NicReport[], { sure }: { readonly sure: boolean }): Promise<void> {
    let changed = false;
    for (const report of reports) {
      if (this.#isLeaving(report.id, 'all')) continue;
      const known = this.#nics.get(report.id);
      const others = new Set([...this.#nics.values()].flatMap((it) => (it.id === report.id ? [] : unitsOf(it))));
      const told =
        known === undefined || sure
          ? unitsOf(report).filter((it) => !others.has(it) && !this.#isLeaving(report.id, it))
          : [];
      changed = this.#know(onlyHolding(report, [...new Set([...unitsOf(known), ...told])])) || changed;
      if (isForPods(report) && !this.#up.has(report.id)) changed = true;
    }
    if (changed) await this.#establish();
  }

  /** What was just given, of a NIC that was perhaps just made. Not forgotten before `arrived` is called. */
  async expect(nic: NicId, given: Given, made?: NicReport): Promise<void> {
    const known = this.#nics.get(nic) ?? made;
    const units = [...given.addresses, ...given.prefixes];
    this.#arriving.set(nic, new Set([...(this.#arriving.get(nic) ?? []), ...units]));
    if (known === undefined) return; // the next report tells of it
    for (const [id, other] of this.#nics) if (id !== nic) this.#know(lacking(other, units));
    if (this.#know(holding(known, units)) || !this.#up.has(nic)) await this.#establish();
  }

  /** The pool knows of it. */
  arrived(nic: NicId, { addresses, prefixes }: Given): void {
    const left = this.#arriving.get(nic);
    for (const it of [...addresses, ...prefixes]) left?.delete(it);
    if (left?.size === 0) this.#arriving.delete(nic);
  }

  /** What the pool believes, and what is arriving: nothing else is served any more. */
  async follow(nics: readonly Nic[]): Promise<void> {
    const owners = ownersOf(nics, this.#arriving);
    const staying = nics.filter(({ report }) => !this.#isLeaving(report.id, 'all'));
    const reports = new Map(staying.map(({ report }) => [report.id, report]));
    for (const id of this.#arriving.keys()) {
      const known = this.#nics.get(id);
      if (known !== undefined && !reports.has(id)) reports.set(id, known);
    }
    let changed = false;
    for (const id of this.#nics.keys()) if (!reports.has(id)) changed = this.#nics.delete(id) || changed;
    for (const [id, report] of reports) {
      const units = [...owners].flatMap(([it, owner]) => (owner === id && !this.#isLeaving(id, it) ? [it] : []));
      changed = this.#know(onlyHolding(report, units)) || changed;
    }
    if (changed) await this.#establish();
  }

  /** As `withdraw`; and nothing that is told brings it back before `left` is called. */
  async leave(nic: NicId, what?: readonly Holdable[]): Promise<void> {
    this.#leaving.set(nic, [...(this.#leaving.get(nic) ?? []), ...(what ?? (['all'] as const))]);
    await this.withdraw(nic, what);
  }

  /** The pool knows what came of it. */
  left(nic: NicId, what: readonly Leaving[] = ['all']): void {
    const rest = (this.#leaving.get(nic) ?? []).filter((it) => !what.includes(it));
    if (rest.length === 0) this.#leaving.delete(nic);
    else this.#leaving.set(nic, rest);
  }

  #isLeaving(nic: NicId, it: Leaving): boolean {
    return this.#leaving.get(nic)?.includes(it) === true;
  }

  /** Less; without `what` the whole NIC. */
  async withdraw(nic: NicId, what?: readonly Holdable[]): Promise<void> {
    const known = this.#nics.get(nic);
    if (known === undefined) return;
    const changed = what === undefined ? this.#nics.delete(nic) : this.#know(lacking(known, what));
    if (changed) await this.#establish();
  }

  /** Whether that is news. */
  #know(report: NicReport): boolean {
    const before = this.#nics.get(report.id);
    if (before !== undefined && JSON.stringify(before) === JSON.stringify(report)) return false;
    this.#nics.set(report.id, report);
    return true;
  }

  #hear(change: KernelChange): void {
    if (change.kind === 'pod' || (change.kind === 'host' && change.what !== 'link')) return;
    this.#lookWithin(LOOK_MS);
  }

  #lookWithin(ms: number): void {
    this.#cancelLook ??= this.#doors.clock.timer(ms, () => {
      this.#cancelLook = undefined;
      void this.#lookAtLinks();
    });
  }

  /** Whether links came, went or are called otherwise; only then is anything done. */
  async #lookAtLinks(): Promise<void> {
    const { kernel, log } = this.#doors;
    try {
      const links = await kernel.hostLinks();
      const served = this.#served();
      if (this.#linksTold(links) !== this.#links) await this.#establish();
      else if (this.#up.size < served.length) this.#lookWithin(RETRY_MS);
    } catch (err) {
      log.warn('links not seen', { err });
      this.#lookWithin(RETRY_MS);
    }
  }

  /** What the datapath depends on: which links are there, by which names, and the MTU that the node's own has. */
  #linksTold(links: readonly HostLink[]): string {
    return JSON.stringify(
      this.#served().map(({ mac, device, card }) => {
        const link = links.find((it) => it.mac === mac);
        return [mac, link?.name, device === 0 && card === 0 ? link?.mtuBytes : undefined];
      }),
    );
  }

  #served(): readonly NicReport[] {
    return [...this.#nics.values()].filter(isForPods);
  }

  /** Resolves when what is known now stands, however often that must be tried: nothing is given before. */
  #establish(): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    return new Promise((resolve) => {
      this.#wanting.push(resolve);
      void this.#work();
    });
  }

  /** One at a time, for all who wait when it begins. */
  async #work(): Promise<void> {
    if (this.#working) return;
    this.#working = true;
    this.#cancelRetry?.();
    while (this.#wanting.length > 0 && !this.#stopped) {
      const waiting = this.#wanting.splice(0);
      try {
        await this.#establishNow();
        for (const done of waiting) done();
      } catch (err) {
        this.#doors.log.error('NICs not set up', { err });
        this.#wanting.unshift(...waiting);
        this.#cancelRetry = this.#doors.clock.timer(RETRY_MS, () => void this.#work());
        break;
      }
    }
    this.#working = false;
  }

  async #establishNow(): Promise<void> {
    const { node, journal, kernel } = this.#doors;
    const nics = [...this.#nics.values()];
    const served = this.#served();
    if (JSON.stringify(nics) !== JSON.stringify(journal.memory().nics)) await journal.append([{ kind: 'nics', nics }]);
    const links = this.#linksTold(await kernel.hostLinks());
    const standing = await node.setNics(nodeNics(nics));
    this.#links = links;
    const up = new Set(served.flatMap(({ id, mac }) => (standing.has(mac) ? [id] : [])));
    for (const id of this.#up) if (!up.has(id)) this.#turn(id, false);
    for (const id of up) if (!this.#up.has(id)) this.#turn(id, true);
    if (up.size < served.length) this.#lookWithin(RETRY_MS);
  }

  #turn(nic: NicId, ready: boolean): void {
    if (ready) this.#up.add(nic);
    else this.#up.delete(nic);
    this.#doors.log.info(ready ? 'NIC ready' : 'NIC gone', { nic });
    this.#listener(nic, ready);
  }
}

/** On which NIC something is: what is arriving there, what is surely there, or else what may be. */
function ownersOf(
  nics: readonly Nic[],
  arriving: ReadonlyMap<NicId, ReadonlySet<Holdable>>,
): ReadonlyMap<Holdable, NicId> {
  const owners = new Map<Holdable, NicId>();
  for (const { report, holds } of nics)
    for (const [it, { trust }] of holds) if (!owners.has(it) || trust === 'sure') owners.set(it, report.id);
  for (const [id, units] of arriving) for (const it of units) owners.set(it, id);
  return owners;
}
