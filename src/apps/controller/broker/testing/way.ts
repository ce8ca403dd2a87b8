import { connect, createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

/** A way to a port of this machine that a test may cut: whatever was sent has arrived, and no answer comes back. */
export class Way {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #deaf = false;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async to(port: number): Promise<Way> {
    const server = createServer();
    const way = new Way(server);
    server.on('connection', (near) => way.#join(near, connect({ host: '127.0.0.1', port })));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return way;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** No answer comes back any more; new connections are refused from `cut` on. */
  deafen(): void {
    this.#deaf = true;
  }

  /** Every connection breaks now. */
  break(): void {
    this.#deaf = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  /** And no new one is taken, as when the machine behind was killed. */
  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.break();
    await closed;
  }

  #join(near: Socket, far: Socket): void {
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(one);
      one.on('data', (bytes) => {
        if (one === near || !this.#deaf) other.write(bytes);
      });
      one.on('error', () => other.destroy());
      one.on('close', () => {
        this.#sockets.delete(one);
        other.destroy();
      });
    }
  }
}
