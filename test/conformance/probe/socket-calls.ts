import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** What a connection brought: the text the server sent, or the error's code. */
export type Answer = { readonly text: string } | { readonly error: string };

/** Bytes that came in on a sink, counted in slices of 50 ms since the first. */
export const SLICE_MS = 50;

/** A TCP server that says its name and whom it sees, then ends. */
export function greet(name: string, port: number, family: 4 | 6): Promise<Server> {
  return listening(
    createServer((socket) => quiet(socket).end(`${name} ${plain(socket.remoteAddress)}`)),
    port,
    family,
  );
}

/** A UDP socket that answers each datagram with its name and whom it sees. */
export function echo(name: string, port: number, family: 4 | 6): Promise<UdpSocket> {
  const socket = createSocket({ type: family === 4 ? 'udp4' : 'udp6', ipv6Only: family === 6 });
  socket.on('message', (_, from) => socket.send(`${name} ${plain(from.address)}`, from.port, from.address));
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(port, () => resolve(socket));
  });
}

/** Connects, reads until the end. */
export function fetchText(host: string, port: number, deadlineMs: number): Promise<Answer> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect({ host, port });
    const settle = (answer: Answer) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(deadlineMs, () => settle({ error: 'ETIMEDOUT' }));
    socket.on('data', (part) => {
      text += part.toString();
    });
    socket.on('end', () => settle({ text }));
    socket.on('error', (error: NodeJS.ErrnoException) => settle({ error: error.code ?? error.message }));
  });
}

/** Sends one datagram from an open socket and waits for the answer. */
export function askOnce(socket: UdpSocket, host: string, port: number, deadlineMs: number): Promise<Answer> {
  return new Promise((resolve) => {
    const settle = (answer: Answer) => {
      clearTimeout(timer);
      socket.removeAllListeners('message').removeAllListeners('error');
      resolve(answer);
    };
    const timer = setTimeout(() => settle({ error: 'ETIMEDOUT' }), deadlineMs);
    socket.once('message', (bytes) => settle({ text: bytes.toString() }));
    socket.once('error', (error: NodeJS.ErrnoException) => settle({ error: error.code ?? error.message }));
    socket.send('?', port, host, (error) => error && settle({ error: error.message }));
  });
}

/** A TCP server that counts what it gets. */
export async function sink(port: number, slices: number[]): Promise<Server> {
  let first: number | undefined;
  const count = (part: Buffer) => {
    first ??= performance.now();
    const at = Math.floor((performance.now() - first) / SLICE_MS);
    slices[at] = (slices[at] ?? 0) + part.length;
  };
  return listening(
    createServer((socket) => quiet(socket).on('data', count)),
    port,
    4,
  );
}

/** Sends zeros as fast as they go, for a time. */
export function pour(host: string, port: number, ms: number): Promise<Answer> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const bytes = new Uint8Array(64 * 1024);
    const more = () => {
      while (socket.writable && socket.write(bytes));
    };
    const timer = setTimeout(() => socket.destroy(), ms);
    let answer: Answer = { text: '' };
    socket.on('connect', more).on('drain', more);
    socket.on('error', (error: NodeJS.ErrnoException) => {
      answer = { error: error.code ?? error.message };
    });
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(answer);
    });
  });
}

function listening(server: Server, port: number, family: 4 | 6): Promise<Server> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host: family === 4 ? '0.0.0.0' : '::', ipv6Only: family === 6 }, () => resolve(server));
  });
}

function quiet(socket: Socket): Socket {
  return socket.on('error', () => {}); // the other end may go as it likes
}

function plain(address: string | undefined): string {
  return (address ?? '').replace(/^::ffff:/, '');
}
