import { round } from '../bench/statistics.ts';
import type { BurstCell } from './burst.ts';
import type { ChurnCell } from './churn.ts';
import type { CrowdCell } from './crowd.ts';
import type { FleetCell } from './fleet.ts';
import type { LiveCell, LiveCells } from './live.ts';
import type { Side, Targets } from './sides.ts';

/** Everything that one run measured. */
export interface Cells extends LiveCells {
  readonly bursts: readonly BurstCell[];
  readonly churns: readonly ChurnCell[];
  readonly fleets: readonly FleetCell[];
  readonly crowds: readonly CrowdCell[];
}

/** A burst of both sides with the same targets: Berth's calls and time in terms of aws-node's. */
export interface Comparison {
  readonly berth: BurstCell;
  readonly awsNode: BurstCell;
  readonly calls: number | undefined; // undefined: aws-node made none
  readonly time: number | undefined; //  undefined: its pool held enough
}

/** What was to be reached. */
export interface Goal {
  readonly what: string;
  readonly measured: number;
  readonly most: number;
}

/** The document. Ratios are parts of aws-node's with WARM_IP_TARGET=1, and of podcidr's median. */
export interface Report {
  readonly ratios: { readonly callsVsAwsNode: number; readonly timeVsAwsNode: number; readonly addVsPodcidr: number };
  readonly mutatingCalls30: number;
  readonly unassignCallsChurn: number;
  readonly goals: readonly (Goal & { readonly reached: boolean })[];
  readonly cells: Cells;
  readonly machine: string;
}

/** Judges the cells. */
export function reportOf(cells: Cells, machine: string): Report {
  const ratios = ratiosOf(cells);
  const mutatingCalls30 = Math.max(
    ...[
      thirty(cells, 'm5.large', 'prefix').berth,
      thirty(cells, 'm5.24xlarge', 'address').berth,
      ...cells.liveBursts.filter(({ type, pods }) => type !== 'm5.xlarge' && pods === 30),
    ].map(({ mutating }) => mutating),
  );
  const ours = <T extends Side>(all: readonly T[]) => all.filter(({ program }) => program === 'berth');
  const unassignCallsChurn = Math.max(...ours(cells.churns).map(({ unassign }) => unassign));
  const goals: readonly Goal[] = [
    {
      what: '30 pods, changing calls: prefixes on m5.large, addresses on m5.24xlarge',
      measured: mutatingCalls30,
      most: 2,
    },
    { what: '30 pods on m5.xlarge, calls beyond one assign and two a NIC', measured: beyond(cells), most: 0 },
    { what: '30 pods, changing calls, part of those of aws-node', measured: ratios.callsVsAwsNode, most: 0.2 },
    { what: '30 pods, time to the last, part of that of aws-node', measured: ratios.timeVsAwsNode, most: 0.2 },
    { what: '±1 pod for 10 minutes, calls that give back', measured: unassignCallsChurn, most: 2 },
    {
      what: '20 nodes at once, calls beyond the quota',
      measured: Math.max(...ours(cells.fleets).map(({ throttled }) => throttled)),
      most: 0,
    },
    {
      what: '500 nodes at once, time to the last pod, times what the quota alone takes',
      measured: Math.max(...cells.crowds.map(({ lastMs, quotaMs }) => round(lastMs / quotaMs))),
      most: 1.5,
    },
    {
      what: '500 nodes afterwards, calls beyond the quota',
      measured: Math.max(...cells.crowds.map(({ later }) => later.throttled)),
      most: 0,
    },
    { what: 'ADD from a warm pool of aws, times that of podcidr', measured: ratios.addVsPodcidr, most: 1.3 },
  ];
  const judged = goals.map((it) => ({ ...it, reached: it.measured <= it.most }));
  return { ratios, mutatingCalls30, unassignCallsChurn, goals: judged, cells, machine };
}

/** Bursts of both sides with the same targets, beside each other. */
export function comparisons({ bursts }: Cells, targets: Targets): readonly Comparison[] {
  const of = bursts.filter((it) => it.targets === targets);
  return of.flatMap((berth) => {
    if (berth.program !== 'berth') return [];
    const awsNode = of.find((it) => it.program === 'aws-node' && keyOf(it) === keyOf(berth));
    if (awsNode === undefined) return [];
    const part = (a: number, b: number) => (b === 0 ? undefined : round(a / b));
    const [calls, time] = [part(berth.mutating, awsNode.mutating), part(berth.lastMs, awsNode.lastMs)];
    return [{ berth, awsNode, calls, time }];
  });
}

/** Of 30 pods that come to a warm pool of single addresses: the worse of the two types. */
function ratiosOf(cells: Cells): Report['ratios'] {
  const both = ['m5.xlarge', 'm5.24xlarge'].map((type) => thirty(cells, type, 'address'));
  const medianOf = (provider: LiveCell['provider']) =>
    cells.adds.find((it) => it.provider === provider)?.medianMs ?? Number.NaN;
  return {
    callsVsAwsNode: Math.max(...both.map(({ calls = Number.NaN }) => calls)),
    timeVsAwsNode: Math.max(...both.map(({ time = Number.NaN }) => time)),
    addVsPodcidr: round(medianOf('aws') / medianOf('podcidr')),
  };
}

/** With packets or without. */
function beyond(cells: Cells): number {
  const packets = cells.liveBursts.filter(({ type, pods }) => type === 'm5.xlarge' && pods === 30);
  const all = [thirty(cells, 'm5.xlarge', 'address').berth, ...packets];
  return Math.max(...all.map(({ calls, mutating }) => mutating - 1 - 2 * (calls['CreateNetworkInterface'] ?? 0)));
}

function thirty(cells: Cells, type: string, unit: BurstCell['unit']): Comparison {
  const found = comparisons(cells, 'WARM_IP_TARGET=1').find(
    ({ berth }) => berth.type === type && berth.unit === unit && berth.pods === 30 && berth.pool === 'warm',
  );
  if (found === undefined) throw new RangeError(`30 pods on ${type} were not measured`);
  return found;
}

function keyOf({ type, unit, pool, pods }: BurstCell): string {
  return `${type} ${unit} ${pool} ${pods}`;
}
