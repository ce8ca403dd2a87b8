import { type ChildProcess, spawn } from 'node:child_process';
import { Netns } from '../../src/io/kernel/netns.ts';
import { FabricError } from './fabric-error.ts';

/**
 * What becomes pid 1 of a machine: folders of its own where programs keep what belongs to one system, then waiting. It
 * ends when our end of its standard input closes, so also when we are killed; and with it everything that runs there.
 */
const INIT = `read -r pid rest < /proc/self/stat
mount -t tmpfs tmpfs /run && mkdir -p /run/netns
mount -t proc proc /proc
mount -t sysfs sysfs /sys 2>/dev/null
hostname "$1"
echo "$pid"
exec cat >/dev/null`;

const SPACES = ['--net', '--mount', '--pid', '--uts', '--fork', '--kill-child=KILL', '--propagation', 'private'];
const PATIENCE_MS = 20_000;

/** A machine as namespaces: network, mounts, processes and host name of its own; the file system is ours. */
export class Machine {
  readonly pid: number; // of its first process
  readonly netns: Netns;
  readonly #child: ChildProcess;
  #stopped = false;

  private constructor(child: ChildProcess, pid: number) {
    this.#child = child;
    this.pid = pid;
    this.netns = Netns.open(`/proc/${pid}/ns/net`);
  }

  /** `name` is its host name. Throws FabricError when there cannot be one. */
  static async start(name: string): Promise<Machine> {
    const arguments_ = [...SPACES, '--', 'sh', '-c', INIT, 'sh', name];
    const child = spawn('unshare', arguments_, { stdio: ['pipe', 'pipe', 'inherit'] });
    const pid = Number(await firstLine(child, name));
    return new Machine(child, pid);
  }

  /** Whether it runs: somebody outside may have ended it. */
  get alive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** The command that runs another in the machine: from any process that may enter it. */
  entering(command: readonly string[]): readonly [program: string, ...words: string[]] {
    return ['nsenter', `--target=${this.pid}`, '--net', '--mount', '--pid', '--uts', '--', ...command];
  }

  /** Ends everything in it. Its links are gone soon after. Stopping again is harmless. */
  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    if (this.alive) {
      const gone = new Promise((resolve) => this.#child.once('exit', resolve));
      this.#child.kill('SIGKILL'); // unshare takes its child with it
      await gone;
    }
    this.netns.close();
  }
}

function firstLine(child: ChildProcess, name: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    const fail = (why: string) => {
      child.kill('SIGKILL');
      reject(new FabricError('machine', `no machine ${name}: ${why}`));
    };
    const timer = setTimeout(() => fail(`it did not start within ${PATIENCE_MS} ms`), PATIENCE_MS);
    child.once('error', (error) => fail(error.message));
    child.once('exit', (code, signal) => fail(`unshare ended with ${signal ?? code}`));
    child.stdout?.on('data', (bytes: Buffer) => {
      said += bytes.toString();
      if (!said.includes('\n')) return;
      clearTimeout(timer);
      child.removeAllListeners('exit');
      resolve(said.trim());
    });
  });
}
