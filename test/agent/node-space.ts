import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createWriteStream } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { callAgent } from '../../src/io/system/call-client.ts';
import { askSocket } from '../../src/io/system/http-client.ts';
import { utf8 } from '../../src/base/bytes.ts';
import { agentCommand } from '../../tools/agent-command.ts';
import { has, isRoot } from '../kernel/space.ts';

/** Whether a node can be made here. */
export const canRun = isRoot && ['ip', 'nft', 'unshare', 'nsenter'].every((it) => has(it));

/** Makes the namespaces' own /run and an uplink, says so, and stays until its input ends. */
const HOLDER = `set -e
mount -t tmpfs tmpfs /run
mkdir -p /run/netns /run/berth
ip link set lo up
ip link add up0 type veth peer name up1
ip link set up1 up
ip address add 192.0.2.1/24 dev up0
ip link set up0 up
ip route add default via 192.0.2.254
cat /proc/sys/kernel/random/boot_id > /run/boot-id
mount --bind /run/boot-id /proc/sys/kernel/random/boot_id
echo ready
cat`;

/** What a runtime is told of an attached pod. */
export interface Pod {
  readonly id: string;
  readonly ip: string;
  readonly hostLink: string;
  readonly result: object;
}

/** A node in namespaces of its own, with the real agent. Gone on `close`, or when this process ends. */
export class NodeSpace {
  readonly #holder: ChildProcess;
  readonly #directory = mkdtempSync(join(tmpdir(), 'berth-node-'));
  #agent: ChildProcess | undefined;

  private constructor(holder: ChildProcess) {
    this.#holder = holder;
    mkdirSync(dirname(this.#configPath));
  }

  /** The namespaces, with an agent that serves. */
  static async open(config: object): Promise<NodeSpace> {
    const args = ['--net', '--mount', '--propagation', 'private', 'sh', '-c', HOLDER];
    const holder = spawn('unshare', args, { stdio: ['pipe', 'pipe', 'inherit'] });
    await new Promise((resolve, reject) => {
      holder.stdout.once('data', resolve);
      holder.once('exit', (code) => reject(new Error(`no namespaces: unshare ended with ${code}`)));
    });
    const space = new NodeSpace(holder);
    try {
      space.configure(config);
      await space.start();
    } catch (error) {
      await space.close();
      throw error;
    }
    return space;
  }

  /** Writes the agent's configuration file: a running agent takes it on by itself. */
  configure(config: object): void {
    writeFileSync(this.#configPath, JSON.stringify({ nodeName: 'this', ...config }));
  }

  /** From now on the file is a link to one elsewhere, whose changes a watch of its own folder does not hear. */
  configureElsewhere(): void {
    const folder = join(this.#directory, 'elsewhere');
    mkdirSync(folder);
    renameSync(this.#configPath, join(folder, 'agent.yaml'));
    symlinkSync(join(folder, 'agent.yaml'), this.#configPath);
  }

  /** Writes into the configuration file what it may be. */
  configureRaw(text: string): void {
    writeFileSync(this.#configPath, text);
  }

  /**
   * Starts the agent, `under` a program that starts others, or another agent; resolves with the milliseconds until it
   * answered.
   */
  async start(under: readonly string[] = [], command = agentCommand): Promise<number> {
    const began = performance.now();
    const agent = this.#spawnAgent(under, command);
    const log = createWriteStream(this.logPath, { flags: 'a' });
    for (const stream of [agent.stdout, agent.stderr]) stream.pipe(log, { end: false });
    this.#agent = agent;
    await until(20_000, 'the agent answers', async () => {
      if (agent.exitCode !== null) throw new Error(`the agent ended: ${readFileSync(this.logPath, 'utf8')}`);
      return (await this.ask('GET /healthz').catch(() => '')) !== '';
    });
    return performance.now() - began;
  }

  /** Ends the agent by a signal. */
  async end(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const agent = this.#agent;
    if (agent === undefined || agent.exitCode !== null || agent.signalCode !== null) return;
    const gone = new Promise((resolve) => agent.once('exit', resolve));
    agent.kill(signal);
    await gone;
  }

  /** Another agent with the same configuration: how it ends, and what it says. */
  async second(): Promise<{ readonly code: number | null; readonly said: string }> {
    const agent = this.#spawnAgent([]);
    let said = '';
    for (const stream of [agent.stdout, agent.stderr]) stream.on('data', (bytes) => (said += String(bytes)));
    const code = await new Promise<number | null>((resolve) => agent.once('close', resolve));
    return { code, said };
  }

  #spawnAgent(under: readonly string[], command = agentCommand) {
    const { program, args, env } = command(this.#configPath);
    return spawn('nsenter', [...this.#enter, ...under, program, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    });
  }

  /** The machine goes down and comes up: nothing of the network is left, and the boot has another id. */
  async reboot(): Promise<void> {
    await this.end('SIGKILL');
    this.run(
      'sh',
      '-c',
      `ip -all netns delete
       nft flush ruleset
       ip -o link show type veth | grep -o 'bth[^:@]*' | while read link; do ip link delete $link; done
       for link in berth0 berth-vx; do ip link delete $link 2>/dev/null; done
       ip route flush proto 98; ip -6 route flush proto 98
       cat /proc/sys/kernel/random/uuid > /run/boot-id`,
    );
  }

  hangUp(): void {
    this.#agent?.kill('SIGHUP');
  }

  async close(): Promise<void> {
    await this.end();
    this.#holder.kill('SIGKILL');
    rmSync(this.#directory, { recursive: true, force: true });
  }

  get logPath(): string {
    return join(this.#directory, 'agent.log');
  }

  /** The log's lines of one event. */
  logged(event: string): readonly Record<string, unknown>[] {
    const lines = readFileSync(this.logPath, 'utf8').split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>).filter(({ msg }) => msg === event);
  }

  /** The words that run a program on the node. */
  inside(...words: string[]): readonly string[] {
    return ['nsenter', ...this.#enter, ...words];
  }

  /** Runs a program on the node; what it printed. */
  run(program: string, ...args: string[]): string {
    return execFileSync('nsenter', [...this.#enter, program, ...args], { encoding: 'utf8', stdio: 'pipe' });
  }

  /** The same with the words of one line. */
  sh(line: string): string {
    const [program = '', ...args] = line.split(' ');
    return this.run(program, ...args);
  }

  /** What `ip -j` says, a pod's namespace by `-n`. */
  ip(line: string): readonly Record<string, unknown>[] {
    const text = this.sh(`ip -j ${line}`).trim();
    return text === '' ? [] : (JSON.parse(text) as Record<string, unknown>[]);
  }

  /** The elements of one of our sets, as nft prints them. */
  elements(set: string): string {
    const kind = set.startsWith('ports') ? 'map' : 'set';
    return this.sh(`nft list ${kind} inet berth ${set}`);
  }

  /** One CNI call: exit code and answer. */
  async call(
    verb: string,
    id: string,
    config: object = {},
    ifname = 'eth0',
  ): Promise<{ exitCode: number; stdout: string }> {
    const env = {
      CNI_COMMAND: verb,
      CNI_CONTAINERID: id,
      CNI_NETNS: `/run/netns/${id}`,
      CNI_IFNAME: ifname,
      CNI_PATH: '/x',
    };
    const stdin = utf8(JSON.stringify({ cniVersion: '1.1.0', name: 'pods', type: 'berth-cni', ...config }));
    return callAgent(this.#at('agent.sock'), { env, stdin }, 30_000);
  }

  /** A pod in a new namespace. Throws what the agent refused. */
  async add(id: string, config: object = {}): Promise<Pod> {
    const { exitCode, stdout } = await this.attach(id, config);
    if (exitCode !== 0) throw new Error(`ADD ${id}: ${stdout}`);
    const result = JSON.parse(stdout) as { ips: { address: string }[]; interfaces: { name: string }[] };
    const { name: hostLink = '' } = result.interfaces.find(({ name }) => name.startsWith('bth')) ?? {};
    return { id, ip: result.ips[0]?.address.split('/')[0] ?? '', hostLink, result };
  }

  /** The same, with the answer whatever it is. */
  attach(id: string, config: object = {}): Promise<{ exitCode: number; stdout: string }> {
    this.sh(`ip netns add ${id}`);
    return this.call('ADD', id, config);
  }

  async del(id: string): Promise<{ exitCode: number; stdout: string }> {
    return this.call('DEL', id);
  }

  /** What the admin socket answers. */
  async ask(what: string, query: Readonly<Record<string, string>> = {}): Promise<string> {
    return (await askSocket({ socket: this.#at('admin.sock'), ask: what, query })).text;
  }

  /** What `berth why` tells of somebody. */
  async why(q: string): Promise<readonly string[]> {
    const { sentences } = JSON.parse(await this.ask('GET /v1/why', { q })) as { sentences: { text: string }[] };
    return sentences.map(({ text }) => text);
  }

  /** The sum of a metric's lines. */
  async metric(name: string): Promise<number> {
    const lines = (await this.ask('GET /metrics')).split('\n').filter((line) => line.startsWith(name));
    return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  }

  get #enter(): readonly string[] {
    return ['-t', `${this.#holder.pid}`, '--net', '--mount'];
  }

  get #configPath(): string {
    return join(this.#directory, 'etc', 'agent.yaml'); // alone in its folder, for that is watched
  }

  /** A file under the node's own /run. */
  #at(name: string): string {
    return `/proc/${this.#holder.pid}/root/run/berth/${name}`;
  }
}

/** Where the agent of a node keeps its things. */
export const PATHS = {
  socket: '/run/berth/agent.sock',
  adminSocket: '/run/berth/admin.sock',
  state: '/run/berth/state',
  spool: '/run/berth/spool',
} as const;

/** Waits until something holds; resolves with the milliseconds it took. */
export async function until(limitMs: number, what: string, holds: () => boolean | Promise<boolean>): Promise<number> {
  const began = performance.now();
  while (!(await holds())) {
    if (performance.now() - began > limitMs) throw new Error(`not within ${limitMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return performance.now() - began;
}
