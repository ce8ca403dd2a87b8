import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { expect } from 'vitest';
import type { MachineSummary } from '../../emulator/server/summary.ts';
import { askSocket } from '../../src/io/system/http-client.ts';
import { FRAME_VERSION } from '../../src/wire/agent/frame.ts';
import { imagesOf } from '../../tools/cluster/places.ts';
import { IMAGES } from '../../tools/cluster/shared.ts';
import { until } from '../runtime/node.ts';
import { family, living, type Process, says } from '../tour/processes.ts';
import { clusterCommand, groupsLeft, outcome } from './command.ts';

const UP = 'Ctrl-C ends it';

/** A cluster of one test file, up and in a folder of its own. */
export class StandingCluster {
  readonly #folder: string;
  readonly #child: ChildProcess;
  readonly #all: readonly Process[];

  private constructor(folder: string, child: ChildProcess) {
    this.#folder = folder;
    this.#child = child;
    this.#all = family(child.pid ?? 0);
  }

  /** Resolves when its nodes are Ready. `words`: of `npm run cluster`. */
  static async up(...words: readonly string[]): Promise<StandingCluster> {
    const folder = mkdtempSync(join(tmpdir(), 'berth-test-'));
    const child = clusterCommand(folder, ...words);
    try {
      await says(child, UP);
    } catch (error) {
      child.kill('SIGINT');
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
    return new StandingCluster(folder, child);
  }

  /** kubectl as the command says that it is used; with a text on its standard input. Fails with what it said. */
  kubectl(words: readonly string[], input = ''): string {
    const how = { env: this.env, input, encoding: 'utf8', timeout: 120_000 } as const;
    const { status, stdout, stderr } = spawnSync('kubectl', words, how);
    expect(status, `kubectl ${words.join(' ')}\n${stdout}${stderr}`).toBe(0);
    return stdout;
  }

  /** The same, while the test goes on: what it said, however it ended, or was ended by the signal. */
  async start(words: readonly string[], ended?: AbortSignal): Promise<string> {
    const child = spawn('kubectl', words, { env: this.env, stdio: ['ignore', 'pipe', 'pipe'] });
    ended?.addEventListener('abort', () => child.kill('SIGTERM'));
    return (await outcome(child)).said;
  }

  /** A shell script on a node. Fails with what it said. */
  onNode(node: string, script: string): string {
    const enter = [`${this.#home}/${node}/enter`, 'sh', '-c', script];
    const { status, stdout, stderr } = spawnSync(`${this.#home}/enter`, enter, { encoding: 'utf8', timeout: 60_000 });
    expect(status, `${node}: ${script}\n${stdout}${stderr}`).toBe(0);
    return stdout;
  }

  /** Berth so many versions later, as an archive that each node sees under this path, and the image's name. */
  imageLater(by: number): { readonly name: string; readonly path: string } {
    const [name, file, built] = [`berth.dev/berth:later-${by}`, `later-${by}.tar`, join(this.#folder, `later-${by}`)];
    const make = (...words: readonly string[]) => execFileSync(process.execPath, words, { stdio: 'pipe' });
    mkdirSync(join(built, 'build'), { recursive: true });
    make('tools/bundle.ts', join(built, 'dist'), '--later', `${by}`);
    const frames = ['--frame-version', `${FRAME_VERSION + by}`];
    make('tools/build.ts', ...frames, '--output', join(built, 'build/berth-cni'));
    make('tools/image.ts', '--name', name, '--from', built, '--out', join(imagesOf(this.#home), file));
    return { name, path: `${IMAGES}/${file}` };
  }

  /** Asks the emulated cloud under it, as its operator. */
  async cloud<T>(ask: string, body?: object): Promise<T> {
    const socket = join(this.#home, 'emulator.sock');
    const { status, text } = await askSocket({ socket, ask, ...(body === undefined ? {} : { body }) });
    expect(status, `${ask}: ${text}`).toBe(200);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }

  /** A shell script in a machine of the emulated cloud that is no node: "internet" is beyond its gateway. */
  async onMachine(name: string, script: string): Promise<string> {
    const machines = await this.cloud<readonly MachineSummary[]>('GET /v1/instances');
    const enter = machines.find((it) => it.name === name)?.enter ?? [];
    const words = [...enter, 'sh', '-c', script];
    const { status, stdout, stderr } = spawnSync(`${this.#home}/enter`, words, { encoding: 'utf8', timeout: 60_000 });
    expect(status, `${name}: ${script}\n${stdout}${stderr}`).toBe(0);
    return stdout;
  }

  /** Ends it as a user does, and looks that nothing is left. */
  async end(): Promise<void> {
    this.#child.kill('SIGINT');
    await outcome(this.#child);
    for (const { pid } of living(this.#all)) process.kill(pid, 'SIGKILL');
    await until(5_000, 'no cgroup is left', () => groupsLeft(this.#folder).length === 0);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Of whoever runs its kubectl. */
  get env(): NodeJS.ProcessEnv {
    const home = this.#home;
    const path = [join(home, 'bin'), resolve('dist'), dirname(process.execPath), '/usr/bin', '/bin'].join(':');
    return { KUBECONFIG: join(home, 'kubeconfig'), PATH: path, HOME: home };
  }

  get #home(): string {
    return join(this.#folder, 'berth-cluster-0');
  }
}
