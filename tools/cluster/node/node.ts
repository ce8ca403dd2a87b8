import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { type Enter, gone, run } from '../../demo/processes.ts';
import { endOf } from '../log.ts';
import { type Cgroup, makeCgroup } from './cgroups.ts';
import { onlyChild, Program } from './program.ts';

const INIT = resolve(import.meta.dirname, 'init.sh');
const UP_MS = 20_000;
const FINISH_MS = 120_000;
const SPACES = ['--mount', '--uts', '--ipc', '--net', '--pid', '--cgroup'] as const;
const OWN = ['--mount', '--propagation', 'private', '--uts', '--ipc', '--pid', '--cgroup', '--fork'] as const;

/** What a node is made from. */
export interface NodeSpec {
  readonly name: string;
  readonly folder: string; //           its own, on a file system that can be under an overlay
  readonly cgroup: Cgroup; //           its own
  readonly network: Enter; //           into its network namespace
  readonly shared: readonly string[]; // PATH[:PATH] of the machine that it sees, and where
}

/**
 * A machine for a kubelet, made of namespaces and an own group in each cgroup hierarchy, with standard paths: /etc,
 * /run, /var/lib are its own. All that runs in it ends with its first process.
 */
export class ClusterNode {
  readonly name: string;
  readonly folder: string;
  readonly pid: number;
  readonly #programs = new Map<string, Program>();

  private constructor({ name, folder }: NodeSpec, pid: number) {
    [this.name, this.folder, this.pid] = [name, folder, pid];
  }

  /** Resolves when it is up; rejects with what its first process said. */
  static async start(spec: NodeSpec): Promise<ClusterNode> {
    const { name, folder, cgroup, network, shared } = spec;
    for (const part of ['root', 'disk/containerd', 'disk/kubelet', 'disk/etcd', 'disk/log'])
      mkdirSync(join(folder, part), { recursive: true });
    makeCgroup(cgroup);
    const init = ['unshare', ...OWN, '--kill-child=KILL', 'sh', INIT, folder, name, ...shared];
    const child = spawn(...network('sh', ['-c', joining(cgroup), 'sh', ...init]), {
      stdio: ['ignore', 'pipe', openSync(join(folder, 'init.log'), 'a')],
    });
    await up(child, folder);
    const pid = await onlyChild(child);
    if (pid === undefined) throw new Error(`the first process of ${name} has ended`);
    const node = new ClusterNode(spec, pid);
    writeFileSync(join(folder, 'enter'), enterScript(cgroup, node.pid), { mode: 0o755 });
    return node;
  }

  /** The way in, for whoever is in the cluster's own namespaces. */
  readonly enter: Enter = (program, args) => [join(this.folder, 'enter'), [program, ...args]];

  /** A path of the node as it is reached from outside. */
  outside(path: string): string {
    return `/proc/${this.pid}/root${path}`;
  }

  /** Writes a file of the node. */
  write(path: string, text: string | Uint8Array, mode = 0o644): void {
    mkdirSync(resolve(this.outside(path), '..'), { recursive: true });
    writeFileSync(this.outside(path), text, { mode });
  }

  /** Runs a program in the node to its end, answers what it printed; throws with what it said when it fails. */
  run(program: string, ...args: string[]): string {
    return run(...this.enter(program, args));
  }

  /** The same for what takes its time. */
  async finish(program: string, ...args: string[]): Promise<void> {
    const child = spawn(...this.enter(program, args), { stdio: ['ignore', 'ignore', 'pipe'], timeout: FINISH_MS });
    const [said] = await Promise.all([text(child.stderr), gone(child)]);
    if (child.exitCode !== 0) throw new Error(`${this.name}: ${program} ${args.join(' ')}: ${said}`);
  }

  /** Starts a program whose output goes to /var/log/NAME.log of the node. */
  start(name: string, program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
    const all = { PATH: process.env['PATH'], HOME: '/root', ...env };
    const started = new Program(() => {
      const out = openSync(this.logFile(name), 'a');
      const child = spawn(...this.enter(program, args), { stdio: ['ignore', out, out], env: all });
      closeSync(out); // the child has its own
      return child;
    });
    this.#programs.set(name, started);
    return started.child;
  }

  /**
   * From now on programs that were started are started again when they end by themselves, as a machine's service
   * manager would: a kubelet ends when its runtime does not answer yet. `told` hears each time which it was, and what
   * its log says last.
   */
  supervise(told: (program: string, said: string) => void): void {
    for (const [name, program] of this.#programs) program.keep(() => told(name, endOf(this.logFile(name), 1)));
  }

  /** Ends a program of `start` by SIGKILL. Resolves when it has ended. */
  kill(name: string): Promise<void> {
    return this.#program(name).kill();
  }

  /** Starts a program anew that was killed, as it was started. */
  again(name: string): void {
    this.#program(name).again();
  }

  /** Where such a log lies outside of the node. */
  logFile(name: string): string {
    return join(this.folder, 'disk', 'log', `${name}.log`);
  }

  #program(name: string): Program {
    const program = this.#programs.get(name);
    if (program === undefined) throw new RangeError(`${this.name} runs no ${name}`);
    return program;
  }
}

/** A script that puts itself into a group, then becomes the program of its arguments. */
function joining(cgroup: Cgroup): string {
  return `${cgroup.map((folder) => `echo $$ > ${folder}/cgroup.procs`).join(' && ')} && exec "$@"`;
}

function enterScript(cgroup: Cgroup, pid: number): string {
  const way = ['nsenter', '--target', String(pid), ...SPACES, '--root', '--wd', '--'].join(' ');
  return `#!/bin/sh\nset -- ${way} "$@"\n${joining(cgroup)}\n`;
}

function up(child: ChildProcess, folder: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const said = () => readFileSync(join(folder, 'init.log'), 'utf8').trim();
    const late = setTimeout(() => reject(new Error(`a node is not up within ${UP_MS} ms: ${said()}`)), UP_MS);
    child.stdout?.once('data', () => resolve());
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`a node ended before it was up: ${said()}`)));
    child.once('exit', () => clearTimeout(late));
    child.stdout?.once('data', () => clearTimeout(late));
  });
}
