import type { Clock, Millis } from '../../base/clock.ts';
import type { Address, Family } from '../../base/ip.ts';
import type { AttachmentId, AttachmentRecord } from '../../core/attachment.ts';
import type { CloudEffect } from '../../core/ipam/cloud-event.ts';
import type { Claimed, PoolEffect, PoolEvent, Range } from '../../core/ipam/event.ts';
import type { NicWish } from '../../core/ipam/nic.ts';
import { brokenLawNear } from '../../core/ipam/invariants.ts';
import { nextTick, type Pool, readyAt } from '../../core/ipam/pool.ts';
import { step } from '../../core/ipam/step.ts';
import type { MemoryRecord } from '../../core/memory/record.ts';
import type { Refusal } from '../../core/refusal.ts';
import type { Attachments } from './attachments.ts';

/** A claim was refused: the value says why. */
export class RefusalError extends Error {
  readonly refusal: Refusal;
  constructor(refusal: Refusal, options: { cause?: unknown } = {}) {
    super(refusal.why, options);
    this.name = 'RefusalError';
    this.refusal = refusal;
  }
}

/**
 * What an ADD asks of the pool. `describe` makes the whole record once the addresses are known, for it is written with
 * the claim.
 */
export interface ClaimWish {
  readonly id: AttachmentId;
  readonly netns: string; // the sandbox that asks
  readonly families: readonly Family[];
  readonly wanted: readonly Address[];
  readonly until: Millis;
  readonly keeper?: AttachmentId; // has the addresses afterwards
  readonly nic?: NicWish;
  readonly describe: (addresses: readonly Address[]) => AttachmentRecord;
  /** Called when these addresses are promised and must cool for so long; with none: the cloud was asked for some. */
  readonly waits: (addresses: readonly Address[], readyInMs: Millis) => void;
}

interface Waiter {
  readonly wish: ClaimWish;
  readonly grant: (record: AttachmentRecord) => void;
  readonly refuse: (error: RefusalError) => void;
  record?: AttachmentRecord;
}

export interface PoolDoors {
  readonly attachments: Attachments;
  readonly clock: Clock;
  /** What the pool asks of the cloud, when it has one. Must return at once. */
  readonly cloud?: (effect: CloudEffect) => void;
}

const RETRY_MS = 250; // after a tick whose effects could not be written

/**
 * The shell around `step`: one event at a time enters, its effects are done in order, and the next pool is taken only
 * when they are on record. An event whose record cannot be written has not happened.
 */
export class PoolRunner {
  #pool: Pool;
  readonly #doors: PoolDoors;
  readonly #waiters = new Map<AttachmentId, Waiter>();
  #now: Millis = 0;
  #tail: Promise<void> = Promise.resolve();
  #cancelTick: (() => void) | undefined;
  #stopped = false;

  constructor(pool: Pool, doors: PoolDoors) {
    this.#pool = pool;
    this.#doors = doors;
  }

  /** The pool now: a value that never changes. */
  get pool(): Pool {
    return this.#pool;
  }

  /** Resolves with the record that is now on disk. Throws RefusalError. */
  claim(wish: ClaimWish): Promise<AttachmentRecord> {
    return new Promise((grant, refuse) => {
      this.#waiters.set(wish.id, { wish, grant, refuse });
      const { id, families, wanted, until, keeper, nic } = wish;
      const more = { ...(keeper === undefined ? {} : { keeper }), ...nic };
      this.#enter({ kind: 'claim', by: id, families, wanted, until, ...more }).catch((cause: unknown) => {
        this.#refuse(id, { why: 'not-durable', cause: messageOf(cause) }, cause); // unless it was refused already
      });
    });
  }

  /** Gives the addresses back. `used`: they had reached the wire. Throws JournalError: then nothing was released. */
  async release(id: AttachmentId, used: boolean): Promise<void> {
    await this.#enter({ kind: 'release', by: id, used });
  }

  /**
   * An ADD that still waits is refused now, since its sandbox is being removed: if it is this one. Nobody waits:
   * nothing happens.
   */
  async cancel(id: AttachmentId, isThis: (netns: string) => boolean): Promise<void> {
    const waiter = this.#waiters.get(id);
    if (waiter === undefined || !isThis(waiter.wish.netns)) return;
    // what it has been given meanwhile is its own: DEL takes that back
    const waits = () => this.#waiters.get(id) === waiter;
    await this.#enter({ kind: 'release', by: id, used: false }, waits);
  }

  async setRanges(ranges: readonly Range[]): Promise<void> {
    await this.#enter({ kind: 'ranges', ranges });
  }

  /** What happened in the cloud. Throws when what follows from it cannot be written: then it has not happened. */
  async tell(event: PoolEvent): Promise<void> {
    await this.#enter(event);
  }

  /** Begins to live by its own timer: a pool with a cloud has things to ask before the first ADD. */
  start(): void {
    this.#scheduleTick();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancelTick?.();
    this.#cancelTick = undefined;
  }

  #enter(event: PoolEvent, stillSo = () => true): Promise<void> {
    const mine = this.#tail.then(() => (stillSo() ? this.#step(event) : undefined));
    this.#tail = mine.catch(() => {}); // told to whoever entered the event
    return mine;
  }

  async #step(event: PoolEvent): Promise<void> {
    // the clock of a machine may be set back, the pool's must not
    this.#now = Math.max(this.#now, this.#doors.clock.now());
    const { pool, effects } = step(this.#pool, event, this.#now);
    const broken = brokenLawNear(pool, event);
    if (broken !== undefined) throw new Error(`pool: ${broken}`); // better no answer than a wrong address
    for (const effect of effects) {
      if (effect.kind !== 'persist') continue;
      try {
        await this.#persist(effect);
      } catch (cause) {
        this.#forsake(effect.claims, cause);
        throw cause;
      }
    }
    this.#pool = pool;
    for (const effect of effects)
      if (isOfCloud(effect)) this.#doors.cloud?.(effect);
      else this.#tell(effect);
    if (event.kind === 'claim') this.#tellWaiting(event.by);
    this.#scheduleTick();
  }

  async #persist(effect: Extract<PoolEffect, { kind: 'persist' }>): Promise<void> {
    const kept = (effect.kept ?? []).map(({ by, addresses }): MemoryRecord => ({ kind: 'kept', by, addresses }));
    const released = effect.released.map(
      ({ by, addresses, freeAt }): MemoryRecord => ({
        kind: 'release',
        id: by,
        addresses,
        freeAt,
      }),
    );
    const records = [...kept, ...released];
    for (const { by, addresses } of effect.claims) {
      const waiter = this.#waiters.get(by);
      if (waiter === undefined) throw new Error(`pool: ${by} was given addresses and nobody asked`);
      waiter.record = waiter.wish.describe(addresses);
      records.push({ kind: 'claim', attachment: waiter.record });
    }
    await this.#doors.attachments.remember(records);
  }

  /** What could not be written was not given: whoever would have got it hears so, and leaves the queue. */
  #forsake(claims: readonly Claimed[], cause: unknown): void {
    if (claims.length === 0) return;
    for (const { by } of claims) this.#refuse(by, { why: 'not-durable', cause: messageOf(cause) }, cause);
    const by = claims.map((claim) => claim.by);
    this.#enter({ kind: 'forsaken', by }).catch(() => this.#scheduleTick(RETRY_MS));
  }

  #tell(effect: Exclude<PoolEffect, CloudEffect>): void {
    if (effect.kind === 'refuse') this.#refuse(effect.to, effect.refusal);
    if (effect.kind !== 'grant') return;
    const waiter = this.#waiters.get(effect.to);
    this.#waiters.delete(effect.to);
    if (waiter !== undefined) waiter.grant(waiter.record ?? waiter.wish.describe(effect.addresses));
  }

  #tellWaiting(id: AttachmentId): void {
    const waiting = this.#pool.waiting.find(({ by }) => by === id);
    if (waiting === undefined) return;
    const addresses = waiting.promised.map(({ address }) => address);
    this.#waiters.get(id)?.wish.waits(addresses, Math.max(0, readyAt(waiting.promised) - this.#now));
  }

  #refuse(id: AttachmentId, refusal: Refusal, cause?: unknown): void {
    const waiter = this.#waiters.get(id);
    this.#waiters.delete(id);
    waiter?.refuse(new RefusalError(refusal, { cause }));
  }

  /** Wakes up when the pool wants it; after a failing disk a little later. */
  #scheduleTick(atLeastMs = 0): void {
    this.#cancelTick?.();
    this.#cancelTick = undefined;
    const at = this.#stopped ? undefined : nextTick(this.#pool);
    if (at === undefined) return;
    this.#cancelTick = this.#doors.clock.timer(Math.max(atLeastMs, at - this.#doors.clock.now()), () => {
      this.#cancelTick = undefined;
      this.#enter({ kind: 'tick' }).catch(() => this.#scheduleTick(RETRY_MS));
    });
  }
}

function isOfCloud(effect: PoolEffect): effect is CloudEffect {
  return effect.kind !== 'persist' && effect.kind !== 'grant' && effect.kind !== 'refuse';
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
