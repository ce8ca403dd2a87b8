import type { Clock, Millis } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import { serves } from '../../core/ipam/cloud.ts';
import type { CloudEffect, CloudEvent } from '../../core/ipam/cloud-event.ts';
import type { CloudFailure, Intent, NicReport, Token, Urgency } from '../../core/ipam/nic.ts';
import type { Pool } from '../../core/ipam/pool.ts';
import { CloudError, type NicProvider } from '../../io/cloud/provider.ts';
import type { Journal } from '../../io/store/journal.ts';

export interface CloudDoors {
  readonly provider: NicProvider;
  readonly journal: Pick<Journal, 'append' | 'synced'>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Lets the pool hear of it. Rejects when what follows from it cannot be put on record: then it has not happened. */
  readonly hear: (event: CloudEvent) => Promise<void>;
  readonly pool: () => Pool;
  /** Makes the node serve a NIC: its link, routes and rules. Called again after a failure, and after a restart. */
  readonly setUp: (nic: NicReport) => Promise<void>;
  /** Somebody else took or put something: for metrics, events and `berth why`. */
  readonly changed: (effect: Extract<CloudEffect, { kind: 'lost' | 'found' }>) => void;
}

const RETRY_MS: Millis = 250; //        after an answer that could not be put on record
const AGAIN_MS: Millis = 2_000; //      after a NIC could not be set up, or the limits not be asked
const STOP_WITHIN_MS: Millis = 3_000; // calls under way are waited for; their intents are on record anyway

/**
 * The hands of the pool towards its cloud: intents become calls, answers become events. An intent is on record, and
 * survives the machine, before its call is made (A26); what is asked again is asked by the same token. When to ask
 * again, and how long to leave the cloud alone, is the pool's to decide.
 */
export class CloudRunner {
  readonly #doors: CloudDoors;
  readonly #recorded = new Set<Token>();
  readonly #settingUp = new Set<string>();
  readonly #under = new Set<Promise<void>>();
  readonly #cancels = new Set<() => void>();
  #stopped = false;

  constructor(doors: CloudDoors) {
    this.#doors = doors;
  }

  /** Begins: the instance's limits are asked for until they are known. The pool asks for all else by itself. */
  start(): void {
    this.#run(this.#askLimits());
  }

  /** Does what the pool wants of the cloud. Returns at once. */
  does(effect: CloudEffect): void {
    if (this.#stopped) return;
    switch (effect.kind) {
      case 'ask':
        return this.#run(this.#ask(effect.intent, effect.urgency));
      case 'settle':
        return this.#run(this.#settle(effect.tokens));
      case 'report':
        return this.#run(this.#report(effect.sure));
      case 'lost':
      case 'found':
        return this.#doors.changed(effect);
    }
  }

  /** Hears no more answers. Calls under way are waited for a little. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const cancel of this.#cancels) cancel();
    const given = new Promise<void>((resolve) => this.#doors.clock.timer(STOP_WITHIN_MS, resolve));
    if (this.#under.size > 0) await Promise.race([Promise.allSettled(this.#under), given]);
  }

  #run(work: Promise<void>): void {
    const under = work
      .catch((err: unknown) => this.#doors.log.error('cloud runner', { err }))
      .finally(() => this.#under.delete(under));
    this.#under.add(under);
  }

  async #askLimits(): Promise<void> {
    while (!this.#stopped) {
      try {
        const limits = await this.#doors.provider.limits();
        return await this.#hear({ kind: 'limits', limits });
      } catch (err) {
        this.#doors.log.warn('limits of this instance not known', { err });
        await this.#sleep(AGAIN_MS);
      }
    }
  }

  async #ask(intent: Intent, urgency: Urgency): Promise<void> {
    const { clock, log } = this.#doors;
    const began = clock.steady();
    const answer = await this.#record(intent)
      .then(() => this.#call(intent, urgency))
      .catch(
        (cause: unknown): CloudEvent => ({
          kind: 'cloudFailed',
          token: intent.token,
          failure: failureOf(intent.kind, cause),
        }),
      );
    const fields = { what: intent.kind, token: intent.token, urgency, ms: clock.steady() - began };
    if (answer.kind === 'cloudFailed') log.warn('cloud call failed', { ...fields, ...answer.failure });
    else log.info('cloud call', fields);
    await this.#hear(answer);
  }

  /** Durable before the call: a crash behind this line leaves nothing that nobody knows of. */
  async #record(intent: Intent): Promise<void> {
    if (this.#recorded.has(intent.token)) return;
    const { journal, clock } = this.#doors;
    try {
      await journal.append([{ kind: 'intent', intent, at: clock.now() }]);
      await journal.synced();
    } catch (cause) {
      const message = `the intent cannot be put on record: ${messageOf(cause)}`;
      throw new CloudError('busy', { action: intent.kind, code: 'NotDurable', message, cause });
    }
    this.#recorded.add(intent.token);
  }

  async #call(intent: Intent, urgency: Urgency): Promise<CloudEvent> {
    const { provider } = this.#doors;
    const { token } = intent;
    switch (intent.kind) {
      case 'assign':
        return { kind: 'assigned', token, given: await provider.assign(intent, token, urgency) };
      case 'createNic':
        return { kind: 'nicCreated', token, nic: await provider.createNic(intent.spec, token, urgency) };
      case 'unassign':
        await provider.unassign(intent.nic, intent.what, urgency);
        return { kind: 'unassigned', token };
      case 'deleteNic':
        await provider.deleteNic(intent.nic, urgency);
        return { kind: 'nicDeleted', token };
    }
  }

  /** Not written: after a restart it is asked once more, which changes nothing. */
  async #settle(tokens: readonly Token[]): Promise<void> {
    const { journal, clock, log } = this.#doors;
    for (const token of tokens) this.#recorded.delete(token);
    try {
      await journal.append([{ kind: 'settled', tokens, at: clock.now() }]);
    } catch (err) {
      log.warn('outcome of cloud calls not on record', { err });
    }
  }

  async #report(sure: boolean): Promise<void> {
    const { provider, clock } = this.#doors;
    const asOf = clock.now();
    let event: CloudEvent;
    try {
      event = { kind: 'reported', nics: await provider.reportNics({ sure }), sure, asOf };
    } catch (cause) {
      event = { kind: 'reportFailed', failure: failureOf('reportNics', cause) };
    }
    await this.#hear(event);
  }

  /** An answer must not get lost: it is told until it is on record. */
  async #hear(event: CloudEvent): Promise<void> {
    while (!this.#stopped) {
      try {
        await this.#doors.hear(event);
        return this.#setUpNew();
      } catch (err) {
        this.#doors.log.warn('answer of the cloud not on record', { what: event.kind, err });
        await this.#sleep(RETRY_MS);
      }
    }
  }

  #setUpNew(): void {
    const { cloud } = this.#doors.pool();
    for (const nic of cloud?.nics ?? []) {
      const { id } = nic.report;
      if (cloud === undefined || nic.ready || !serves(cloud, nic) || this.#settingUp.has(id)) continue;
      this.#settingUp.add(id);
      this.#run(this.#setUp(nic.report).finally(() => this.#settingUp.delete(id)));
    }
  }

  async #setUp(report: NicReport): Promise<void> {
    const isThere = () => this.#doors.pool().cloud?.nics.some((nic) => nic.report.id === report.id && !nic.ready);
    while (!this.#stopped && isThere() === true) {
      try {
        await this.#doors.setUp(report);
        return await this.#hear({ kind: 'nicReady', nic: report.id });
      } catch (err) {
        this.#doors.log.warn('NIC not set up', { nic: report.id, err });
        await this.#sleep(AGAIN_MS);
      }
    }
  }

  #sleep(ms: Millis): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        this.#cancels.delete(cancel);
        resolve();
      };
      const stop = this.#doors.clock.timer(ms, end);
      const cancel = () => {
        stop();
        end();
      };
      this.#cancels.add(cancel);
    });
  }
}

/** What a call threw, as a value. What is no CloudError is a defect of the provider: its outcome is unknown. */
function failureOf(action: string, cause: unknown): CloudFailure {
  if (!(cause instanceof CloudError)) return { kind: 'unknown', action, code: 'Defect', message: messageOf(cause) };
  const { kind, code, message, subnet, retryAfterMs } = cause;
  return {
    kind,
    action: cause.action,
    code,
    message,
    ...(subnet === undefined ? {} : { subnet }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
