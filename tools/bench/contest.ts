import { setTimeout as sleep } from 'node:timers/promises';
import { referencePlugins } from '../reference-plugins.ts';
import { type BenchAgent, configFile, drive, type Run } from './stage.ts';
import { median, quantile, round } from './statistics.ts';

/** One plugin as it is set up for the contest. */
export interface Contestant {
  readonly name: string;
  readonly plugin: string; // path
  readonly config: string; // file for its standard input
  readonly path: string; //   CNI_PATH
  readonly counts: { readonly serial: number; readonly parallel: number }; // operations a round: slow ones do fewer
}

/** What came out of all rounds for one plugin, operation and concurrency. */
export interface Cell {
  readonly plugin: string;
  readonly op: 'ADD' | 'DEL';
  readonly concurrency: number;
  readonly n: number;
  readonly medianMs: number;
  readonly p99Ms: number;
  readonly perSecond: number;
  readonly cpuMsPerPod: number; // the plugin's processes, and the agent's share
}

export const PARALLEL = 32;

/** What a plugin's last DELs left the kernel to do goes on a while: nobody shall pay for what came before. */
const REST_MS = 500;

const FAST = { serial: 100, parallel: 192 };
const SLOW = { serial: 25, parallel: 64 };
const MIDDLE = { serial: 60, parallel: 128 };

/** Berth, and the reference plugins with and without masquerading by each of their backends. */
export function contestants(): { all: readonly Contestant[]; version: string; note: string } {
  const { directory, version, note } = referencePlugins();
  const newest = version !== '1.1.1';
  const ipam = (subnet: string) => ({ type: 'host-local', dataDir: '/run/bench/ipam', ranges: [[{ subnet }]] });
  const reference = (type: 'ptp' | 'bridge', subnet: string, backend?: string): Contestant => {
    const name = backend === undefined ? type : `${type}-masq-${backend}`;
    const masq = backend === undefined ? {} : { ipMasq: true, ...(newest ? { ipMasqBackend: backend } : {}) };
    const bridge =
      type === 'bridge' ? { bridge: backend === undefined ? 'cni0' : `cni-${backend}`, isGateway: true } : {};
    const config = configFile(name, { cniVersion: '1.0.0', name, type, ...bridge, ...masq, ipam: ipam(subnet) });
    return {
      name,
      plugin: `${directory}/${type}`,
      config,
      path: directory,
      counts: backend === undefined ? MIDDLE : SLOW,
    };
  };
  const berth: Contestant = {
    name: 'berth',
    plugin: 'build/berth-cni',
    config: configFile('berth', { cniVersion: '1.0.0', name: 'bench', type: 'berth-cni' }),
    path: '/nowhere',
    counts: FAST,
  };
  const backends = newest ? ['iptables', 'nftables'] : ['iptables'];
  const masked = backends.flatMap((backend, i) => [
    reference('ptp', `10.9${4 + i}.0.0/16`, backend),
    reference('bridge', `10.9${6 + i}.0.0/16`, backend),
  ]);
  return {
    all: [berth, reference('ptp', '10.92.0.0/16'), reference('bridge', '10.93.0.0/16'), ...masked],
    version,
    note,
  };
}

/** Rounds in which every contestant has its turn, so that what disturbs the machine disturbs all. */
export async function contest(
  all: readonly Contestant[],
  agent: BenchAgent,
  rounds: number,
  tell: (line: string) => void,
): Promise<readonly Cell[]> {
  const results = new Map<string, { cell: Pick<Cell, 'plugin' | 'op' | 'concurrency'>; runs: Run[] }>();
  for (let round = 1; round <= rounds; round++)
    for (const it of all)
      for (const concurrency of [1, PARALLEL]) {
        tell(`round ${round} of ${rounds}: ${it.name}, ${concurrency} at once`);
        const count = concurrency === 1 ? it.counts.serial : it.counts.parallel;
        await sleep(REST_MS);
        for (const op of ['ADD', 'DEL'] as const) {
          const before = it.name === 'berth' ? agent.usage().cpuMs : 0;
          const run = drive({ plugin: it.plugin, verb: op, config: it.config, concurrency, count, path: it.path });
          const after = it.name === 'berth' ? agent.usage().cpuMs : 0;
          const key = `${it.name} ${op} ${concurrency}`;
          const entry = results.get(key) ?? { cell: { plugin: it.name, op, concurrency }, runs: [] };
          entry.runs.push({ ...run, cpuMs: run.cpuMs + after - before });
          results.set(key, entry);
        }
      }
  return [...results.values()].map(({ cell, runs }) => ({ ...cell, ...figures(runs) }));
}

function figures(runs: readonly Run[]): Omit<Cell, 'plugin' | 'op' | 'concurrency'> {
  const ms = runs.flatMap((run) => run.ms);
  const wall = runs.reduce((sum, run) => sum + run.wallMs, 0);
  const cpu = runs.reduce((sum, run) => sum + run.cpuMs, 0);
  return {
    n: ms.length,
    medianMs: round(median(ms)),
    p99Ms: round(quantile(ms, 0.99)),
    perSecond: round((ms.length / wall) * 1_000),
    cpuMsPerPod: round(cpu / ms.length),
  };
}

/** The median of a cell. Throws when it was not measured. */
export function medianOf(cells: readonly Cell[], plugin: string, op: Cell['op'], concurrency = 1): number {
  const found = cells.find((it) => it.plugin === plugin && it.op === op && it.concurrency === concurrency);
  if (found === undefined) throw new Error(`no cell ${plugin} ${op} ${concurrency}`);
  return found.medianMs;
}
