import type { Millis } from '../../base/clock.ts';
import { blocksOf } from './nic-blocks.ts';
import type { Claimed, PoolEffect, PoolEvent, Released } from './event.ts';
import { type AttachmentId, keptFor } from '../attachment.ts';
import { absorbCloud } from './cloud-step.ts';
import { backToKeeper, kept, keptAddresses } from './keep.ts';
import { tooLate } from './hungry.ts';
import { censusOf, type Pool, type Waiting } from './pool.ts';
import { serve, settleHungry } from './serve.ts';
import { forgetStrays, promiseAnew, rested, withNicBlocks, withRanges } from './slots.ts';
import { steer } from './steer.ts';

/** The pool after a step, and what must be done, in its order. */
export interface Stepped {
  readonly pool: Pool;
  readonly effects: readonly PoolEffect[];
}

/**
 * The whole of IPAM: same pool, event and time give the same answer. Absorb what happened; expire who waited too long;
 * serve who waits, in order: grant, promise what is still cooling, or refuse at once what nothing can cure in time.
 *
 * Who came first is served first, without blocking those behind: an ADD that must wait has every address of its own
 * promised when it comes, so nobody behind can take one from it, and nobody behind waits for an address that it does
 * not need itself.
 *
 * `now` must not go back in the life of a pool. Costs O(log n) of the addresses, and O(n) of those who wait.
 */
export function step(before: Pool, event: PoolEvent, now: Millis): Stepped {
  const absorbed = absorb(before, event, now);
  if (event.kind === 'forsaken') return absorbed;
  const expired = expire(absorbed.pool, now);
  const served = serve(expired.pool, now);
  const steered = steerCloud(served.pool, now);
  const effects = [...absorbed.effects, ...expired.effects, ...served.effects, ...steered.effects];
  return { pool: forgetStrays(steered.pool, now), effects: inOrder(effects) };
}

/** What to ask of the cloud, and who may hope for it. */
function steerCloud(pool: Pool, now: Millis): Stepped {
  if (pool.cloud === undefined) return { pool, effects: [] };
  const { cloud, effects, outlook } = steer(pool, pool.cloud, now);
  const steered = { ...pool, cloud };
  const settled = settleHungry(
    cloud.nics === pool.cloud.nics ? steered : withNicBlocks(steered, blocksOf(cloud, keptAddresses(steered))),
    outlook,
    now,
  );
  return { pool: settled.pool, effects: [...effects, ...settled.effects] };
}

/** What has happened, and nothing about what to do next. */
function absorb(pool: Pool, event: PoolEvent, now: Millis): Stepped {
  switch (event.kind) {
    case 'claim':
      return claim(pool, event, now);
    case 'release':
      return release(pool, event, now);
    case 'keep': {
      const { pool: next, effect } = kept(pool, event.keeper, event.addresses);
      return { pool: reblocked(next), effects: effect === undefined ? [] : [effect] };
    }
    case 'forsaken':
      return { pool: forsaken(pool, event.by), effects: [] };
    case 'ranges':
      return { pool: withRanges(promiseAnew(pool), event.ranges), effects: [] };
    case 'tick':
      return { pool, effects: [] };
    default:
      return absorbCloud(pool, event, now);
  }
}

/**
 * A holder gets what it holds, whatever it asks for now. One that waits already keeps its place and waits for what it
 * asks now.
 */
function claim(pool: Pool, event: Extract<PoolEvent, { kind: 'claim' }>, now: Millis): Stepped {
  const held = pool.claims.get(event.by);
  if (held !== undefined) return { pool, effects: [{ kind: 'grant', to: event.by, addresses: held }] };
  const { kind: _, ...asked } = event;
  const mine: Waiting = { ...asked, since: now, promised: [] };
  if (!pool.waiting.some((it) => it.by === event.by))
    return { pool: { ...pool, waiting: [...pool.waiting, mine] }, effects: [] };
  const anew = promiseAnew(pool);
  const waiting = anew.waiting.map((it) => (it.by === event.by ? { ...mine, since: it.since } : it));
  return { pool: { ...anew, waiting }, effects: [] };
}

/**
 * Unused addresses are free at once, behind all others: should one of them be what failed the ADD, the next ADD tries
 * another.
 */
function release(pool: Pool, { by, used }: Extract<PoolEvent, { kind: 'release' }>, now: Millis): Stepped {
  const addresses = pool.claims.get(by);
  const back = backToKeeper(pool, by);
  if (back !== undefined) return { pool: back.pool, effects: [back.effect] };
  if (addresses !== undefined) {
    const freeAt = used ? now + pool.policy.cooldownMs : now;
    const idle = addresses.map((address) => ({ address, freeAt }));
    const freed = rested({ ...pool, claims: pool.claims.delete(by) }, idle);
    const released = [{ by, addresses, freeAt: used ? freeAt : 0 }];
    // What starts to cool now is free later than anything promised before.
    const free = keptFor(by) === undefined ? freed : reblocked(freed);
    return { pool: used ? free : promiseAnew(free), effects: [{ kind: 'persist', claims: [], released }] };
  }
  const waiting = pool.waiting.find((it) => it.by === by);
  if (waiting === undefined) return { pool, effects: [] };
  const refusal = { why: 'cancelled', waitedMs: now - waiting.since } as const;
  return { pool: without(pool, [waiting]), effects: [{ kind: 'refuse', to: by, refusal }] };
}

/** What names keep has changed: in which prefixes it lies decides what these give. */
function reblocked(pool: Pool): Pool {
  const { cloud } = pool;
  if (cloud === undefined || !cloud.nics.some(({ holds }) => [...holds.keys()].some((it) => it.includes('/'))))
    return pool;
  return withNicBlocks(promiseAnew(pool), blocksOf(cloud, keptAddresses(pool)));
}

/** The pool without these in its queue. Everybody else keeps what was promised to him. */
function forsaken(pool: Pool, by: readonly AttachmentId[]): Pool {
  const gone = pool.waiting.filter((it) => by.includes(it.by));
  const free = rested(
    pool,
    gone.flatMap((it) => it.promised),
  );
  return { ...free, waiting: free.waiting.filter((it) => !by.includes(it.by)) };
}

/** The pool in which some wait no longer. */
function without(pool: Pool, gone: readonly Waiting[]): Pool {
  const names = new Set(gone.map(({ by }) => by));
  const anew = promiseAnew(pool);
  return { ...anew, waiting: anew.waiting.filter(({ by }) => !names.has(by)) };
}

/** Whoever waited too long is refused, so that no address is given to nobody. */
function expire(pool: Pool, now: Millis): Stepped {
  const late = pool.waiting.filter(({ until }) => until <= now);
  if (late.length === 0) return { pool, effects: [] };
  const cooling = censusOf(pool, 'v4', now).cooling + censusOf(pool, 'v6', now).cooling;
  const effects: PoolEffect[] = late.map((it) => ({
    kind: 'refuse',
    to: it.by,
    refusal: tooLate(pool, it, now) ?? { why: 'too-late', waitedMs: now - it.since, cooling },
  }));
  return { pool: without(pool, late), effects };
}

/** One persist for all, then the grants, then the refusals, then the cloud. */
function inOrder(effects: readonly PoolEffect[]): readonly PoolEffect[] {
  const claims: Claimed[] = [];
  const kept: Claimed[] = [];
  const released: Released[] = [];
  for (const effect of effects) {
    if (effect.kind !== 'persist') continue;
    claims.push(...effect.claims);
    kept.push(...(effect.kept ?? []));
    released.push(...effect.released);
  }
  const keeps = kept.length === 0 ? {} : { kept };
  const any = claims.length + kept.length + released.length > 0;
  const persist: PoolEffect[] = any ? [{ kind: 'persist', claims, released, ...keeps }] : [];
  const rest = (kind: PoolEffect['kind']) => effects.filter((effect) => effect.kind === kind);
  const told = [...persist, ...rest('grant'), ...rest('refuse')];
  const isCloud = ({ kind }: PoolEffect) => kind !== 'persist' && kind !== 'grant' && kind !== 'refuse';
  return effects.some(isCloud) ? [...told, ...effects.filter(isCloud)] : told;
}
