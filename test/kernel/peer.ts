import { createSocket } from 'node:dgram';
import { createServer, connect } from 'node:net';
import { listenEcho, Stream } from './stream.ts';

// The process that a Space keeps in its network namespace: it listens and asks there, as it is told over IPC, and
// ends with its parent.

/** What a peer can be told to do. Ports in host order. */
export type Order =
  /** Answers every client with "address port" of the client, as seen here. */
  | { readonly do: 'listen'; readonly protocol: 'tcp' | 'udp'; readonly address: string; readonly port: number }
  /** Says what the other side answered, or "refused", "nothing". A `localPort` is kept for the next ask of it. */
  | {
      readonly do: 'ask';
      readonly protocol: 'tcp' | 'udp';
      readonly address: string;
      readonly port: number;
      readonly localPort?: number;
      readonly patienceMs?: number;
    }
  /** Says back what clients say, as long as they say something. */
  | { readonly do: 'echo'; readonly address: string; readonly port: number }
  /** Begins to talk over one TCP connection to an echo, and goes on until `end-stream`, which says how it went. */
  | { readonly do: 'stream'; readonly address: string; readonly port: number }
  | { readonly do: 'end-stream' };

const PATIENCE_MS = 4_000; // a lost SYN is sent again after one second

function listen({ protocol, address, port }: Order & { do: 'listen' }): Promise<string> {
  return new Promise((resolve, reject) => {
    if (protocol === 'tcp') {
      const server = createServer((client) => {
        client.on('error', () => {});
        client.end(`${client.remoteAddress} ${client.remotePort}`);
      });
      server.on('error', reject);
      server.listen({ host: address, port }, () => resolve('listening'));
      return;
    }
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    socket.on('error', reject);
    socket.on('message', (_, from) => socket.send(`${from.address} ${from.port}`, from.port, from.address));
    socket.bind({ address, port }, () => resolve('listening'));
  });
}

function ask(order: Order & { do: 'ask' }): Promise<string> {
  return new Promise((resolve) => {
    const close = order.protocol === 'tcp' ? askTcp(order, done) : askUdp(order, done);
    const timer = setTimeout(() => done('nothing'), order.patienceMs ?? PATIENCE_MS);
    function done(answer: string): void {
      clearTimeout(timer);
      close();
      resolve(answer);
    }
  });
}

function askTcp({ address: host, port, localPort }: Order & { do: 'ask' }, done: (answer: string) => void): () => void {
  const socket = connect({ host, port, ...(localPort === undefined ? {} : { localPort }) });
  socket.on('data', (data) => done(data.toString()));
  socket.on('error', (error) => done(nameOf(error)));
  return () => socket.destroy();
}

function askUdp({ address, port, localPort }: Order & { do: 'ask' }, done: (answer: string) => void): () => void {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  socket.on('message', (data) => done(data.toString()));
  socket.on('error', (error) => done(nameOf(error)));
  socket.bind(localPort ?? 0, () => socket.connect(port, address, () => socket.send('who am I?')));
  return () => socket.close();
}

function nameOf(error: NodeJS.ErrnoException): string {
  return error.code === 'ECONNREFUSED' ? 'refused' : `${error.code}`;
}

let stream: Stream | undefined;

function obey(order: Order): Promise<string> {
  switch (order.do) {
    case 'listen':
      return listen(order);
    case 'ask':
      return ask(order);
    case 'echo':
      return listenEcho(order.address, order.port);
    case 'stream':
      stream = new Stream(order.address, order.port);
      return Promise.resolve('streaming');
    case 'end-stream':
      return stream?.end() ?? Promise.reject(new Error('there is no stream'));
  }
}

process.on('message', ({ id, order }: { id: number; order: Order }) => {
  obey(order).then(
    (answer) => process.send?.({ id, answer }),
    (error: Error) => process.send?.({ id, error: error.message }),
  );
});
process.on('disconnect', () => process.exit(0));
process.send?.({ id: 0, answer: 'ready' });
