import { writeFileSync } from 'node:fs';
import { table as columns } from '../demo/table.ts';
import type { ScaleResult } from './measure.ts';

/** All that one run measured. */
export interface ScaleReport {
  readonly results: readonly ScaleResult[];
  readonly machine: string;
}

type Rows = readonly (readonly string[])[];

/** The report as text. */
export function table(report: ScaleReport): string {
  return `${[controllers(report), copies(report), goals(report)].map(columns).join('\n\n')}\n\n${report.machine}`;
}

/** docs/benchmarks-scale.md. */
export function writePage(report: ScaleReport): void {
  writeFileSync('docs/benchmarks-scale.md', page(report));
}

function controllers({ results }: ScaleReport): Rows {
  const head = [
    'server',
    'nodes',
    'pods',
    'ready ms',
    'again ms',
    'RSS MiB',
    'peak',
    'node gone ms',
    'pod handled ms',
    'p99',
    'asked after a restart',
  ];
  const rows = results.map((it) => [
    it.server,
    `${it.size.nodes}`,
    `${it.size.pods}`,
    `${it.readyMs}`,
    `${it.restartMs}`,
    `${it.rssMb}`,
    `${it.peakMb}`,
    `${it.removedMs}`,
    `${it.handledMs}`,
    `${it.handledP99Ms}`,
    Object.entries(it.asked)
      .map(([what, times]) => `${times} ${what}`)
      .join(', '),
  ]);
  return [head, ...rows];
}

function copies({ results }: ScaleReport): Rows {
  const head = ['server', 'pods', 'list ms', 'RSS MiB', 'peak', 'blocked ms', 'change heard ms', 'p99'];
  const rows = results.map(({ server, size, pods }) => [
    server,
    `${size.pods}`,
    `${pods.listMs}`,
    `${pods.rssMb}`,
    `${pods.peakMb}`,
    `${pods.blockedMs}`,
    `${pods.lagMs}`,
    `${pods.lagP99Ms}`,
  ]);
  return [head, ...rows];
}

/** What was to be reached; the worst of all servers. */
function goals({ results }: ScaleReport): Rows {
  const worst = (of: (result: ScaleResult) => number) => Math.max(...results.map(of));
  const row = (what: string, value: number, most: number) => [
    what,
    `${value}`,
    `≤ ${most}`,
    value <= most ? 'yes' : 'NO',
  ];
  return [
    ['what', 'measured', 'goal', 'reached'],
    row('everything listed, s', worst(({ readyMs, pods }) => Math.max(readyMs, pods.listMs)) / 1_000, 20),
    row(
      'resident memory at its most, MiB',
      worst(({ peakMb, pods }) => Math.max(peakMb, pods.peakMb)),
      600,
    ),
    row(
      'a pod’s change heard, median, ms',
      worst(({ pods }) => pods.lagMs),
      50,
    ),
    row(
      'a new pod handled by the controller, median, ms',
      worst(({ handledMs }) => handledMs),
      50,
    ),
    row(
      'pages listed again after a restart',
      worst(({ listedAgain }) => listedAgain),
      0,
    ),
  ];
}

function markdown([head = [], ...rows]: Rows): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, i) => (i === 0 ? '---' : '--:'))), ...rows.map(line)].join('\n');
}

function page(report: ScaleReport): string {
  return `# Benchmarks of large clusters

Written by \`npm run bench:scale\`: do not edit. ${report.machine}.

Clusters without a kubelet: Nodes, BerthNodes and pods as objects of a real API server, made one by one through it; and
of the fake (\`src/io/kube/testing\`), which the same contract tests judge (\`src/io/kube/kube-cases.ts\`). A pod is of
3 KB. All processes share the processors.

## The controller

\`berth controller\`, as it is installed: from its start until it knows the cluster; the same of the one that follows it
after SIGKILL; the memory of the first; the median of 20 removals of a Node, until its BerthNode is gone as well; of
100 pods more, as a StatefulSet's that keep their addresses, made one after the other, from before each was written until
the StaticAddress that the controller makes of it could be read; and what the second one had asked of the API server ten
seconds later (watches that stand are not in it; a page has 500 objects).
It follows Nodes, BerthNodes, pods, StatefulSets and StaticAddresses.

${markdown(controllers(report))}

## A copy of all pods

The informer (\`src/io/kube/informer.ts\`) as Berth's processes have it, in one of its own, of every pod of the cluster:
how long the list took, and the longest that anything else waited meanwhile; then 200 changes, each from before it was
written until it was heard.

${markdown(copies(report))}

## Goals

${markdown(goals(report))}
`;
}
