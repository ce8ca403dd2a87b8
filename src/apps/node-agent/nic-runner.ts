import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import type { Given, Holdable, NicId, NicReport } from '../../core/ipam/nic.ts';
import type { Kernel, KernelChange } from '../../io/kernel/kernel.ts';
import type { NodeNic, NodeRunner } from './node-runner.ts';

export interface NicRunnerDoors {
  readonly kernel: Kernel;
  readonly clock: Clock;
  readonly log: Logger;
  readonly node: NodeRunner;
}

/** What the datapath serves of a NIC. */
interface Served {
  readonly report: NicReport;
  readonly units: ReadonlySet<Holdable>;
}

const LOOK_MS = 50; //    a link that comes is named, moved and brought up: one look sees all of it
const RETRY_MS = 1_000; // a NIC that the cloud tells of and the kernel has not yet

/**
 * Keeps the node's datapath on its NICs: a NIC is served while its link is there. Links come and go behind our back,
 * and often later than the cloud tells.
 */
export class NicRunner {
  readonly #doors: NicRunnerDoors;
  readonly #served = new Map<NicId, Served>();
  readonly #up = new Set<NicId>();
  #tail: Promise<void> = Promise.resolve();
  #listener: (nic: NicId, ready: boolean) => void = () => {};
  #unwatch: (() => void) | undefined;
  #cancel: (() => void) | undefined;

  constructor(doors: NicRunnerDoors) {
    this.#doors = doors;
  }

  /** Calls back when a NIC begins or ends to be served. */
  onChange(listener: (nic: NicId, ready: boolean) => void): void {
    this.#listener = listener;
    this.#unwatch = this.#doors.kernel.watch((change) => this.#hear(change));
  }

  stop(): void {
    this.#unwatch?.();
    this.#cancel?.();
  }

  /** Whether the datapath stands for a NIC now. */
  serves(nic: NicId): boolean {
    return this.#up.has(nic);
  }

  /** A NIC as the cloud tells of it: all that it holds, besides what was given since. */
  async serve(report: NicReport): Promise<void> {
    if (!report.managed || report.kind !== 'interface') return;
    const known = this.#served.get(report.id);
    const units = new Set<Holdable>([...(known?.units ?? []), ...report.addresses, ...report.prefixes]);
    const same = known !== undefined && known.units.size === units.size && this.#up.has(report.id);
    this.#served.set(report.id, { report, units });
    if (!same) await this.#establish();
  }

  /** More that it holds. */
  async extend(nic: NicId, { addresses, prefixes }: Given): Promise<void> {
    const known = this.#served.get(nic);
    if (known === undefined) return; // the next report tells of it
    this.#served.set(nic, { ...known, units: new Set([...known.units, ...addresses, ...prefixes]) });
    await this.#establish();
  }

  /** Less; without `what` the whole NIC. */
  async withdraw(nic: NicId, what?: readonly Holdable[]): Promise<void> {
    const known = this.#served.get(nic);
    if (known === undefined) return;
    const gone = new Set(what);
    if (what === undefined) this.#served.delete(nic);
    else this.#served.set(nic, { ...known, units: new Set([...known.units].filter((it) => !gone.has(it))) });
    await this.#establish();
  }

  #hear(change: KernelChange): void {
    if (change.kind === 'pod' || (change.kind === 'host' && change.what !== 'link')) return;
    this.#lookWithin(LOOK_MS);
  }

  #lookWithin(ms: number): void {
    this.#cancel ??= this.#doors.clock.timer(ms, () => {
      this.#cancel = undefined;
      void this.#lookAtLinks();
    });
  }

  /** Whether links came or went; only then is anything done. */
  async #lookAtLinks(): Promise<void> {
    const macs = new Set((await this.#doors.kernel.hostLinks()).map(({ mac }) => mac));
    const changed = [...this.#served.values()].some(({ report }) => macs.has(report.mac) !== this.#up.has(report.id));
    if (changed) await this.#establish();
    else if (this.#up.size < this.#served.size) this.#lookWithin(RETRY_MS);
  }

  /** One at a time. A failure is said, and tried again. */
  #establish(): Promise<void> {
    this.#tail = this.#tail.then(() => this.#establishNow());
    return this.#tail;
  }

  async #establishNow(): Promise<void> {
    const { node, log } = this.#doors;
    try {
      const standing = await node.setNics([...this.#served.values()].map(nodeNic));
      const up = new Set([...this.#served].flatMap(([id, { report }]) => (standing.has(report.mac) ? [id] : [])));
      for (const id of this.#up) if (!up.has(id)) this.#turn(id, false);
      for (const id of up) if (!this.#up.has(id)) this.#turn(id, true);
      if (up.size < this.#served.size) this.#lookWithin(RETRY_MS);
    } catch (err) {
      log.error('NICs not set up', { err });
      this.#lookWithin(RETRY_MS);
    }
  }

  #turn(nic: NicId, ready: boolean): void {
    if (ready) this.#up.add(nic);
    else this.#up.delete(nic);
    this.#doors.log.info(ready ? 'NIC ready' : 'NIC gone', { nic });
    this.#listener(nic, ready);
  }
}

function nodeNic({ report, units }: Served): NodeNic {
  const { mac, card, device, primary, gateway, gateway6 } = report;
  return { mac, card, device, own: primary, gateways: [gateway, ...(gateway6 ? [gateway6] : [])], units: [...units] };
}
