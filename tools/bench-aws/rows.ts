import type { BurstCell } from './burst.ts';
import { type Comparison, comparisons, type Report } from './report.ts';
import { type Kind, type Side, SIDES, type Targets } from './sides.ts';

/** A table: its head, and what stands under it. */
export interface Rows {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

type Cells = Report['cells'];

/** One row a burst; of each side its time, its calls and what it holds. */
export function burstRows({ bursts }: Cells): Rows {
  const head = ['node', 'pool', 'pods', ...SIDES.map(sideOf)];
  const first = bursts.filter(({ program, targets }) => program === 'berth' && targets === SIDES[0]?.targets);
  const rows = first.map((row) => {
    const same = bursts.filter((it) => kindOf(it) === kindOf(row) && it.pool === row.pool && it.pods === row.pods);
    const cells = SIDES.map((side) => same.find((it) => sideOf(it) === sideOf(side)));
    return [kindOf(row), row.pool, `${row.pods}`, ...cells.map((it) => (it === undefined ? '' : burstText(it)))];
  });
  return { head, rows };
}

function burstText(it: BurstCell): string {
  const times = `${seconds(it.firstMs)}–${seconds(it.lastMs)} s`;
  return `${times}; ${it.mutating}+${it.mutatingInTheNextMinute}; ${it.idleBefore}→${it.idleAfter}`;
}

/** The calls of 30 pods, or of as many as fit, that come to a warm pool. */
export function actionRows({ bursts }: Cells): Rows {
  const of = bursts.filter(({ pool, pods }) => pool === 'warm' && pods >= 27 && pods <= 30);
  const rows = of.map((it) => [kindOf(it), sideOf(it), callsText(it.calls)]);
  return { head: ['node', 'who', 'calls until the last pod'], rows };
}

function callsText(calls: Readonly<Record<string, number>>): string {
  const all = Object.entries(calls).map(([action, count]) => `${count} ${action}`);
  return all.length === 0 ? 'none' : all.join(', ');
}

export function churnRows({ churns }: Cells): Rows {
  const head = [
    'node',
    'who',
    'calls that give back',
    'changing calls',
    'Describe calls',
    'slowest pod s',
    'idle after',
  ];
  const rows = churns.map((it) => {
    const counts = [it.unassign, it.mutating, describes(it)].map(String);
    return [kindOf(it), sideOf(it), ...counts, seconds(it.slowestMs), `${it.idleAfter}`];
  });
  return { head, rows };
}

export function fleetRows({ fleets }: Cells): Rows {
  const head = ['node', 'who', 'first s', 'last s', 'changing calls', 'Describe calls', 'refused'];
  const rows = fleets.map((it) => {
    const counts = [it.mutating, describes(it), it.throttled].map(String);
    return [kindOf(it), sideOf(it), seconds(it.firstMs), seconds(it.lastMs), ...counts];
  });
  return { head, rows };
}

export function crowdRows({ crowds }: Cells): Rows {
  const head = ['node', 'nodes', 'quota s', 'first s', 'median s', '99 % s', 'last s', 'calls', 'refused'];
  const after = ['calls later', 'refused later', 'slowest pod later s'];
  const rows = crowds.map((it) => [
    ...[kindOf(it), `${it.nodes}`],
    ...[it.quotaMs, it.firstMs, it.medianMs, it.p99Ms, it.lastMs].map(seconds),
    ...[Object.values(it.calls).reduce((sum, count) => sum + count, 0), it.throttled].map(String),
    ...[`${it.later.calls}`, `${it.later.throttled}`, seconds(it.later.slowestMs)],
  ]);
  return { head: [...head, ...after], rows };
}

/** Between the first and the last: of the largest bursts. */
export function percentileRows({ bursts }: Cells): Rows {
  const rows = bursts
    .filter(({ pods }) => pods === LARGEST)
    .map((it) => [
      ...[kindOf(it), it.pool, sideOf(it)],
      ...[it.firstMs, it.medianMs, it.p99Ms, it.lastMs].map(seconds),
    ]);
  return { head: ['node', 'pool', 'who', 'first s', 'median s', '99 % s', 'last s'], rows };
}

const LARGEST = 110;

export function addRows({ adds }: Cells): Rows {
  const rows = adds.map((it) => [it.provider, `${it.n}`, `${it.medianMs}`, `${it.p99Ms}`]);
  return { head: ['provider', 'n', 'median ms', 'p99 ms'], rows };
}

export function liveBurstRows({ liveBursts }: Cells): Rows {
  const rows = liveBursts.map((it) => {
    const times = [it.firstMs, it.medianMs, it.p99Ms, it.lastMs].map(seconds);
    return [kindOf(it), `${it.pods}`, ...times, `${it.mutating}`, callsText(it.calls)];
  });
  const times = ['first s', 'median s', '99 % s', 'last s'];
  return { head: ['node', 'pods', ...times, 'changing calls', 'all calls'], rows };
}

export function goalRows({ goals }: Report): Rows {
  const rows = goals.map((it) => [it.what, `${it.measured}`, `≤ ${it.most}`, it.reached ? 'yes' : '**no**']);
  return { head: ['what', 'measured', 'goal', 'reached'], rows };
}

/** Bursts in which Berth needs more than a fifth of aws-node's calls or time, with the same target of one address. */
export function aboveAFifth(cells: Cells): Rows {
  const head = ['node', 'pool', 'pods', 'calls', 'aws-node', 'part', 's', 'aws-node', 'part'];
  const high = (part: number | undefined) => part !== undefined && part > FIFTH;
  const found = comparisons(cells, 'WARM_IP_TARGET=1').filter(({ calls, time }) => high(calls) || high(time));
  const rows = found.map(({ berth, awsNode, calls, time }) => [
    ...nameOf(berth),
    ...[berth.mutating, awsNode.mutating, calls ?? ''].map(String),
    ...[seconds(berth.lastMs), seconds(awsNode.lastMs), `${time ?? ''}`],
  ]);
  return { head, rows };
}

const FIFTH = 0.2;

/** Bursts in which the last pod waits longer than with aws-node, both with what they hold by themselves. */
export function slowerByDefault(cells: Cells): Rows {
  const head = ['node', 'pool', 'pods', 's', 'aws-node', 'idle before', 'aws-node'];
  const isSlower = ({ berth, awsNode }: Comparison) => berth.lastMs > awsNode.lastMs;
  const found = comparisons(cells, 'defaults' satisfies Targets).filter(isSlower);
  const rows = found.map(({ berth, awsNode }) => [
    ...nameOf(berth),
    ...[seconds(berth.lastMs), seconds(awsNode.lastMs)],
    ...[berth.idleBefore, awsNode.idleBefore].map(String),
  ]);
  return { head, rows };
}

/** What a kind of node is called. */
export function kindOf({ type, unit }: Kind): string {
  return `${type} ${unit === 'prefix' ? 'prefixes' : 'addresses'}`;
}

/** What a side is called. */
export function sideOf({ program, targets }: Side): string {
  return `${program}, ${targets}`;
}

function nameOf(it: BurstCell): readonly string[] {
  return [kindOf(it), it.pool, `${it.pods}`];
}

function describes({ calls, mutating }: { calls: Readonly<Record<string, number>>; mutating: number }): number {
  return Object.values(calls).reduce((sum, count) => sum + count, 0) - mutating;
}

function seconds(ms: number): string {
  return (ms / 1_000).toFixed(ms < 100_000 ? 2 : 0);
}
