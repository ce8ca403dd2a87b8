import { interfaceAddress, type Address } from '../../src/base/ip.ts';
import type { Netns } from '../../src/io/kernel/netns.ts';
import type { Touch } from '../cloud/cloud.ts';
import type { Id, Instance, Vpc } from '../cloud/nouns.ts';
import { type ApiDoor, serveApi } from './api-endpoint.ts';
import { type Drop, forgetDrops, holderOf, readDrops, sentence } from './drops.ts';
import type { FabricError } from './fabric-error.ts';
import { Ground, LOOPBACK } from './ground.ts';
import type { Listening, WhoHas } from './listen.ts';
import { Machine } from './machine.ts';
import { addressOn } from './messages.ts';
import { serveMetadata } from './metadata.ts';
import type { MetadataHandler } from './metadata-answer.ts';
import { nicPieces } from './nic-pieces.ts';
import { nicLink } from './numbers.ts';
import { byKey, merged, type Piece } from './piece.ts';
import { Router } from './router.ts';
import { wake } from './system.ts';
import { type CloudView, isAlive, plugOf } from './view.ts';
import { vpcPieces } from './vpc-pieces.ts';

/** The addresses of the host in the internet: RFC 5737 and RFC 9637, for documentation. */
export const INTERNET_HOST = ['198.51.100.1/32', '3fff::1/128'].map(interfaceAddress);

export interface FabricOptions {
  /** Which instances get a machine; the API alone knows the others. Absent: all. */
  readonly hasMachine?: (instance: Instance) => boolean;
  /** Absent: nobody answers for metadata. */
  readonly metadata?: MetadataHandler;
  /**
   * Gets every connection to the cloud's API from inside a VPC, at `API_V4` and `API_PORT`, with the instance it comes
   * from: `httpServer.emit('connection', socket)` serves it. Absent: nobody answers.
   */
  readonly api?: ApiDoor;
}

/** A drop, and what it means. */
export interface ToldDrop extends Drop {
  readonly vpc: Id;
  readonly nic?: Id; // that the packets came from
  readonly sentence: string;
}

interface Net {
  readonly router: Router;
  readonly close: () => void;
}

/** The packets of a cloud: machines, links and routers, made and unmade as its state says. */
export class Fabric {
  readonly #options: FabricOptions;
  readonly #internet: Machine;
  readonly #outside: Ground;
  readonly #machines = new Map<Id, Machine>();
  readonly #nets = new Map<Id, Net>();
  readonly #pieces = new Map<Id, ReadonlyMap<string, Piece>>(); // by NIC
  readonly #nicOf = new Map<string, Id>(); //            by link, of NICs that are gone too
  #view: CloudView = NOTHING;
  #work: Promise<unknown> = Promise.resolve();

  private constructor(internet: Machine, options: FabricOptions) {
    this.#options = options;
    this.#internet = internet;
    this.#outside = new Ground(internet.netns);
    const own = INTERNET_HOST.map((one) => addressOn(LOOPBACK, one));
    this.#outside.do(own.map((request) => ({ what: 'be the internet', request })));
  }

  /** Throws FabricError, when this process may not make namespaces for one. */
  static async open(options: FabricOptions = {}): Promise<Fabric> {
    const internet = await Machine.start('internet');
    try {
      return new Fabric(internet, options);
    } catch (error) {
      await internet.stop();
      throw error;
    }
  }

  /** The machine of an instance, or the internet's host. */
  machine(of: Id | 'internet'): Machine | undefined {
    return of === 'internet' ? this.#internet : this.#machines.get(of as Id);
  }

  /**
   * Makes packets go as the state says. `touched` is what differs from the state before, as the steps told that led
   * here; absent: anything may. Calls wait for each other. Throws the first FabricError; what failed is tried again
   * by the next call.
   */
  reconcile(view: CloudView, touched?: readonly Pick<Touch, 'id'>[]): Promise<void> {
    const ids = touched === undefined ? undefined : new Set(touched.map(({ id }) => id));
    return this.#inTurn(() => this.#reconcile(view, ids));
  }

  /** What was dropped since the start, or since it was forgotten. Throws KernelError. */
  drops(): readonly ToldDrop[] {
    const nicOf = (link: string) => this.#nicOf.get(link);
    return [...this.#nets].flatMap(([vpc, { router }]) => {
      const view = within(this.#view, vpc);
      return readDrops(router.nft).map((drop) => {
        const nic = nicOf(drop.link);
        return { ...drop, vpc, ...(nic === undefined ? {} : { nic }), sentence: sentence(drop, view, nicOf) };
      });
    });
  }

  /** From now on only what is dropped later is told. Throws KernelError. */
  forgetDrops(): void {
    for (const { router } of this.#nets.values()) forgetDrops(router.nft);
  }

  /** Ends all machines and takes everything away. */
  async close(): Promise<void> {
    await this.#work.catch(() => {}); // whoever asked for it was told
    for (const vpc of this.#nets.keys()) this.#closeNet(vpc);
    await Promise.all([...this.#machines.keys()].map((id) => this.#stop(id)));
    this.#outside.place.close();
    await this.#internet.stop();
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#work.then(work, work);
    this.#work = done;
    return done;
  }

  async #reconcile(whole: CloudView, touched: ReadonlySet<Id> | undefined): Promise<void> {
    const { hasMachine = () => true } = this.#options;
    const alive = [...whole.instances].filter(([, instance]) => isAlive(instance) && hasMachine(instance));
    const ended = new Set([...this.#machines].flatMap(([id, machine]) => (machine.alive ? [] : [id])));
    const parts = partsOf(whole);
    // a machine that somebody ended took its links with it: it is gone before it is there again
    if (ended.size > 0) await this.#show({ ...parts, instances: new Map(alive.filter(([id]) => !ended.has(id))) });
    await this.#show({ ...parts, instances: new Map(alive) }, ended.size > 0 ? undefined : touched);
  }

  async #show(view: CloudView, touched?: ReadonlySet<Id>): Promise<void> {
    this.#view = view;
    await Promise.all([...view.instances.keys()].map((id) => this.#start(id)));
    this.#plan(view, touched);
    const failures: unknown[] = [];
    for (const vpc of view.vpcs.values())
      await this.#net(vpc.id)
        .router.become(this.#wanted(view, vpc))
        .catch((error: FabricError) => failures.push(error));
    for (const vpc of this.#nets.keys()) if (!view.vpcs.has(vpc)) this.#closeNet(vpc);
    const gone = [...this.#machines.keys()].filter((id) => !view.instances.has(id));
    await Promise.all(gone.map((id) => this.#stop(id)));
    if (failures.length > 0) throw failures[0];
  }

  /** Pieces of the NICs that somebody touched, or all; the others keep theirs. */
  #plan(view: CloudView, touched: ReadonlySet<Id> | undefined): void {
    for (const id of this.#pieces.keys()) if (!view.nics.has(id)) this.#pieces.delete(id);
    for (const nic of view.nics.values()) {
      const owners = [nic.id, nic.subnet, nic.vpc, plugOf(view, nic)?.instance, nic.trunking?.trunk];
      const fresh = touched === undefined || owners.some((id) => id !== undefined && touched.has(id));
      if (!fresh && this.#pieces.has(nic.id)) continue;
      this.#pieces.set(nic.id, byKey(nicPieces(view, nic)));
      this.#nicOf.set(nicLink(nic.mac), nic.id);
    }
  }

  #wanted(view: CloudView, vpc: Vpc): ReadonlyMap<string, Piece> {
    const nics = [...view.nics.values()].filter((nic) => nic.vpc === vpc.id);
    return merged([byKey(vpcPieces(view, vpc)), ...nics.flatMap(({ id }) => this.#pieces.get(id) ?? [])]);
  }

  #net(vpc: Id): Net {
    const known = this.#nets.get(vpc);
    if (known !== undefined) return known;
    const router = new Router({ internet: this.#outside, machineOf: (id) => this.#machines.get(id) });
    const whoHas = (address: Address) => holderOf(within(this.#view, vpc), address)?.attachment?.instance;
    const servers = this.#servers(router.ground.netns, whoHas);
    const close = () => {
      for (const server of servers) server.close();
      router.close();
    };
    const net = { router, close };
    this.#nets.set(vpc, net);
    return net;
  }

  #closeNet(vpc: Id): void {
    this.#nets.get(vpc)?.close();
    this.#nets.delete(vpc);
  }

  /** What is listened for inside a VPC. */
  #servers(netns: Netns, whoHas: WhoHas): readonly Listening[] {
    const { metadata, api } = this.#options;
    return [
      ...(metadata === undefined ? [] : [serveMetadata(netns, whoHas, metadata)]),
      ...(api === undefined ? [] : [serveApi(netns, whoHas, api)]),
    ];
  }

  async #start(instance: Id): Promise<void> {
    if (this.#machines.has(instance)) return;
    const machine = await Machine.start(instance);
    wake(machine);
    this.#machines.set(instance, machine);
  }

  async #stop(instance: Id): Promise<void> {
    const machine = this.#machines.get(instance);
    this.#machines.delete(instance);
    await machine?.stop();
  }
}

const NOTHING: CloudView = {
  vpcs: new Map(),
  subnets: new Map(),
  tables: new Map(),
  groups: new Map(),
  gateways: new Map(),
  nats: new Map(),
  instances: new Map(),
  nics: new Map(),
  troubles: [],
};

/** A view alone, of whatever larger thing it was given as. */
function partsOf({ vpcs, subnets, tables, groups, gateways, nats, instances, nics, troubles }: CloudView) {
  return { vpcs, subnets, tables, groups, gateways, nats, instances, nics, troubles };
}

/** The same with the NICs of one VPC: addresses are only unique within. */
function within(view: CloudView, vpc: Id): CloudView {
  return { ...view, nics: new Map([...view.nics].filter(([, nic]) => nic.vpc === vpc)) };
}
