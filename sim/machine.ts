import type { Millis } from '../src/base/clock.ts';
import type { Random } from '../src/base/random.ts';
import { interfaceAddress } from '../src/base/ip.ts';
import { FakeWorld } from '../src/io/kernel/fake-world.ts';
import type { Edit } from './setting.ts';
import { SimDisk } from './sim-disk.ts';
import { SimSpool } from './sim-spool.ts';
import { SimTime } from './time.ts';

/** When every machine is switched on for the first time. */
export const BEGINNING: Millis = Date.UTC(2026, 0, 1, 12);

/** What outlives the agent's process: kernel, disk, spool and time. */
export class Machine {
  readonly world: FakeWorld;
  readonly disk: SimDisk;
  readonly spool: SimSpool;
  readonly time: SimTime;
  /** What was changed in the agent's configuration since the beginning. */
  edit: Edit;
  #boot: number;

  /** `time` is handed in where several machines share it. */
  constructor(from?: Machine, time?: SimTime) {
    this.world = from === undefined ? new FakeWorld() : from.world.clone();
    this.disk = from === undefined ? new SimDisk() : from.disk.clone();
    this.spool = from === undefined ? new SimSpool() : from.spool.clone();
    this.time = time ?? new SimTime(from === undefined ? BEGINNING : from.time.now);
    this.edit = from?.edit ?? {};
    this.#boot = from === undefined ? 1 : from.#boot;
    if (from !== undefined) return;
    const addresses = [interfaceAddress('192.0.2.7/24'), interfaceAddress('2001:db8::7/64')];
    this.world.hostLinks = [{ name: 'ens3', mtuBytes: 1500, up: true, addresses, defaultRoute: ['v4', 'v6'] }];
  }

  /** A machine like this one, from now on apart from it. */
  clone(time?: SimTime): Machine {
    return new Machine(this, time);
  }

  get bootId(): string {
    return `boot-${this.#boot}`;
  }

  /**
   * It loses its power and starts again: no sandbox, nothing of ours in the kernel, and what was durable on the disk.
   */
  powerCut(random: Random): void {
    this.world.reboot();
    this.disk.powerCut(random);
    this.spool.powerCut(random);
    this.#boot++;
  }
}
