import { createServer, connect, type Socket } from 'node:net';

// TCP connections that stay open: one end says a long text of numbers, the other says it back.

const LINES_A_TIME = 40;
const EVERY_MS = 5;

/** Says back what it hears, until the other side has said all. Resolves when it listens. */
export function listenEcho(address: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const server = createServer({ allowHalfOpen: true }, (client) => {
      client.on('error', () => {});
      client.pipe(client);
    });
    server.on('error', reject);
    server.listen({ host: address, port }, () => resolve('listening'));
  });
}

/** A connection over which each byte is to come back once, in its place. */
export class Stream {
  readonly #socket: Socket;
  readonly #timer: NodeJS.Timeout;
  #sent = 0; //       lines
  #back = 0; //       lines that came back in their order
  #rest = ''; //      of a line that is not whole yet
  #trouble = '';
  #ended: () => void = () => {};

  constructor(host: string, port: number) {
    this.#socket = connect({ host, port });
    this.#socket.setEncoding('latin1');
    this.#socket.on('data', (text: string) => this.#hear(text));
    this.#socket.on('error', (error) => (this.#trouble ||= error.message));
    this.#socket.on('close', () => this.#ended());
    this.#timer = setInterval(() => this.#say(), EVERY_MS);
  }

  /** Says no more and waits for what is on its way: "N lines, all came back", or what is wrong. */
  async end(): Promise<string> {
    clearInterval(this.#timer);
    if (!this.#socket.destroyed) {
      const closed = new Promise<void>((resolve) => (this.#ended = resolve));
      this.#socket.end();
      await closed;
    }
    if (this.#trouble === '' && this.#back === this.#sent && this.#rest === '')
      return `${this.#sent} lines, all came back`;
    return `${this.#sent} lines, ${this.#back} came back; ${this.#trouble}`;
  }

  #say(): void {
    let text = '';
    for (let i = 0; i < LINES_A_TIME; i++) text += `${this.#sent++}\n`;
    this.#socket.write(text);
  }

  #hear(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines)
      if (line === `${this.#back}`) this.#back++;
      else this.#trouble ||= `"${line}" in place of ${this.#back}`;
  }
}
