import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { containerdConfig } from './containerd-config.ts';
import { ociImage } from '../../tools/image/oci.ts';

/** The image of all pods: busybox, which has a shell, httpd and nc; it is the pause image as well. */
export const IMAGE = 'berth.test/busybox:1';

const START_MS = 30_000;

/**
 * A machine made of namespaces: network, mounts (its own /run and /var/lib/cni), processes. When its first process
 * ends, all of them do.
 * Programs run in it through `nsenter`; files are shared with the machine but for those two folders.
 */
export class TestNode {
  readonly name: string;
  readonly folder: string;
  readonly #init: ChildProcess;
  readonly #pid: number;
  readonly #started: ChildProcess[] = [];

  private constructor(name: string, folder: string, init: ChildProcess, pid: number) {
    this.name = name;
    this.folder = folder;
    this.#init = init;
    this.#pid = pid;
  }

  static async make(name: string): Promise<TestNode> {
    const folder = mkdtempSync(join(tmpdir(), `berth-${name}-`));
    const script = [
      'mount -t tmpfs tmpfs /run',
      'mkdir -p /run/netns /run/lock',
      `mkdir -p /var/lib/cni ${folder}/cni`,
      `mount --bind ${folder}/cni /var/lib/cni`,
      'ip link set lo up',
      'echo up',
      'exec sleep 100000',
    ].join(' && ');
    const spaces = ['--net', '--mount', '--pid', '--ipc', '--uts', '--fork', '--mount-proc', '--kill-child=KILL'];
    const init = spawn('unshare', [...spaces, '--propagation', 'private', 'sh', '-c', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise<void>((resolve, reject) => {
      init.stdout?.once('data', () => resolve());
      init.once('exit', (code) => reject(new Error(`node ${name} ended with ${code} before it was up`)));
    });
    const child = readFileSync(`/proc/${init.pid}/task/${init.pid}/children`, 'utf8').trim();
    return new TestNode(name, folder, init, Number(child));
  }

  /** A path of this node's own /run, seen from outside. */
  outside(path: string): string {
    return `/proc/${this.#pid}/root${path}`;
  }

  get pid(): number {
    return this.#pid;
  }

  /** Runs a program in the node to its end and answers what it printed. Throws with what it said when it fails. */
  run(program: string, ...args: string[]): string {
    const { status, stdout, stderr, error } = spawnSync(...this.entering(program, args), {
      encoding: 'utf8',
      timeout: 60_000,
    });
    if (error !== undefined) throw error;
    if (status !== 0) throw new Error(`${this.name}: ${program} ${args.join(' ')}: ${stderr}${stdout}`);
    return stdout;
  }

  /** Starts a program in the node; its output goes to a log in the node's folder. It ends with the node. */
  start(log: string, env: Readonly<Record<string, string>>, program: string, ...args: string[]): ChildProcess {
    const out = openSync(join(this.folder, log), 'a');
    const child = spawn(...this.entering(program, args), {
      stdio: ['ignore', out, out],
      env: { ...process.env, ...env },
    });
    this.#started.push(child);
    return child;
  }

  /** What a log of `start` holds. */
  log(name: string): string {
    return readFileSync(join(this.folder, name), 'utf8');
  }

  /** Ends the node and all that runs in it, and removes its folder. */
  async end(): Promise<void> {
    const gone = [this.#init, ...this.#started].map(ended);
    process.kill(this.#pid, 'SIGKILL');
    await Promise.all(gone);
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** How a program is run in the node: what to execute from outside, and its arguments. */
  entering(program: string, args: readonly string[]): [string, string[]] {
    const spaces = ['--net', '--mount', '--pid', '--ipc', '--uts'];
    return ['nsenter', ['-t', String(this.#pid), ...spaces, '--', program, ...args]];
  }
}

/** containerd of one node. */
export interface Containerd {
  readonly socket: string; // as seen from outside
  readonly start: () => Promise<void>;
  readonly kill: () => Promise<void>;
}

/**
 * Configures and starts containerd in a node, with its CNI configuration taken from `netDir`, and imports the image.
 * `version` is that of the configuration file: 2 for containerd 1, 3 for containerd 2.
 */
export async function startContainerd(
  node: TestNode,
  netDir: string,
  binDir: string,
  programs: { folder?: string; version: 2 | 3; env?: Readonly<Record<string, string>> },
): Promise<Containerd> {
  const { folder } = node;
  mkdirSync(netDir, { recursive: true });
  const config = join(folder, 'containerd.toml');
  writeFileSync(
    config,
    containerdConfig(programs.version, { root: join(folder, 'root'), netDir, binDir, pause: IMAGE }),
  );
  const archive = join(folder, 'image.tar');
  writeFileSync(archive, busyboxImage());
  const path =
    programs.folder === undefined ? (process.env['PATH'] ?? '') : `${programs.folder}:${process.env['PATH'] ?? ''}`;
  const inside = '/run/containerd/containerd.sock';
  let child: ChildProcess | undefined;
  const env = { ...programs.env, PATH: path };
  const enter = ['-t', String(node.pid), '--mount', '--pid', '--', 'ctr', '-a', inside, 'version'];
  const answers = () => spawnSync('nsenter', enter, { env: { ...process.env, PATH: path } }).status === 0;
  const start = async () => {
    child = node.start('containerd.log', env, 'containerd', '-c', config);
    await until(START_MS, 'containerd answers', answers);
  };
  await start();
  node.run('env', `PATH=${path}`, 'ctr', '-a', inside, '-n', 'k8s.io', 'images', 'import', archive);
  const kill = () => endProgram(child, 'SIGKILL');
  return { socket: node.outside(inside), start, kill };
}

/** Resolves when a process has ended, at once when it has already. */
function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => child.once('exit', () => resolve()));
}

/** Ends what `TestNode.start` started: nsenter stays outside and passes no signal on, so its only child gets it. */
export async function endProgram(started: ChildProcess | undefined, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
  if (started === undefined || started.exitCode !== null) return;
  const gone = new Promise((resolve) => started.once('exit', resolve));
  const inside = readFileSync(`/proc/${started.pid}/task/${started.pid}/children`, 'utf8').trim();
  process.kill(Number(inside), signal);
  await gone;
}

/** Waits until something holds, or throws saying what did not. */
export async function until(limitMs: number, what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + limitMs;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`not within ${limitMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The image as an archive for ctr and podman. */
export function busyboxImage(): Uint8Array {
  const bytes = readFileSync('/bin/busybox');
  const files = [{ path: 'bin/busybox', bytes, mode: 0o755 }];
  return ociImage(IMAGE, { files, entrypoint: ['/bin/busybox', 'sleep', '100000'] }).archive;
}
