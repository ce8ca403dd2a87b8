import { type ChildProcess, spawn } from 'node:child_process';
import { openSync, readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { until } from '../../test/runtime/node.ts';
import { berthCommand } from '../agent-command.ts';
import { gone } from '../demo/processes.ts';
import { CONTROLLER_FLAGS } from '../deploy/numbers.ts';
import { type Memory, memoryOf } from './talking.ts';

const LIMIT_MS = 240_000;
const HOST = '127.0.0.1';

/** What a controller has asked of the API server: "list nodes" → how often. */
export type Asked = Readonly<Record<string, number>>;

/** `berth controller` as a process of its own, with the flags that it is installed with. */
export class ControllerProcess {
  readonly #child: ChildProcess;
  readonly #log: string;
  readonly #port: number;
  readonly readyMs: number; // from its start until it knows the cluster

  private constructor(child: ChildProcess, of: { log: string; port: number; readyMs: number }) {
    [this.#child, this.#log, this.#port, this.readyMs] = [child, of.log, of.port, of.readyMs];
  }

  /** Resolves when it leads and knows the cluster. */
  static async start(folder: string, kubeconfig: string, replica: string): Promise<ControllerProcess> {
    const [config, log] = [join(folder, `${replica}.yaml`), join(folder, `${replica}.log`)];
    const port = await freePort();
    const kubernetes = { access: 'kubeconfig', kubeconfig };
    writeFileSync(config, JSON.stringify({ replica, kubernetes, http: { listen: `${HOST}:${port}` } }));
    const { args } = berthCommand('controller', '--config', config);
    const bundle = args[0] === 'controller' ? ['dist/berth.mjs'] : [];
    const out = openSync(log, 'a');
    const began = performance.now();
    const child = spawn(process.execPath, [...CONTROLLER_FLAGS, ...bundle, ...args], { stdio: ['ignore', out, out] });
    process.once('exit', () => child.kill('SIGKILL')); // it ends with us
    const ready = async () => {
      if (child.exitCode !== null) throw new Error(`the controller ended: ${readFileSync(log, 'utf8').slice(-2_000)}`);
      return (await fetched(port, 'readyz').catch(() => undefined))?.ok ?? false;
    };
    await until(LIMIT_MS, 'the controller knows the cluster', ready);
    const controller = new ControllerProcess(child, { log, port, readyMs: performance.now() - began });
    await until(LIMIT_MS, 'it leads', async () => (await controller.metrics()).includes('berth_controller_leading 1'));
    return controller;
  }

  memory(): Memory {
    return memoryOf(this.#child.pid ?? 0);
  }

  async metrics(): Promise<string> {
    return (await fetched(this.#port, 'metrics')).text();
  }

  /** Calls that have ended; a watch that stands is none yet. */
  async asked(): Promise<Asked> {
    return askedIn(await this.metrics());
  }

  get log(): string {
    return readFileSync(this.#log, 'utf8');
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await gone(this.#child);
  }
}

/** The calls that metrics tell of. */
export function askedIn(metrics: string): Asked {
  const lines = metrics.matchAll(/^berth_api_calls_total\{(.*)\} (\d+)$/gm);
  const asked: Record<string, number> = {};
  for (const [, labels = '', count] of lines) {
    const of = (name: string) => new RegExp(`${name}="([^"]*)"`).exec(labels)?.[1] ?? '';
    const what = `${of('verb')} ${of('resource')}`;
    asked[what] = (asked[what] ?? 0) + Number(count);
  }
  return asked;
}

/** One that nobody had a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function fetched(port: number, path: string): Promise<Response> {
  return fetch(`http://${HOST}:${port}/${path}`, { signal: AbortSignal.timeout(5_000) });
}
