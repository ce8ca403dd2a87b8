import type { Millis } from '../../../base/clock.ts';
import type { CloudPolicy } from '../cloud.ts';
import type { CloudErrorKind, Intent, NicId, NicWish, Urgency } from '../nic.ts';
import { emptyPool, nextTick, type Pool } from '../pool.ts';
import type { PoolEffect, PoolEvent } from '../event.ts';
import type { Refusal } from '../../refusal.ts';
import { brokenLaw } from '../invariants.ts';
import { step } from '../step.ts';
import { COOLDOWN, id, line } from './driver.ts';
import { CALL_MS, Refused, TinyCloud, type TinySettings } from './tiny-cloud.ts';

// For tests: a pool, its clock and a tiny cloud that answers after a while. Every step is judged.

/** The policy of tests: the demand decides. */
export const POLICY: CloudPolicy = {
  owner: 'node-1',
  families: ['v4'],
  unit: 'address',
  targets: {},
  maxPods: 250,
  usePrimary: true,
  keepTrunkSlot: false,
  hold: false,
  foreign: 'adopt',
};

interface Coming {
  readonly at: Millis;
  readonly happens: () => void;
}

/** Calls and reports take their time; ADDs are kept by name. */
export class CloudDriver {
  pool: Pool;
  now: Millis = 1_000_000;
  readonly cloud: TinyCloud;
  readonly log: string[] = [];
  readonly asked: { readonly intent: Intent; readonly urgency: Urgency; readonly at: Millis }[] = [];
  readonly refusals = new Map<string, Refusal>();
  readonly granted = new Set<string>();
  readonly settled: string[] = [];
  /** Failures to come, for the next calls of any kind. */
  readonly failures: CloudErrorKind[] = [];
  /** Metadata and API, as they tell of what is attached; by default the truth. */
  seen: (sure: boolean) => ReturnType<TinyCloud['report']>;
  private readonly coming: Coming[] = [];

  constructor(settings: TinySettings, policy: Partial<CloudPolicy> = {}) {
    this.cloud = new TinyCloud(settings);
    this.seen = () => this.cloud.report();
    this.pool = emptyPool({ cooldownMs: COOLDOWN, waitingLimit: 1_000, cloud: { ...POLICY, ...policy } });
  }

  /** Limits told, NICs reported and ready, all calls answered. */
  start(): this {
    this.feed({ kind: 'limits', limits: this.cloud.limits });
    this.passes(5_000);
    return this;
  }

  feed(event: PoolEvent): readonly string[] {
    const { pool, effects } = step(this.pool, event, this.now);
    const broken = brokenLaw(pool);
    if (broken !== undefined) throw new Error(`${broken}\n${this.log.slice(-10).join('\n')}`);
    this.pool = pool;
    const lines = effects.map(line);
    this.log.push(...lines.map((it) => `${this.now} ${it}`));
    for (const effect of effects) this.does(effect);
    return lines;
  }

  private does(effect: PoolEffect): void {
    if (effect.kind === 'ask') {
      this.asked.push({ intent: effect.intent, urgency: effect.urgency, at: this.now });
      this.in(CALL_MS, () => this.answer(effect.intent));
    }
    if (effect.kind === 'report') {
      const asOf = this.now;
      const { sure } = effect;
      const nics = this.seen(sure);
      this.in(sure ? 100 : 5, () => {
        this.feed({ kind: 'reported', nics, sure, asOf });
        this.makeReady();
      });
    }
    if (effect.kind === 'settle') this.settled.push(...effect.tokens);
    if (effect.kind === 'refuse') this.refusals.set(nameOf(effect.to), effect.refusal);
    if (effect.kind === 'grant') this.granted.add(nameOf(effect.to));
  }

  private answer(intent: Intent): void {
    const kind = this.failures.shift();
    try {
      if (kind !== undefined) throw new Refused(kind, kind);
      this.feed(this.cloud.carryOut(intent));
      this.makeReady();
    } catch (refused) {
      if (!(refused instanceof Refused)) throw refused;
      this.feed({ kind: 'cloudFailed', token: intent.token, failure: refused.failure });
    }
  }

  /** The datapath is quick, where there is a link. */
  private makeReady(): void {
    for (const { report, ready } of this.pool.cloud?.nics ?? [])
      if (!ready && this.cloud.nics.has(report.id)) this.in(50, () => this.feed({ kind: 'nicReady', nic: report.id }));
  }

  private in(ms: Millis, happens: () => void): void {
    this.coming.push({ at: this.now + ms, happens });
    this.coming.sort((a, b) => a.at - b.at);
  }

  /** Lets time pass: answers come, and the pool ticks when it wants to. */
  passes(ms: Millis): this {
    const end = this.now + ms;
    for (let steps = 0; ; steps++) {
      if (steps > 20_000) throw new Error(`it never rests\n${this.log.slice(-10).join('\n')}`);
      const answerAt = this.coming[0]?.at ?? Number.POSITIVE_INFINITY;
      const tickAt = nextTick(this.pool) ?? Number.POSITIVE_INFINITY;
      if (Math.min(answerAt, tickAt) > end) break;
      this.now = Math.max(this.now, Math.min(answerAt, tickAt));
      if (answerAt <= tickAt) this.coming.shift()?.happens();
      else this.feed({ kind: 'tick' });
    }
    this.now = end;
    return this;
  }

  /** `nic`: what it wants of the NIC. */
  add(container: string, patience: Millis = 60_000, nic: NicWish = {}): readonly string[] {
    const asked = { families: ['v4'] as const, wanted: [], ...nic };
    return this.feed({ kind: 'claim', by: id(container), until: this.now + patience, ...asked });
  }

  remove(container: string, used = true): readonly string[] {
    this.granted.delete(container);
    return this.feed({ kind: 'release', by: id(container), used });
  }

  /** So many pods at once, named p0, p1 …; those there are stay. */
  pods(count: number): this {
    for (let i = 0; i < count; i++) if (!this.granted.has(`p${i}`)) this.add(`p${i}`);
    for (const name of [...this.granted].toReversed()) if (Number(name.slice(1)) >= count) this.remove(name);
    return this;
  }

  /** The addresses of each NIC, pods' or free. */
  get shape(): readonly number[] {
    return [...this.cloud.nics.values()].map(({ holds }) => holds.size);
  }

  /** Calls that change something. */
  get mutations(): readonly string[] {
    return this.asked.map(({ intent }) => intent.kind);
  }

  nic(at: number): NicId {
    const found = [...this.cloud.nics.keys()][at];
    if (found === undefined) throw new Error(`no NIC ${at}`);
    return found;
  }
}

function nameOf(of: string): string {
  return of.split('/')[1] ?? of;
}
