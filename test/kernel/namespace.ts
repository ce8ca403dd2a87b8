import { execFileSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import koffi from 'koffi';

const libc = koffi.load(null);
const unshare = libc.func('int unshare(int flags)');
const setns = libc.func('int setns(int fd, int kind)');
const CLONE_NEWNET = 0x40000000;
const HERE = '/proc/thread-self/ns/net';

/** Whether this process may make network namespaces: tests that need them are skipped, visibly, without. */
export const mayUnshare = process.getuid?.() === 0;

/** A network namespace that lives until it is closed, or this process ends. */
export class Namespace {
  readonly #fd: number;
  /** Another process can open it by this path, for as long as it is open here. */
  readonly path: string;

  private constructor(fd: number) {
    this.#fd = fd;
    this.path = `/proc/${process.pid}/fd/${fd}`;
  }

  /** A new one, with nothing in it but a loopback that is down. */
  static make(): Namespace {
    const home = openSync(HERE, 'r');
    if (unshare(CLONE_NEWNET) !== 0) throw new Error(`unshare: errno ${koffi.errno()}`);
    const fd = openSync(HERE, 'r');
    if (setns(home, CLONE_NEWNET) !== 0) process.abort();
    closeSync(home);
    return new Namespace(fd);
  }

  /** What a command prints that runs in it. Throws when the command fails. */
  run(command: string): string {
    return execFileSync('nsenter', [`--net=${this.path}`, 'sh', '-ec', command], { encoding: 'utf8' });
  }

  /** The answer of `ip -j`. */
  ip(command: string): readonly Record<string, unknown>[] {
    return JSON.parse(this.run(`ip -j ${command}`) || '[]');
  }

  /** The namespace goes with its last descriptor: at once when nothing else holds it. */
  close(): void {
    closeSync(this.#fd);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
