import { execFile } from 'node:child_process';
import { Fabric, type FabricOptions } from '../../emulator/fabric/fabric.ts';
import type { Machine } from '../../emulator/fabric/machine.ts';
import type { Order } from '../kernel/peer.ts';
import { Actor } from './actor.ts';
import { id, SmallCloud } from './small-cloud.ts';

/** The port that every actor answers at, by TCP and UDP. */
export const PORT = 8080;
const ANSWER_MS = 10_000; // a packet takes microseconds here, but a process may wait for its turn
const NOTHING_MS = 700; // what has not come within this does not come
const COMMAND_MS = 8_000;

/** A fabric, the cloud it shows, and somebody in every machine. */
export class Stage {
  readonly fabric: Fabric;
  readonly cloud: SmallCloud;
  readonly #actors = new Map<string, Actor>();

  private constructor(fabric: Fabric, cloud: SmallCloud) {
    this.fabric = fabric;
    this.cloud = cloud;
  }

  static async open(cloud: SmallCloud, options: FabricOptions = {}): Promise<Stage> {
    const stage = new Stage(await Fabric.open(options), cloud);
    await stage.show();
    return stage;
  }

  /** One whose fabric somebody else shows things to. */
  static of(fabric: Fabric): Stage {
    return new Stage(fabric, new SmallCloud());
  }

  /** Makes what the cloud says true. */
  show(): Promise<void> {
    return this.fabric.reconcile(this.cloud);
  }

  /** Somebody who asks and answers in each of these machines. */
  async people(...names: readonly string[]): Promise<void> {
    await Promise.all(
      names.map(async (name) => this.#actors.set(name, await Actor.open(this.machine(name).entering([]), PORT))),
    );
  }

  machine(name: string): Machine {
    const machine = this.fabric.machine(name === 'internet' ? 'internet' : id(name));
    if (machine === undefined) throw new Error(`there is no machine ${name}`);
    return machine;
  }

  /** The address under which `to` sees `from`, or "nothing", "refused" … */
  async seen(from: string, to: string, more: Partial<Order & { do: 'ask' }> = {}): Promise<string> {
    const actor = this.#actors.get(from);
    if (actor === undefined) throw new Error(`nobody is in ${from}`);
    return actor.seen(to, { patienceMs: ANSWER_MS, ...more });
  }

  /** The same where "nothing" is to be expected: that is said soon. */
  seenSoon(from: string, to: string, more: Partial<Order & { do: 'ask' }> = {}): Promise<string> {
    return this.seen(from, to, { patienceMs: NOTHING_MS, ...more });
  }

  /** What a shell in a machine prints, also when it fails. */
  run(name: string, command: string): Promise<string> {
    const [program, ...words] = this.machine(name).entering(['sh', '-c', `exec 2>&1; ${command}`]);
    return new Promise((resolve) =>
      execFile(program, words, { timeout: COMMAND_MS }, (_, stdout) => resolve(stdout.trim())),
    );
  }

  /** What was dropped since the last time, in sentences. */
  drops(): readonly string[] {
    const told = this.fabric.drops().map(({ sentence }) => sentence);
    this.fabric.forgetDrops();
    return told;
  }

  close(): Promise<void> {
    return this.fabric.close();
  }
}
