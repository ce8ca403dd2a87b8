import { median, quantile, round } from '../bench/statistics.ts';
import type { Costs } from './costs.ts';
import type { Installed } from './installed.ts';
import { type Network, NETWORKS } from './networks.ts';
import type { Start } from './start-up.ts';

/** Pods' starts with one network, of one crowd. Milliseconds. */
export interface Cell {
  readonly network: Network;
  readonly crowd: number;
  readonly n: number;
  readonly startMs: number; //  median
  readonly startP99Ms: number;
  readonly cniMs: number; //    median
  readonly cniP99Ms: number;
  /** Of the time from scheduled to Ready, the part inside the network's plugins: of each pod the median, and of all. */
  readonly podSharePercent: number;
  readonly sharePercent: number;
  /** The same of the runtime's loopback plugin, of the same pods. */
  readonly loopbackMs: number;
  readonly loopbackP99Ms: number;
  readonly loopbackSharePercent: number;
}

/** What stands beside each other in one run: how many times faster than bridge Berth is, and its CNI in the least's. */
export interface Ratio {
  readonly crowd: number;
  readonly start: number;
  readonly cni: number;
  readonly cniOverLeast: number;
}

/** All that one run measured. */
export interface ClusterReport {
  readonly cells: readonly Cell[];
  readonly ratios: readonly Ratio[];
  readonly costs: Costs;
  readonly installed: readonly Installed[];
  readonly machine: string;
  readonly reference: string;
}

/** The figures of a run. */
export function reportOf(
  starts: readonly Start[],
  costs: Costs,
  of: Pick<ClusterReport, 'installed' | 'machine' | 'reference'>,
): ClusterReport {
  const crowds = [...new Set(starts.map(({ crowd }) => crowd))];
  const cells = crowds.flatMap((crowd) => NETWORKS.map((network) => cellOf(starts, network, crowd)));
  const ratios = crowds.map((crowd) => {
    const of = (network: Network) => cellOf(starts, network, crowd);
    const [berth, bridge, least] = [of('berth'), of('bridge'), of('least')];
    return {
      crowd,
      start: round(bridge.startMs / berth.startMs),
      cni: round(bridge.cniMs / berth.cniMs),
      cniOverLeast: round(berth.cniMs / least.cniMs),
    };
  });
  return { cells, ratios, costs, ...of };
}

function cellOf(starts: readonly Start[], network: Network, crowd: number): Cell {
  const own = starts.filter((it) => it.network === network && it.crowd === crowd);
  const [start, cni] = [own.map(({ startMs }) => startMs), own.map(({ cniMs }) => cniMs)];
  const loopback = own.map(({ loopbackMs }) => loopbackMs);
  const sum = (all: readonly number[]) => all.reduce((total, ms) => total + ms, 0);
  return {
    network,
    crowd,
    n: own.length,
    startMs: round(median(start)),
    startP99Ms: round(quantile(start, 0.99)),
    cniMs: round(median(cni)),
    cniP99Ms: round(quantile(cni, 0.99)),
    podSharePercent: round(median(own.map(({ startMs, cniMs }) => (100 * cniMs) / startMs))),
    sharePercent: round((100 * sum(cni)) / sum(start)),
    loopbackMs: round(median(loopback)),
    loopbackP99Ms: round(quantile(loopback, 0.99)),
    loopbackSharePercent: round((100 * sum(loopback)) / sum(start)),
  };
}
