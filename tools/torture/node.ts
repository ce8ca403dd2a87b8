import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, openSync, readdirSync, writeFileSync } from 'node:fs';
import { agentCommand } from '../agent-command.ts';
import { admin } from '../demo/agent.ts';
import { run } from '../demo/processes.ts';

/** Sandboxes that pods come and go in. */
export const PODS = 12;

/** What is left when every pod is gone; all zero when nothing is lost. */
export interface Report {
  readonly links: number;
  readonly routes: number;
  readonly elements: number;
  readonly claimed: number;
  readonly attachments: number;
  readonly spooled: number;
  readonly descriptors: number; // more after a load than after the same load before
}

const HOME = '/run/torture';
const READY_MS = 20_000;

/** A node in the namespaces we are in: an agent that is killed and started again, and sandboxes. */
export class TortureNode {
  readonly socket = `${HOME}/agent.sock`;
  readonly spool = `${HOME}/spool`;
  readonly adminSocket = `${HOME}/admin.sock`;
  #agent: ChildProcess | undefined;

  static async make(): Promise<TortureNode> {
    run('mount', ['-t', 'tmpfs', 'tmpfs', '/run']);
    mkdirSync('/run/netns', { recursive: true });
    mkdirSync(HOME);
    run('ip', ['link', 'set', 'lo', 'up']);
    for (let i = 0; i < PODS; i++) run('ip', ['netns', 'add', `p${i}`]);
    const node = new TortureNode();
    const paths = { socket: node.socket, adminSocket: node.adminSocket, state: `${HOME}/state`, spool: node.spool };
    // cooling shorter than the run, so that addresses are given again and again
    const config = {
      nodeName: 'torture',
      network: { ranges: ['10.66.0.0/26', 'fd66::/64'], cluster: ['10.66.0.0/16', 'fd66::/16'] },
      pool: { cooldown: '500ms' },
      paths,
    };
    writeFileSync(`${HOME}/agent.yaml`, JSON.stringify(config));
    await node.start();
    return node;
  }

  /** Starts the agent and waits until it is ready. */
  async start(): Promise<void> {
    const out = openSync(`${HOME}/agent.log`, 'a');
    const { program, args, env } = agentCommand(`${HOME}/agent.yaml`);
    this.#agent = spawn(program, args, { stdio: ['ignore', out, out], env: { ...process.env, ...env } });
    await until(READY_MS, 'the agent answers', () => this.#asks('/healthz'));
  }

  /** SIGKILL, and waits for the end. */
  async kill(): Promise<void> {
    await this.#ended('SIGKILL');
  }

  async end(): Promise<void> {
    await this.#ended('SIGTERM');
  }

  /** Waits until the spool is empty and nothing is claimed any more. */
  async settled(): Promise<void> {
    const empty = async () => Object.values(await this.counts()).every((count) => count === 0);
    await until(READY_MS, 'all pods are gone', empty).catch(() => {}); // the report says what is left
  }

  /** What the agent thinks it has. */
  async counts(): Promise<Pick<Report, 'claimed' | 'attachments' | 'spooled'>> {
    const status = JSON.parse(await admin(this, '/v1/status')) as {
      pools: { claimed: number }[];
      attachments: number;
      spooled: number;
    };
    const claimed = status.pools.reduce((sum, pool) => sum + pool.claimed, 0);
    return { claimed, attachments: status.attachments, spooled: status.spooled };
  }

  /** Open files of the agent. */
  descriptors(): number {
    return readdirSync(`/proc/${this.#agent?.pid}/fd`).length;
  }

  #asks(path: string): Promise<boolean> {
    return admin(this, path).then(
      () => true,
      () => false,
    );
  }

  async #ended(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const agent = this.#agent;
    if (agent === undefined || agent.exitCode !== null || agent.signalCode !== null)
      throw new Error('the agent ended by itself');
    const gone = new Promise((resolve) => agent.once('exit', resolve));
    agent.kill(signal);
    await gone;
  }
}

/** What of pods stands in the kernel. */
export function countTraces(): Pick<Report, 'links' | 'routes' | 'elements'> {
  const lines = (text: string) => text.split('\n').filter((line) => line.trim() !== '');
  const links = lines(run('ip', ['-o', 'link', 'show'])).filter((line) => line.includes(': bth')).length;
  const routes = ['-4', '-6']
    .flatMap((family) => lines(run('ip', [family, 'route', 'show', 'table', 'all'])))
    .filter((line) => line.includes('dev bth')).length;
  const table = JSON.parse(run('nft', ['-j', 'list', 'table', 'inet', 'berth'])) as {
    nftables: { set?: NftSet; map?: NftSet }[];
  };
  const sets = table.nftables
    .flatMap(({ set, map }) => set ?? map ?? [])
    .filter(({ name }) => !name.startsWith('internal'));
  return { links, routes, elements: sets.reduce((sum, { elem = [] }) => sum + elem.length, 0) };
}

interface NftSet {
  readonly name: string;
  readonly elem?: readonly unknown[];
}

async function until(limitMs: number, what: string, holds: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + limitMs;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`not within ${limitMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
