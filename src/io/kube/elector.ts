import type { Clock, Millis } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import type { Random } from '../../base/random.ts';
import {
  candidate,
  leadsUntil,
  move,
  type Move,
  seen,
  type Standing,
  TERM,
  written,
} from '../../core/cluster/leadership.ts';
import { type LeaseShape, readLease, writeLease } from '../../wire/kube/lease.ts';
import { LEASES, type Place } from '../../wire/kube/resource.ts';
import { type KubeClient, KubeError } from './client.ts';
import { Informer } from './informer.ts';

export interface ElectorDoors {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** Whom leadership concerns. Both return at once. */
export interface Led {
  readonly began: () => void;
  readonly ended: () => void;
}

/**
 * One candidate for a Lease. Who does not hold it hears of it by a watch and asks nothing. Who holds it leads until its
 * last word is ten seconds old, whatever hangs meanwhile; `leads` is exact for whoever is about to do something.
 */
export class Elector {
  readonly #doors: ElectorDoors;
  readonly #place: Place;
  readonly #leases: Informer<LeaseShape>;
  readonly #led: Led;
  #standing: Standing;
  #leading = false;
  #writing = false;
  #stopped = false;
  #cancelMove: (() => void) | undefined;
  #cancelEnd: (() => void) | undefined;

  /** `me`: no other candidate has this name. */
  constructor(
    doors: ElectorDoors,
    of: { readonly namespace: string; readonly name: string; readonly me: string },
    led: Led,
  ) {
    const { namespace, name, me } = of;
    this.#doors = doors;
    this.#led = led;
    this.#place = { resource: LEASES, namespace, name };
    this.#standing = candidate(me);
    this.#leases = new Informer(doors, {
      select: { resource: LEASES, namespace, fields: `metadata.name=${name}` },
      read: readLease,
      hear: (change) => this.#see(change.kind === 'removed' ? undefined : change.now),
      synced: () => this.#next(),
    });
  }

  /** Whether it leads, at this very moment. */
  get leads(): boolean {
    return !this.#stopped && this.#doors.clock.steady() < leadsUntil(this.#standing);
  }

  start(): void {
    this.#leases.start();
  }

  /** Leads no longer, and gives the lease back if it can, so that nobody waits for it. */
  async stop(): Promise<void> {
    const { lease } = this.#standing;
    const mine = this.leads && lease !== undefined;
    this.#stopped = true;
    this.#cancelMove?.();
    this.#leases.stop();
    this.#judge();
    if (!mine) return;
    const write = { kind: 'write', lease, transitions: lease.transitions } as const;
    await this.#put(write, '').catch((err: unknown) => this.#doors.log.info('lease not given back', { err }));
  }

  #see(lease: LeaseShape | undefined): void {
    this.#standing = seen(this.#standing, lease, this.#doors.clock.steady());
    this.#judge();
    this.#next();
  }

  /** Does what is to be done now, or when its time comes. */
  #next(againMs: Millis = 0): void {
    if (this.#stopped || this.#writing || !this.#leases.synced) return;
    const { clock } = this.#doors;
    this.#cancelMove?.();
    const next = move(this.#standing, clock.steady());
    const inMs = Math.max(againMs, next.kind === 'wait' ? next.forMs : 0);
    if (next.kind === 'write' && inMs === 0) void this.#write(next);
    else this.#cancelMove = clock.timer(inMs, () => this.#next());
  }

  async #write(next: Extract<Move, { kind: 'write' }>): Promise<void> {
    const { clock, log, random } = this.#doors;
    const began = clock.steady();
    let againMs = 0;
    this.#writing = true;
    try {
      const lease = await this.#put(next, this.#standing.me);
      this.#standing = written(this.#standing, lease, began);
    } catch (error) {
      if (!(error instanceof KubeError)) throw error;
      log.info('lease not written', { kind: error.kind, says: error.message });
      againMs = TERM.retryMs * (1 + random.fraction()); // who was first is heard of meanwhile
    }
    this.#writing = false;
    this.#judge();
    this.#next(againMs);
  }

  async #put({ lease, transitions }: Extract<Move, { kind: 'write' }>, holder: string): Promise<LeaseShape> {
    const { client, clock } = this.#doors;
    const { namespace = '', name } = this.#place;
    const durationMs = holder === '' ? 1_000 : TERM.durationMs;
    const of = { namespace, name, version: lease?.version, holder, durationMs, transitions, now: clock.now() };
    if (lease !== undefined) return readLease(await client.replace(this.#place, writeLease(of)));
    return readLease(await client.create({ resource: LEASES, namespace }, writeLease(of)));
  }

  /** Tells when leadership begins and ends; the end has a timer of its own. */
  #judge(): void {
    const { clock, log } = this.#doors;
    const leads = this.leads;
    this.#cancelEnd?.();
    if (leads) this.#cancelEnd = clock.timer(leadsUntil(this.#standing) - clock.steady(), () => this.#judge());
    if (leads === this.#leading) return;
    this.#leading = leads;
    log.info(leads ? 'leading' : 'no longer leading', { lease: this.#place.name, me: this.#standing.me });
    if (leads) this.#led.began();
    else this.#led.ended();
  }
}
