import { type ChildProcess, spawn } from 'node:child_process';
import type { Order } from '../kernel/peer.ts';

const PATIENCE_MS = 10_000; // a packet takes microseconds, but a process may wait for its turn
const PEER = new URL('../kernel/peer.ts', import.meta.url).pathname;

/** A process somewhere that answers every client with the client's own address, and asks others. */
export class Actor {
  readonly #child: ChildProcess;
  readonly #port: number;
  readonly #waiting = new Map<number, (answer: string) => void>();
  #next = 1;

  private constructor(child: ChildProcess, port: number) {
    [this.#child, this.#port] = [child, port];
    child.on('message', ({ id, answer, error }: { id: number; answer?: string; error?: string }) => {
      this.#waiting.get(id)?.(answer ?? `error: ${error}`);
    });
  }

  /** `enter`: the words that run a program there. It listens on the port by TCP and UDP, at every address. */
  static async open(enter: readonly string[], port: number): Promise<Actor> {
    const [program, ...words] = [...enter, process.execPath, PEER];
    const actor = new Actor(spawn(program, words, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }), port);
    await new Promise((resolve) => actor.#waiting.set(0, resolve));
    for (const protocol of ['tcp', 'udp'] as const) {
      const said = await actor.#order({ do: 'listen', protocol, address: '::', port }); // IPv4 too
      if (said !== 'listening') throw new Error(`an actor cannot listen: ${said}`);
    }
    return actor;
  }

  /** The address under which the other sees us, or "nothing", "refused" … */
  async seen(address: string, more: Partial<Order & { do: 'ask' }> = {}): Promise<string> {
    const usual = { do: 'ask', protocol: 'tcp', port: this.#port, patienceMs: PATIENCE_MS } as const;
    const answer = await this.#order({ ...usual, ...more, address });
    return (answer.split(' ')[0] ?? '').replace(/^::ffff:/, '');
  }

  /** From now on it says back whatever it hears at a port. */
  async echo(port: number): Promise<void> {
    await this.#order({ do: 'echo', address: '::', port });
  }

  /** Talks to an echo over one TCP connection from now on, until `endStream`. One at a time. */
  async stream(address: string, port: number): Promise<void> {
    await this.#order({ do: 'stream', address, port });
  }

  /** What came of the connection: "N lines, all came back", or what did not. */
  endStream(): Promise<string> {
    return this.#order({ do: 'end-stream' });
  }

  close(): void {
    if (this.#child.connected) this.#child.disconnect(); // it ends with that
  }

  #order(order: Order): Promise<string> {
    const id = this.#next++;
    if (!this.#child.connected) return Promise.resolve('closed');
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#child.send({ id, order });
    });
  }
}
