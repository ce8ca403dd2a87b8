import { familyOf, hostPrefix, interfaceAddress } from '../../src/base/ip.ts';
import { Netns } from '../../src/io/kernel/netns.ts';
import { NftChannel } from '../../src/io/kernel/nft-channel.ts';
import { sendBatchOnThread } from '../../src/io/kernel/batch.ts';
import { Place } from '../../src/io/kernel/place.ts';
import type { Id } from '../cloud/nouns.ts';
import { FabricError } from './fabric-error.ts';
import { Ground, type Job, LOOPBACK } from './ground.ts';
import type { Machine } from './machine.ts';
import * as message from './messages.ts';
import * as number from './numbers.ts';
import { type Change, difference, keyOf, type Piece, type PieceOf } from './piece.ts';
import { newTable, operationsFor } from './rule-book.ts';
import { boot } from './system.ts';

/** Whom a router reaches: the internet, and the instances that have a machine. */
export interface Surroundings {
  readonly internet: Ground;
  readonly machineOf: (instance: Id) => Machine | undefined;
}

type Made = 'nic' | 'uplink';

/** The fabric of one VPC: a namespace that forwards as its pieces say. */
export class Router {
  readonly ground: Ground;
  readonly nft: NftChannel;
  readonly #around: Surroundings;
  /** Links by name: their index, in the fabric, and of far ends in the internet. */
  readonly #links = new Map<string, number>();
  #there: ReadonlyMap<string, Piece> = new Map();

  constructor(around: Surroundings) {
    this.#around = around;
    this.ground = new Ground(Netns.make(), { 'ipv4.conf.default.proxy_arp': 1 });
    this.nft = new NftChannel(this.ground.netns);
    this.#voidLink();
    const own = [number.METADATA_V4, number.METADATA_V6].map((one) => interfaceAddress(hostPrefix(one)));
    this.ground.do(own.map((one) => ({ what: `be ${one}`, request: message.addressOn(LOOPBACK, one) })));
    this.#transact([newTable()]);
  }

  /**
   * Makes the pieces there are those that are wanted: all rules at once, routes one after another. Throws FabricError;
   * then the next call tries again what failed.
   */
  async become(wanted: ReadonlyMap<string, Piece>): Promise<void> {
    const change = difference(this.#there, wanted);
    if (change.gone.length + change.made.length === 0) return;
    const there = new Map(this.#there);
    const failures: FabricError[] = [];
    this.#makeLinks(change.made, there, failures);
    this.#routes('remove', change.gone, there, failures);
    this.#routes('make', change.made, there, failures);
    this.#rules(change, there);
    this.#boot(change.made, there);
    await this.#removeLinks(change.gone, wanted, there);
    this.#there = there;
    const [failure] = failures;
    if (failure !== undefined) throw failure;
  }

  close(): void {
    this.nft.close();
    this.ground.close();
  }

  #rules(change: Change, there: Map<string, Piece>): void {
    const isRule = ({ kind }: Piece) => kind === 'set' || kind === 'chain' || kind === 'element';
    const [gone, made] = [change.gone.filter(isRule), change.made.filter(isRule)];
    this.#transact(operationsFor({ gone, made }, this.#there));
    for (const piece of gone) there.delete(keyOf(piece));
    for (const piece of made) there.set(keyOf(piece), piece);
  }

  #transact(operations: ReturnType<typeof operationsFor>): void {
    const [refused] = this.nft.transact(operations, (at) => `do ${operations[at]?.name ?? 'a transaction'} ${at}`);
    if (refused !== undefined) throw new FabricError('rules', refused.error.message, { cause: refused.error });
  }

  /** A link to nowhere: a pair with both ends here. */
  #voidLink(): void {
    const { numbers, netns } = this.ground;
    const [here, there] = [numbers.next(), numbers.next()];
    const common = { mac: number.FABRIC_MAC, mtu: number.VPC_MTU };
    const far = { ...common, name: `${number.VOID_LINK}-far`, index: there, netnsFd: netns.fd };
    const pair = message.newPair({ ...common, name: number.VOID_LINK, index: here }, far);
    this.ground.do([
      { what: 'make the link to nowhere', request: pair },
      { what: 'bring its far end up', request: message.linkUp(there) },
    ]);
    this.#links.set(number.VOID_LINK, here);
  }

  #makeLinks(made: readonly Piece[], there: Map<string, Piece>, failures: FabricError[]): void {
    for (const piece of made) {
      if (piece.kind !== 'nic' && piece.kind !== 'uplink') continue;
      const failed = piece.kind === 'nic' ? this.#plug(piece) : this.#uplink(piece);
      failures.push(...failed);
      if (failed.length === 0) there.set(keyOf(piece), piece);
    }
  }

  #plug({ link, instance, name, mac }: PieceOf<'nic'>): readonly FabricError[] {
    const machine = this.#around.machineOf(instance);
    if (machine === undefined) return [new FabricError('network', `${link} has no machine ${instance}`)];
    const here = { name: link, index: this.ground.numbers.next(), mac: number.FABRIC_MAC, mtu: number.VPC_MTU };
    const end = { name, index: 0, mac, mtu: number.VPC_MTU, netnsFd: machine.netns.fd };
    const job = (what: string, request: Job['request']): Job => ({ what: `${what} ${link}`, request });
    const failed = this.ground.try([
      job('make the link', message.newPair(here, end)),
      job('answer ARP at once on', message.answerAtOnce(here.index)),
      job('be near on', message.addressOn(here.index, interfaceAddress(number.NEAR_V6))),
      job('be the router on', message.addressOn(here.index, interfaceAddress(`${number.ROUTER_V6}/128`))),
    ]);
    if (failed.length === 0) this.#links.set(link, here.index);
    else this.ground.try([job('take back', message.removeLink(here.index))]); // half a link is none
    return failed.slice(0, 1);
  }

  #uplink({ link, far }: PieceOf<'uplink'>): readonly FabricError[] {
    const { internet } = this.#around;
    const common = { mtu: number.INTERNET_MTU };
    const here = { ...common, name: link, index: this.ground.numbers.next(), mac: number.FABRIC_MAC };
    const there = { ...common, name: far, index: internet.numbers.next(), mac: number.INTERNET_MAC };
    this.#links.set(link, here.index);
    this.#links.set(far, there.index);
    const pair = message.newPair(here, { ...there, netnsFd: internet.netns.fd });
    const failed = this.ground.try([{ what: `make the link ${link}`, request: pair }]);
    return [...failed, ...internet.try([{ what: `bring ${far} up`, request: message.linkUp(there.index) }])];
  }

  /** What is removed may be gone already, with its link. */
  #routes(deed: message.Deed, pieces: readonly Piece[], there: Map<string, Piece>, failures: FabricError[]): void {
    for (const [at, ground] of [
      ['fabric', this.ground],
      ['internet', this.#around.internet],
    ] as const) {
      const jobs = pieces.flatMap((piece) => {
        const request = placeOf(piece) === at ? this.#request(deed, piece) : undefined;
        return request === undefined ? [] : [{ piece, what: `${deed} ${keyOf(piece)}`, request }];
      });
      for (const some of portions(jobs)) {
        const failed = ground.try(some);
        if (deed === 'make') failures.push(...failed);
        const bad = new Set(deed === 'make' ? failed.map(({ message: text }) => text.split(':')[0]) : []);
        for (const { piece, what } of some)
          if (deed === 'remove') there.delete(keyOf(piece));
          else if (!bad.has(`cannot ${what}`)) there.set(keyOf(piece), piece);
      }
    }
  }

  #request(deed: message.Deed, piece: Piece): Job['request'] | undefined {
    switch (piece.kind) {
      case 'address': {
        const own = interfaceAddress(hostPrefix(piece.address));
        return message.addressOn(LOOPBACK, own, deed);
      }
      case 'policy':
        return message.policyTo(piece, deed);
      case 'route': {
        const index = this.#links.get(piece.link);
        if (index === undefined) return undefined;
        const via = piece.far ? { via: message.farAddress(familyOf(piece.to)), onlink: true } : {};
        return message.routeTo({ to: piece.to, index, table: piece.table, ...via }, deed);
      }
      case 'neighbour': {
        const index = this.#links.get(piece.link);
        // gone with its link, which alone takes it away
        return index === undefined || deed === 'remove' ? undefined : message.farEnd(index, piece.family, piece.mac);
      }
      default:
        return undefined;
    }
  }

  #boot(made: readonly Piece[], there: Map<string, Piece>): void {
    for (const piece of made) {
      if (piece.kind !== 'boot') continue;
      const machine = this.#around.machineOf(piece.instance);
      if (machine === undefined) continue;
      if (!this.#there.has(keyOf(piece))) boot(machine, piece);
      there.set(keyOf(piece), piece);
    }
  }

  /** In a namespace's own time: the kernel waits for all its readers, 20 ms, so this is done on a thread. */
  async #removeLinks(
    gone: readonly Piece[],
    wanted: ReadonlyMap<string, Piece>,
    there: Map<string, Piece>,
  ): Promise<void> {
    const links = gone.filter((piece): piece is PieceOf<Made> => piece.kind === 'nic' || piece.kind === 'uplink');
    const indexes = links.flatMap(({ link }) => this.#links.get(link) ?? []);
    for (const piece of gone) if (!wanted.has(keyOf(piece))) there.delete(keyOf(piece));
    if (indexes.length === 0) return;
    for (const piece of links) {
      this.#links.delete(piece.link);
      if (piece.kind === 'uplink') this.#links.delete(piece.far);
    }
    const place = Place.open(this.ground.netns, 0);
    try {
      await sendBatchOnThread(place, indexes.map(message.removeLink)); // absent: gone with its machine
    } finally {
      place.close();
    }
  }
}

function placeOf(piece: Piece): 'fabric' | 'internet' {
  return piece.kind === 'route' || piece.kind === 'neighbour' ? piece.at : 'fabric';
}

const BATCH_JOBS = 128;

function portions<T>(all: readonly T[]): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(all.length / BATCH_JOBS) }, (_, i) =>
    all.slice(i * BATCH_JOBS, (i + 1) * BATCH_JOBS),
  );
}
