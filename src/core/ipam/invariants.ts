import { type Address, addressOfNumber, familyOf, numberOf } from '../../base/ip.ts';
import type { AttachmentId } from '../attachment.ts';
import type { PoolEvent } from './event.ts';
import type { Block, Pool, Rests } from './pool.ts';
import { brokenCloud } from './cloud-invariants.ts';
import { blockOf } from './slots.ts';

// Laws that hold after every step. A broken pool must stop, not guess.

/** The first law that does not hold, as a sentence; undefined when all do. O(n): for tests and the simulator. */
export function brokenLaw(pool: Pool): string | undefined {
  return (
    first(pool.claims.keys(), (by) => brokenClaim(pool, by)) ??
    first(pool.slots.keys(), (address) => brokenSlot(pool, address)) ??
    brokenQueue(pool) ??
    brokenKeepers(pool) ??
    first(pool.blocks, (block) => brokenBlock(pool, block)) ??
    brokenRests(pool, pool.strays, undefined) ??
    brokenCloud(pool)
  );
}

/**
 * The part of it that looks only at who was named by the event, and at the queue: cheap enough for every step in
 * production.
 */
export function brokenLawNear(pool: Pool, event: PoolEvent): string | undefined {
  if (event.kind === 'claim' || event.kind === 'release') {
    const claim = brokenClaim(pool, event.by);
    if (claim !== undefined) return claim;
    if (event.kind === 'release' && pool.claims.has(event.by)) return `${event.by} still holds what it gave back`;
    if (event.kind === 'release' && pool.waiting.some(({ by }) => by === event.by)) return `${event.by} still waits`;
  }
  return brokenQueue(pool);
}

function brokenClaim(pool: Pool, by: AttachmentId): string | undefined {
  const addresses = pool.claims.get(by) ?? [];
  const families = new Set(addresses.map(familyOf));
  if (families.size !== addresses.length) return `${by} holds two addresses of one family`;
  return first(addresses, (address) => {
    const slot = pool.slots.get(address);
    return slot?.state === 'claimed' && slot.by === by
      ? undefined
      : `${by} holds ${address}, whose slot says otherwise`;
  });
}

function brokenSlot(pool: Pool, address: Address): string | undefined {
  const slot = pool.slots.get(address);
  switch (slot?.state) {
    case 'claimed':
      return pool.claims.get(slot.by)?.includes(address)
        ? undefined
        : `${address} is claimed by ${slot.by}, who has no such claim`;
    case 'promised': {
      const waiting = pool.waiting.find(({ by }) => by === slot.to);
      const known = waiting?.promised.some((it) => it.address === address && it.freeAt === slot.freeAt);
      return known ? undefined : `${address} is promised to ${slot.to}, who does not wait for it`;
    }
    case 'idle': {
      const rests = blockOf(pool, address)?.idle ?? pool.strays;
      return rests.has({ address, freeAt: slot.freeAt }) ? undefined : `${address} is idle and not in its order`;
    }
    case undefined:
      return undefined;
  }
}

/** The addresses of a name are with its keeper or with one of its attachments. */
function brokenKeepers({ keepers, claims }: Pool): string | undefined {
  const live = [...keepers.values()];
  if (new Set(live).size !== live.length) return 'two attachments have one keeper';
  return (
    first(keepers.keys(), (by) => (claims.has(by) ? undefined : `${by} has a keeper and no addresses`)) ??
    first(live, (keeper) => (claims.has(keeper) ? `${keeper} keeps what its pod has` : undefined))
  );
}

function brokenQueue(pool: Pool): string | undefined {
  if (pool.waiting.length > pool.policy.waitingLimit) return 'more wait than may';
  if (new Set(pool.waiting.map(({ by }) => by)).size !== pool.waiting.length) return 'an attachment waits twice';
  return first(pool.waiting, ({ by, promised }) => {
    if (pool.claims.has(by)) return `${by} waits although it holds addresses`;
    if (promised.length === 0 && pool.cloud === undefined) return `${by} waits for nothing`;
    return first(promised, ({ address }) => {
      const slot = pool.slots.get(address);
      return slot?.state === 'promised' && slot.to === by ? undefined : `${address} is not kept for ${by}`;
    });
  });
}

function brokenBlock(pool: Pool, block: Block): string | undefined {
  const { prefix } = block.range;
  const mine = [...pool.slots].filter(([address]) => blockOf(pool, address) === block);
  const count = (state: string) => mine.filter(([, slot]) => slot.state === state).length;
  if (count('claimed') !== block.claimed) return `${prefix} counts ${block.claimed} claims of ${count('claimed')}`;
  if (count('promised') !== block.promised)
    return `${prefix} counts ${block.promised} promises of ${count('promised')}`;
  const { fresh, family } = block;
  if (fresh !== undefined && pool.slots.has(addressOfNumber(fresh, family)))
    return `${prefix} takes a used address for fresh`;
  const passed = block.runs.reduce(
    (sum, { first, last }) => sum + clamp((fresh ?? last + 1n) - first, last - first + 1n),
    0n,
  );
  const known = mine.filter(([address]) => fresh === undefined || numberOf(address) < fresh).length;
  if (passed !== BigInt(known)) return `${prefix} passed ${passed} addresses and knows ${known} of them`;
  return brokenRests(pool, block.idle, block);
}

function brokenRests(pool: Pool, rests: Rests, block: Block | undefined): string | undefined {
  return first(rests.keys(), ({ address, freeAt }) => {
    const slot = pool.slots.get(address);
    if (slot?.state !== 'idle' || slot.freeAt !== freeAt)
      return `${address} is in order at ${freeAt}, but is not idle so`;
    return blockOf(pool, address) === block ? undefined : `${address} is in the order of a foreign block`;
  });
}

/** `value`, but at least 0 and at most `most`. */
function clamp(value: bigint, most: bigint): bigint {
  if (value < 0n) return 0n;
  return value > most ? most : value;
}

/** The first answer that is not undefined. */
function first<T>(all: Iterable<T>, law: (it: T) => string | undefined): string | undefined {
  for (const it of all) {
    const broken = law(it);
    if (broken !== undefined) return broken;
  }
  return undefined;
}
