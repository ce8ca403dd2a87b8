import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { Netns } from '../../src/io/kernel/netns.ts';
import type { Order } from './peer.ts';

/** Whether this process may make namespaces and change what is in them. */
export const isRoot = process.getuid?.() === 0;

/** Whether a program of this name is installed. */
export function has(program: string): boolean {
  return ['/usr/sbin', '/usr/bin', '/sbin', '/bin'].some((folder) => existsSync(`${folder}/${program}`));
}

/**
 * A network namespace of its own, with a process in it. It is gone when the process is: on `close`, or when this one
 * dies.
 */
export class Space {
  readonly path: string;
  readonly #peer: ChildProcess;
  readonly #waiting = new Map<number, { resolve: (answer: string) => void; reject: (error: Error) => void }>();
  #netns: Netns | undefined;
  #next = 1;

  private constructor(peer: ChildProcess) {
    this.#peer = peer;
    this.path = `/proc/${peer.pid}/ns/net`;
    peer.on('message', (said: { id: number; answer?: string; error?: string }) => {
      const waiter = this.#waiting.get(said.id);
      this.#waiting.delete(said.id);
      if (said.error === undefined) waiter?.resolve(said.answer ?? '');
      else waiter?.reject(new Error(said.error));
    });
  }

  static async open(): Promise<Space> {
    const script = new URL('peer.ts', import.meta.url).pathname;
    const peer = spawn('unshare', ['-n', process.execPath, script], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    const space = new Space(peer);
    await new Promise((resolve, reject) => {
      space.#waiting.set(0, { resolve, reject });
      peer.on('exit', (code) => reject(new Error(`no network namespace: unshare ended with ${code}`)));
    });
    space.run('ip', 'link', 'set', 'lo', 'up');
    return space;
  }

  /** Held open until `close`. */
  get netns(): Netns {
    this.#netns ??= Netns.open(this.path);
    return this.#netns;
  }

  /** Runs a program in the namespace; what it printed. Throws with what it said when it fails. */
  run(command: string, ...args: string[]): string {
    const enter = [`--net=${this.path}`, command, ...args];
    return execFileSync('nsenter', enter, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  }

  /** `ip` with the words of one line. */
  ip(line: string): string {
    return this.run('ip', ...line.split(' '));
  }

  sysctl(...settings: string[]): void {
    this.run('sysctl', '-q', '-w', ...settings);
  }

  /** Answers clients from now on, until the space is closed. */
  async listen(protocol: 'tcp' | 'udp', address: string, port: number): Promise<void> {
    await this.#order({ do: 'listen', protocol, address, port });
  }

  /** Who the server sees ("address port"), or "refused", or "nothing" within the patience. */
  ask(
    protocol: 'tcp' | 'udp',
    address: string,
    port: number,
    more: { localPort?: number; patienceMs?: number } = {},
  ): Promise<string> {
    return this.#order({ do: 'ask', protocol, address, port, ...more });
  }

  /** The address alone that the server sees. */
  async seenAs(protocol: 'tcp' | 'udp', address: string, port: number): Promise<string> {
    return (await this.ask(protocol, address, port)).split(' ')[0] ?? '';
  }

  /** Closing again is harmless. */
  async close(): Promise<void> {
    this.#netns?.close();
    this.#netns = undefined;
    if (this.#peer.exitCode !== null || this.#peer.signalCode !== null) return;
    const gone = new Promise((resolve) => this.#peer.once('exit', resolve));
    this.#peer.kill('SIGKILL');
    await gone;
  }

  #order(order: Order): Promise<string> {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#peer.send({ id, order });
    });
  }
}

/** Joins two namespaces by a veth pair, both ends up. */
export function join(a: Space, nameA: string, b: Space, nameB: string): void {
  a.run('ip', 'link', 'add', nameA, 'type', 'veth', 'peer', 'name', nameB, 'netns', `${pidOf(b)}`);
  a.ip(`link set ${nameA} up`);
  b.ip(`link set ${nameB} up`);
}

function pidOf(space: Space): string {
  return space.path.split('/')[2] ?? '';
}
