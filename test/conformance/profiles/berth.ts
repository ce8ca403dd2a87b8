import { spawn, type ChildProcess } from 'node:child_process';
import { appendFileSync, closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from '../world/wait.ts';
import type { Daemon, DaemonMode, Profile } from './profile.ts';

const AGENT = fileURLToPath(new URL('../../../src/berth.ts', import.meta.url));

/**
 * How long the CNI executable waits for its agent (docs/operating.md): here shorter than this runner does.
 * Milliseconds.
 */
const PATIENCE = {
  BERTH_ADD_BUDGET_MS: '18000',
  BERTH_WAIT_MS: '10000',
  BERTH_DEL_BUDGET_MS: '18000',
  BERTH_DEL_WAIT_MS: '3000',
};
const HURRY = { BERTH_ADD_BUDGET_MS: '2500', BERTH_WAIT_MS: '1000' };

/** Berth with an agent of its own, whose files are all in `folder`. `companions`: where the reference plugins are. */
export function berthProfile(executable: string, companions: string, folder: string): Profile {
  const socket = join(folder, 'agent.sock');
  const spool = join(folder, 'spool');
  const capabilities = { portMappings: true, bandwidth: true, ips: true, mac: true, dns: true };
  return {
    plugin: 'berth',
    type: 'berth-cni',
    directories: [dirname(executable), companions],
    env: { BERTH_SOCKET: socket, BERTH_SPOOL: spool, ...PATIENCE },
    network: () => [{ type: 'berth-cni', capabilities }],
    daemon: new Agent(folder, socket, spool),
  };
}

class Agent implements Daemon {
  readonly socket: string;
  readonly hurry = HURRY;
  readonly #folder: string;
  readonly #spool: string;
  readonly #logFile: string;
  #process: ChildProcess | undefined;

  constructor(folder: string, socket: string, spool: string) {
    this.#folder = folder;
    this.socket = socket;
    this.#spool = spool;
    this.#logFile = join(folder, 'agent.log');
    for (const directory of [spool, join(folder, 'state')]) mkdirSync(directory, { recursive: true, mode: 0o700 });
    appendFileSync(this.#logFile, '');
  }

  async start(mode: DaemonMode = {}): Promise<void> {
    const config = join(this.#folder, 'agent.json');
    writeFileSync(config, JSON.stringify(this.#config(mode)));
    const log = openSync(this.#logFile, 'a');
    const agent = spawn(process.execPath, [AGENT, 'agent', '--config', config], {
      stdio: ['ignore', log, log],
      env: environment(),
    });
    closeSync(log);
    this.#process = agent;
    const serving = await until(10_000, async () =>
      agent.exitCode !== null ? false : (await this.#answers()) || undefined,
    );
    if (serving !== true) throw new Error(`the agent does not serve: ${lastWords(this.log())}`);
  }

  async stop(): Promise<void> {
    const agent = this.#process;
    this.#process = undefined;
    if (agent === undefined || agent.exitCode !== null || agent.signalCode !== null) return;
    const ended = new Promise((resolve) => agent.once('exit', resolve));
    agent.kill('SIGTERM');
    const late = setTimeout(() => agent.kill('SIGKILL'), 5_000);
    await ended;
    clearTimeout(late);
  }

  freeze(): void {
    this.#process?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#process?.kill('SIGCONT');
  }

  log(): string {
    return readFileSync(this.#logFile, 'utf8');
  }

  #config({ scarce = false, repairing = false }: DaemonMode): object {
    return {
      nodeName: 'conformance',
      network: { ranges: [scarce ? '10.88.200.0/29' : '10.88.0.0/24', 'fd00:88::/120'], mtu: 1400 },
      pool: { cooldown: '100ms', patience: '2s' },
      repair: repairing ? {} : { delay: '60s', interval: '1h' },
      paths: {
        socket: this.socket,
        adminSocket: join(this.#folder, 'admin.sock'),
        state: join(this.#folder, 'state'),
        spool: this.#spool,
      },
      log: { level: 'info', format: 'json' },
    };
  }

  #answers(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect(this.socket);
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
  }
}

/** Without settings of another agent's; only the mode may be chosen so: BERTH_MODE=bridge. */
function environment(): NodeJS.ProcessEnv {
  const foreign = ([name]: [string, unknown]) => name.startsWith('BERTH_') && name !== 'BERTH_MODE';
  return Object.fromEntries(Object.entries(process.env).filter((pair) => !foreign(pair)));
}

/** The end of a log, without the lines of a stack. */
function lastWords(log: string): string {
  const lines = log.split('\n').filter((line) => line.trim() !== '' && !/^\s+at /.test(line));
  return lines.slice(-5).join(' | ');
}
