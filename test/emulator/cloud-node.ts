import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { askSocket } from '../../src/io/system/http-client.ts';
import { agentCommand } from '../../tools/agent-command.ts';
import { until } from '../agent/node-space.ts';
import { Actor } from './actor.ts';

/** Where the API answers inside of an emulated VPC. */
const API = 'http://198.51.100.1';
const EXECUTABLE = resolve('build/berth-cni');
const READY_MS = 30_000;
const AGENT_DIRECTORY = '/run/berth'; // of the instance alone

/** A machine of the emulator: its first process, and the words that run a program in it. */
export interface MachineDoor {
  readonly pid: number;
  readonly enter: readonly string[];
}

/** What an ADD came to. */
export interface Added {
  readonly exitCode: number;
  readonly ip: string;
  readonly code: number;
  readonly says: string; // message and details of the error
}

/** One CNI call of a runtime. */
interface Call {
  readonly verb: 'ADD' | 'DEL';
  readonly pod: string;
  readonly config?: object;
}

/**
 * An instance with the real agent in it, as a process of its own, and with pods that the real CNI executable attaches.
 * Nothing here waits with the process' only thread: an emulator may run in it. Close it.
 */
export class CloudNode {
  readonly name: string;
  readonly #machine: MachineDoor;
  readonly #directory = mkdtempSync(join(tmpdir(), 'berth-cloud-node-'));
  readonly #actors = new Map<string, Actor>();
  #agent: ChildProcess | undefined;

  constructor(name: string, machine: MachineDoor, config: object = {}) {
    [this.name, this.#machine] = [name, machine];
    mkdirSync(dirname(this.#configPath));
    const paths = {
      socket: `${AGENT_DIRECTORY}/agent.sock`,
      adminSocket: `${AGENT_DIRECTORY}/admin.sock`,
      state: join(this.#directory, 'state'),
      spool: join(this.#directory, 'spool'),
    };
    const all = { nodeName: name, provider: 'aws', aws: { endpoint: API, timeout: '2s' }, paths, ...config };
    writeFileSync(this.#configPath, JSON.stringify(all));
  }

  /** Starts the agent, with more of an environment. Resolves when it serves, or fails with what it said. */
  async start(more: Readonly<Record<string, string>> = {}): Promise<void> {
    const { program, args, env } = agentCommand(this.#configPath);
    const [enter = '', ...words] = this.#machine.enter;
    await this.run(`mkdir -p ${AGENT_DIRECTORY}`);
    const child = spawn(enter, [...words, program, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'], ...env, ...more }, // whatever keys this machine has: the instance has a role
    });
    const log = createWriteStream(this.#logPath, { flags: 'a' });
    for (const stream of [child.stdout, child.stderr]) stream.pipe(log, { end: false });
    this.#agent = child;
    await until(READY_MS, `the agent of ${this.name} serves`, async () => {
      if (child.exitCode !== null) throw new Error(`the agent ended: ${readFileSync(this.#logPath, 'utf8')}`);
      return (await this.ask('GET /healthz').catch(() => '')) !== '';
    });
  }

  /** Resolves when an ADD would be served. */
  async ready(): Promise<void> {
    const isReady = () => this.ask('GET /readyz').then((text) => text.startsWith('[+]'));
    await until(READY_MS, `the agent of ${this.name} is ready`, () => isReady().catch(() => false));
  }

  /** Ends the agent by a signal. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const agent = this.#agent;
    if (agent === undefined || agent.exitCode !== null || agent.signalCode !== null) return;
    const gone = new Promise((done) => agent.once('exit', done));
    // nsenter is the parent of what it entered the process namespace with
    for (const pid of childrenOf(agent.pid ?? 0)) process.kill(pid, signal);
    await gone;
  }

  /** The sandbox of a pod, if there is none yet, and its ADD. */
  async add(pod: string, config: object = {}): Promise<Added> {
    await this.run(`[ -e /run/netns/${pod} ] || ip netns add ${pod}; ip -n ${pod} link set lo up`);
    const { exitCode, stdout } = await this.#call({ verb: 'ADD', pod, config });
    const said = (stdout === '' ? {} : JSON.parse(stdout)) as {
      ips?: readonly { address: string }[];
      code?: number;
      msg?: string;
      details?: string;
    };
    const ip = said.ips?.[0]?.address.split('/')[0] ?? '';
    return { exitCode, ip, code: said.code ?? 0, says: exitCode === 0 ? '' : `${said.msg}; ${said.details ?? ''}` };
  }

  /** An ADD that must succeed; the pod's address. */
  async pod(pod: string, config: object = {}): Promise<string> {
    const { exitCode, ip, says } = await this.add(pod, config);
    if (exitCode !== 0) throw new Error(`ADD of ${pod} on ${this.name}: ${says}`);
    return ip;
  }

  /** DEL, and the sandbox goes. Answers the exit code of DEL. */
  async remove(pod: string): Promise<number> {
    this.#actors.get(pod)?.close();
    this.#actors.delete(pod);
    const { exitCode } = await this.#call({ verb: 'DEL', pod });
    if (exitCode === 0) await this.run(`ip netns delete ${pod}`);
    return exitCode;
  }

  /** Somebody in a pod's sandbox, who answers every client with the client's address; '' : in the node itself. */
  async somebody(pod: string, port: number): Promise<Actor> {
    const known = this.#actors.get(pod);
    if (known !== undefined) return known;
    const inPod = pod === '' ? [] : ['nsenter', `--net=/run/netns/${pod}`];
    const actor = await Actor.open([...this.#machine.enter, ...inPod], port);
    this.#actors.set(pod, actor);
    return actor;
  }

  /** What a shell in the instance prints, also when it fails. */
  run(command: string): Promise<string> {
    return output([...this.#machine.enter, 'sh', '-c', `exec 2>&1; ${command}`]).then(({ stdout }) => stdout.trim());
  }

  /** What the admin socket answers. */
  async ask(what: string, query: Readonly<Record<string, string>> = {}, body?: object): Promise<string> {
    const socket = `/proc/${this.#machine.pid}/root${AGENT_DIRECTORY}/admin.sock`;
    return (await askSocket({ socket, ask: what, query, ...(body === undefined ? {} : { body }) })).text;
  }

  /** What `berth why` tells of somebody. */
  async why(q: string): Promise<string> {
    const { sentences } = JSON.parse(await this.ask('GET /v1/why', { q })) as { sentences: { text: string }[] };
    return sentences.map(({ text }) => text).join('\n');
  }

  /** The sum of a metric's lines that have these words. */
  async metric(name: string, words = ''): Promise<number> {
    const lines = (await this.ask('GET /metrics'))
      .split('\n')
      .filter((it) => it.startsWith(name) && it.includes(words));
    return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  }

  /** The log's lines of one event, of all agents so far. */
  logged(event: string): readonly Record<string, unknown>[] {
    const lines = readFileSync(this.#logPath, 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('{'));
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>).filter(({ msg }) => msg === event);
  }

  async close(): Promise<void> {
    for (const actor of this.#actors.values()) actor.close();
    await this.end('SIGKILL');
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #call({ verb, pod, config = {} }: Call): Promise<Output> {
    const env = {
      PATH: process.env['PATH'],
      CNI_COMMAND: verb,
      CNI_CONTAINERID: `${this.name}-${pod}`,
      CNI_NETNS: `/run/netns/${pod}`,
      CNI_IFNAME: 'eth0',
      CNI_PATH: '/nowhere',
      BERTH_SPOOL: join(this.#directory, 'spool'),
    };
    const stdin = JSON.stringify({ cniVersion: '1.1.0', name: 'pods', type: 'berth-cni', ...config });
    return output([...this.#machine.enter, EXECUTABLE], { env, stdin });
  }

  get #configPath(): string {
    return join(this.#directory, 'etc', 'agent.yaml'); // alone in its folder, for that is watched
  }

  get #logPath(): string {
    return join(this.#directory, 'agent.log');
  }
}

interface Output {
  readonly exitCode: number;
  readonly stdout: string;
}

function output(command: readonly string[], of: { env?: NodeJS.ProcessEnv; stdin?: string } = {}): Promise<Output> {
  const [program = '', ...words] = command;
  const child = spawn(program, words, { stdio: ['pipe', 'pipe', 'inherit'], env: of.env ?? process.env });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stdin.on('error', () => {}); // it ended without reading
  child.stdin.end(of.stdin ?? '');
  return new Promise((done, fail) => {
    child.once('error', fail);
    child.once('close', (code) => done({ exitCode: code ?? 255, stdout: Buffer.concat(chunks).toString() }));
  });
}

function childrenOf(pid: number): readonly number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  } catch {
    return []; // it has ended
  }
}
