import { type BenchAgent, type BenchPlace, compile, configFile, drive } from '../bench/stage.ts';
import { median, quantile, round } from '../bench/statistics.ts';
import { slowly } from './latency.ts';
import { LiveEmulator, type LiveInstance, warm } from './live-emulator.ts';
import type { Kind } from './sides.ts';

/** One ADD after the other, from the executable's spawn to its exit. */
export interface LiveCell {
  readonly provider: 'podcidr' | 'aws';
  readonly n: number;
  readonly medianMs: number;
  readonly p99Ms: number;
}

/** Pods that come at once to a node of Berth's that has one warm unit. */
export interface LiveBurstCell extends Kind {
  readonly pods: number;
  readonly firstMs: number;
  readonly medianMs: number;
  readonly p99Ms: number;
  readonly lastMs: number;
  readonly mutating: number;
  readonly calls: Readonly<Record<string, number>>;
}

/** What real time measures. */
export interface LiveCells {
  readonly adds: readonly LiveCell[];
  readonly liveBursts: readonly LiveBurstCell[];
}

type Tell = (line: string) => void;

const LARGE = 'm5.24xlarge'; // its primary NIC alone holds 784 addresses in prefixes
const WARM = 400;
const ROUNDS = 8;
const PODS = 100; //           of one round
const WARM_UP = 3; //          rounds that are not counted: an agent that has run for a while has its code compiled
const PLUGIN = 'build/berth-cni';
const AWS = { provider: 'aws', aws: { endpoint: 'http://169.254.169.200' } }; // inside every VPC of the emulator
const POOL = { pool: { cooldown: '1s' } }; // so that a pool of this size is enough for all rounds

const BURSTS: readonly (Kind & { readonly pods: number })[] = [
  { type: 'm5.large', unit: 'prefix', pods: 30 },
  { type: 'm5.24xlarge', unit: 'address', pods: 30 },
  { type: 'm5.xlarge', unit: 'address', pods: 30 },
  { type: 'm5.xlarge', unit: 'prefix', pods: 110 },
];

/** In instances of the emulator, with packets. In a mount namespace of our own, as root. */
export async function live(tell: Tell): Promise<LiveCells> {
  compile(['driver']);
  const nodes = BURSTS.map(({ type, unit }): LiveInstance => ({ name: `${unit}-${type.split('.')[1]}`, type }));
  const emulator = await LiveEmulator.start([{ name: 'podcidr', type: LARGE }, { name: 'aws', type: LARGE }, ...nodes]);
  try {
    const adds = await contest(emulator, tell);
    for (const trouble of slowly()) await emulator.operate('POST /v1/faults', trouble);
    const liveBursts: LiveBurstCell[] = [];
    for (const [i, of] of BURSTS.entries()) {
      tell(`${of.pods} pods at once, ${of.type}, ${of.unit}, with packets`);
      liveBursts.push(await burst(emulator, nodes[i]?.name ?? '', of));
    }
    return { adds, liveBursts };
  } finally {
    await emulator.close();
  }
}

/** An agent on addresses of EC2 and one that has a range of its own, by turns; nothing else differs. */
async function contest(emulator: LiveEmulator, tell: Tell): Promise<readonly LiveCell[]> {
  const network = { ranges: ['10.90.0.0/16'], cluster: ['10.90.0.0/16'] };
  const cloud = { unit: 'prefix', minimumAddresses: WARM, maxPods: WARM };
  const podcidr = await emulator.startAgent('podcidr', { config: { ...POOL, network }, sandboxes: PODS });
  const aws = await emulator.startAgent('aws', { config: { ...POOL, ...AWS, cloud }, sandboxes: PODS });
  await warm(aws, WARM);
  const ms: Record<LiveCell['provider'], number[]> = { podcidr: [], aws: [] };
  for (let turn = 1; turn <= WARM_UP + ROUNDS; turn++) {
    tell(`ADD with packets: round ${turn} of ${WARM_UP + ROUNDS}${turn > WARM_UP ? '' : ', not counted'}`);
    const both = [['podcidr', podcidr] as const, ['aws', aws] as const];
    for (const [provider, agent] of turn % 2 === 0 ? both.toReversed() : both) {
      const took = oneByOne(agent.place);
      if (turn > WARM_UP) ms[provider].push(...took);
    }
  }
  return (['podcidr', 'aws'] as const).map((provider) => ({
    provider,
    n: ms[provider].length,
    medianMs: round(median(ms[provider])),
    p99Ms: round(quantile(ms[provider], 0.99)),
  }));
}

function oneByOne(place: BenchPlace): readonly number[] {
  const { ms } = drive({ ...callOf(place), verb: 'ADD', concurrency: 1, count: PODS });
  drive({ ...callOf(place), verb: 'DEL', concurrency: 4, count: PODS });
  return ms;
}

async function burst(emulator: LiveEmulator, name: string, of: (typeof BURSTS)[number]): Promise<LiveBurstCell> {
  const cloud = { unit: of.unit, warmAddresses: 1 };
  const agent: BenchAgent = await emulator.startAgent(name, { config: { ...AWS, cloud }, sandboxes: of.pods });
  await warm(agent, 1);
  await emulator.calls();
  const { ms, wallMs } = drive({ ...callOf(agent.place), verb: 'ADD', concurrency: of.pods, count: of.pods });
  const calls = await emulator.calls();
  const mutating = Object.entries(calls).reduce((sum, [it, count]) => sum + (it.startsWith('Describe') ? 0 : count), 0);
  const at = (part: number) => Math.round(quantile(ms, part));
  const times = { firstMs: at(0), medianMs: at(0.5), p99Ms: at(0.99), lastMs: Math.round(wallMs) };
  return { ...of, ...times, mutating, calls };
}

function callOf(place: BenchPlace) {
  const config = configFile('plugin', { cniVersion: '1.0.0', name: 'bench', type: 'berth-cni' }, place);
  return { plugin: PLUGIN, config, path: '/nowhere', place };
}
