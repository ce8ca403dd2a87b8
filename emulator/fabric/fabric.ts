import { interfaceAddress, type InterfaceAddress } from '../../src/base/ip.ts';
import type { Id } from '../cloud/nouns.ts';
import { Ground, LOOPBACK } from './ground.ts';
import { Machine } from './machine.ts';
import { addressOn } from './messages.ts';
import { nicPieces } from './nic-pieces.ts';
import { byKey, type Piece } from './piece.ts';
import { Router } from './router.ts';
import { wake } from './system.ts';
import { type CloudView, isAlive } from './view.ts';
import { type Cut, vpcPieces } from './vpc-pieces.ts';

/** The addresses of the host in the internet: RFC 5737 and RFC 3849, for documentation. */
export const INTERNET_HOST = ['198.51.100.1/32', '2001:db8:ffff::1/128'] as readonly InterfaceAddress[];

/** The packets of a cloud: machines, links and routers made and unmade as its state says. */
export class Fabric {
  readonly #internet: Machine;
  readonly #outside: Ground;
  readonly #machines = new Map<Id, Machine>();
  readonly #routers = new Map<Id, Router>();
  #cuts: readonly Cut[] = [];

  private constructor(internet: Machine) {
    this.#internet = internet;
    this.#outside = new Ground(internet.netns);
    this.#outside.do(
      INTERNET_HOST.map((address) => ({ what: 'be the internet', request: addressOn(LOOPBACK, interfaceAddress(address)) })),
    );
  }

  /** Throws FabricError, when this process may not make namespaces for one. */
  static async open(): Promise<Fabric> {
    return new Fabric(await Machine.start('internet'));
  }

  /** The machine of an instance, or the internet's host. */
  machine(of: Id | 'internet'): Machine | undefined {
    return of === 'internet' ? this.#internet : this.#machines.get(of as Id);
  }

  /** Makes packets go as the state says. One at a time; a failure leaves what could be made, and is tried again. */
  async reconcile(view: CloudView): Promise<void> {
    const alive = [...view.instances.values()].filter(isAlive);
    await Promise.all(alive.filter(({ id }) => !this.#machines.has(id)).map(({ id }) => this.#start(id)));
    for (const vpc of view.vpcs.values()) {
      const nics = [...view.nics.values()].filter((nic) => nic.vpc === vpc.id);
      const pieces: readonly Piece[] = [
        ...vpcPieces(view, vpc, this.#cuts),
        ...nics.flatMap((nic) => nicPieces(view, nic)),
      ];
      await this.#router(vpc.id).become(byKey(pieces));
    }
    const known = new Set(alive.map(({ id }) => id));
    const gone = [...this.#machines].filter(([id]) => !known.has(id));
    await Promise.all(gone.map(([id, machine]) => this.#stop(id, machine)));
    for (const [id, router] of this.#routers) {
      if (view.vpcs.has(id)) continue;
      router.close();
      this.#routers.delete(id);
    }
  }

  /** Cuts zones from each other, and joins what is no longer named. Takes effect with the next `reconcile`. */
  cut(cuts: readonly Cut[]): void {
    this.#cuts = cuts;
  }

  /** Ends all machines and takes everything away. */
  async close(): Promise<void> {
    for (const router of this.#routers.values()) router.close();
    this.#routers.clear();
    await Promise.all([...this.#machines].map(([id, machine]) => this.#stop(id, machine)));
    this.#outside.place.close();
    await this.#internet.stop();
  }

  async #start(instance: Id): Promise<void> {
    const machine = await Machine.start(instance);
    wake(machine);
    this.#machines.set(instance, machine);
  }

  async #stop(instance: Id, machine: Machine): Promise<void> {
    this.#machines.delete(instance);
    await machine.stop();
  }

  #router(vpc: Id): Router {
    const known = this.#routers.get(vpc);
    if (known !== undefined) return known;
    const router = new Router({ internet: this.#outside, machineOf: (id) => this.#machines.get(id) });
    this.#routers.set(vpc, router);
    return router;
  }
}
