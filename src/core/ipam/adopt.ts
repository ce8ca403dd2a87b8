import type { Millis } from '../../base/clock.ts';
import { type Address, contains, type Prefix } from '../../base/ip.ts';
import { byNumber, byText } from '../../base/sorted-map.ts';
import { type AttachmentId, keptFor } from '../attachment.ts';
import type { Memory } from '../memory/record.ts';
import type { Range } from './event.ts';
import { isSending } from './keep.ts';
import type { Holdable, Intent } from './nic.ts';
import { type Flight, returnKey } from './cloud.ts';
import { rememberedNic } from './reported.ts';
import { claimOf, emptyPool, holderOf, type Pool, type PoolPolicy } from './pool.ts';
import { claimed, rested, withRanges } from './slots.ts';

/**
 * An address that two attachments had on record. It cannot happen while every claim passes the pool: somebody should
 * look.
 */
export interface Dispute {
  readonly address: Address;
  readonly kept: AttachmentId;
  readonly lost: AttachmentId;
}

/** The pool, and what somebody should look at. */
export interface Adopted {
  readonly pool: Pool;
  readonly disputes: readonly Dispute[];
}

/**
 * The pool after a restart, from what was remembered: claims stand, also outside of the ranges; what was given back
 * cools on until its time, but no longer than a cooldown from now, should the clock have gone back. Of two claims to
 * one address the later stands. NICs are what the cloud told of them last, until it tells anew: pods stand on them,
 * and what is warm is given meanwhile (A19, A24). Intents whose outcome was not known are resolved: NICs are asked for
 * again by the same token, what was being given back is given back unless a pod has it, and what was assigned the cloud
 * tells (A26). That a name's address was to leave stays on record: nobody knows whether it did.
 */
export function adopt(
  memory: Pick<Memory, 'attachments' | 'kept' | 'released' | 'intents' | 'nics'>,
  setting: { readonly policy: PoolPolicy; readonly ranges: readonly Range[] },
  now: Millis,
): Adopted {
  const latest = now + setting.policy.cooldownMs;
  const idle = Array.from(memory.released, ([address, freeAt]) => ({ address, freeAt: Math.min(freeAt, latest) }));
  let pool = rested(emptyPool(setting.policy), idle);
  const disputes: Dispute[] = [];
  const records = [...memory.attachments.values()].filter(({ branch }) => branch === undefined);
  for (const { id, addresses, keeper } of records.sort((a, b) => byNumber(a.since, b.since) || byText(a.id, b.id))) {
    for (const address of addresses) {
      const lost = holderOf(pool, address);
      if (lost === undefined) continue;
      disputes.push({ address, kept: id, lost });
      pool = {
        ...pool,
        claims: pool.claims.set(
          lost,
          (claimOf(pool, lost) ?? []).filter((it) => it !== address),
        ),
      };
    }
    pool = claimed(pool, id, addresses);
    if (keeper !== undefined) pool = { ...pool, keepers: pool.keepers.set(id, keeper) };
  }
  for (const [keeper, addresses] of memory.kept) {
    const left = addresses.filter((address) => holderOf(pool, address) === undefined);
    if (left.length > 0) pool = claimed(pool, keeper, left);
  }
  const known = withIntents(withRanges(pool, setting.ranges), memory.intents, now);
  return { pool: withNics(known, memory.nics), disputes };
}

function withNics(pool: Pool, reports: Memory['nics']): Pool {
  if (pool.cloud === undefined) return pool;
  const { cloud } = pool;
  return { ...pool, cloud: { ...cloud, nics: reports.map((report) => rememberedNic(cloud, report)) } };
}

function withIntents(pool: Pool, intents: Memory['intents'], now: Millis): Pool {
  if (pool.cloud === undefined) return pool;
  let { returned, awaited } = pool.cloud;
  // a name's address that left may be back for its pod
  const pods = new Set<Holdable>([...pool.claims].flatMap(([by, held]) => (keptFor(by) === undefined ? held : [])));
  const flights: Flight[] = [];
  for (const { intent, at, settledAt } of intents.values()) {
    if (settledAt === undefined) {
      const left = withoutHeld(pool, intent);
      // what names have: whoever moves it sees to it (static-mover.ts)
      if (isSending(intent) && left.kind === 'unassign' && left.what.length === 0) continue;
      const doubt = intent.kind === 'assign';
      if (intent.kind === 'assign') awaited = awaited.set(intent.token, { nic: intent.nic, at: now });
      flights.push({
        intent: left,
        urgency: 'housekeeping',
        at,
        sent: doubt,
        dueAt: 0,
        failures: 0,
        doubt,
      });
    } else if (intent.kind === 'deleteNic') returned = returned.set(returnKey(intent.nic), settledAt);
    else if (intent.kind === 'unassign')
      for (const it of intent.what) if (!pods.has(it)) returned = returned.set(returnKey(intent.nic, it), settledAt);
  }
  flights.sort((a, b) => byNumber(a.at, b.at) || byText(a.intent.token, b.intent.token));
  return { ...pool, cloud: { ...pool.cloud, returned, awaited, flights } };
}

/** A pod may have got what was to go, when the cloud had refused that and nobody could write so any more. */
function withoutHeld({ claims }: Pool, intent: Intent): Intent {
  if (intent.kind !== 'unassign') return intent;
  const held = [...claims.values()].flat();
  const isHeld = (it: Holdable) =>
    held.some((address) => it === address || (it.includes('/') && contains(it as Prefix, address)));
  return { ...intent, what: intent.what.filter((it) => !isHeld(it)) };
}
