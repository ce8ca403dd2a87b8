import type { Server } from 'node:http';
import type { Logger } from '../../src/base/log.ts';
import type { Cloud, Touch } from '../cloud/cloud.ts';
import type { Fabric, FabricOptions } from '../fabric/fabric.ts';
import type { World } from './world.ts';

const AGAIN_MS = 1_000;

export interface ShownOptions {
  readonly metadata: NonNullable<FabricOptions['metadata']>;
  readonly api: NonNullable<FabricOptions['api']>;
  readonly log: Logger;
}

/** A world with packets: every change of the one becomes true in the other, one after the other. */
export class Shown {
  readonly fabric: Fabric;
  readonly #world: World;
  readonly #log: Logger;
  readonly #stop: () => void;
  #waiting: { touched: readonly Touch[] | undefined } | undefined;
  #work: Promise<void> = Promise.resolve();
  #retry: NodeJS.Timeout | undefined;

  private constructor(fabric: Fabric, world: World, log: Logger) {
    this.fabric = fabric;
    this.#world = world;
    this.#log = log;
    this.#stop = world.listen((_, touched) => this.#changed(touched));
    this.#changed(undefined);
  }

  /** Throws FabricError when there can be no packets here. */
  static async open(world: World, { metadata, api, log }: ShownOptions): Promise<Shown> {
    const { Fabric: Packets } = await import('../fabric/fabric.ts'); // the kernel's doors, which the API does without
    return new Shown(await Packets.open({ metadata, api }), world, log);
  }

  /** Until what has changed so far is true. */
  async settled(): Promise<void> {
    while (this.#waiting !== undefined) await this.#work;
    await this.#work;
  }

  /** Listens on a port of all addresses of the internet's host. */
  listenInInternet(server: Server, port: number): void {
    // without a host the socket is bound before this returns, so it stays there
    this.fabric.machine('internet')?.netns.within(() => server.listen({ port }));
  }

  async close(): Promise<void> {
    this.#stop();
    clearTimeout(this.#retry);
    this.#waiting = undefined;
    await this.#work;
    await this.fabric.close();
  }

  /** What changes while one reconciliation runs is the next one's. */
  #changed(touched: readonly Touch[] | undefined): void {
    if (this.#waiting !== undefined) {
      const before = this.#waiting.touched;
      this.#waiting = { touched: before === undefined || touched === undefined ? undefined : [...before, ...touched] };
      return;
    }
    this.#waiting = { touched };
    this.#work = this.#work.then(() => this.#become());
  }

  async #become(): Promise<void> {
    if (this.#waiting === undefined) return;
    const { touched } = this.#waiting;
    this.#waiting = undefined;
    const { cloud }: { cloud: Cloud } = this.#world;
    try {
      await this.fabric.reconcile(cloud, touched);
    } catch (err) {
      this.#log.error('packets do not go as the cloud says', { err });
      this.#retry = setTimeout(() => this.#changed(undefined), AGAIN_MS);
    }
  }
}
