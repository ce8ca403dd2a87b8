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

/** The fabric of one VPC: a namespace that forwards as its pieces say. */
export class Router {
  readonly ground: Ground;
  readonly nft: NftChannel;
  readonly #around: Surroundings;
  /** Links by name: their index, in the fabric, and of far ends in the internet. */
  readonly #links = new Map<string, number>();
  readonly #there = new Map<string, Piece>(); // what was made and not taken away since

  constructor(around: Surroundings) {
    this.#around = around;
    this.ground = new Ground(Netns.make(), { 'ipv4.conf.default.proxy_arp': 1 });
    this.nft = new NftChannel(this.ground.netns);
    this.#voidLink();
    const own = [number.METADATA_V4, number.METADATA_V6, number.API_V4].map((one) => interfaceAddress(hostPrefix(one)));
    this.ground.do(own.map((one) => ({ what: `be ${one}`, request: message.addressOn(LOOPBACK, one) })));
    this.#transact([newTable()]);
  }

  /**
   * Makes the pieces there are those that are wanted: all rules at once, routes one after another. Throws FabricError;
   * then the next call tries again what failed.
   */
  async become(wanted: ReadonlyMap<string, Piece>): Promise<void> {
    let change = difference(this.#there, wanted);
    if (change.gone.some(isLink)) {
      await this.#removeLinks(change.gone.filter(isLink));
      change = difference(this.#there, wanted);
    }
    if (change.gone.length + change.made.length === 0) return;
    const failures = [
      ...this.#makeLinks(change.made),
      ...this.#routes('remove', change.gone),
      ...this.#routes('make', change.made),
    ];
    this.#rules(change);
    this.#boot(change.made);
    const [failure] = failures;
    if (failure !== undefined) throw failure;
  }

  close(): void {
    this.nft.close();
    this.ground.close();
  }

  #rules(change: Change): void {
    const isRule = ({ kind }: Piece) => kind === 'set' || kind === 'chain' || kind === 'element';
    const [gone, made] = [change.gone.filter(isRule), change.made.filter(isRule)];
    this.#transact(operationsFor({ gone, made }, this.#there));
    for (const piece of gone) this.#there.delete(keyOf(piece));
    for (const piece of made) this.#there.set(keyOf(piece), piece);
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

  #makeLinks(made: readonly Piece[]): readonly FabricError[] {
    return made.flatMap((piece) => {
      if (!isLink(piece)) return [];
      const failed = piece.kind === 'nic' ? this.#plug(piece) : this.#uplink(piece);
      if (failed.length === 0) this.#there.set(keyOf(piece), piece);
      return failed;
    });
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
    if (failed.size === 0) this.#links.set(link, here.index);
    else this.ground.try([job('take back', message.removeLink(here.index))]); // half a link is none
    return [...failed.values()].slice(0, 1);
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
    const up = internet.try([{ what: `bring ${far} up`, request: message.linkUp(there.index) }]);
    return [...failed.values(), ...up.values()];
  }

  #routes(deed: message.Deed, pieces: readonly Piece[]): readonly FabricError[] {
    const grounds = [
      ['fabric', this.ground],
      ['internet', this.#around.internet],
    ] as const;
    return grounds.flatMap(([at, ground]) => {
      const jobs = pieces.flatMap((piece) => {
        const request = placeOf(piece) === at ? this.#request(deed, piece) : undefined;
        return request === undefined ? [] : [{ piece, what: `${deed} ${keyOf(piece)}`, request }];
      });
      return portions(jobs).flatMap((some) => this.#routesAt(ground, deed, some));
    });
  }

  /** What is to be removed may be gone already: that is no failure. */
  #routesAt(ground: Ground, deed: message.Deed, jobs: readonly (Job & { readonly piece: Piece })[]) {
    const failed = ground.try(jobs);
    for (const [at, { piece }] of jobs.entries())
      if (deed === 'remove') this.#there.delete(keyOf(piece));
      else if (!failed.has(at)) this.#there.set(keyOf(piece), piece);
    return deed === 'remove' ? [] : [...failed.values()];
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

  /** A system starts once: later it is not told what its primary NIC has. One that ended starts anew, with its link. */
  #boot(made: readonly Piece[]): void {
    for (const piece of made) {
      if (piece.kind !== 'boot' || !this.#links.has(piece.link)) continue;
      const machine = this.#around.machineOf(piece.instance);
      if (machine !== undefined && !this.#there.has(keyOf(piece))) boot(machine, piece);
      this.#there.set(keyOf(piece), piece);
    }
  }

  /** Links that shall not be, or shall be others, and with them what is on them: the kernel takes it along. */
  async #removeLinks(gone: readonly PieceOf<'nic' | 'uplink'>[]): Promise<void> {
    const links = new Set(gone.flatMap((piece) => [piece.link, ...farOf(piece)]));
    const here = gone.flatMap(({ link }) => this.#links.get(link) ?? []);
    for (const [key, piece] of this.#there) if ('link' in piece && links.has(piece.link)) this.#there.delete(key);
    for (const link of links) this.#links.delete(link);
    const place = Place.open(this.ground.netns, 0);
    try {
      // the kernel waits for all its readers, 20 ms and more; absent: gone with its machine
      await sendBatchOnThread(place, here.map(message.removeLink));
    } finally {
      place.close();
    }
  }
}

function isLink(piece: Piece): piece is PieceOf<'nic' | 'uplink'> {
  return piece.kind === 'nic' || piece.kind === 'uplink';
}

function farOf(piece: PieceOf<'nic' | 'uplink'>): readonly string[] {
  return piece.kind === 'uplink' ? [piece.far] : [];
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
