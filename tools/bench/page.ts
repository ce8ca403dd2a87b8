import { writeFileSync } from 'node:fs';
import { table as columns } from '../demo/table.ts';
import { type Cell, PARALLEL } from './contest.ts';

/**
 * All that one run measured. Milliseconds, MiB, ratios: how many times faster Berth is, or how many times longer the
 * agent takes than the floor.
 */
export interface BenchReport {
  readonly cells: readonly Cell[];
  readonly ratios: {
    readonly addVsPtp: number;
    readonly addVsBridgeMasq: number;
    readonly delVsPtp: number;
    readonly addInAgentVsFloor: number;
    readonly add500Vs10: number;
  };
  readonly podsPerSecond32: number;
  readonly rssIdleMb: number;
  readonly rss500Mb: number;
  readonly restartToFirstAddMs: number;
  readonly statusMedianMs: number;
  readonly addInAgentMs: number;
  readonly floorMs: number;
  readonly firstMs: number; //        the first pod of an agent, after a pause
  readonly firstInAgentMs: number; // of that, inside the agent
  readonly firstOfPtpMs: number; //   a pod of ptp, after the same pause
  readonly machine: string;
  readonly reference: string;
}

/** What was to be reached: name, figure, goal, and whether less is better. */
function goals(report: BenchReport): readonly (readonly [string, number, number, 'least' | 'most'])[] {
  const { ratios } = report;
  return [
    ['ADD: times faster than ptp', ratios.addVsPtp, 8, 'least'],
    ['ADD: times faster than bridge with masquerading, the faster backend', ratios.addVsBridgeMasq, 18, 'least'],
    ['DEL: times faster than ptp', ratios.delVsPtp, 15, 'least'],
    ['pods a second, 32 at once', report.podsPerSecond32, 300, 'least'],
    ['ADD inside the agent, times the floor in C', ratios.addInAgentVsFloor, 1.5, 'most'],
    ['ADD with 500 pods, times with 10', ratios.add500Vs10, 1.3, 'most'],
    ['resident memory, idle, MiB', report.rssIdleMb, 85, 'most'],
    ['resident memory, 500 pods, MiB', report.rss500Mb, 115, 'most'],
    ['restart to the first ADD with 500 pods, ms', report.restartToFirstAddMs, 1_000, 'most'],
    ['STATUS, median of 200, ms', report.statusMedianMs, 5, 'most'],
  ];
}

/** The report as text. */
export function table(report: BenchReport): string {
  const head = ['PLUGIN', 'OP', 'AT ONCE', 'N', 'MEDIAN MS', 'P99 MS', 'PER S', 'CPU MS'];
  const rows = report.cells.map((it) => [
    it.plugin,
    it.op,
    `${it.concurrency}`,
    `${it.n}`,
    `${it.medianMs}`,
    `${it.p99Ms}`,
    `${it.perSecond}`,
    `${it.cpuMsPerPod}`,
  ]);
  const reached = goals(report).map(([name, value, goal, sense]) => [
    name,
    `${value}`,
    `${sense === 'least' ? '≥' : '≤'} ${goal}`,
    met(value, goal, sense) ? 'yes' : 'NO',
  ]);
  return `${columns([head, ...rows])}\n\n${columns([['WHAT', 'MEASURED', 'GOAL', 'REACHED'], ...reached])}\n\n${report.machine}; ${report.reference}`;
}

/** docs/benchmarks.md and its plot. */
export function writePage(report: BenchReport): void {
  writeFileSync('docs/benchmarks.svg', plot(report.cells));
  const cells = report.cells.map(
    (it) =>
      `| ${it.plugin} | ${it.op} | ${it.concurrency} | ${it.n} | ${it.medianMs} | ${it.p99Ms} | ${it.perSecond} | ${it.cpuMsPerPod} |`,
  );
  const reached = goals(report).map(
    ([name, value, goal, sense]) =>
      `| ${name} | ${value} | ${sense === 'least' ? '≥' : '≤'} ${goal} | ${met(value, goal, sense) ? 'yes' : '**no**'} |`,
  );
  writeFileSync(
    'docs/benchmarks.md',
    `# Benchmarks

Written by \`npm run bench\`: do not edit. ${report.machine}; ${report.reference}.

Ratios travel, absolute times do not; from run to run a ratio moves by a tenth either way.
All programs took turns in one run, in private namespaces, executed by the same
driver in C (\`native/bench/driver.c\`), from spawn to exit. Berth journals every claim before it is applied.
The agent had attached 1,200 pods before, so that its code was compiled. CPU is that of the plugin's processes and, for
Berth, of the agent. The floor (\`native/bench/floor.c\`) sends the messages that the agent sends for an ADD and writes
one record, with no agent and no executable: ${report.floorMs} ms; the agent takes ${report.addInAgentMs} ms. The two
take turns, pod by pod, by the hand of the driver.

The first pod of an agent that was started some seconds before takes ${report.firstMs} ms, ${report.firstInAgentMs} of
them in the agent; one of ptp after the same pause ${report.firstOfPtpMs} ms.

![ADD and DEL, one at a time](benchmarks.svg)

| plugin | op | at once | n | median ms | p99 ms | per second | CPU ms a pod |
|---|---|--:|--:|--:|--:|--:|--:|
${cells.join('\n')}

| what | measured | goal | reached |
|---|--:|--:|---|
${reached.join('\n')}
`,
  );
}

function met(value: number, goal: number, sense: 'least' | 'most'): boolean {
  return sense === 'least' ? value >= goal : value <= goal;
}

const ROW = 26;
const LEFT = 190;
const WIDTH = 760;

/** Bars of the serial medians on a logarithmic scale, ADD above DEL for each plugin. */
function plot(cells: readonly Cell[]): string {
  const serial = cells.filter(({ concurrency }) => concurrency !== PARALLEL);
  const longest = Math.max(...serial.map(({ medianMs }) => medianMs));
  const width = (ms: number) =>
    Math.max(2, ((WIDTH - LEFT - 80) * Math.log10(1 + 9 * ms)) / Math.log10(1 + 9 * longest));
  const bars = serial.map(({ plugin, op, medianMs }, i) => {
    const y = 34 + i * ROW;
    const fill = plugin === 'berth' ? '#0a7' : op === 'ADD' ? '#789' : '#abc';
    return `<text x="${LEFT - 8}" y="${y + 15}" text-anchor="end">${plugin} ${op}</text><rect x="${LEFT}" y="${y}" width="${width(medianMs).toFixed(1)}" height="${ROW - 7}" fill="${fill}"/><text x="${(LEFT + width(medianMs) + 6).toFixed(1)}" y="${y + 15}">${medianMs} ms</text>`;
  });
  const height = 44 + serial.length * ROW;
  const title = `<text x="8" y="20" font-weight="bold">Median of one ADD or DEL, one at a time (logarithmic)</text>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" font-family="sans-serif" font-size="13"><rect width="100%" height="100%" fill="#fff"/>${title}${bars.join('')}</svg>\n`;
}
