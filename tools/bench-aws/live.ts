import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { askSocket } from '../../src/io/system/http-client.ts';
import type { MachineSummary } from '../../emulator/server/summary.ts';
import { BenchAgent, type BenchPlace, compile, configFile, drive } from '../bench/stage.ts';
import { median, quantile, round } from '../bench/statistics.ts';
import { admin } from '../demo/agent.ts';
import { run } from '../demo/processes.ts';

/** One ADD after the other, real time, a real kernel. */
export interface LiveCell {
  readonly provider: 'podcidr' | 'aws';
  readonly n: number;
  readonly medianMs: number;
  readonly p99Ms: number;
}

const TYPE = 'm5.24xlarge'; // its primary NIC alone holds 784 addresses in prefixes
const WARM = 400;
const ROUNDS = 8;
const PODS = 100; //           of one round
const WARM_UP = 3; //          rounds that are not counted: an agent that has run for a while has its code compiled
const READY_MS = 60_000;
const PLUGIN = 'build/berth-cni';
const API = 'http://169.254.169.200'; // inside every VPC of the emulator

/**
 * ADDs of an agent on addresses of EC2, from a warm pool, by turns with those of one that has a range of its own. Each
 * runs in an instance of the emulator, with packets; nothing else differs. In a mount namespace of our own, as root.
 */
export async function liveAdd(tell: (line: string) => void): Promise<readonly LiveCell[]> {
  const folder = mkdtempSync(join(tmpdir(), 'berth-bench-aws-'));
  run('mount', ['-t', 'tmpfs', 'tmpfs', folder]); // instances see our file system, but have a /run of their own
  compile(['driver']);
  const emulator = await startEmulator(folder);
  try {
    const agents = {
      podcidr: await startAgent(folder, 'podcidr', PODCIDR),
      aws: await startAgent(folder, 'aws', AWS),
    };
    await warm(agents.aws);
    return contest(agents, tell);
  } finally {
    await ended(emulator); // and all that runs in its instances
    run('umount', ['--lazy', folder]);
    rmdirSync(folder);
  }
}

const POOL = { pool: { cooldown: '1s' } }; // so that a pool of this size is enough for all rounds
const PODCIDR = { ...POOL, network: { ranges: ['10.90.0.0/16'], cluster: ['10.90.0.0/16'] } };
const AWS = {
  ...POOL,
  provider: 'aws',
  cloud: { unit: 'prefix', minimumAddresses: WARM, maxPods: WARM },
  aws: { endpoint: API },
};

function contest(agents: Readonly<Record<LiveCell['provider'], BenchAgent>>, tell: (line: string) => void) {
  const ms: Record<LiveCell['provider'], number[]> = { podcidr: [], aws: [] };
  for (let turn = 1; turn <= WARM_UP + ROUNDS; turn++) {
    tell(`ADD with packets: round ${turn} of ${WARM_UP + ROUNDS}${turn > WARM_UP ? '' : ', not counted'}`);
    const order = turn % 2 === 0 ? (['aws', 'podcidr'] as const) : (['podcidr', 'aws'] as const);
    for (const provider of order) {
      const took = turnOf(agents[provider].place);
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

function turnOf(place: BenchPlace): readonly number[] {
  const config = configFile('plugin', { cniVersion: '1.0.0', name: 'bench', type: 'berth-cni' }, place);
  const all = { plugin: PLUGIN, config, count: PODS, path: '/nowhere', place };
  const { ms } = drive({ ...all, verb: 'ADD', concurrency: 1 });
  drive({ ...all, verb: 'DEL', concurrency: 4 });
  return ms;
}

async function startEmulator(folder: string): Promise<ChildProcess> {
  const subnets = [{ name: 'nodes', zone: 'eu-west-1a', range: '10.0.0.0/17' }];
  const instances = ['podcidr', 'aws'].map((name) => ({ name, subnet: 'nodes', type: TYPE }));
  const vpcs = [{ name: 'bench', range: '10.0.0.0/16', subnets, instances }];
  writeFileSync(`${folder}/topology.json`, JSON.stringify({ zones: ['eu-west-1a'], vpcs }));
  const options = ['--region', 'eu-west-1', '--port', '0', '--metadata-port', '0', '--seed', '1'];
  const words = ['--admin', `${folder}/emulator.sock`, 'start', '--topology', `${folder}/topology.json`, ...options];
  const child = spawn(process.execPath, ['src/berth.ts', 'emulator', ...words], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const end = performance.now() + READY_MS;
  while (!(await answers(folder))) {
    if (performance.now() > end || child.exitCode !== null) throw new Error('the emulator does not answer');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return child;
}

function answers(folder: string): Promise<boolean> {
  return machines(folder).then(
    (all) => all.every(({ enter }) => enter !== undefined),
    () => false,
  );
}

async function machines(folder: string): Promise<readonly MachineSummary[]> {
  const question = { socket: `${folder}/emulator.sock`, ask: 'GET /v1/instances', timeoutMs: 5_000 };
  return JSON.parse((await askSocket(question)).text) as readonly MachineSummary[];
}

/** An agent and its sandboxes in the instance of that name. */
async function startAgent(folder: string, name: string, config: object): Promise<BenchAgent> {
  const enter = (await machines(folder)).find((it) => it.name === name)?.enter ?? [];
  const home = `${folder}/${name}`;
  mkdirSync(home);
  const [program = '', ...words] = enter;
  const sandboxes = Array.from({ length: PODS }, (_, i) => `netns add p${i}`).join('\n');
  run(program, [...words, 'ip', '-batch', '-'], sandboxes);
  const agent = new BenchAgent({ home, enter }, config);
  await agent.start();
  return agent;
}

/** Until the pool has as many addresses as it is to have. */
async function warm(agent: BenchAgent): Promise<void> {
  const end = performance.now() + READY_MS;
  for (;;) {
    const pool = JSON.parse(await admin(agent, '/v1/pool')) as { families?: { free: number }[] };
    if ((pool.families?.[0]?.free ?? 0) >= WARM) return;
    if (performance.now() > end) throw new Error(`no warm pool: ${JSON.stringify(pool)}: ${agent.log.slice(-2_000)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function ended(child: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await gone;
}
