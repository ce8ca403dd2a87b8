import type { Millis } from '../../base/clock.ts';
import { type Family, familyOf } from '../../base/ip.ts';
import {
  type Cloud,
  type Flight,
  gives,
  type Need,
  type Nic,
  nicNamed,
  serves,
  servesFor,
  slotsOf,
  unitSize,
} from './cloud.ts';
import type { Holdable, Intent, NicId, NicLimits, NicWish, Unit } from './nic.ts';
import { configOf } from './placing.ts';
import { freeIn, type Pool } from './pool.ts';

/** A NIC whose datapath has not come up for so long is no longer counted on. */
const READY_WITHIN_MS: Millis = 30_000;

/** The addresses that one need has, as far as growing and shrinking care. */
export interface Tally extends Need {
  readonly free: number; //     to be given now
  readonly claimed: number; //  on NICs that pods use
  readonly cooling: number;
  readonly hungry: number; //   ADDs that wait for more
  readonly expected: number; // pods that will ask
  readonly asked: number; //    of the cloud, not answered yet
  readonly preparing: number; // on a NIC that is being set up
  readonly total: number; //    on all NICs of the need that pods may use; what is asked for is not there yet
  readonly elsewhere: number; // of the family, that pods have of other NICs
  readonly lacks: readonly Lack[]; // what is free is of no use to these
}

/** ADDs that may not have an address of some NICs, and how many more the others must have for them. */
export interface Lack {
  readonly apart: readonly NicId[];
  readonly count: number;
}

/** Counts what one need has. O(blocks), and O(log n) each. */
export function tally(pool: Pool, cloud: Cloud, of: Need & { readonly now: Millis }): Tally {
  const { family, config, now } = of;
  let [free, claimed, cooling, elsewhere] = [0, 0, 0, 0];
  const nics = cloud.nics.filter((nic) => servesFor(cloud, nic, config));
  const ids = new Set(nics.map(({ report }) => report.id));
  for (const block of pool.blocks) {
    if (block.family !== family) continue;
    if (block.nic === undefined || !ids.has(block.nic)) {
      elsewhere += block.claimed;
      continue;
    }
    const cool = block.promised + block.idle.size - freeIn(block, now);
    free += Number(block.usable) - block.claimed - cool;
    claimed += block.claimed;
    cooling += cool;
  }
  let [preparing, total] = [0, 0];
  for (const nic of nics) {
    const holds = held(nic, family);
    total += holds;
    if (isPreparing(nic, now)) preparing += holds;
  }
  let hungry = 0;
  for (const it of pool.waiting)
    if (it.promised.length === 0 && it.families.includes(family) && wantedConfig(cloud, it) === config) hungry++;
  const asked = cloud.flights.reduce((sum, { intent }) => sum + asking(cloud, intent, of), 0);
  const expected = config === cloud.placing.own ? cloud.expected : 0;
  const lacks = lacksOf(pool, cloud, of);
  return { family, config, free, claimed, cooling, hungry, expected, asked, preparing, total, elsewhere, lacks };
}

function isPreparing(nic: Nic, now: Millis): boolean {
  return !nic.ready && nic.trust === 'sure' && nic.since > now - READY_WITHIN_MS;
}

/** How many addresses of a family a NIC holds, whoever has them; foreign ones not. */
export function held(nic: Nic, family: Family): number {
  let count = 0;
  for (const [it, { trust }] of nic.holds)
    if (trust !== 'foreign' && familyOf(it) === family) count += unitSize(unitOf(it), family);
  return count;
}

/** What a NIC holds something as. */
export function unitOf(it: Holdable): Unit {
  return it.includes('/') ? 'prefix' : 'address';
}

/** Seldom: of pods with several interfaces alone. */
function lacksOf(pool: Pool, cloud: Cloud, of: Need & { readonly now: Millis }): readonly Lack[] {
  const { family, config, now } = of;
  const groups = new Map<string, { readonly apart: readonly NicId[]; count: number }>();
  for (const { promised, families, apart = [], ...it } of pool.waiting) {
    if (apart.length === 0 || promised.length > 0 || !families.includes(family)) continue;
    if (wantedConfig(cloud, it) !== config) continue;
    const group = groups.get(apart.join(' ')) ?? { apart, count: 0 };
    group.count++;
    groups.set(apart.join(' '), group);
  }
  return [...groups.values()].flatMap(({ apart, count }) => {
    const short = count - haveApart(pool, cloud, { family, config, now, apart });
    return short > 0 ? [{ apart, count: short }] : [];
  });
}

/** What is free, on its way, or being set up on NICs other than these. */
function haveApart(
  pool: Pool,
  cloud: Cloud,
  of: Need & { readonly now: Millis; readonly apart: readonly NicId[] },
): number {
  const { family, config, now, apart } = of;
  const nics = cloud.nics.filter((nic) => servesFor(cloud, nic, config) && !apart.includes(nic.report.id));
  const isOther = (id: NicId | undefined) => nics.some(({ report }) => report.id === id);
  let have = 0;
  for (const block of pool.blocks) {
    if (block.family !== family || !isOther(block.nic)) continue;
    have += Number(block.usable) - block.claimed - block.promised - block.idle.size + freeIn(block, now);
  }
  for (const nic of nics) if (isPreparing(nic, now)) have += held(nic, family);
  for (const { intent } of cloud.flights)
    if (intent.kind === 'createNic' || (intent.kind === 'assign' && isOther(intent.nic)))
      have += asking(cloud, intent, of);
  return have;
}

/** The NICConfig by which the NICs stand that an ADD is to have its addresses of; undefined: by none. */
export function wantedConfig({ placing }: Cloud, { config }: Pick<NicWish, 'config'>): string | undefined {
  return config ?? placing.own;
}

/**
 * What is needed, and given back, each for itself: the node's own NICs first, then those that stand by another
 * NICConfig, or that a pod waits for.
 */
export function needsOf({ waiting }: Pick<Pool, 'waiting'>, cloud: Cloud): readonly Need[] {
  const { placing, nics, policy } = cloud;
  const others = [
    ...waiting.map((it) => wantedConfig(cloud, it)),
    ...nics.flatMap((nic) => (serves(cloud, nic) ? [configOf(placing, nic.report)] : [])),
  ];
  const configs = [...new Set([placing.own, ...others])];
  return configs.flatMap((config) => policy.families.map((family) => ({ family, config })));
}

/** How many addresses an intent asks for, that a need is met by. */
function asking(cloud: Cloud, intent: Intent, { family, config }: Need): number {
  if (intent.kind === 'assign') {
    const nic = intent.family === family ? nicNamed(cloud, intent.nic) : undefined;
    return nic !== undefined && servesFor(cloud, nic, config) ? intent.count * unitSize(intent.unit, family) : 0;
  }
  if (intent.kind !== 'createNic' || intent.spec.family !== family || intent.spec.config !== config) return 0;
  return intent.spec.count * unitSize(intent.spec.unit, family);
}

/** How many units more of a family a NIC can hold: what is leaving and what is being asked for have their slots. */
export function roomOf(cloud: Cloud, nic: Nic, of: { limits: NicLimits; family: Family }): number {
  let used = 0;
  for (const it of nic.holds.keys()) if (familyOf(it) === of.family) used++;
  for (const { intent } of cloud.flights)
    if (intent.kind === 'assign' && intent.nic === nic.report.id && intent.family === of.family) used += intent.count;
  return Math.max(0, slotsOf(of.limits, of.family) - used);
}

/** How many NICs more this instance may have: those being made count, and the slot that is kept for a trunk. */
export function nicRoom(cloud: Cloud, limits: NicLimits): number {
  const { policy } = cloud;
  const most = Math.min(limits.nics, policy.targets.maxNics ?? limits.nics);
  return most - Number(keepsTrunkSlot(cloud)) - nicsTaken(cloud);
}

/** Whether a place is left free for a trunk, which is not there yet. */
export function keepsTrunkSlot({ policy, nics }: Cloud): boolean {
  return policy.keepTrunkSlot && !nics.some(({ report }) => report.kind === 'trunk');
}

/** How many places of the first card are taken, by NICs that are there or being made. */
export function nicsTaken({ nics, flights }: Cloud): number {
  return nics.filter(({ report }) => report.card === 0).length + flights.filter(isCreating).length;
}

/** Those of them that give pods addresses who ask for this NICConfig, or for none, other than these NICs. */
export function givers(cloud: Cloud, config: string | undefined, apart: readonly NicId[]): readonly Nic[] {
  return cloud.nics.filter(
    (nic) =>
      nic.report.card === 0 && gives(cloud, nic) && servesFor(cloud, nic, config) && !apart.includes(nic.report.id),
  );
}

export function isCreating({ intent }: Flight): boolean {
  return intent.kind === 'createNic';
}
