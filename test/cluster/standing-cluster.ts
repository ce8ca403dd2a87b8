import { type ChildProcess, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { agentCommand } from '../../tools/agent-command.ts';
import { builtKubernetes } from '../../tools/cluster/kubernetes/recipe.ts';
import { has, isRoot } from '../kernel/space.ts';
import { says } from '../tour/processes.ts';
import { clusterCommand, outcome } from './command.ts';

const PROGRAMS = ['containerd', 'conntrack', 'busybox', 'nft', 'iptables'];
const UP = 'Ctrl-C ends it';
const CONFIG = '/etc/berth/config.yaml';
const CALL_MS = 60_000;

/** Whether a cluster can be started here without building it first. */
export const canRun = isRoot && builtKubernetes() !== undefined && PROGRAMS.every((it) => has(it));

/** `npm run cluster`, for as long as a test wants it: three nodes, node-1 to node-3. */
export class StandingCluster {
  readonly #child: ChildProcess;
  readonly #folder: string;

  private constructor(child: ChildProcess, folder: string) {
    this.#child = child;
    this.#folder = folder;
  }

  /** Resolves when its nodes are Ready. */
  static async open(): Promise<StandingCluster> {
    const folder = mkdtempSync(join(tmpdir(), 'berth-standing-'));
    const cluster = new StandingCluster(clusterCommand(folder), folder);
    await says(cluster.#child, UP);
    return cluster;
  }

  /** Answers what kubectl printed; throws with what it said when it fails. */
  kubectl(...args: readonly string[]): string {
    return this.#kubectl(args, '');
  }

  /** Creates objects. */
  create(...objects: readonly object[]): void {
    const list = { apiVersion: 'v1', kind: 'List', items: objects };
    this.#kubectl(['create', '-f', '-'], JSON.stringify(list));
  }

  /** Runs a program on a node to its end and answers what it printed; throws with what it said when it fails. */
  on(node: string, script: string): string {
    const home = this.#home;
    return run(join(home, 'enter'), [join(home, node, 'enter'), 'sh', '-c', script], { env: process.env });
  }

  /** Ends the agent of a node by SIGKILL. */
  killAgent(node: string): void {
    this.on(
      node,
      `pkill -KILL -f 'agent --config ${CONFIG}$' && while pgrep -f 'agent --config ${CONFIG}$'; do :; done`,
    );
  }

  /** Starts it again; does not wait for it. */
  startAgent(node: string): void {
    const { program, args, env } = agentCommand(CONFIG);
    const set = Object.entries(env).map(([name, value]) => `${name}=${value}`);
    const words = [...set, 'setsid', program, ...args].join(' ');
    this.on(node, `env ${words} >> /var/log/berth-agent.log 2>&1 < /dev/null &`);
  }

  async close(): Promise<void> {
    const ended = outcome(this.#child);
    this.#child.kill('SIGINT');
    await ended;
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get #home(): string {
    return join(this.#folder, 'berth-cluster-0');
  }

  #kubectl(args: readonly string[], input: string): string {
    const home = this.#home;
    const env = { KUBECONFIG: join(home, 'kubeconfig'), PATH: '/usr/bin:/bin', HOME: home };
    return run(join(home, 'bin/kubectl'), args, { env, input });
  }
}

function run(program: string, args: readonly string[], of: { env: NodeJS.ProcessEnv; input?: string }): string {
  const { status, stdout, stderr } = spawnSync(program, args, { ...of, encoding: 'utf8', timeout: CALL_MS });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stdout}${stderr}`);
  return stdout;
}
