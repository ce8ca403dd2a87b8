import { type Address, contains } from '../../base/ip.ts';
import { keeperId } from '../../core/attachment.ts';
import type { StaticLocal } from '../../core/cluster/static-node.ts';
import { serves } from '../../core/ipam/cloud.ts';
import { heldAs, type Pool } from '../../core/ipam/pool.ts';
import { blockOf } from '../../core/ipam/slots.ts';

/** What this node has of a name. `recorded`: its addresses, as the cluster knows them. */
export function staticLocal(
  pool: Pool,
  of: {
    readonly node: string;
    readonly namespace: string;
    readonly name: string;
    readonly refused?: string | undefined;
    readonly guest: boolean;
    readonly leaving: boolean;
    readonly brought: boolean;
  },
  recorded: readonly Address[],
): StaticLocal {
  const keeper = keeperId(of);
  const holder = [...pool.keepers].find(([, it]) => it === keeper)?.[0];
  const attached = holder === undefined ? undefined : pool.claims.get(holder);
  const kept = pool.claims.get(keeper);
  const [address] = attached ?? kept ?? recorded;
  const held = recorded.map((it) => ({ it, as: heldAs(pool, it) }));
  return {
    node: of.node,
    attached,
    kept,
    served: kept?.every((it) => blockOf(pool, it) !== undefined) ?? false,
    onNic: held.length > 0 && held.every(({ as }) => as !== undefined),
    movable: pool.cloud !== undefined,
    within: recorded.every((it) => isWithin(pool, it)),
    inPrefix: held.some(({ it, as }) => as !== undefined && as.what !== it),
    idle: recorded.every((it) => (pool.slots.get(it)?.state ?? 'idle') === 'idle'),
    guest: of.guest,
    leaving: of.leaving,
    brought: of.brought,
    nic: (address === undefined ? undefined : heldAs(pool, address)?.nic) ?? '',
    refused: of.refused,
  };
}

/** Whether an address could be one of this node's. */
function isWithin({ cloud, blocks }: Pool, address: Address): boolean {
  if (cloud === undefined) return blocks.some(({ range }) => contains(range.prefix, address));
  return cloud.nics.some((nic) => serves(cloud, nic) && contains(nic.report.subnetRange, address));
}
