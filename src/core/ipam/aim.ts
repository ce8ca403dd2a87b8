import { type Cloud, slotsOf, unitSize } from './cloud.ts';
import type { NicLimits } from './nic.ts';
import type { Tally } from './tally.ts';

// How many addresses shall be free. AWS's knobs by AWS's formulas where they are set; else by the demand.

/** What is aimed at for one family, in addresses. Cooling ones are neither free nor given back. */
export interface Aim {
  readonly low: number; //     fewer free than this: more are asked for,
  readonly top: number; //     as many as bring the free ones to this
  readonly high: number; //    more free than this, for a while: the rest is given back
  readonly minimum: number; // in all, whoever has them
  readonly whole: boolean; //  NICs are filled and given back as a whole
}

/** A quarter of what is in use is kept free at most, so that a rollout asks rarely; at least and at most so many. */
const SPARE = { share: 4, least: 2, most: 16 };

/**
 * WARM_IP_TARGET or MINIMUM_IP_TARGET go before all, and mean addresses also with prefixes. With prefixes
 * WARM_PREFIX_TARGET, without WARM_ENI_TARGET. IPv6 knows no targets: one prefix is more than a node can use.
 */
export function aimOf({ policy, placing }: Cloud, limits: NicLimits, of: Tally): Aim {
  const { warmAddresses: warm, minimumAddresses: minimum, warmNics, warmPrefixes } = policy.targets;
  const { family, config } = of;
  if (config !== placing.own) return level(0); // for who waits, and not for who may come
  if (family === 'v6') return limits.prefixes ? { ...level(1), high: Number.POSITIVE_INFINITY } : byDemand(of);
  if ((warm ?? 0) > 0 || (minimum ?? 0) > 0) return { ...level(warm ?? 0), minimum: minimum ?? 0 };
  const prefixes = policy.unit === 'prefix' && limits.prefixes;
  if (prefixes && warmPrefixes !== undefined) return level(Math.max(1, warmPrefixes * unitSize('prefix', 'v4')));
  if (!prefixes && warmNics !== undefined)
    return { ...level(Math.max(1, warmNics * slotsOf(limits, 'v4'))), whole: true };
  return byDemand(of);
}

function level(free: number): Aim {
  return { low: free, top: free, high: free, minimum: 0, whole: false };
}

function byDemand({ claimed, hungry, expected }: Tally): Aim {
  const used = claimed + hungry + expected;
  const spare = Math.min(SPARE.most, Math.max(SPARE.least, Math.ceil(used / SPARE.share)));
  return { ...level(spare), low: 1 };
}

/** How many addresses more shall be asked for: for who waits and who will come, the free ones, and the minimum. */
export function needOf(aim: Aim, of: Tally, maxPods: number): number {
  const { free, asked, preparing, hungry, expected, total, elsewhere } = of;
  const missing = (level: number) => hungry + expected + level - free - asked - preparing;
  const short = Math.max(missing(aim.low) > 0 ? missing(aim.top) : 0, aim.minimum - total - asked);
  return Math.min(short, maxPods - elsewhere - total - asked);
}

/** How many of the free addresses are more than is aimed at. */
export function excessOf(aim: Aim, { free, hungry, expected, total }: Tally): number {
  if (hungry > 0) return 0;
  return Math.min(free - expected - aim.high, total - aim.minimum);
}
