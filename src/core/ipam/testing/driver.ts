import type { Millis } from '../../../base/clock.ts';
import { counted } from '../../../base/words.ts';
import { type Address, address, type Family, prefix } from '../../../base/ip.ts';
import { type AttachmentId, attachmentId, attachmentName } from '../../attachment.ts';
import type { Refusal } from '../../refusal.ts';
import type { PoolEffect, PoolEvent, Range } from '../event.ts';
import { brokenLaw, brokenLawNear } from '../invariants.ts';
import type { Intent } from '../nic.ts';
import { claimOf, emptyPool, type Pool } from '../pool.ts';
import { step } from '../step.ts';

// For tests: a pool with a clock, whose every step is judged.

/** What the driver's pools are set to, and how long its claims wait. */
export const COOLDOWN: Millis = 30_000;
export const PATIENCE: Millis = 60_000;

/** What a claim asks for: by default one IPv4 address, and the usual patience. */
export interface Ask {
  readonly families?: readonly Family[];
  readonly wanted?: readonly string[];
  readonly patience?: Millis;
}

/** The attachment of a container's eth0. */
export function id(container: string): AttachmentId {
  return attachmentId({ network: 'berth', containerId: container, ifname: 'eth0' });
}

/** A range with its reserved addresses and ranges as text. */
export function rangeOf(text: string, reserved: readonly string[] = [], gateway?: string): Range {
  const all = reserved.map((it) => (it.includes('/') ? prefix(it) : address(it)));
  return { prefix: prefix(text), reserved: all, ...(gateway === undefined ? {} : { gateway: address(gateway) }) };
}

/**
 * Drives a pool through events and time. Effects come as lines: "persist a+10.0.0.2", "grant a 10.0.0.2", "refuse a
 * exhausted".
 */
export class Driver {
  pool: Pool;
  now: Millis = 1_000_000;

  constructor(ranges: readonly Range[], waitingLimit = 100) {
    this.pool = emptyPool({ cooldownMs: COOLDOWN, waitingLimit });
    this.run({ kind: 'ranges', ranges });
  }

  /** One step. Throws when it breaks a law. */
  run(event: PoolEvent): readonly PoolEffect[] {
    const { pool, effects } = step(this.pool, event, this.now);
    const broken = brokenLaw(pool) ?? brokenLawNear(pool, event);
    if (broken !== undefined) throw new Error(broken);
    this.pool = pool;
    return effects;
  }

  claim(container: string, ask: Ask = {}): readonly string[] {
    return this.run(this.asking(container, ask)).map(line);
  }

  /** Why a claim would be refused now; nothing happens to the pool. */
  refusal(ask: Ask = {}): Refusal | undefined {
    const { effects } = step(this.pool, this.asking('somebody', ask), this.now);
    return effects.flatMap((effect) => (effect.kind === 'refuse' ? [effect.refusal] : []))[0];
  }

  release(container: string, used = true): readonly string[] {
    return this.run({ kind: 'release', by: id(container), used }).map(line);
  }

  ranges(ranges: readonly Range[]): readonly string[] {
    return this.run({ kind: 'ranges', ranges }).map(line);
  }

  /** Lets time pass, and ticks. */
  after(ms: Millis): readonly string[] {
    this.now += ms;
    return this.run({ kind: 'tick' }).map(line);
  }

  held(container: string): readonly Address[] | undefined {
    return claimOf(this.pool, id(container));
  }

  private asking(container: string, { families = ['v4'], wanted = [], patience = PATIENCE }: Ask): PoolEvent {
    return { kind: 'claim', by: id(container), families, wanted: wanted.map(address), until: this.now + patience };
  }
}

/** An effect as a line. */
export function line(effect: PoolEffect): string {
  const name = (by: AttachmentId) => attachmentName(by).containerId;
  switch (effect.kind) {
    case 'persist': {
      const claims = effect.claims.map(({ by, addresses }) => `${name(by)}+${addresses.join(',')}`);
      const released = effect.released.map(
        ({ by, addresses, freeAt }) => `${name(by)}-${addresses.join(',')}@${freeAt}`,
      );
      return `persist ${[...released, ...claims].join(' ')}`;
    }
    case 'grant':
      return `grant ${name(effect.to)} ${effect.addresses.join(',')}`;
    case 'refuse':
      return `refuse ${name(effect.to)} ${effect.refusal.why}`;
    case 'ask':
      return `ask ${intentLine(effect.intent)} for ${effect.urgency}`;
    case 'settle':
      return `settle ${effect.tokens.length}`;
    case 'report':
      return effect.sure ? 'report surely' : 'report';
    case 'lost':
      return `lost ${effect.nic} ${effect.whole ? 'whole' : effect.what.join(',')} [${effect.claims.map(name).join(',')}]`;
    case 'found':
      return `found ${effect.nic} ${effect.what.join(',')} ${effect.taken ? 'taken' : 'ignored'}`;
  }
}

function intentLine(intent: Intent): string {
  switch (intent.kind) {
    case 'assign':
      return `${intent.nic} +${units(intent)}`;
    case 'createNic':
      return `new nic +${units(intent.spec)}`;
    case 'unassign':
      return `${intent.nic} -${intent.what.join(',')}`;
    case 'deleteNic':
      return `delete ${intent.nic}`;
  }
}

function units({ count, unit }: { readonly count: number; readonly unit: 'address' | 'prefix' }): string {
  return counted(count, unit, unit === 'address' ? 'addresses' : 'prefixes');
}
