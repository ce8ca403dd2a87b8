import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { agentCommand } from '../agent-command.ts';
import { admin } from '../demo/agent.ts';
import { run } from '../demo/processes.ts';

/** Where an agent and its pods are: a folder of its own, and what enters the machine they run in; none: ours. */
export interface BenchPlace {
  readonly home: string;
  readonly enter: readonly string[];
}

export const HOME = '/run/bench';
const HERE: BenchPlace = { home: HOME, enter: [] };
export const PROGRAMS = resolve('build');

/** One run of a plugin over many sandboxes, as native/bench/driver.c tells it. */
export interface Run {
  readonly wallMs: number;
  readonly cpuMs: number; // of the plugins and their children
  readonly failed: number;
  readonly ms: readonly number[];
  readonly others: readonly number[]; // milliseconds of whoever took turns with it
}

/** Prepares the namespaces we are in: a private /run, an uplink that leads nowhere, sandboxes. */
export function prepare(sandboxes: number, ofFloor = 0): void {
  run('mount', ['-t', 'tmpfs', 'tmpfs', '/run']);
  mkdirSync('/run/netns', { recursive: true });
  mkdirSync(`${HOME}/logs`, { recursive: true }); // apart: the agent watches the folder of its configuration
  compile(['driver', 'floor']);
  run('ip', ['link', 'set', 'lo', 'up']);
  run('ip', ['link', 'add', 'up0', 'type', 'veth', 'peer', 'name', 'up1']);
  run('ip', ['address', 'add', '172.29.0.1/24', 'dev', 'up0']);
  for (const link of ['up0', 'up1']) run('ip', ['link', 'set', link, 'up']);
  run('ip', ['route', 'add', 'default', 'via', '172.29.0.2']);
  run('ip', ['netns', 'add', 'floor']);
  for (let i = 0; i < sandboxes; i++) run('ip', ['netns', 'add', `p${i}`]);
  for (let i = 0; i < ofFloor; i++) run('ip', ['netns', 'add', `f${i}`]);
}

/** Compiles programs of native/bench. */
export function compile(names: readonly string[]): void {
  mkdirSync(PROGRAMS, { recursive: true });
  for (const name of names) run('cc', ['-O2', '-o', `${PROGRAMS}/bench-${name}`, `native/bench/${name}.c`]);
}

/** Executes a plugin for sandboxes `first` and on, with at most `concurrency` at once. Throws when any failed. */
export function drive(of: {
  plugin: string;
  verb: 'ADD' | 'DEL' | 'STATUS';
  config: string;
  concurrency: number;
  first?: number;
  count: number;
  path: string;
  place?: BenchPlace;
  inTurnsWith?: { readonly turns: string; readonly answers: string };
}): Run {
  const { plugin, verb, config, concurrency, first = 0, count, path, place = HERE, inTurnsWith } = of;
  const { home, enter } = place;
  const fifos = inTurnsWith === undefined ? [] : [inTurnsWith.turns, inTurnsWith.answers];
  const what = [resolve(plugin), verb, `${concurrency}`, config, 'bench', `${first}`, `${count}`];
  const args = [...what, '/run/netns/p', path, ...fifos];
  const env = { ...process.env, BERTH_SOCKET: `${home}/agent.sock`, BERTH_SPOOL: `${home}/spool` };
  const [program = '', ...rest] = [...enter, `${PROGRAMS}/bench-driver`, ...args];
  const { stdout, stderr, status } = spawnSync(program, rest, {
    encoding: 'utf8',
    env,
    maxBuffer: 64 << 20,
  });
  if (status !== 0) throw new Error(`${plugin} ${verb}: ${stderr}`);
  const told = JSON.parse(stdout) as Run;
  if (told.failed > 0) throw new Error(`${plugin} ${verb}: ${told.failed} of ${count} failed: ${stderr}`);
  return told;
}

/** The agent under measurement: the bundle, as it is installed. */
export class BenchAgent {
  readonly place: BenchPlace;
  #child: ChildProcess | undefined;

  /** `config` beside its name and paths; absent: a range of its own. */
  constructor(place = HERE, config: object = { network: { ranges: ['10.90.0.0/16'], cluster: ['10.90.0.0/16'] } }) {
    this.place = place;
    const { home } = place;
    const paths = {
      socket: `${home}/agent.sock`,
      adminSocket: `${home}/admin.sock`,
      state: `${home}/state`,
      spool: `${home}/spool`,
    };
    mkdirSync(`${home}/logs`, { recursive: true });
    writeFileSync(`${home}/agent.yaml`, JSON.stringify({ nodeName: 'bench', ...config, paths }));
  }

  get adminSocket(): string {
    return `${this.place.home}/admin.sock`;
  }

  async start(): Promise<void> {
    this.#spawn();
    const end = performance.now() + 20_000;
    while (!(await this.#answers())) {
      if (performance.now() > end) throw new Error(`the agent does not answer: ${this.log.slice(-2_000)}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** What it has logged. */
  get log(): string {
    return readFileSync(this.#logFile, 'utf8');
  }

  /** Ends it with SIGKILL and starts it again without waiting. */
  async restart(): Promise<void> {
    await this.end('SIGKILL');
    this.#spawn();
  }

  async end(signal: 'SIGKILL' | 'SIGTERM' = 'SIGTERM'): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await gone;
  }

  /** Resident memory in MiB, and the processor time it has used, in milliseconds. */
  usage(): { rssMb: number; cpuMs: number } {
    const status = readFileSync(`/proc/${this.#child?.pid}/status`, 'utf8');
    const fields = readFileSync(`/proc/${this.#child?.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    const ticks = Number(fields[11]) + Number(fields[12]); // utime and stime, in 1/100 s
    return { rssMb: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024, cpuMs: ticks * 10 };
  }

  /** How long each ADD of the pods that stand took inside of the agent. */
  async addMs(): Promise<readonly number[]> {
    const pods = JSON.parse(await admin(this, '/v1/pods')) as { addMs?: number }[];
    return pods.flatMap(({ addMs }) => addMs ?? []);
  }

  get #logFile(): string {
    return `${this.place.home}/logs/agent.log`;
  }

  #spawn(): void {
    const agent = agentCommand(`${this.place.home}/agent.yaml`);
    const [program = '', ...args] = [...this.place.enter, agent.program, ...agent.args];
    const out = openSync(this.#logFile, 'a');
    this.#child = spawn(program, args, { stdio: ['ignore', out, out], env: { ...process.env, ...agent.env } });
  }

  #answers(): Promise<boolean> {
    return admin(this, '/readyz').then(
      () => true,
      () => false,
    );
  }
}

/** A file for a plugin's standard input. */
export function configFile(name: string, config: object, { home } = HERE): string {
  const path = `${home}/${name}.json`;
  writeFileSync(path, JSON.stringify(config));
  return path;
}
