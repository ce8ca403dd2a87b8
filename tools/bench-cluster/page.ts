import { writeFileSync } from 'node:fs';
import { table as columns } from '../demo/table.ts';
import type { Stretch } from './costs.ts';
import type { Asker, Installed, Role } from './installed.ts';
import type { ClusterReport } from './report.ts';

type Rows = readonly (readonly string[])[];

/** The report as text. */
export function table(report: ClusterReport): string {
  const parts = [starts(report), ratios(report), stretches(report), processes(report), goals(report)];
  return `${parts.map(columns).join('\n\n')}\n\n${report.machine}; ${report.reference}`;
}

/** docs/benchmarks-cluster.md. */
export function writePage(report: ClusterReport): void {
  writeFileSync('docs/benchmarks-cluster.md', page(report));
}

function starts({ cells }: ClusterReport): Rows {
  const head = [
    'network',
    'pods at once',
    'n',
    'start ms',
    'p99',
    'CNI ms',
    'p99',
    'CNI share',
    'of all time',
    'loopback ms',
    'p99',
    'of all time',
  ];
  const rows = cells.map((it) => [
    it.network,
    `${it.crowd}`,
    `${it.n}`,
    `${it.startMs}`,
    `${it.startP99Ms}`,
    `${it.cniMs}`,
    `${it.cniP99Ms}`,
    `${it.podSharePercent} %`,
    `${it.sharePercent} %`,
    `${it.loopbackMs}`,
    `${it.loopbackP99Ms}`,
    `${it.loopbackSharePercent} %`,
  ]);
  return [head, ...rows];
}

function ratios({ ratios: all }: ClusterReport): Rows {
  const head = ['pods at once', 'start: times faster than bridge', 'CNI: times faster', 'CNI: times the least'];
  return [head, ...all.map(({ cniOverLeast, ...it }) => [it.crowd, it.start, it.cni, cniOverLeast].map(String))];
}

function stretches({ costs: { idle, filling, full, emptying } }: ClusterReport): Rows {
  const head = ['agent of one node', 's', 'RSS MiB', 'CPU ms', 'KiB heard', 'KiB said', 'calls of the API server'];
  const row = (name: string, it: Stretch) => [
    name,
    it.seconds.toFixed(0),
    it.rssMb.toFixed(0),
    `${it.cpuMs}`,
    (it.heardBytes / 1024).toFixed(1),
    (it.saidBytes / 1024).toFixed(1),
    words(it.calls),
  ];
  return [
    head,
    row('no pods', idle),
    row(`${filling.pods} pods come`, filling),
    row(`${full.pods} pods stand`, full),
    row(`${emptying.pods} pods go`, emptying),
  ];
}

const ROLES: Readonly<Record<Role, string>> = {
  agent: 'agent',
  leader: 'replica that leads',
  follower: 'other replica',
};

function processes({ installed }: ClusterReport): Rows {
  const roles = Object.keys(ROLES) as Role[];
  const head = ['who asks the cloud', 'while', 's', ...roles.flatMap((role) => [`${ROLES[role]}, MiB`, 'CPU ms'])];
  const rows = installed.flatMap(({ asker, stretches: all }) =>
    all.map(({ name, seconds, used }) => [
      asker,
      name,
      seconds.toFixed(0),
      ...roles.flatMap((role) => [used[role].rssMb.toFixed(0), `${used[role].cpuMs}`]),
    ]),
  );
  return [head, ...rows];
}

/** An agent with AWS's SDK may have more. */
const MOST_MB: Readonly<Record<Asker, number>> = { agent: 150, controller: 110 };

function words(calls: Stretch['calls']): string {
  const all = Object.entries(calls).map(([what, times]) => `${times} ${what}`);
  return all.length === 0 ? 'none' : all.join(', ');
}

/** What was to be reached; of shares also what the least network has. */
function goals({ cells, costs, installed }: ClusterReport): Rows {
  const rss = Math.max(costs.filling.rssMb, costs.full.rssMb);
  const asked = [costs.idle, costs.full].flatMap(({ calls }) => Object.entries(calls)).filter(isPolling);
  const row = (what: string, value: number, most: number, least?: number) => [
    what,
    `${Number(value.toPrecision(3))}`,
    `≤ ${most}`,
    value <= most ? 'yes' : 'NO',
    least === undefined ? '' : `${least}`,
  ];
  const share = (what: string, of: 'podSharePercent' | 'sharePercent') =>
    cells
      .filter(({ network }) => network === 'berth')
      .map(({ crowd, [of]: percent }) => {
        const least = cells.find((it) => it.network === 'least' && it.crowd === crowd)?.[of];
        return row(`CNI share of ${what}, ${crowd} at once, percent`, percent, 3, least);
      });
  return [
    ['what', 'measured', 'goal', 'reached', 'the least'],
    ...share('a pod’s start', 'podSharePercent'),
    ...share('all pods’ time', 'sharePercent'),
    row(`agent with ${costs.full.pods} pods, MiB`, rss, 110),
    ...installed.map((it) =>
      row(`agent on AWS, where the ${it.asker} asks, ${it.pods} pods, MiB`, mostMb(it), MOST_MB[it.asker]),
    ),
    row(
      'calls, but for watches, of an agent that has nothing to do',
      asked.reduce((sum, [, times]) => sum + times, 0),
      0,
    ),
  ];
}

function mostMb({ stretches: all }: Installed): number {
  return Math.max(...all.map(({ used }) => used.agent.rssMb));
}

/** A watch that ends by its time is asked for again; nothing else is. */
function isPolling([what]: readonly [what: string, times: number]): boolean {
  return !what.startsWith('watch ');
}

function markdown([head = [], ...rows]: Rows): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, i) => (i === 0 ? '---' : '--:'))), ...rows.map(line)].join('\n');
}

function page(report: ClusterReport): string {
  return `# Benchmarks in a cluster

Written by \`npm run bench:cluster\`: do not edit. ${report.machine}; ${report.reference}.

Ratios travel, absolute times do not: three kubelets, their runtimes and the control plane share the processors.

## Pods' start

From the moment a watch of the API server tells that a pod is scheduled to the moment it tells that the pod is Ready.
The networks take turns under the same kubelets and runtimes; one's pods are gone before the other's begin. CNI is the
time inside the network's own plugins during the pod's ADD, taken by a program that stands before each
(\`native/bench/timed.c\`): Berth's executable; bridge with host-local and portmap, without masquerading; or the least.
The least (\`native/bench/least.c\`) is a pair of links, an address, a neighbour and two routes, made by a static C
program that remembers nothing and looks at nothing: what it takes is the kernel's and the machine's alone.

CNI share is that time in the pod's time to Ready, the median of the pods; and besides, of all pods together. There a
few pods that waited for seconds outweigh all others: of many at once it is mostly the wait for a processor, and for
sysfs' lock while others wait for theirs (docs/decisions/cni.md), and from run to run it may be three times as much, the
least's as well as Berth's. Loopback is the runtime's own plugin, which only brings up a link that is there: a Go
program at the usual priority, beside the network's.

${markdown(starts(report))}

${markdown(ratios(report))}

## What agent and controller use

The agent of one of three nodes, with ranges of its own (podcidr). Bytes are those of its connections to the API
server, with TLS, as far as they stand at the end of each line. Calls are those that the API server's audit log tells of
its user from that node. Between its start and the first line it made these: ${words(report.costs.setUp)}.

${markdown(stretches(report))}

The image, installed by the manifest on two instances of the emulated AWS; all pods are on the first, where the agent is
that is told of. Of the controller's two replicas one works:

${markdown(processes(report))}

## Goals

${markdown(goals(report))}
`;
}
