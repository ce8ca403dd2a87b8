import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { askSocket } from '../../src/io/system/http-client.ts';
import type { CallCount } from '../../emulator/server/calls.ts';
import type { MachineSummary } from '../../emulator/server/summary.ts';
import { BenchAgent } from '../bench/stage.ts';
import { admin } from '../demo/agent.ts';
import { run } from '../demo/processes.ts';

/** What an instance is called, and its type. */
export interface LiveInstance {
  readonly name: string;
  readonly type: string;
}

const READY_MS = 60_000;
const LOOK_AGAIN_MS = 50;
const ZONE = 'eu-west-1a';

/** The emulator with packets, in real time, and agents in its instances. As root, in a mount namespace of our own. */
export class LiveEmulator {
  readonly #folder: string;
  readonly #child: ChildProcess;

  private constructor(folder: string, child: ChildProcess) {
    [this.#folder, this.#child] = [folder, child];
  }

  static async start(instances: readonly LiveInstance[]): Promise<LiveEmulator> {
    const folder = mkdtempSync(join(tmpdir(), 'berth-bench-aws-'));
    run('mount', ['-t', 'tmpfs', 'tmpfs', folder]); // instances see our file system, but have a /run of their own
    const subnets = [{ name: 'nodes', zone: ZONE, range: '10.0.0.0/17' }];
    const placed = instances.map((it) => ({ ...it, subnet: 'nodes' }));
    const vpcs = [{ name: 'bench', range: '10.0.0.0/16', subnets, instances: placed }];
    writeFileSync(`${folder}/topology.json`, JSON.stringify({ zones: [ZONE], vpcs }));
    const options = ['--region', 'eu-west-1', '--port', '0', '--metadata-port', '0', '--seed', '1'];
    const words = ['--admin', `${folder}/emulator.sock`, 'start', '--topology', `${folder}/topology.json`, ...options];
    const child = spawn(process.execPath, ['src/berth.ts', 'emulator', ...words], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const emulator = new LiveEmulator(folder, child);
    await until('the emulator does not answer', () => emulator.#isReady());
    return emulator;
  }

  /** Asks the operator's socket: "GET /v1/calls". */
  async operate<T>(ask: string, body?: unknown): Promise<T> {
    const more = body === undefined ? {} : { body };
    const { text } = await askSocket({ socket: `${this.#folder}/emulator.sock`, ask, timeoutMs: 5_000, ...more });
    return JSON.parse(text) as T;
  }

  /** How often each action was called since the last time. */
  async calls(): Promise<Readonly<Record<string, number>>> {
    const counts = await this.operate<readonly CallCount[]>('GET /v1/calls');
    await this.operate('DELETE /v1/calls');
    return Object.fromEntries(counts.map(({ action, calls }) => [action, calls]));
  }

  /** An agent in the instance of that name, with so many sandboxes. */
  async startAgent(name: string, of: { config: object; sandboxes: number }): Promise<BenchAgent> {
    const machines = await this.operate<readonly MachineSummary[]>('GET /v1/instances');
    const enter = machines.find((it) => it.name === name)?.enter ?? [];
    const home = `${this.#folder}/${name}`;
    mkdirSync(home);
    const [program = '', ...words] = enter;
    const sandboxes = Array.from({ length: of.sandboxes }, (_, i) => `netns add p${i}`);
    run(program, [...words, 'ip', '-batch', '-'], sandboxes.join('\n'));
    const agent = new BenchAgent({ home, enter }, of.config);
    await agent.start();
    return agent;
  }

  /** Ends it, and all that runs in its instances. */
  async close(): Promise<void> {
    if (this.#child.exitCode === null) {
      const gone = new Promise((resolve) => this.#child.once('exit', resolve));
      this.#child.kill('SIGTERM');
      await gone;
    }
    run('umount', ['--lazy', this.#folder]);
    rmdirSync(this.#folder);
  }

  async #isReady(): Promise<boolean> {
    if (this.#child.exitCode !== null) throw new Error(`the emulator ended with ${this.#child.exitCode}`);
    const machines = await this.operate<readonly MachineSummary[]>('GET /v1/instances').catch(() => undefined);
    return machines?.every(({ enter }) => enter !== undefined) === true;
  }
}

/** When the agent's pool holds at least so many free addresses. */
export async function warm(agent: BenchAgent, free: number): Promise<void> {
  await until('the pool does not fill', async () => {
    const pool = JSON.parse(await admin(agent, '/v1/pool')) as { families?: readonly { free: number }[] };
    return (pool.families?.[0]?.free ?? 0) >= free;
  });
}

async function until(otherwise: string, isSo: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + READY_MS;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(otherwise);
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }
}
