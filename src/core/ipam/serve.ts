import type { Millis } from '../../base/clock.ts';
import type { Address } from '../../base/ip.ts';
import type { Refusal } from '../refusal.ts';
import type { PoolEffect } from './event.ts';
import { mayHope, whyNot } from './hungry.ts';
import { claimedFrom, keptOf } from './keep.ts';
import { place } from './placement.ts';
import { type Block, type Pool, readyAt, type Rest, type Waiting } from './pool.ts';
import { promised } from './slots.ts';
import { type Outlook, outlookOf } from './steer.ts';
import { wantedConfig } from './tally.ts';

interface Served {
  readonly pool: Pool;
  readonly effects: readonly PoolEffect[];
}

/**
 * Serves who waits, in order: grant, promise what is still cooling, or refuse at once what nothing can cure in time.
 * With a cloud nobody is promised what cools before it is known that the cloud has nothing better: who finds nothing
 * free stays, with nothing, for `settleHungry`.
 */
export function serve(before: Pool, now: Millis): Served {
  let pool = before;
  const waiting: Waiting[] = [];
  const effects: PoolEffect[] = [];
  const { waitingLimit: limit } = pool.policy;
  for (const it of before.waiting) {
    const fresh = it.promised.length === 0;
    const placed = fresh ? (restsOf(keptOf(pool, it)) ?? placeNow(pool, it, now)) : it.promised;
    const hungry = 'why' in placed && isLack(pool, placed);
    if ('why' in placed && !hungry) {
      effects.push({ kind: 'refuse', to: it.by, refusal: placed });
    } else if (!('why' in placed) && readyAt(placed) <= now) {
      const addresses = placed.map(({ address }) => address);
      pool = claimedFrom(pool, it, addresses);
      effects.push({ kind: 'persist', claims: [{ by: it.by, addresses }], released: [] });
      effects.push({ kind: 'grant', to: it.by, addresses });
    } else if (fresh && waiting.length >= limit) {
      effects.push({ kind: 'refuse', to: it.by, refusal: { why: 'queue-full', waiting: waiting.length, limit } });
    } else {
      const rests = 'why' in placed ? [] : placed;
      pool = fresh ? promised(pool, it.by, rests) : pool;
      waiting.push({ ...it, promised: rests });
    }
  }
  return { pool: { ...pool, waiting }, effects };
}

/** What a keeper has is no longer cooling: it goes from pods of a name to the next of the same. */
function restsOf(kept: readonly Address[] | Refusal | undefined): readonly Rest[] | Refusal | undefined {
  if (kept === undefined || 'why' in kept) return kept;
  return kept.map((address) => ({ address, freeAt: 0 }));
}

/** What an ADD can have: with a cloud what is free now, unless it wants an address by name. */
function placeNow(pool: Pool, it: Waiting, now: Millis): readonly Rest[] | Refusal {
  const anything = pool.cloud === undefined || it.wanted.length > 0;
  return place(pool, anything ? it : { ...it, until: Math.min(it.until, now + 1) }, now);
}

/** Whether a refusal is one that a cloud could cure. */
function isLack({ cloud }: Pool, refusal: Refusal): refusal is Extract<Refusal, { why: 'exhausted' | 'no-range' }> {
  const { why } = refusal;
  return (why === 'exhausted' || why === 'no-range') && cloud?.policy.families.includes(refusal.family) === true;
}

/** Who has nothing: stays while the cloud gives hope, else is promised what cools, else is refused with the reason. */
export function settleHungry(before: Pool, outlook: readonly Outlook[], now: Millis): Served {
  const { cloud } = before;
  if (cloud === undefined) return { pool: before, effects: [] };
  if (!before.waiting.some(isHungry)) return { pool: awake(before, undefined), effects: [] };
  let pool = before;
  const waiting: Waiting[] = [];
  const effects: PoolEffect[] = [];
  const places = new Map<Outlook, number>();
  for (const it of before.waiting) {
    const lack = isHungry(it) ? placeNow(pool, it, now) : undefined;
    if (lack === undefined || !('why' in lack) || !isLack(pool, lack)) {
      waiting.push(it);
      continue;
    }
    const of = outlookOf(outlook, { family: lack.family, config: wantedConfig(cloud, it) });
    const ahead = of === undefined ? 0 : (places.get(of) ?? 0);
    if (of !== undefined && mayHope(of, ahead, it)) {
      places.set(of, ahead + 1);
      waiting.push(it);
      continue;
    }
    const rests = place(pool, it, now);
    if ('why' in rests) {
      const refusal = (of && whyNot(cloud, of, { now, apart: it.apart })) ?? rests;
      effects.push({ kind: 'refuse', to: it.by, refusal });
    } else {
      pool = promised(pool, it.by, rests);
      waiting.push({ ...it, promised: rests });
    }
  }
  return { pool: awake({ ...pool, waiting }, coolestAt(pool, now)), effects };
}

function isHungry({ promised: rests }: Waiting): boolean {
  return rests.length === 0;
}

/** When the next address has cooled: who waits for the cloud may have that. */
function coolestAt({ blocks }: Pool, now: Millis): Millis | undefined {
  const times = blocks.flatMap((block: Block) => block.idle.first()?.[0].freeAt ?? []).filter((at) => at > now);
  return times.length === 0 ? undefined : Math.min(...times);
}

function awake(pool: Pool, wakeAt: Millis | undefined): Pool {
  return pool.cloud === undefined || pool.cloud.wakeAt === wakeAt
    ? pool
    : { ...pool, cloud: { ...pool.cloud, wakeAt } };
}
