import type { Clock, Millis } from '../../base/clock.ts';
import type { Prefix } from '../../base/ip.ts';
import type { CloudEvent } from '../../core/ipam/cloud-event.ts';
import type { Given, Holdable, Intent, NicId, NicLimits, NicReport, NicSpec, Token } from '../../core/ipam/nic.ts';
import { Refused, TinyCloud, type TinySettings } from '../../core/ipam/testing/tiny-cloud.ts';
import { CloudError, type CloudErrorKind, type NicProvider, type Urgency } from './provider.ts';

type Assignment = Parameters<NicProvider['assign']>[0];

/** A call as it was made. */
export interface FakeCall {
  readonly kind: Intent['kind'] | 'limits' | 'report';
  readonly urgency?: Urgency;
  readonly token?: Token;
}

/**
 * A cloud in memory behind the door of NICs, for tests: it keeps the limits of its instance, answers a token as before,
 * takes its time, and fails when told so. `lose`: what was asked for happens, and its answer is lost.
 */
export class FakeProvider implements NicProvider {
  readonly cloud: TinyCloud;
  readonly calls: FakeCall[] = [];
  /** How the next calls fail. */
  readonly failures: (CloudErrorKind | 'lose')[] = [];
  /** Nobody answers at all. */
  down = false;
  readonly #clock: Clock;
  readonly #callMs: Millis;
  #serial = 0;

  constructor(clock: Clock, settings: TinySettings & { readonly callMs?: Millis }, cloud = new TinyCloud(settings)) {
    this.cloud = cloud;
    this.#clock = clock;
    this.#callMs = settings.callMs ?? 300;
  }

  limits(): Promise<NicLimits> {
    return this.#answer({ kind: 'limits' }, () => this.cloud.limits);
  }

  reportNics(): Promise<readonly NicReport[]> {
    return this.#answer({ kind: 'report' }, () => this.cloud.report());
  }

  async createNic(spec: NicSpec, token: Token, urgency: Urgency): Promise<NicReport> {
    const done = await this.#change({ kind: 'createNic', token, spec }, urgency);
    if (done.kind !== 'nicCreated') throw new Error(`fake cloud: ${done.kind}`);
    return done.nic;
  }

  async deleteNic(nic: NicId, urgency: Urgency): Promise<void> {
    await this.#change({ kind: 'deleteNic', token: this.#token(), nic }, urgency);
  }

  async assign(of: Assignment, token: Token, urgency: Urgency): Promise<Given> {
    const { nic, unit, family, count } = of;
    const done = await this.#change({ kind: 'assign', token, nic, unit, family, count }, urgency);
    if (done.kind !== 'assigned') throw new Error(`fake cloud: ${done.kind}`);
    return done.given;
  }

  async unassign(nic: NicId, what: readonly Holdable[], urgency: Urgency): Promise<void> {
    await this.#change({ kind: 'unassign', token: this.#token(), nic, what }, urgency);
  }

  vpcRanges(): Promise<readonly Prefix[]> {
    return this.#answer({ kind: 'report' }, () => [this.cloud.range]);
  }

  collectLeaked(): Promise<readonly NicId[]> {
    return Promise.resolve([]);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #change(intent: Intent, urgency: Urgency): Promise<CloudEvent> {
    const failure = this.failures.shift();
    return this.#answer({ kind: intent.kind, urgency, token: intent.token }, () => {
      if (failure !== undefined && failure !== 'lose') throw refusal(failure, intent.kind, 'as the test wants it');
      const done = this.#carryOut(intent);
      if (failure === 'lose') throw refusal('unknown', intent.kind, 'the answer was lost');
      return done;
    });
  }

  #carryOut(intent: Intent): CloudEvent {
    try {
      return this.cloud.carryOut(intent);
    } catch (refused) {
      if (!(refused instanceof Refused)) throw refused;
      const { kind, message, subnet } = refused.failure;
      throw refusal(kind, intent.kind, message, subnet);
    }
  }

  async #answer<T>(call: FakeCall, answer: () => T): Promise<T> {
    this.calls.push(call);
    await new Promise<void>((resolve) => this.#clock.timer(this.#callMs, resolve));
    if (this.down) throw refusal('unknown', call.kind, 'no answer');
    return answer();
  }

  #token(): Token {
    return `fake-${this.#serial++}` as Token;
  }
}

function refusal(kind: CloudErrorKind, action: string, message: string, subnet?: string): CloudError {
  return new CloudError(kind, { action, code: kind, message, ...(subnet === undefined ? {} : { subnet }) });
}
