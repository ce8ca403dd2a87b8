import { type Address, contains, type Family, familyOf, nth, sizeOf } from '../../../base/ip.ts';
import type { AttachmentId } from '../../attachment.ts';
import type { Refusal } from '../../refusal.ts';
import type { Claimed, PoolEffect, PoolEvent, Range, Released } from '../event.ts';
import { reservedReason } from '../ranges.ts';

// The same promises, kept with nothing but lists: every address of every range is looked at every time. What the pool
// counts, sorts and shares must come to the same effects, word for word.

/** What this pool is set to. */
export const COOLDOWN = 1_000;
export const LIMIT = 3;

type NaiveSlot =
  | { readonly claimedBy: AttachmentId }
  | { readonly promisedTo: AttachmentId; readonly freeAt: number }
  | { readonly freeAt: number };

interface NaiveWaiting {
  readonly by: AttachmentId;
  families: readonly Family[];
  wanted: readonly Address[];
  readonly since: number;
  until: number;
  promised: Address[];
}

/** The effects of one step, as they come up. */
class Outcome {
  readonly claims: Claimed[] = [];
  readonly released: Released[] = [];
  readonly grants: PoolEffect[] = [];
  readonly refusals: PoolEffect[] = [];

  grant(to: AttachmentId, addresses: readonly Address[]): void {
    this.grants.push({ kind: 'grant', to, addresses });
  }

  refuse(to: AttachmentId, refusal: Refusal): void {
    this.refusals.push({ kind: 'refuse', to, refusal });
  }

  effects(): readonly PoolEffect[] {
    const { claims, released } = this;
    const persist: PoolEffect[] = claims.length + released.length > 0 ? [{ kind: 'persist', claims, released }] : [];
    return [...persist, ...this.grants, ...this.refusals];
  }
}

/** A pool that changes in place, slowly and plainly. */
export class NaivePool {
  ranges: readonly Range[] = [];
  readonly slots = new Map<Address, NaiveSlot>();
  waiting: NaiveWaiting[] = [];

  step(event: PoolEvent, now: number): readonly PoolEffect[] {
    const outcome = new Outcome();
    if (event.kind === 'ranges') {
      this.withdraw();
      this.ranges = event.ranges;
    }
    if (event.kind === 'claim') this.claim(event, now, outcome);
    if (event.kind === 'release') this.release(event, now, outcome);
    this.expire(now, outcome);
    this.serve(now, outcome);
    for (const [it, slot] of this.slots) {
      const stray = !this.usable(familyOf(it)).includes(it);
      if (stray && !('claimedBy' in slot) && slot.freeAt <= now) this.slots.delete(it);
    }
    return outcome.effects();
  }

  private claim(event: Extract<PoolEvent, { kind: 'claim' }>, now: number, outcome: Outcome): void {
    const { by, families, wanted, until } = event;
    const held = this.heldBy(by);
    const known = this.waiting.find((it) => it.by === by);
    if (held.length > 0) outcome.grant(by, held);
    else if (known === undefined) this.waiting.push({ by, families, wanted, since: now, until, promised: [] });
    else {
      this.withdraw();
      Object.assign(known, { families, wanted, until });
    }
  }

  private release({ by, used }: Extract<PoolEvent, { kind: 'release' }>, now: number, outcome: Outcome): void {
    const held = this.heldBy(by);
    const known = this.waiting.find((it) => it.by === by);
    for (const it of held) this.slots.set(it, { freeAt: used ? now + COOLDOWN : now });
    if (held.length > 0) outcome.released.push({ by, addresses: held, freeAt: used ? now + COOLDOWN : 0 });
    if (known !== undefined) outcome.refuse(by, { why: 'cancelled', waitedMs: now - known.since });
    if (known !== undefined || (held.length > 0 && !used)) this.withdraw();
    this.waiting = this.waiting.filter((it) => it !== known);
  }

  private expire(now: number, outcome: Outcome): void {
    const late = this.waiting.filter((it) => it.until <= now);
    if (late.length === 0) return;
    const all = [...this.usable('v4'), ...this.usable('v6')];
    const cooling = all.filter((it) => this.cools(it, now)).length;
    this.withdraw();
    for (const { by, since } of late) outcome.refuse(by, { why: 'too-late', waitedMs: now - since, cooling });
    this.waiting = this.waiting.filter((it) => !late.includes(it));
  }

  private serve(now: number, outcome: Outcome): void {
    const waiting: NaiveWaiting[] = [];
    for (const it of this.waiting) {
      const promisedBefore = it.promised.length > 0;
      const placed = promisedBefore ? it.promised : this.place(it, now);
      if ('why' in placed) outcome.refuse(it.by, placed);
      else if (placed.every((one) => this.freeAt(one) <= now)) {
        for (const one of placed) this.slots.set(one, { claimedBy: it.by });
        outcome.claims.push({ by: it.by, addresses: placed });
        outcome.grant(it.by, placed);
      } else if (!promisedBefore && waiting.length >= LIMIT) {
        outcome.refuse(it.by, { why: 'queue-full', waiting: waiting.length, limit: LIMIT });
      } else {
        for (const one of placed) this.slots.set(one, { promisedTo: it.by, freeAt: this.freeAt(one) });
        waiting.push(Object.assign(it, { promised: [...placed] }));
      }
    }
    this.waiting = waiting;
  }

  private withdraw(): void {
    for (const it of this.waiting) {
      for (const one of it.promised) this.slots.set(one, { freeAt: this.freeAt(one) });
      it.promised = [];
    }
  }

  private heldBy(by: AttachmentId): Address[] {
    const held = [...this.slots].flatMap(([it, slot]) => ('claimedBy' in slot && slot.claimedBy === by ? [it] : []));
    return held.sort((a) => (familyOf(a) === 'v4' ? -1 : 1));
  }

  private freeAt(it: Address): number {
    const slot = this.slots.get(it);
    return slot === undefined ? 0 : 'freeAt' in slot ? slot.freeAt : Number.POSITIVE_INFINITY;
  }

  private cools(it: Address, now: number): boolean {
    const slot = this.slots.get(it);
    return slot !== undefined && !('claimedBy' in slot) && ('promisedTo' in slot || slot.freeAt > now);
  }

  private usable(family: Family): Address[] {
    return this.ranges.filter((range) => familyOf(range.prefix) === family).flatMap(usableOf);
  }

  private place(wish: NaiveWaiting, now: number): Address[] | Refusal {
    const found: Address[] = [];
    for (const family of ['v4', 'v6'] as const) {
      const wanted = wish.wanted.filter((it) => familyOf(it) === family);
      if (wanted.length > 1) return { why: 'one-per-family', family, wanted };
      if (wanted.length === 0 && !wish.families.includes(family)) continue;
      const one = wanted[0] === undefined ? this.any(family, wish.until, now) : this.named(wanted[0], wish.until, now);
      if (typeof one !== 'string') return one;
      found.push(one);
    }
    return found;
  }

  private any(family: Family, until: number, now: number): Address | Refusal {
    const ranges = this.ranges.filter((range) => familyOf(range.prefix) === family);
    if (ranges.length === 0) return { why: 'no-range', family };
    const offers = ranges.flatMap((range, nth) => {
      const it = this.bestOf(range, now);
      if (it === undefined) return [];
      return [{ it, order: [Math.max(0, this.freeAt(it) - now), -this.claimedIn(usableOf(range)), nth] }];
    });
    offers.sort((a, b) => compareLists(a.order, b.order));
    return offers.find(({ it }) => this.freeAt(it) < until)?.it ?? this.exhausted(family, now);
  }

  /**
   * Never on the wire: those once promised first, else in the order of numbers. Then the longest free. Then the
   * soonest free.
   */
  private bestOf(range: Range, now: number): Address | undefined {
    const rank = (it: Address, at: number): readonly (number | string)[] => {
      const freeAt = this.freeAt(it);
      if (!this.slots.has(it)) return [0, 1, at];
      return [freeAt === 0 ? 0 : freeAt <= now ? 1 : 2, 0, freeAt, it];
    };
    const ranked = usableOf(range).map((it, at) => ({ it, rank: rank(it, at) }));
    ranked.sort((a, b) => compareLists(a.rank, b.rank));
    return ranked.find(({ it }) => this.isOpen(it))?.it;
  }

  private exhausted(family: Family, now: number): Refusal {
    const all = this.usable(family);
    const next = all.filter((it) => this.isOpen(it)).map((it) => this.freeAt(it));
    return {
      why: 'exhausted',
      family,
      ranges: this.ranges.map((range) => range.prefix).filter((it) => familyOf(it) === family),
      usable: BigInt(all.length),
      claimed: this.claimedIn(all),
      cooling: all.filter((it) => this.cools(it, now)).length,
      promised: all.filter((it) => 'promisedTo' in (this.slots.get(it) ?? {})).length,
      ...(next.length === 0 ? {} : { nextFreeInMs: Math.min(...next) - now }),
    };
  }

  private claimedIn(addresses: readonly Address[]): number {
    return addresses.filter((it) => 'claimedBy' in (this.slots.get(it) ?? {})).length;
  }

  private isOpen(it: Address): boolean {
    const slot = this.slots.get(it) ?? {};
    return !('claimedBy' in slot || 'promisedTo' in slot);
  }

  private named(it: Address, until: number, now: number): Address | Refusal {
    const around = this.ranges.find((range) => contains(range.prefix, it));
    const reason = around && reservedReason(around, it);
    if (around === undefined)
      return { why: 'address-outside', address: it, ranges: this.ranges.map((range) => range.prefix) };
    if (reason !== undefined) return { why: 'address-reserved', address: it, reason };
    const slot = this.slots.get(it);
    if (slot !== undefined && 'claimedBy' in slot) return { why: 'address-taken', address: it, holder: slot.claimedBy };
    if (slot !== undefined && 'promisedTo' in slot)
      return { why: 'address-taken', address: it, holder: slot.promisedTo };
    if (this.freeAt(it) >= until) return { why: 'address-cooling', address: it, freeInMs: this.freeAt(it) - now };
    return it;
  }
}

function usableOf(range: Range): Address[] {
  const all = Array.from({ length: Number(sizeOf(range.prefix)) }, (_, i) => nth(range.prefix, BigInt(i)));
  return all.filter((it) => reservedReason(range, it) === undefined);
}

function compareLists(a: readonly (number | string)[], b: readonly (number | string)[]): number {
  for (const [i, one] of a.entries()) {
    const other = b[i] ?? 0;
    if (one !== other) return one < other ? -1 : 1;
  }
  return 0;
}
