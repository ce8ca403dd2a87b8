import { contains, type Prefix } from '../../base/ip.ts';
import { type Cloud, gives, nicNamed } from './cloud.ts';
import type { Holdable, Intent } from './nic.ts';
import type { Pool } from './pool.ts';
import { blockOf } from './slots.ts';

/** The first law about NICs that does not hold, as a sentence. O(n): for tests and the simulator. */
export function brokenCloud(pool: Pool): string | undefined {
  const { cloud } = pool;
  if (cloud === undefined) return undefined;
  return brokenBlocks(pool, cloud) ?? brokenFlights(pool, cloud);
}

/** Everything that is surely there and staying is in a block, and nothing else is. */
function brokenBlocks(pool: Pool, cloud: Cloud): string | undefined {
  for (const { nic, range } of pool.blocks) {
    if (nic === undefined) continue;
    const of = nicNamed(cloud, nic);
    if (of === undefined || !gives(cloud, of)) return `addresses of ${nic} are given, and it gives none`;
    if (range.whole === true && of.holds.get(range.prefix)?.trust !== 'sure')
      return `${range.prefix} is not surely there`;
  }
  for (const nic of cloud.nics)
    for (const [it, { trust }] of nic.holds) {
      const given = it.includes('/')
        ? pool.blocks.some(({ range }) => range.prefix === it && range.whole)
        : inBlock(pool, it);
      if (given && trust !== 'sure' && !cloud.nics.some((other) => other !== nic && other.holds.has(it)))
        return `${it} of ${nic.report.id} is ${trust}, and given`;
    }
  return undefined;
}

function inBlock(pool: Pool, it: Holdable): boolean {
  return blockOf(pool, it as never) !== undefined;
}

function brokenFlights(pool: Pool, { flights }: Cloud): string | undefined {
  if (new Set(flights.map(({ intent }) => intent.token)).size !== flights.length) return 'two intents have one token';
  for (const { intent } of flights) {
    const used = usedBy(pool, intent);
    if (used !== undefined) return `${used} is being given back, and is claimed`;
  }
  return undefined;
}

/** What somebody holds of what is being given back. */
function usedBy({ claims, cloud }: Pool, intent: Intent): Holdable | undefined {
  const what =
    intent.kind === 'unassign'
      ? intent.what
      : intent.kind === 'deleteNic'
        ? [...((cloud && nicNamed(cloud, intent.nic)?.holds.keys()) ?? [])]
        : [];
  if (what.length === 0) return undefined;
  for (const held of claims.values())
    for (const address of held)
      for (const it of what) if (it === address || (it.includes('/') && contains(it as Prefix, address))) return it;
  return undefined;
}
