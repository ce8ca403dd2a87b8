import type { Millis } from '../../../base/clock.ts';
import type { Address } from '../../../base/ip.ts';
import { type Random, seeded } from '../../../base/random.ts';
import { type AttachmentId, attachmentName } from '../../attachment.ts';
import { emptyMemory, remember, snapshot } from '../../memory/fold.ts';
import type { Memory, MemoryRecord } from '../../memory/record.ts';
import type { adopt } from '../adopt.ts';
import type { CloudPolicy } from '../cloud.ts';
import type { CloudEvent } from '../cloud-event.ts';
import type { PoolEffect, PoolEvent } from '../event.ts';
import { brokenLaw } from '../invariants.ts';
import type { Holdable, Intent, NicReport } from '../nic.ts';
import { nextTick, type Pool } from '../pool.ts';
import type { step } from '../step.ts';
import { POLICY } from './cloud-driver.ts';
import { id } from './driver.ts';
import { afterReport, withAnswer } from './nic-record.ts';
import { limitsOf, Refused, TinyCloud } from './tiny-cloud.ts';

// A node of a cloud on which pods come and go, calls fail, answers get lost, metadata lag, others take and add, and the
// agent crashes at any await. It is judged from outside: by what runtimes were told, and by the cloud's own truth.

const COOLDOWN = 5_000;
export const LIMITS = limitsOf(3, 5);
export const MAX_PODS = 10;

/** The real thing, or one with a bug planted. */
export interface CloudHouse {
  readonly step: typeof step;
  readonly adopt: typeof adopt;
}

interface Coming {
  readonly at: Millis;
  readonly life: number; // of the agent: what comes for a dead one is lost
  readonly happens: () => void;
}

/** One node with everything that happens to it. */
export class CloudWorld {
  readonly cloud: TinyCloud;
  readonly random: Random;
  readonly house: CloudHouse;
  readonly policy: CloudPolicy;
  pool: Pool;
  memory: Memory = remember(emptyMemory, { kind: 'boot', bootId: 'boot 0' });
  now = 1_000_000;
  serial = 0;
  life = 0;
  calm = false; // nothing fails any more
  readonly open = new Map<AttachmentId, Millis>();
  readonly told = new Map<AttachmentId, readonly Address[]>();
  readonly gone = new Set<AttachmentId>(); // DELs to send (again)
  readonly busyUntil = new Map<Address, Millis>();
  readonly taken = new Set<Holdable>(); // by others
  readonly reports: { readonly at: Millis; readonly nics: readonly NicReport[] }[] = [];
  readonly seen = { grants: 0, refusals: 0, crashes: 0, calls: 0, failures: 0, outside: 0, lost: 0 };
  readonly trace: string[] = [];
  private readonly coming: Coming[] = [];

  constructor(seed: number, house: CloudHouse) {
    this.random = seeded(seed);
    this.house = house;
    const unit = this.pick(['address', 'prefix'] as const);
    this.cloud = new TinyCloud({ limits: { ...LIMITS, prefixes: unit === 'prefix' } });
    const targets = this.pick([{}, { warmAddresses: 1 }, { warmAddresses: 1, minimumAddresses: 4 }, { warmNics: 1 }]);
    this.policy = { ...POLICY, unit, targets, maxPods: MAX_PODS, owner: `node-${seed}` };
    this.pool = this.born();
  }

  private born(): Pool {
    const policy = { cooldownMs: COOLDOWN, waitingLimit: 50, cloud: this.policy };
    return this.house.adopt(this.memory, { policy, ranges: [] }, this.now).pool;
  }

  pick<T>(from: readonly T[]): T {
    const it = from[Math.floor(this.random.fraction() * from.length)];
    if (it === undefined) throw new Error('nothing to pick from');
    return it;
  }

  chance(share: number): boolean {
    return this.random.fraction() < share;
  }

  must(holds: boolean, law: string): void {
    if (!holds) throw new Error(`${law}\n${this.trace.slice(-12).join('\n')}`);
  }

  feed(event: PoolEvent): void {
    const { pool, effects } = this.house.step(this.pool, event, this.now);
    this.trace.push(`${this.now} ${JSON.stringify(event)} -> ${effects.map(({ kind }) => kind).join(', ')}`);
    const broken = brokenLaw(pool);
    this.must(broken === undefined, `law: ${broken}`);
    this.pool = pool;
    for (const effect of effects) this.does(effect);
    for (const [add, until] of this.open) this.must(this.now <= until, `${add} was never answered`);
  }

  private remembers(record: MemoryRecord): void {
    this.memory = remember(this.memory, record);
  }

  private does(effect: PoolEffect): void {
    switch (effect.kind) {
      case 'persist':
        for (const { by, addresses, freeAt } of effect.released)
          this.remembers({ kind: 'release', id: by, addresses, freeAt });
        for (const { by, addresses } of effect.claims) this.remembers(this.claimRecord(by, addresses));
        return;
      case 'grant':
        return this.hears(effect.to, effect.addresses);
      case 'refuse':
        this.must(this.open.delete(effect.to) || this.gone.has(effect.to), `${effect.to} was refused unasked`);
        this.seen.refusals++;
        return;
      case 'settle':
        return this.remembers({ kind: 'settled', tokens: effect.tokens, at: this.now });
      case 'ask':
        this.remembers({ kind: 'intent', intent: effect.intent, at: this.now });
        return this.calls(effect.intent);
      case 'report':
        return this.tells(effect.sure);
      case 'lost':
        this.seen.lost++;
        for (const it of effect.what) this.must(this.taken.has(it), `${it} is said to be lost, and nobody took it`);
        return;
      case 'found':
        return;
    }
  }

  private claimRecord(by: AttachmentId, addresses: readonly Address[]): MemoryRecord {
    const record = { netns: '', ports: [], ordinal: 0, plan: [], result: '', since: this.now };
    return { kind: 'claim', attachment: { id: by, name: attachmentName(by), addresses, ...record } };
  }

  private hears(by: AttachmentId, addresses: readonly Address[]): void {
    this.must(this.memory.attachments.has(by), `${by} was granted what is not on record`);
    for (const it of addresses) {
      const there = this.cloud.holds(it) || [...this.taken].some((by) => this.cloud.covers(by, it));
      this.must(there, `${it} was given, and the cloud has it not on this node`);
      this.must((this.busyUntil.get(it) ?? 0) <= this.now, `${it} was given while it cools`);
      for (const [other, held] of this.told) this.must(other === by || !held.includes(it), `${it} was given twice`);
    }
    this.open.delete(by);
    if (!this.gone.has(by)) this.told.set(by, addresses);
    this.seen.grants++;
  }

  /** A call on its way: it may fail, or happen and its answer be lost. */
  private calls(intent: Intent): void {
    this.seen.calls++;
    const fails = !this.calm && this.chance(0.15);
    this.later(100 + this.random.fraction() * 900, () => {
      const lost = fails && this.chance(0.5);
      try {
        if (fails && !lost) throw new Refused(this.pick(['throttled', 'unknown', 'denied', 'busy']), 'by chance');
        this.judgeCall(intent);
        const answer = this.cloud.carryOut(intent);
        if (lost) throw new Refused('unknown', 'the answer was lost');
        this.remembers({ kind: 'nics', nics: withAnswer(this.memory.nics, intent, answer) });
        return this.later(this.random.fraction() * 50, () => this.hearsAnswer(intent, answer));
      } catch (refused) {
        if (!(refused instanceof Refused)) throw refused;
        this.seen.failures++;
        this.must(
          refused.failure.kind !== 'limit' || this.seen.outside + this.seen.failures > 1,
          'asked beyond limits',
        );
        this.feed({ kind: 'cloudFailed', token: intent.token, failure: refused.failure });
      }
      this.readies();
    });
  }

  private hearsAnswer(intent: Intent, answer: CloudEvent): void {
    this.feed(answer);
    this.remembers({ kind: 'nics', nics: withAnswer(this.memory.nics, intent, answer) }); // not as heard meanwhile
    this.readies();
  }

  private judgeCall(intent: Intent): void {
    const what =
      intent.kind === 'unassign'
        ? intent.what
        : intent.kind === 'deleteNic'
          ? (this.cloud.nics.get(intent.nic)?.holds ?? [])
          : [];
    for (const it of what)
      for (const [by, held] of this.told)
        this.must(!held.some((address) => this.cloud.covers(it, address)), `${it} was given back, and ${by} has it`);
  }

  private tells(sure: boolean): void {
    const asOf = this.now;
    this.reports.push({ at: this.now, nics: this.cloud.report() });
    const lag = sure || this.calm ? 0 : this.random.fraction() * 120_000;
    const told = sure
      ? this.reports.at(-1)
      : (this.reports.find(({ at }) => at >= this.now - lag) ?? this.reports.at(-1));
    const fails = !this.calm && this.chance(0.1);
    this.later(5 + this.random.fraction() * 200, () => {
      if (fails) {
        const failure = { kind: 'unknown', action: 'Describe', code: '503', message: 'no answer' } as const;
        this.feed({ kind: 'reportFailed', failure, sure });
      } else {
        this.feed({ kind: 'reported', nics: told?.nics ?? [], sure, asOf });
        this.remembers({ kind: 'nics', nics: afterReport(this.pool) });
      }
      this.readies();
    });
  }

  private readies(): void {
    for (const { report, ready } of this.pool.cloud?.nics ?? [])
      if (!ready && this.cloud.nics.has(report.id))
        this.later(20, () => this.feed({ kind: 'nicReady', nic: report.id }));
  }

  private later(ms: Millis, happens: () => void): void {
    this.coming.push({ at: this.now + ms, life: this.life, happens });
    this.coming.sort((a, b) => a.at - b.at);
  }

  passes(ms: Millis): void {
    const end = this.now + ms;
    for (let steps = 0; ; steps++) {
      this.must(steps < 20_000, 'it never rests');
      const answerAt = this.coming[0]?.at ?? Number.POSITIVE_INFINITY;
      const tickAt = nextTick(this.pool) ?? Number.POSITIVE_INFINITY;
      if (Math.min(answerAt, tickAt) > end) break;
      this.now = Math.max(this.now, Math.min(answerAt, tickAt));
      if (answerAt > tickAt) this.feed({ kind: 'tick' });
      else {
        const next = this.coming.shift();
        if (next?.life === this.life) next.happens();
      }
    }
    this.now = Math.max(this.now, end);
  }

  add(patience: Millis = this.pick([500, 5_000, 30_000])): void {
    const by = id(`c${this.serial++}`);
    const until = this.now + patience;
    this.open.set(by, until);
    this.feed({ kind: 'claim', by, families: ['v4'], wanted: [], until });
  }

  remove(by: AttachmentId): void {
    for (const it of this.told.get(by) ?? []) this.busyUntil.set(it, this.now + COOLDOWN);
    this.told.delete(by);
    this.gone.add(by);
    this.feed({ kind: 'release', by, used: true });
    this.open.delete(by);
    this.gone.delete(by);
  }

  crash(): void {
    this.seen.crashes++;
    this.life++;
    for (const by of this.open.keys()) this.gone.add(by);
    this.open.clear();
    this.memory = snapshot(this.memory).reduce(remember, emptyMemory);
    this.pool = this.born();
    this.feed({ kind: 'limits', limits: this.cloud.limits });
    this.readies();
  }
}
