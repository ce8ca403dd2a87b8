import { writeFileSync } from 'node:fs';
import { table as columns } from '../demo/table.ts';
import { plot } from './plot.ts';
import type { Report } from './report.ts';
import * as rows from './rows.ts';

/** The report as text. */
export function table(report: Report): string {
  const { cells, machine } = report;
  const simulated = [rows.burstRows(cells), rows.churnRows(cells), rows.fleetRows(cells), rows.crowdRows(cells)];
  const all = [...simulated, rows.addRows(cells), rows.liveBurstRows(cells), rows.goalRows(report)];
  const text = all.map((it) => columns([it.head.map((word) => word.toUpperCase()), ...it.rows]));
  return `${text.join('\n\n')}\n\n${machine}`;
}

/** docs/benchmarks-aws.md and its plot. */
export function writePage(report: Report): void {
  writeFileSync('docs/benchmarks-aws.svg', plot(report.cells.bursts));
  writeFileSync('docs/benchmarks-aws.md', page(report));
}

function page(report: Report): string {
  return [preamble(report), outcome(report), details(report)].join('\n\n');
}

function preamble({ machine }: Report): string {
  return `# Benchmarks on AWS

Written by \`npm run bench:aws\`: do not edit. ${machine}.

Berth beside a model of aws-node (amazon-vpc-cni-k8s v1.23), on Berth's emulator of EC2, in one run. Each has an
account of its own, so that neither spends the other's quota; their pods come at the same moment.

**Simulated time**: bursts, churn and the twenty nodes. Berth's whole agent runs there, with the SDK's signed requests
and the emulator's XML; clock, disk and kernel are simulated, so its own work takes no time. Delays and quotas are the
emulator's: 1.5 to 4 s to attach a NIC, what was made is shown up to 1 s late, by metadata up to 3 s, and EC2's token
buckets. A call takes 150 ms (Describe) to 700 ms (attach): assumed, and the same for both. The same seeds give the
same figures everywhere; of each burst the run in the middle of five is shown.

**Real time, a real kernel, packets**: ADD, and four bursts again, the last tables.

The model of aws-node (\`tools/bench-aws/aws-node-model.ts\`) comes to rest on the emulator as AWS publishes
(\`aws-node.test.ts\`), and is shown at its best: a pod has its address the moment the pool has it, not when the kubelet asks again; its own work takes no
time; where it chooses by the order of a hash map, it takes what is best for it.`;
}

function outcome(report: Report): string {
  const { cells } = report;
  return `## Goals

Parts are of aws-node's, both with WARM_IP_TARGET=1, of 30 pods that come to a warm pool of single addresses: the worse
of m5.xlarge and m5.24xlarge (15 NICs of 50 addresses). Changing calls are all but Describe, until the last pod has its
address. That a new NIC ends with its instance is asked for in the minute after it, when no pod waits.

${markdown(rows.goalRows(report))}

![30 pods at once: time to the last, changing calls](benchmarks-aws.svg)

## What falls short

Bursts in which Berth needs more than a fifth of the calls or the time of aws-node, both with WARM_IP_TARGET=1. One
prefix serves 16 pods, and of one call nobody can save four fifths:

${markdown(rows.aboveAFifth(cells))}

Bursts in which the last pod waits longer than with aws-node, both with their defaults. Before a warm one aws-node held
a whole NIC of idle addresses; at a cold start Berth waits for more pods before it asks for addresses, 30 to 250 ms:

${markdown(rows.slowerByDefault(cells))}`;
}

function details({ cells }: Report): string {
  return `## Bursts

Pods that come to one node within 100 ms, as many as fit. Warm: a pool at rest, which has met its target. Cold: the
agent starts when they come. Of each: seconds to the first and to the last pod; changing calls until then, and in the
minute after; addresses held and not used before, and a minute after.

${markdown(rows.burstRows(cells))}

Of 30 pods, or 27 where no more fit, on a warm pool:

${markdown(rows.actionRows(cells))}

Of 110 pods: how long the one in the middle waited, and 99 of 100 (A83). An agent's own work takes no time here; with
packets it is in the last table.

${markdown(rows.percentileRows(cells))}

## Churn

20 pods. One goes, 5 s later one comes, 5 s after that runs the next goes, for 10 minutes.

${markdown(rows.churnRows(cells))}

## Twenty nodes

of one account start at once, with 30 pods waiting on each. Refused: RequestLimitExceeded.

${markdown(rows.fleetRows(cells))}

## Five hundred nodes

of one account start at once, with 10 pods waiting on each (A84): more than its quota lets through, so calls are
refused, and each node slows down by itself. "quota s" is what the calls that went well take by the quota alone: no
order of the nodes is faster. Later, for five minutes, each node has one pod go and another come each minute. Berth
alone, with its defaults: the model of aws-node ends where a call stays throttled.

${markdown(rows.crowdRows(cells))}

## With packets

One ADD at a time from a warm pool, from the executable's spawn to its exit, by turns: an agent with the provider aws and
one with podcidr, each in an instance of the emulator (m5.24xlarge), both with \`pool.cooldown: 1s\`.

${markdown(rows.addRows(cells))}

ADDs at once to nodes with one warm address or prefix and WARM_IP_TARGET=1, the same calls as slow as above. The last
pod is done when its executable has exited:

${markdown(rows.liveBurstRows(cells))}
`;
}

function markdown({ head, rows: all }: rows.Rows): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const isNumber = (column: number) => all.every((row) => /^[≤\d. ]*$/.test(row[column] ?? ''));
  return [line(head), line(head.map((_, i) => (isNumber(i) ? '--:' : '---'))), ...all.map(line)].join('\n');
}
