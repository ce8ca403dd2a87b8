import type { Clock, Millis } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import type { Address, Prefix } from '../../base/ip.ts';
import { keptFor } from '../../core/attachment.ts';
import type { CloudEffect } from '../../core/ipam/cloud-event.ts';
import type { PoolEvent } from '../../core/ipam/event.ts';
import type { Given, Holdable, Intent, NicReport, Urgency } from '../../core/ipam/nic.ts';
import { holderOf } from '../../core/ipam/pool.ts';
import { withoutReturned } from '../../core/ipam/reported.ts';
import type { NicProvider } from '../../io/cloud/provider.ts';
import { type Journal, JournalError } from '../../io/store/journal.ts';
import { failureOf } from './cloud-failure.ts';
import type { Meter } from './doors.ts';
import type { History } from './history.ts';
import { orderOf } from './nic-order.ts';
import { collectLeaked } from './leaked.ts';
import type { NicRunner } from './nic-runner.ts';
import type { PoolRunner } from './pool-runner.ts';

export interface CloudDoors {
  readonly nodeName: string;
  readonly provider: NicProvider;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly log: Logger;
  readonly meter: Meter;
  readonly history: History;
  readonly pool: PoolRunner;
  readonly nics: NicRunner;
  readonly collects: boolean; // NICs that nobody has: else somebody does for all nodes
  readonly vpcRanges: (ranges: readonly Prefix[]) => Promise<void>; // they are these now; never throws
}

/** Who knows which addresses are somebody's already, wherever they come from. */
export interface Named {
  /** What the pool has to hear before it hears that these are here. */
  readonly reserve: (given: Given) => readonly PoolEvent[];
  /** It has heard that they came, or have left. Returns at once. */
  readonly heard: (given: Given) => void;
}

const RETRY_MS = 2_000; //           limits that could not be asked, a record that could not be written
const MOST_RETRY_MS = 60_000;
const FOLLOW_MS = 30_000; //         ranges of the VPC, security groups

/**
 * Does what the pool asks of the cloud, and tells the pool what came of it. An intent is durable before it is asked
 * for; what was given is served by the datapath before the pool may give it to a pod.
 */
export class CloudRunner {
  readonly #doors: CloudDoors;
  readonly #timers = new Set<() => void>();
  #named: Named | undefined;
  #known = false; // the ranges of the VPC, to the node
  #tellKnown = (): void => {};
  readonly #whenKnown = new Promise<void>((resolve) => (this.#tellKnown = resolve));
  #stopped = false;
  #tail: Promise<void> = Promise.resolve();

  constructor(doors: CloudDoors) {
    this.#doors = doors;
    if (doors.journal.memory().vpcRanges.length > 0) this.#knowRanges();
  }

  /** From now on what is somebody's is kept for them, when it comes among others. Before `start`. */
  heed(named: Named): void {
    this.#named = named;
  }

  /** From now on the cloud is asked. Does not wait for it: until it answers an ADD is refused, and told why. */
  start(): void {
    void this.#doors.nics.start((nic, ready) => void this.#enter({ kind: ready ? 'nicReady' : 'nicGone', nic }));
    void this.#learnLimits();
    void this.#follow();
    if (!this.#doors.collects) return;
    const { nodeName, provider, log } = this.#doors;
    collectLeaked({ nodeName, provider, log, later: (ms, then) => this.#later(ms, then) });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
    await this.#doors.provider.close();
  }

  /** An effect of the pool. Returns at once. */
  perform(effect: CloudEffect): void {
    switch (effect.kind) {
      case 'ask':
        return void this.#ask(effect.intent, effect.urgency);
      case 'settle':
        return void this.#settle(effect);
      case 'report':
        return void this.#report(effect.sure);
      case 'lost':
        return this.#tellLost(effect);
      case 'found': {
        const { nic, what, taken } = effect;
        this.#doors.log.warn(taken ? 'addresses of others adopted' : 'addresses of others left alone', { nic, what });
      }
    }
  }

  /** The limits first: without them nothing can be asked for. */
  async #learnLimits(againMs = RETRY_MS): Promise<void> {
    try {
      await this.#enter({ kind: 'limits', limits: await this.#doors.provider.limits() });
    } catch (error) {
      const failure = failureOf(error, 'limits');
      this.#doors.log.warn('limits unknown', { ...failure });
      await this.#enter({ kind: 'limitsFailed', failure });
      this.#later(againMs, () => void this.#learnLimits(Math.min(MOST_RETRY_MS, 2 * againMs)));
    }
  }

  async #ask(intent: Intent, urgency: Urgency): Promise<void> {
    const { journal, clock, log, nics } = this.#doors;
    const { token } = intent;
    try {
      await journal.append([{ kind: 'intent', intent, at: clock.now() }]);
      await journal.synced(); // a machine that dies now must not leave what nobody knows of
      const answer = await this.#call(intent, urgency);
      await this.#enterWith(givenBy(answer), answer);
      if (answer.kind === 'assigned' && intent.kind === 'assign') nics.arrived(intent.nic, answer.given);
      this.#gone(intent);
      if (answer.kind !== 'nicCreated') return;
      nics.arrived(answer.nic.id, answer.nic);
      await this.#tellReady([answer.nic]);
    } catch (error) {
      const failure = failureOf(error, intent.kind);
      log.warn('cloud refused', { ...failure, token });
      this.#doors.history.note({}, { kind: 'denied', failure });
      await this.#enter({ kind: 'cloudFailed', token, failure });
      this.#gone(intent);
    }
  }

  /** The pool knows what came of giving something back. */
  #gone(intent: Intent): void {
    if (intent.kind === 'unassign') this.#doors.nics.left(intent.nic, intent.what);
    if (intent.kind === 'deleteNic') this.#doors.nics.left(intent.nic);
  }

  /**
   * Routes, rules and marks stand before the first pod: one whose NIC nobody marked would send by another, to be
   * dropped. They go before what they lead to.
   */
  async #call(intent: Intent, urgency: Urgency): Promise<PoolEvent> {
    const { provider, nics } = this.#doors;
    const { token } = intent;
    switch (intent.kind) {
      case 'assign': {
        const given = await provider.assign(intent, token, urgency);
        await nics.expect(intent.nic, given);
        return { kind: 'assigned', token, given };
      }
      case 'createNic': {
        const nic = await provider.createNic(orderOf(this.#doors.pool.pool, intent.spec), token, urgency);
        await nics.expect(nic.id, nic, nic);
        return { kind: 'nicCreated', token, nic };
      }
      case 'unassign':
        await provider.unassign(intent.nic, intent.what, urgency);
        await nics.leave(intent.nic, intent.what);
        return { kind: 'unassigned', token };
      case 'deleteNic':
        await nics.leave(intent.nic);
        await provider.deleteNic(intent.nic, urgency);
        return { kind: 'nicDeleted', token };
    }
  }

  async #settle(effect: Extract<CloudEffect, { kind: 'settle' }>): Promise<void> {
    const { journal, clock, log } = this.#doors;
    try {
      await journal.synced(); // a machine that dies now must not know of the end alone, and not of what it brought
      await journal.append([{ kind: 'settled', tokens: effect.tokens, at: clock.now() }]);
    } catch (err) {
      log.warn('not settled', { tokens: effect.tokens, err }); // after a restart it would be asked again
      this.#later(RETRY_MS, () => void this.#settle(effect));
    }
  }

  /** Where no NIC is known, metadata tell too little of it: the API itself is asked at once. */
  async #report(wanted: boolean): Promise<void> {
    const { clock, pool } = this.#doors;
    const asOf = clock.now();
    const sure = wanted || pool.pool.cloud?.nics.length === 0;
    try {
      const nics = await this.#doors.provider.reportNics({ sure });
      await this.#whenKnown; // before the first pod: what it sends within the VPC would be masqueraded
      const { cloud } = pool.pool;
      const present = cloud === undefined ? nics : withoutReturned(cloud, { nics, sure, asOf });
      await this.#doors.nics.serve(present, { sure });
      await this.#enterWith(
        { addresses: nics.flatMap(({ addresses }) => addresses), prefixes: nics.flatMap(({ prefixes }) => prefixes) },
        { kind: 'reported', nics, sure, asOf },
      );
      await this.#doors.nics.follow(this.#doors.pool.pool.cloud?.nics ?? []);
      await this.#tellReady(nics);
    } catch (error) {
      const failure = failureOf(error, 'report');
      this.#doors.log.warn('cloud does not tell', { ...failure });
      await this.#enter({ kind: 'reportFailed', failure, sure });
    }
  }

  /** What is served already was told before the pool knew the NIC. */
  async #tellReady(nics: readonly NicReport[]): Promise<void> {
    for (const { id } of nics) if (this.#doors.nics.serves(id)) await this.#enter({ kind: 'nicReady', nic: id });
  }

  #tellLost({ nic, what, whole, claims }: Extract<CloudEffect, { kind: 'lost' }>): void {
    const { log, meter, history, nics } = this.#doors;
    void nics.withdraw(nic, whole ? undefined : what);
    const sent = whole ? [] : what.filter((it) => this.#isKept(it));
    if (sent.length > 0) log.info('kept addresses have left', { nic, what: sent });
    this.#named?.heard({ addresses: sent as readonly Address[], prefixes: [] });
    const taken = what.filter((it) => !sent.includes(it));
    if (taken.length === 0 && !whole) return;
    meter.taken(whole ? 'nic' : 'address', whole ? 1 : taken.length);
    log.error('taken from outside', { nic, what: taken, whole, attachments: claims });
    const because = whole ? `${nic} was detached from outside` : `${taken.join(', ')} left ${nic} from outside`;
    for (const id of claims) history.note({ id }, { kind: 'cutOff', because });
  }

  /** Whether a name has it, and no pod: this node sent it away and did not hear so, or another has it by right. */
  #isKept(it: Holdable): boolean {
    const holder = holderOf(this.#doors.pool.pool, it as Address);
    return holder !== undefined && keptFor(holder) !== undefined;
  }

  async #follow(): Promise<void> {
    const { provider, vpcRanges, log, pool } = this.#doors;
    try {
      const ranges = await provider.vpcRanges();
      if (ranges.length > 0) await vpcRanges(ranges); // none: it is not told, for a VPC has one
      this.#knowRanges();
      // one that nobody marked may have been made by the NICConfig, for aws-node: its groups are not the node's
      const behind = await provider.tendNics({ groups: pool.pool.cloud?.placing.own === undefined });
      if (behind.length > 0) log.info('NICs tended', { nics: behind });
    } catch (err) {
      log.warn('VPC not followed', { err });
    }
    this.#later(this.#known ? FOLLOW_MS : RETRY_MS, () => void this.#follow());
  }

  #knowRanges(): void {
    this.#known = true;
    this.#tellKnown();
  }

  /** What of that which an event tells of is somebody's is kept before it is heard. */
  async #enterWith(given: Given, event: PoolEvent): Promise<void> {
    for (const it of this.#named?.reserve(given) ?? []) await this.#enter(it);
    await this.#enter(event);
    this.#named?.heard(given);
  }

  /** Resolves when the pool has taken it. One after the other: what came of it may hang on those before. */
  #enter(event: PoolEvent): Promise<void> {
    this.#tail = this.#tail.then(() => this.#tell(event));
    return this.#tail;
  }

  /** An event that cannot be written has not happened: it is told again, until the agent ends. */
  async #tell(event: PoolEvent): Promise<void> {
    for (;;) {
      try {
        return await this.#doors.pool.tell(event);
      } catch (err) {
        this.#doors.log.error('cloud event not taken', { event: event.kind, err });
        if (!(err instanceof JournalError)) return; // a broken law is not mended by time: the next report tells
      }
      await new Promise<void>((resolve) => this.#later(RETRY_MS, resolve));
    }
  }

  #later(after: Millis, then: () => void): void {
    if (this.#stopped) return;
    const cancel = this.#doors.clock.timer(after, () => {
      this.#timers.delete(cancel);
      then();
    });
    this.#timers.add(cancel);
  }
}

function givenBy(event: PoolEvent): Given {
  if (event.kind === 'assigned') return event.given;
  return event.kind === 'nicCreated' ? event.nic : { addresses: [], prefixes: [] };
}
