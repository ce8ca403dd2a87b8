import type { Millis } from '../../base/clock.ts';
import { type Address, contains, type Prefix } from '../../base/ip.ts';
import { type AttachmentId, type AttachmentRecord, isNobody, keeperId, keptFor } from '../../core/attachment.ts';
import type { PoolEvent } from '../../core/ipam/event.ts';
import { keptIn } from '../../core/ipam/keep.ts';
import type { Given } from '../../core/ipam/nic.ts';
import { holderOf, nicOf } from '../../core/ipam/pool.ts';
import type { StaticHeard } from '../../core/cluster/static-node.ts';
import { CloudError } from '../../io/cloud/provider.ts';
import { KubeError } from '../../io/kube/client.ts';
import { type Change, Informer } from '../../io/kube/informer.ts';
import { readStaticAddress, STATIC_ADDRESSES, type StaticAddressShape } from '../../wire/kube/crd/static-address.ts';
import { StaticNames } from './static-names.ts';
import { RefusalError } from './pool-runner.ts';
import { Wakes } from './wakes.ts';
import { isOperating, keyOf, type Name, saidBy, StaticDeeds, type StaticDoors } from './static-deeds.ts';

const MOVES_AT_ONCE = 12; // more in a row are a defect: it goes on later
const RETRY_MS = { first: 1_000, most: 60_000 } as const;
/** An ADD looks again after so long at the latest: what it waits for may be another node's. */
const LOOK_MS: Millis = 1_000;

/** So often an ADD asks the cloud for an address that somebody has: another node may be giving it back. */
const TAKEN_TRIES = 3;

/** Why an ADD has to wait, and for which address. */
interface Waits {
  readonly because: string;
  readonly address?: Address;
}

/** One ADD. */
interface Asking {
  readonly claim: () => Promise<AttachmentRecord>;
  brought: boolean; //            the cloud has brought the address
  refused: string | undefined; // the cloud has not brought the address: why
  tries: number; //               that it may still make after that
}

/**
 * Static addresses as this node has them (A90): gives a pod of a name its own, brings it here first, and lets go of it
 * when the cluster gives it to another node. Each decision is made on what the API server says at that moment; nothing
 * that it does not say is taken for an answer (U36).
 */
export class StaticRunner {
  readonly #doors: StaticDoors;
  readonly #deeds: StaticDeeds;
  readonly #all: Informer<StaticAddressShape>;
  readonly #names = new StaticNames();
  readonly #retries = new Map<string, { cancel: () => void; ms: Millis }>();
  readonly #stays = new Map<string, Millis>(); // so long a name's address that came by a count stays before a look
  readonly #ends = new Set<() => void>(); // of what waits for its time
  readonly #wakes: Wakes;
  readonly #confirmed = new Map<string, AttachmentId>(); // whose address the cluster has on record, by the name
  #stopped = false;

  constructor(doors: StaticDoors) {
    const { kube, clock, log } = doors;
    this.#doors = doors;
    this.#deeds = new StaticDeeds(doors);
    this.#wakes = new Wakes(clock);
    this.#all = new Informer(
      { ...kube, clock, log },
      {
        select: { resource: STATIC_ADDRESSES }, // of all nodes: what is a name's may come here by a count
        read: readStaticAddress,
        hear: (change) => this.#hear(change),
        synced: () => {
          this.#tellKeepers();
          this.#lookAtAll();
        },
        mayBeRefused: true, // installed without them
        failed: ({ kind }) => {
          const unknown = kind === 'unserved' || kind === 'absent';
          if (unknown && !this.#all.synced) this.#tellKeepers(); // counts when it is so for long
        },
      },
    );
  }

  start(): void {
    this.#all.start();
  }

  stop(): void {
    this.#stopped = true;
    this.#all.stop();
    for (const { cancel } of this.#retries.values()) cancel();
    for (const end of this.#ends) end();
    this.#wakes.wakeAll();
  }

  /** Something about a name may have changed. Returns at once. */
  look(name: Name): void {
    this.#wakes.wake(keyOf(name));
    if (!this.#stopped) void this.#doors.lanes.run(keyOf(name), () => this.#settle(name));
  }

  /**
   * What the pool has to keep before it hears that these are on a NIC here: what is names', by itself or in a prefix.
   * Else it would give them to any pod, and their own would be refused until that one ends.
   */
  reserve({ addresses, prefixes }: Given): readonly PoolEvent[] {
    const { pool } = this.#doors.pool;
    const isNew = (prefix: Prefix) => pool.cloud?.nics.some(({ holds }) => holds.has(prefix)) !== true;
    const within = prefixes.filter(isNew).flatMap((prefix) => [...this.#names.within(prefix)]);
    return [...addresses, ...within].flatMap((address) => {
      const name = this.#names.of(address);
      const known = name === undefined || nicOf(pool, address) !== undefined || holderOf(pool, address) !== undefined;
      return known ? [] : [this.#deeds.guest(name, address)];
    });
  }

  /** The pool has heard that they came, or have left. Returns at once. */
  heard({ addresses, prefixes }: Given): void {
    this.#wakes.wakeAll(); // one of them may be what a name waits for
    const told = new Set(addresses);
    const isTold = (it: Address) => told.has(it) || prefixes.some((prefix) => contains(prefix, it));
    for (const [keeper, kept] of keptIn(this.#doors.pool.pool)) {
      const name = keptFor(keeper);
      if (name !== undefined && kept.some(isTold)) this.#lookLater(name);
    }
  }

  /** A pod of that name has ended: if it kept its address, the cluster hears that. Returns at once. */
  ended(name: Name): void {
    this.#confirmed.delete(keyOf(name));
    if (this.#doors.pool.pool.claims.has(keeperId(name))) this.look(name);
  }

  /**
   * The claim of a pod that keeps its address, once that is here; the cluster has it on record then. `claim` asks the
   * pool. Throws RefusalError.
   */
  async claim(name: Name, until: Millis, claim: () => Promise<AttachmentRecord>): Promise<AttachmentRecord> {
    const { clock } = this.#doors;
    const asked: Asking = { claim, brought: false, refused: undefined, tries: TAKEN_TRIES };
    for (;;) {
      const woken = this.#wakes.wait(keyOf(name));
      try {
        const got = await this.#doors.lanes.run(keyOf(name), () => this.#serve(name, asked, until));
        if (!('because' in got)) return got;
        if (clock.now() + LOOK_MS >= until || this.#stopped) throw new RefusalError({ why: 'static-waits', ...got });
        await (asked.refused === undefined ? woken.within(LOOK_MS) : this.#pause());
        asked.refused = undefined;
      } finally {
        woken.forget();
      }
    }
  }

  /** That the cluster has on record what an attachment has, before an ADD that is repeated is answered. */
  async confirm(name: Name, { id, addresses: [address] }: AttachmentRecord): Promise<void> {
    if (this.#confirmed.get(keyOf(name)) === id) return;
    const because = await this.#doors.lanes.run(keyOf(name), () => this.#deeds.recorded(name));
    if (because !== undefined)
      throw new RefusalError({ why: 'static-waits', because, ...(address === undefined ? {} : { address }) });
    this.#confirmed.set(keyOf(name), id);
  }

  #tellKeepers(): void {
    this.#doors.cluster?.hearKeepers(this.#all.values().length > 0);
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => this.#later(LOOK_MS, resolve));
  }

  /** Also at once, when the agent ends. */
  #later(ms: Millis, then: () => void): void {
    const end = () => {
      this.#ends.delete(end);
      cancel();
      then();
    };
    const cancel = this.#doors.clock.timer(ms, end);
    this.#ends.add(end);
  }

  #hear(change: Change<StaticAddressShape>): void {
    this.#names.hear(change);
    if (this.#all.synced) this.#tellKeepers();
    const { pool, nodeName } = this.#doors;
    const told = [
      ...(change.kind === 'added' ? [] : [change.before]),
      ...(change.kind === 'removed' ? [] : [change.now]),
    ];
    const isOurs = ({ spec, status }: StaticAddressShape) =>
      spec.node === nodeName || status.addresses.some((it) => nicOf(pool.pool, it) !== undefined);
    const name = nameOf(change.key);
    if (told.some(isOurs) || pool.pool.claims.has(keeperId(name)) || this.#wakes.has(change.key)) this.look(name);
  }

  /** Each time later: one that is missed by nobody in the end would go and come for ever. */
  #lookLater(name: Name): void {
    const key = keyOf(name);
    const ms = this.#stays.get(key) ?? 0;
    this.#stays.set(key, Math.min(RETRY_MS.most, Math.max(RETRY_MS.first, 2 * ms)));
    if (ms === 0) this.look(name);
    else if (!this.#stopped) this.#later(ms, () => this.look(name));
  }

  /** One try of an ADD: moves until it can be served, or has to wait. */
  async #serve(name: Name, asked: Asking, until: Millis): Promise<AttachmentRecord | Waits> {
    // each move may wait for an answer that never comes
    for (let moves = 0; moves < MOVES_AT_ONCE && this.#doors.clock.now() < until; moves++) {
      const heard = await this.#deeds.ask(name);
      const next = this.#deeds.next(name, heard, { ...asked, asks: true });
      if (next.move === 'grant' || next.move === 'choose') return this.#give(name, asked.claim, next.move);
      if (next.move === 'lose') {
        const { address, because } = next;
        if (asked.refused !== undefined && --asked.tries > 0) return { because, address };
        throw new RefusalError({ why: 'static-lost', address, because });
      }
      if (next.move === 'wait') return waits(next.because, heard);
      try {
        await this.#deeds.carryOut(name, next, heard);
        if (next.move === 'bring') asked.brought = true;
      } catch (error) {
        this.#lookAtAll(isNobody);
        if (error instanceof CloudError && error.kind === 'taken') asked.refused = error.message;
        else return waits(saidBy(error), heard);
      }
    }
    return { because: 'it is on its way' };
  }

  /** From the keeper or the pool, and told to the cluster before anybody hears of it. */
  async #give(
    name: Name,
    claim: () => Promise<AttachmentRecord>,
    move: 'grant' | 'choose',
  ): Promise<AttachmentRecord | Waits> {
    const lack = move === 'choose' ? await this.#deeds.provide(name) : undefined;
    if (lack !== undefined) return { because: lack };
    const record = await claim();
    const trouble = await this.#deeds.recorded(name);
    if (trouble === undefined) {
      this.#confirmed.set(keyOf(name), record.id);
      return record;
    }
    await this.#doors.pool.release(record.id, false);
    return { because: trouble };
  }

  /** Moves until there is nothing to do. What fails is tried again, later and later. */
  async #settle(name: Name): Promise<void> {
    const key = keyOf(name);
    this.#retries.get(key)?.cancel();
    try {
      for (let moves = 0; moves < MOVES_AT_ONCE && !this.#stopped; moves++) {
        const heard = await this.#deeds.ask(name);
        if (heard === 'unheard') return this.#again(name); // also of what is only on record there
        const next = this.#deeds.next(name, heard, { asks: false });
        if (next.move === 'rest' || next.move === 'wait' || next.move === 'lose') break;
        await this.#deeds.carryOut(name, next, heard);
      }
      this.#retries.delete(key);
    } catch (error) {
      if (!isOperating(error)) throw error;
      const conflict = error instanceof KubeError && error.kind === 'conflict';
      this.#doors.log[conflict ? 'debug' : 'warn']('static address not settled', { of: key, says: error.message });
      this.#again(name);
    }
  }

  #again(name: Name): void {
    const key = keyOf(name);
    const before = this.#retries.get(key)?.ms;
    const ms = before === undefined ? RETRY_MS.first : Math.min(RETRY_MS.most, 2 * before);
    if (this.#stopped) return;
    this.#retries.set(key, { ms, cancel: this.#doors.clock.timer(ms, () => this.look(name)) });
  }

  /** What was kept when the agent ended may have been given back, or moved, meanwhile (U34). */
  #lookAtAll(which: (name: Name) => boolean = () => true): void {
    const { claims, keepers } = this.#doors.pool.pool;
    for (const id of [...claims.keys(), ...keepers.values()]) {
      const name = keptFor(id);
      if (name !== undefined && which(name)) this.look(name);
    }
  }
}

function waits(because: string, heard: StaticHeard): Waits {
  const [address] = typeof heard === 'string' ? [] : heard.status.addresses;
  return address === undefined ? { because } : { because, address };
}

function nameOf(key: string): Name {
  const [namespace = '', name = ''] = key.split('/');
  return { namespace, name };
}
