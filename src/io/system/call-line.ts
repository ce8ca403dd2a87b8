import { Socket } from 'node:net';
import { close, receive, send } from './call-socket.ts';

/** What whoever serves a line hears of it. */
export interface LineListener {
  /** More of the request. */
  more(chunk: Uint8Array): void;
  /** The caller sends nothing any more. */
  ended(): void;
  /** The connection is closed: nothing more is heard. */
  left(): void;
}

/** For what waits on a connection: copied before anything else is read. */
const waiting = new Uint8Array(64 * 1024);

/**
 * One accepted connection. Most requests are there when it is accepted, and answered within milliseconds: the event
 * loop never meets those (`call-socket.ts`). What takes longer goes on as a socket of node:net (`follow`).
 */
export class Line {
  readonly #fd: number;
  readonly #listener: LineListener;
  #socket: Socket | undefined;
  #open = true;

  constructor(fd: number, listener: LineListener) {
    this.#fd = fd;
    this.#listener = listener;
  }

  /** Tells what has come already. */
  listen(): void {
    const length = receive(this.#fd, waiting);
    if (length === undefined) return;
    if (length === 0) this.#listener.ended();
    else this.#listener.more(waiting.slice(0, length));
  }

  /** From now on tells what comes, when it comes. */
  follow(): void {
    if (this.#open) this.#followed();
  }

  /** The last that is said. What does not go out at once, as the caller does not read, is kept until it does. */
  end(bytes: Uint8Array): void {
    if (!this.#open) return;
    const sent = this.#socket === undefined ? send(this.#fd, bytes) : 0;
    if (sent === bytes.length) this.#close();
    else this.#followed().end(bytes.subarray(sent));
  }

  destroy(): void {
    if (!this.#open) return;
    if (this.#socket === undefined) this.#close();
    else this.#socket.destroy();
  }

  #followed(): Socket {
    if (this.#socket !== undefined) return this.#socket;
    const socket = new Socket({ fd: this.#fd, allowHalfOpen: true, readable: true, writable: true });
    socket.on('data', (chunk) => this.#listener.more(chunk));
    socket.on('end', () => this.#listener.ended());
    socket.on('error', () => {}); // the close that follows says it all
    socket.on('close', () => {
      this.#open = false;
      this.#listener.left();
    });
    this.#socket = socket;
    return socket;
  }

  #close(): void {
    this.#open = false;
    close(this.#fd);
    this.#listener.left();
  }
}
