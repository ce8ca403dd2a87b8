import type { Millis } from '../../base/clock.ts';
import { type Address, addressOfNumber, contains, type Family, familyOf } from '../../base/ip.ts';
import type { AttachmentId } from '../attachment.ts';
import type { Refusal } from '../refusal.ts';
import { type Nic, servesFor } from './cloud.ts';
import type { NicWish } from './nic.ts';
import { type Block, censusOf, type Pool, type Rest } from './pool.ts';
import { reservedReason } from './ranges.ts';
import { blockOf } from './slots.ts';
import { wantedConfig } from './tally.ts';

/**
 * So many used addresses of a block must rest before one is given again while fresh ones are left. Fresh addresses
 * first lets each rest as long as possible; without this end, an IPv6 /64 would remember every address it ever gave.
 */
export const ENOUGH_AT_REST = 4_096;

/** What an ADD asks for, and how long it may wait for it. */
export interface Wish extends NicWish {
  readonly families: readonly Family[];
  readonly wanted: readonly Address[];
  readonly until: Millis;
  readonly keeper?: AttachmentId; // a single address then, which can move between NICs
}

/**
 * The addresses an ADD shall have, one of each family (of `families` and of `wanted`), IPv4 first: free now, or as
 * soon as may be before its patience ends. All or nothing: the first one that cannot be had is the refusal of all.
 */
export function place(pool: Pool, wish: Wish, now: Millis): readonly Rest[] | Refusal {
  const rests: Rest[] = [];
  for (const family of familiesOf(wish)) {
    const wanted = [...new Set(wish.wanted.filter((address) => familyOf(address) === family))];
    if (wanted.length > 1) return { why: 'one-per-family', family, wanted };
    const name = wanted[0];
    const found = name === undefined ? anyOf(pool, family, wish, now) : byName(pool, name, wish, now);
    if ('why' in found) return found;
    rests.push(found);
  }
  return rests;
}

/** Nothing asked for at all is a question for IPv4: an agent without ranges is told so. */
function familiesOf({ families, wanted }: Wish): readonly Family[] {
  const asked = (['v4', 'v6'] as const).filter(
    (family) => families.includes(family) || wanted.some((address) => familyOf(address) === family),
  );
  return asked.length === 0 ? ['v4'] : asked;
}

/** From the fullest block that has one now, so that the others empty; else the one that is free soonest. */
function anyOf(pool: Pool, family: Family, wish: Wish, now: Millis): Rest | Refusal {
  const { until, keeper } = wish;
  const fits = ({ range }: Block) => keeper === undefined || range.whole !== true;
  const open = blocksFor(pool, wish).filter((block) => block.family === family);
  const blocks = open.filter(fits);
  let best: Offer | undefined;
  for (const block of blocks) {
    const rest = nextOf(block, now);
    if (rest === undefined || rest.freeAt >= until) continue;
    const offer = { block, rest };
    if (best === undefined || prefers(pool, [offer, best], { now, spread: wish.policy === 'spread' })) best = offer;
  }
  return best?.rest ?? exhausted({ ...pool, blocks: open }, family, now);
}

/** The blocks of the NICs that stand where the wish wants; without a cloud all. */
function blocksFor({ blocks, cloud }: Pool, wish: Wish): readonly Block[] {
  if (cloud === undefined) return blocks;
  const config = wantedConfig(cloud, wish);
  const isFor = (nic: Nic) => servesFor(cloud, nic, config) && wish.apart?.includes(nic.report.id) !== true;
  const ids = new Set(cloud.nics.flatMap((nic) => (isFor(nic) ? nic.report.id : [])));
  return blocks.filter(({ nic }) => nic !== undefined && ids.has(nic));
}

interface Offer {
  readonly block: Block;
  readonly rest: Rest;
}

/** What is free sooner; then what stays anyway, the fullest NIC, and the fullest block of it; or the emptiest NIC. */
function prefers(
  pool: Pool,
  [a, b]: readonly [Offer, Offer],
  { now, spread }: { readonly now: Millis; readonly spread: boolean },
): boolean {
  const waits = ({ rest }: Offer) => Math.max(0, rest.freeAt - now);
  if (waits(a) !== waits(b)) return waits(a) < waits(b);
  const more = a.block.nic === b.block.nic ? 0 : onNic(pool, a.block) - onNic(pool, b.block);
  if (spread && more !== 0) return more < 0;
  if (a.block.stays !== b.block.stays) return a.block.stays;
  return more === 0 ? a.block.claimed > b.block.claimed : more > 0;
}

/** How many addresses of a block's NIC are held. */
function onNic({ blocks }: Pool, { nic, claimed }: Block): number {
  if (nic === undefined) return claimed;
  return blocks.reduce((sum, block) => (block.nic === nic ? sum + block.claimed : sum), 0);
}

/** Fresh ones in their order, then the one that is free for longest; else the one that is free soonest. */
function nextOf(block: Block, now: Millis): Rest | undefined {
  const oldest = block.idle.first()?.[0];
  const unused = oldest?.freeAt === 0; // promised once, never given: as good as fresh
  const enough = oldest !== undefined && oldest.freeAt <= now && block.idle.size >= ENOUGH_AT_REST;
  if (block.fresh === undefined || unused || enough) return oldest;
  return { address: addressOfNumber(block.fresh, block.family), freeAt: 0 };
}

/** A named address: waited for while it cools, unless it cools for too long. */
function byName(pool: Pool, address: Address, wish: Wish, now: Millis): Rest | Refusal {
  const { until, config } = wish;
  const open = config === undefined ? pool : { ...pool, blocks: blocksFor(pool, wish) };
  const block = blockOf(open, address);
  if (block === undefined) return neverGiven(open, address);
  const slot = pool.slots.get(address);
  if (slot === undefined) return { address, freeAt: 0 };
  if (slot.state === 'claimed') return { why: 'address-taken', address, holder: slot.by };
  if (slot.state === 'promised') return { why: 'address-taken', address, holder: slot.to };
  if (slot.freeAt >= until) return { why: 'address-cooling', address, freeInMs: slot.freeAt - now };
  return { address, freeAt: slot.freeAt };
}

function neverGiven(pool: Pool, address: Address): Refusal {
  const ranges = pool.blocks.map(({ range }) => range);
  const around = ranges.find(({ prefix }) => contains(prefix, address));
  const reason = around === undefined ? undefined : reservedReason(around, address);
  if (reason === undefined) {
    const inAll = [...new Set(ranges.map(({ prefix }) => prefix))]; // NICs share subnets
    return { why: 'address-outside', address, ranges: inAll, ...(pool.cloud === undefined ? {} : { ofNics: true }) };
  }
  return { why: 'address-reserved', address, reason };
}

function exhausted(pool: Pool, family: Family, now: Millis): Refusal {
  const blocks = pool.blocks.filter((block) => block.family === family);
  if (blocks.length === 0) return { why: 'no-range', family };
  const { usable, claimed, cooling, promised } = censusOf(pool, family, now);
  const next = blocks.flatMap((block) => block.idle.first()?.[0].freeAt ?? []);
  return {
    why: 'exhausted',
    family,
    ranges: [...new Set(blocks.map(({ range }) => range.prefix))], // NICs share subnets
    usable,
    claimed,
    cooling,
    promised,
    ...(next.length === 0 ? {} : { nextFreeInMs: Math.min(...next) - now }),
  };
}
