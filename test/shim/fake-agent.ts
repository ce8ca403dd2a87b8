import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type CallFrame, decodeCall, encodeReply, frameLength } from '../../src/wire/agent/frame.ts';
import { temporary } from './executable.ts';

/** What the fake agent does with the n-th call (from 0) that reached it whole. */
export type Behaviour = (socket: Socket, call: CallFrame, n: number) => void;

export interface FakeAgent {
  readonly env: { readonly BERTH_SOCKET: string };
  readonly calls: readonly CallFrame[];
  readonly listening: Promise<void>;
}

/** An agent that listens on a socket of its own until the test ends; after `delayMs` when that is given. */
export function fakeAgent(behave: Behaviour, delayMs = 0): FakeAgent {
  const path = join(temporary(), 'agent.sock');
  const calls: CallFrame[] = [];
  const server: Server = createServer((socket) => {
    let bytes: Buffer = Buffer.alloc(0);
    socket.on('error', () => {}); // callers that are killed
    socket.on('data', (part) => {
      bytes = Buffer.concat([bytes, part]);
      if (bytes.length !== frameLength(bytes)) return;
      const call = decodeCall(bytes);
      behave(socket, call, calls.push(call) - 1);
    });
  });
  const listening = new Promise<void>((fulfil) => {
    const timer = setTimeout(() => server.listen({ path, backlog: 128 }, fulfil), delayMs);
    onTestFinished(() => clearTimeout(timer));
  });
  onTestFinished(() => void server.close());
  return { env: { BERTH_SOCKET: path }, calls, listening };
}

/** Answers every call with this. */
export function answering(exitCode: number, stdout: string): Behaviour {
  return (socket) => socket.end(encodeReply({ exitCode, stdout }));
}
