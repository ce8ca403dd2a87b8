import type { Millis } from '../../base/clock.ts';
import { type Address, familyOf } from '../../base/ip.ts';
import { type AttachmentId, keepersBegin, keptFor } from '../attachment.ts';
import type { Refusal } from '../refusal.ts';
import type { PoolEffect } from './event.ts';
import type { Holdable, Intent, Token } from './nic.ts';
import type { Pool, Waiting } from './pool.ts';
import { blockOf, claimed } from './slots.ts';

// Addresses that stay a name's while no pod has them: a claim by the name's keeper, in turn with those of its pods.

/** What a keeper has for an ADD, or why not; undefined: it has nothing yet, any address will do. */
export function keptOf(pool: Pool, { keeper }: Waiting): readonly Address[] | Refusal | undefined {
  if (keeper === undefined) return undefined;
  for (const [holder, of] of pool.keepers) {
    if (of !== keeper) continue;
    const [address] = pool.claims.get(holder) ?? [];
    if (address !== undefined) return { why: 'address-taken', address, holder };
  }
  const kept = pool.claims.get(keeper);
  const away = kept?.find((address) => blockOf(pool, address) === undefined);
  return away === undefined
    ? kept
    : { why: 'static-waits', address: away, because: 'no NIC of this node serves it yet' };
}

/** The pool in which an attachment has what it asked for, whose keeper has it afterwards. */
export function claimedFrom(pool: Pool, { by, keeper }: Waiting, addresses: readonly Address[]): Pool {
  if (keeper === undefined) return claimed(pool, by, addresses);
  const given = claimed({ ...pool, claims: pool.claims.delete(keeper) }, by, addresses);
  return { ...given, keepers: given.keepers.set(by, keeper) };
}

/** The pool in which the keeper of an attachment that ends has its addresses again; undefined: it has none. */
export function backToKeeper(pool: Pool, by: AttachmentId): { pool: Pool; effect: PoolEffect } | undefined {
  const keeper = pool.keepers.get(by);
  const addresses = pool.claims.get(by);
  if (keeper === undefined || addresses === undefined) return undefined;
  const without = { ...pool, claims: pool.claims.delete(by), keepers: pool.keepers.delete(by) };
  const released = [{ by, addresses: [], freeAt: 0 }];
  const kept = [{ by: keeper, addresses }];
  return { pool: claimed(without, keeper, addresses), effect: { kind: 'persist', claims: [], released, kept } };
}

/** The pool in which a keeper has these addresses besides; what others hold or are promised it does not get. */
export function kept(
  pool: Pool,
  keeper: AttachmentId,
  addresses: readonly Address[],
): { pool: Pool; effect?: PoolEffect } {
  const free = (address: Address) => {
    const slot = pool.slots.get(address);
    return slot === undefined || slot.state === 'idle';
  };
  const more = addresses.filter((address) => free(address) && mayKeep(pool, keeper, address));
  if (more.length === 0) return { pool };
  const now = [...(pool.claims.get(keeper) ?? []), ...more];
  const effect: PoolEffect = { kind: 'persist', claims: [], released: [], kept: [{ by: keeper, addresses: now }] };
  return { pool: claimed(pool, keeper, now), effect };
}

/** Whether a keeper can have it besides: it has no other of the family, and no pod of its name has one. */
export function mayKeep({ claims, keepers }: Pool, keeper: AttachmentId, address: Address): boolean {
  const hasOne = claims.get(keeper)?.some((it) => familyOf(it) === familyOf(address)) === true;
  return !hasOne && ![...keepers.values()].includes(keeper);
}

/** What names keep while no pod has it, each with the keeper. */
export function* keptIn({ claims }: Pick<Pool, 'claims'>): Generator<readonly [AttachmentId, readonly Address[]]> {
  for (const entry of claims.from(keepersBegin())) {
    if (keptFor(entry[0]) === undefined) return;
    yield entry;
  }
}

/** The same, only the addresses. */
export function keptAddresses(pool: Pick<Pool, 'claims'>): readonly Address[] {
  return [...keptIn(pool)].flatMap(([, addresses]) => addresses);
}

/** Of the intent to send away what a name's address is on a NIC by. */
export function sendingToken(what: Holdable, at: Millis): Token {
  return `${SENDING}${what}@${Math.floor(at)}` as Token;
}

/** Whether an intent is such a one: it stays open until it is known that what it names left, or has come back. */
export function isSending(intent: Intent): intent is Extract<Intent, { readonly kind: 'unassign' }> {
  return intent.kind === 'unassign' && intent.token.startsWith(SENDING);
}

const SENDING = 'static-';
