import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { parentPort, workerData } from 'node:worker_threads';
import { close, open, O_RDONLY, setns } from '../../../src/io/kernel/libc.ts';
import { InitListener, ping, sendInit, type SeenInit } from './raw-calls.ts';
import { askOnce, echo, fetchText, greet, pour, sink, type Answer } from './socket-calls.ts';

// A thread that lives in one network namespace: a thread, and only it, can move there. All its sockets are of that
// namespace.

const CLONE_NEWNET = 0x40000000; // linux/sched.h
const port = parentPort;
if (port === null) throw new Error('this is the inside of a probe: see probe.ts');

const udpSockets: UdpSocket[] = [];
const slices: number[] = [];
let inits: InitListener | undefined;

/** What can be asked of a probe. */
const calls = {
  /** Serves TCP and UDP on a port, both families: answers "<name> <who asked>". */
  async serve(name: string, at: number): Promise<void> {
    for (const family of [4, 6] as const) {
      await greet(name, at, family);
      await echo(name, at, family);
    }
  },
  async tcp(host: string, at: number, deadlineMs: number): Promise<Answer> {
    return fetchText(host, at, deadlineMs);
  },
  /** Opens a UDP socket that keeps its port for all `udpAsk`s: one flow. */
  async udpOpen(family: 4 | 6): Promise<number> {
    const socket = createSocket(family === 4 ? 'udp4' : 'udp6');
    socket.bind(0);
    await once(socket, 'listening');
    return udpSockets.push(socket) - 1;
  },
  async udpAsk(id: number, host: string, at: number, deadlineMs: number): Promise<Answer> {
    const socket = udpSockets[id];
    return socket === undefined ? { error: 'no such socket' } : askOnce(socket, host, at, deadlineMs);
  },
  async ping(hosts: readonly string[], deadlineMs: number): Promise<readonly string[]> {
    return ping(hosts, deadlineMs);
  },
  async sctpListen(): Promise<void> {
    inits ??= new InitListener();
  },
  async sctpSend(host: string, at: number, sourcePort: number): Promise<boolean> {
    return sendInit(host, at, sourcePort);
  },
  async sctpSeen(): Promise<readonly SeenInit[]> {
    return inits?.seen ?? [];
  },
  async sink(at: number): Promise<void> {
    await sink(at, slices);
  },
  async pour(host: string, at: number, ms: number): Promise<Answer> {
    return pour(host, at, ms);
  },
  /** Bytes by slices of 50 ms. */
  async sunk(): Promise<readonly number[]> {
    return Array.from(slices, (bytes) => bytes ?? 0);
  },
};

export type ProbeCalls = typeof calls;

const { netns } = workerData as { netns: string };
const fd = open(netns, O_RDONLY);
if (fd < 0 || setns(fd, CLONE_NEWNET) !== 0) throw new Error(`cannot enter ${netns}`);
close(fd);

port.on('message', ({ id, call, args }: { id: number; call: keyof ProbeCalls; args: readonly unknown[] }) => {
  const work = calls[call] as (...args: readonly unknown[]) => Promise<unknown>;
  work(...args).then(
    (value) => port.postMessage({ id, value }),
    (error: unknown) => port.postMessage({ id, error: String(error) }),
  );
});
port.postMessage({ id: 0, value: 'ready' });
