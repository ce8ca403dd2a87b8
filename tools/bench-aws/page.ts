import { writeFileSync } from 'node:fs';
import { table as columns } from '../demo/table.ts';
import { plot } from './plot.ts';
import { type Comparison, comparisons, type Report } from './report.ts';
import type { Kind, Side } from './sides.ts';

type Row = readonly (string | number)[];

const BURST_HEAD = [
  ...['node', 'pool', 'pods', 'who', 'targets', 'first s', 'last s', 'changing calls', 'in the next minute'],
  ...['idle before', 'idle after'],
];
const CHURN_HEAD = ['node', 'who', 'targets', 'calls that give back', 'changing calls', 'slowest pod s', 'idle after'];
const FLEET_HEAD = ['node', 'who', 'targets', 'first s', 'last s', 'changing calls', 'Describe calls', 'refused'];
const ADD_HEAD = ['provider', 'n', 'median ms', 'p99 ms'];
const GOAL_HEAD = ['what', 'measured', 'goal', 'reached'];

/** The report as text. */
export function table(report: Report): string {
  const { cells, goals, machine } = report;
  const parts: readonly (readonly Row[])[] = [
    [BURST_HEAD, ...cells.bursts.map(burstRow)],
    [CHURN_HEAD, ...cells.churns.map(churnRow)],
    [FLEET_HEAD, ...cells.fleets.map(fleetRow)],
    [ADD_HEAD, ...cells.adds.map(addRow)],
    [GOAL_HEAD, ...goals.map(goalRow)],
  ];
  const text = parts.map(([head = [], ...rows]) =>
    columns([head.map((it) => `${it}`.toUpperCase()), ...rows.map((row) => row.map(String))]),
  );
  return `${text.join('\n\n')}\n\n${machine}`;
}

/** docs/benchmarks-aws.md and its plot. */
export function writePage(report: Report): void {
  writeFileSync('docs/benchmarks-aws.svg', plot(report.cells.bursts));
  writeFileSync('docs/benchmarks-aws.md', page(report));
}

function page({ cells, goals, machine }: Report): string {
  return `# Benchmarks on AWS

Written by \`npm run bench:aws\`: do not edit. ${machine}.

Berth beside a model of aws-node (amazon-vpc-cni-k8s v1.23), on Berth's emulator of EC2, in one run. Both have an account of
their own, so neither spends the other's quota, and are asked for their pods at the same moment.

**Simulated time**: bursts, churn and the twenty nodes. Berth's whole agent runs there as it is shipped, with the SDK's signed
requests and the emulator's XML; clock, disk and kernel are simulated, so its own work costs nothing. Delays and quotas are the
emulator's: 1.5 to 4 s to attach a NIC, what was made is shown up to 1 s late, by metadata up to 3 s, and EC2's token buckets.
A call takes 150 ms (Describe) to 700 ms (attach): assumed, the same for both. The same seeds give the same figures everywhere;
of each burst the run in the middle of five is shown.
**Real time, a real kernel, packets**: the last table.

The model of aws-node (\`tools/bench-aws/aws-node-model.ts\`) is checked by aws-node's published examples, and shown at its best: a
pod has its address the moment the pool has it, not when the kubelet asks again; its own work costs nothing; where it chooses by
the order of a hash map, it takes what is best for it.

## Goals

Parts are of aws-node's with WARM_IP_TARGET=1, of 30 pods that come to a warm pool of single addresses, the worse of m5.xlarge and
m5.24xlarge (15 NICs of 50 addresses). Calls are counted until the last pod has its address.

${markdown(GOAL_HEAD, goals.map(goalRow))}

![30 pods at once: time to the last, changing calls](benchmarks-aws.svg)

## What falls short

${shortcomings(cells).join('\n')}

## Bursts

Pods that come to one node at once. Warm: a pool at rest, which has met its target. Cold: the agent starts with the pods waiting.
As many as fit where fewer fit. Changing calls are all but Describe; a minute after the last pod those that came after it. Idle:
addresses held and not used, before the burst and a minute after the last pod.

${markdown(BURST_HEAD, cells.bursts.map(burstRow))}

## Churn

20 pods. One goes, 5 s later one comes, 5 s after it runs the next goes, for 10 minutes.

${markdown(CHURN_HEAD, cells.churns.map(churnRow))}

## Twenty nodes

of one account start at once with 30 pods waiting on each. Refused: RequestLimitExceeded.

${markdown(FLEET_HEAD, cells.fleets.map(fleetRow))}

## ADD

One at a time from a warm pool, from the executable's spawn to its exit, by turns: an agent with the provider aws and one with
podcidr, each in an instance of the emulator (m5.24xlarge), both with \`pool.cooldown: 1s\`.

${markdown(ADD_HEAD, cells.adds.map(addRow))}
`;
}

/** Every goal that was missed, and every burst in which a fifth was not reached. */
function shortcomings(cells: Report['cells']): readonly string[] {
  const slower = comparisons(cells, 'WARM_IP_TARGET=1').flatMap((it) => {
    const said = [wordOf(it.calls, 'calls'), wordOf(it.time, 'time')].filter((word) => word !== '');
    return said.length === 0 ? [] : [`- ${nameOf(it)}: ${said.join(', ')}.`];
  });
  const behind = comparisons(cells, 'defaults').flatMap((it) => {
    const { berth, awsNode } = it;
    if (berth.lastMs <= awsNode.lastMs) return [];
    const held = `it held ${awsNode.idleBefore} idle addresses, Berth ${berth.idleBefore}`;
    return [`- ${nameOf(it)}, defaults: ${seconds(berth.lastMs)} s, aws-node ${seconds(awsNode.lastMs)} s; ${held}.`];
  });
  return [
    'More than a fifth of the calls or the time of aws-node with WARM_IP_TARGET=1:',
    '',
    ...slower,
    '',
    'Slower than aws-node with its defaults:',
    '',
    ...behind,
  ];
}

function wordOf(part: number | undefined, what: string): string {
  return part === undefined || part <= 0.2 ? '' : `${part} of its ${what}`;
}

function nameOf({ berth }: Comparison): string {
  return `${kindOf(berth)}, ${berth.pool}, ${berth.pods} pods`;
}

function burstRow(it: Report['cells']['bursts'][number]): Row {
  const times = [seconds(it.firstMs), seconds(it.lastMs)];
  const calls = [it.mutating, it.mutatingInTheNextMinute];
  return [kindOf(it), it.pool, it.pods, ...sideOf(it), ...times, ...calls, it.idleBefore, it.idleAfter];
}

function churnRow(it: Report['cells']['churns'][number]): Row {
  return [kindOf(it), ...sideOf(it), it.unassign, it.mutating, seconds(it.slowestMs), it.idleAfter];
}

function fleetRow(it: Report['cells']['fleets'][number]): Row {
  const all = Object.values(it.calls).reduce((sum, count) => sum + count, 0);
  const times = [seconds(it.firstMs), seconds(it.lastMs)];
  return [kindOf(it), ...sideOf(it), ...times, it.mutating, all - it.mutating, it.throttled];
}

function addRow(it: Report['cells']['adds'][number]): Row {
  return [it.provider, it.n, it.medianMs, it.p99Ms];
}

function goalRow({ what, measured, most, reached }: Report['goals'][number]): Row {
  return [what, measured, `≤ ${most}`, reached ? 'yes' : '**no**'];
}

function kindOf({ type, unit }: Kind): string {
  return `${type} ${unit === 'prefix' ? 'prefixes' : 'addresses'}`;
}

function sideOf({ program, targets }: Side): readonly string[] {
  return [program, targets];
}

function seconds(ms: number): string {
  return (ms / 1_000).toFixed(ms < 100_000 ? 2 : 0);
}

function markdown(head: Row, rows: readonly Row[]): string {
  const line = (cells: Row) => `| ${cells.join(' | ')} |`;
  const right = head.map((_, i) => rows.every((row) => /^[≤\d.* ]+$/.test(`${row[i]}`)));
  return [line(head), line(right.map((it) => (it ? '--:' : '---'))), ...rows.map(line)].join('\n');
}
