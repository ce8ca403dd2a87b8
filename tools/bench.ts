// npm run bench: Berth beside the reference plugins and beside a floor in C, interleaved in one run, in namespaces of
// our own.
//   npm run bench                 a table, and docs/benchmarks.md with its plot written anew
//   npm run -s bench -- --json    one JSON document on standard output, nothing written
import { spawn } from 'node:child_process';
import { cpus, loadavg, release } from 'node:os';
import { type Cell, contest, contestants, medianOf, PARALLEL } from './bench/contest.ts';
import { type BenchReport, table, writePage } from './bench/page.ts';
import { FLOOR_PODS, Floor } from './bench/floor.ts';
import { BenchAgent, configFile, drive, prepare } from './bench/stage.ts';
import { median, round } from './bench/statistics.ts';

const ROUNDS = 3;
const SANDBOXES = 520;
/** Pods before those that count: an agent that has run for a while has its code compiled. */
const WARM_UP = { rounds: 4, pods: 300, ofOthers: 8 };
/** What is asked after a pause, as on a node to which a pod comes now and then. */
const FIRSTS = { turns: 10, pauseMs: 3_000 };
const json = process.argv.includes('--json');

if (process.argv.includes('--inside')) await bench();
else await launch();

async function launch(): Promise<void> {
  if (process.getuid?.() !== 0) {
    console.error('berth: the benchmark needs root: user namespaces are slower at what it measures');
    process.exit(2);
  }
  const { referencePlugins } = await import('./reference-plugins.ts');
  referencePlugins();
  const spaces = [
    '--mount',
    '--net',
    '--pid',
    '--fork',
    '--mount-proc',
    '--kill-child=KILL',
    '--propagation',
    'private',
  ];
  const self = [process.execPath, 'tools/bench.ts', '--inside', ...process.argv.slice(2)];
  const child = spawn('unshare', [...spaces, '--', ...self], { stdio: ['ignore', 'inherit', 'inherit'] });
  process.exitCode = await new Promise<number>((resolve) => child.on('exit', (code) => resolve(code ?? 1)));
}

async function bench(): Promise<void> {
  const tell = (line: string) => console.error(line);
  const load = loadavg()[0]?.toFixed(2) ?? '?';
  prepare(SANDBOXES, FLOOR_PODS);
  const agent = new BenchAgent();
  await agent.start();
  const { all, version, note } = contestants();
  const [berth] = all;
  const ptp = all.find(({ name }) => name === 'ptp');
  if (berth === undefined || ptp === undefined) throw new Error('Berth or ptp is not among the contestants');
  const { rssMb: rssIdleMb, ...firsts } = await firstPods(agent, { berth, ptp }, tell);
  tell(`warming up: the first ${WARM_UP.rounds * WARM_UP.pods} pods of the agent are not counted`);
  for (const it of all)
    for (let round = 0; round < (it.name === 'berth' ? WARM_UP.rounds : 1); round++)
      for (const verb of ['ADD', 'DEL'] as const)
        drive({ ...it, verb, concurrency: 4, count: it.name === 'berth' ? WARM_UP.pods : WARM_UP.ofOthers });
  const cells = await contest(all, agent, ROUNDS, tell);
  const inAgent = await withFloor(agent, berth, tell);
  const growth = await fill(agent, berth, tell);
  const status = drive({
    ...berth,
    config: configFile('status', { cniVersion: '1.1.0', name: 'bench', type: 'berth-cni' }),
    verb: 'STATUS',
    concurrency: 1,
    count: 200,
  });
  const restartToFirstAddMs = await restart(agent, berth);
  await agent.end();
  const report: BenchReport = {
    cells,
    ratios: { ...ratios(cells), addInAgentVsFloor: inAgent.ratio, add500Vs10: growth.ratio },
    podsPerSecond32:
      cells.find((it) => it.plugin === 'berth' && it.op === 'ADD' && it.concurrency === PARALLEL)?.perSecond ?? 0,
    rssIdleMb: round(rssIdleMb),
    rss500Mb: round(growth.rssMb),
    restartToFirstAddMs: round(restartToFirstAddMs),
    statusMedianMs: round(median(status.ms)),
    addInAgentMs: round(inAgent.agentMs),
    floorMs: round(inAgent.floorMs),
    ...firsts,
    machine: `${cpus().length} CPUs (${cpus()[0]?.model.trim() ?? '?'}), load ${load} before it began, Linux ${release()}, Node ${process.versions.node}`,
    reference: `containernetworking plugins ${version}${note === '' ? '' : ` (${note})`}`,
  };
  if (json) console.log(JSON.stringify(report));
  else {
    console.log(table(report));
    writePage(report);
  }
}

/** Against the faster backend where there are two. */
function ratios(cells: readonly Cell[]): { addVsPtp: number; addVsBridgeMasq: number; delVsPtp: number } {
  const best = (op: Cell['op']) =>
    Math.min(
      ...cells
        .filter((it) => it.plugin.startsWith('bridge-masq') && it.op === op && it.concurrency === 1)
        .map((it) => it.medianMs),
    );
  return {
    addVsPtp: round(medianOf(cells, 'ptp', 'ADD') / medianOf(cells, 'berth', 'ADD')),
    addVsBridgeMasq: round(best('ADD') / medianOf(cells, 'berth', 'ADD')),
    delVsPtp: round(medianOf(cells, 'ptp', 'DEL') / medianOf(cells, 'berth', 'DEL')),
  };
}

type Subject = ReturnType<typeof contestants>['all'][number];

/** The first pod of an agent that has just been started, beside ptp after the same pause; and its memory before. */
async function firstPods(
  agent: BenchAgent,
  { berth, ptp }: Record<'berth' | 'ptp', Subject>,
  tell: (line: string) => void,
) {
  const [firstMs, firstInAgentMs]: [number[], number[]] = [[], []];
  const [firstOfPtpMs, rssMb]: [number[], number[]] = [[], []];
  for (let i = 1; i <= FIRSTS.turns; i++) {
    tell(`first pods: turn ${i} of ${FIRSTS.turns}`);
    await agent.end();
    await agent.start();
    await new Promise((resolve) => setTimeout(resolve, FIRSTS.pauseMs));
    rssMb.push(agent.usage().rssMb);
    firstOfPtpMs.push(...drive({ ...ptp, verb: 'ADD', concurrency: 1, count: 1 }).ms);
    drive({ ...ptp, verb: 'DEL', concurrency: 1, count: 1 });
    await new Promise((resolve) => setTimeout(resolve, FIRSTS.pauseMs));
    firstMs.push(...drive({ ...berth, verb: 'ADD', concurrency: 1, count: 1 }).ms);
    firstInAgentMs.push(...(await agent.addMs()));
    drive({ ...berth, verb: 'DEL', concurrency: 1, count: 1 });
  }
  const middle = (of: readonly number[]) => round(median(of));
  return {
    ...{ firstMs: middle(firstMs), firstInAgentMs: middle(firstInAgentMs), firstOfPtpMs: middle(firstOfPtpMs) },
    rssMb: middle(rssMb),
  };
}

/** ADD as the agent times it beside the floor, pod by pod: both find the processor as the other left it. */
async function withFloor(agent: BenchAgent, berth: Subject, tell: (line: string) => void) {
  const [agentMs, floorMs]: [number[], number[]] = [[], []];
  for (let i = 1; i <= 3; i++) {
    tell(`floor: turn ${i} of 3`);
    const floor = new Floor();
    const { others } = drive({ ...berth, verb: 'ADD', concurrency: 1, count: FLOOR_PODS, inTurnsWith: floor });
    floorMs.push(...others);
    agentMs.push(...(await agent.addMs()));
    await floor.end();
    drive({ ...berth, verb: 'DEL', concurrency: PARALLEL, count: FLOOR_PODS });
  }
  return { agentMs: median(agentMs), floorMs: median(floorMs), ratio: round(median(agentMs) / median(floorMs)) };
}

/** ADD with 10 pods standing and with 500, by turns; and the agent's memory with 500. */
async function fill(agent: BenchAgent, berth: Subject, tell: (line: string) => void) {
  const measured: { few: number[]; many: number[] } = { few: [], many: [] };
  const sample = (into: number[]) => {
    into.push(...drive({ ...berth, verb: 'ADD', concurrency: 1, first: 500, count: 20 }).ms);
    drive({ ...berth, verb: 'DEL', concurrency: 4, first: 500, count: 20 });
  };
  drive({ ...berth, verb: 'ADD', concurrency: 1, count: 10 });
  let rssMb = 0;
  for (let i = 1; i <= 4; i++) {
    tell(`500 pods beside 10: turn ${i} of 4`);
    sample(measured.few);
    drive({ ...berth, verb: 'ADD', concurrency: PARALLEL, first: 10, count: 490 });
    sample(measured.many);
    rssMb = Math.max(rssMb, agent.usage().rssMb);
    if (i < 4) drive({ ...berth, verb: 'DEL', concurrency: PARALLEL, first: 10, count: 490 });
  }
  return { ratio: round(median(measured.many) / median(measured.few)), rssMb };
}

/** From the start of a killed agent, with 500 pods, to the end of the first ADD, which waits for it. */
async function restart(agent: BenchAgent, berth: Subject): Promise<number> {
  await agent.restart();
  const began = performance.now();
  drive({ ...berth, verb: 'ADD', concurrency: 1, first: 500, count: 1 });
  return performance.now() - began;
}
