import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { encodeReply } from '../../wire/agent/frame.ts';
import { callAgent } from './call-client.ts';
import { askSocket } from './http-client.ts';

const call = { env: { CNI_COMMAND: 'STATUS' }, stdin: new Uint8Array() };
let directory: string;
let path: string;
let server: Server | undefined;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'berth-clients-'));
  path = join(directory, 's');
});

afterEach(async () => {
  await new Promise((resolve) => (server === undefined ? resolve(undefined) : server.close(resolve)));
  server = undefined;
  rmSync(directory, { recursive: true });
});

/** A server that does one thing with whoever has said something. */
async function serve(act: (socket: Socket) => void): Promise<void> {
  server = createServer((socket) => socket.on('error', () => {}).once('data', () => act(socket)));
  await new Promise<void>((resolve) => server?.listen(path, resolve));
}

test('a reply that comes in pieces is whole in the end', async () => {
  const reply = encodeReply({ exitCode: 3, stdout: 'said' });
  await serve((socket) => {
    socket.write(reply.subarray(0, 3));
    setTimeout(() => socket.end(reply.subarray(3)), 20);
  });
  expect(await callAgent(path, call)).toEqual({ exitCode: 3, stdout: 'said' });
});

test('nobody there is `absent` for both clients', async () => {
  await expect(callAgent(path, call)).rejects.toMatchObject({ name: 'SocketError', kind: 'absent' });
  await expect(askSocket({ socket: path, ask: 'GET /' })).rejects.toMatchObject({
    name: 'SocketError',
    kind: 'absent',
  });
});

test('who hangs up, says half a word or nothing at all is not waited for', async () => {
  await serve((socket) => socket.destroy());
  await expect(callAgent(path, call)).rejects.toThrow('hung up without an answer');
  await expect(askSocket({ socket: path, ask: 'GET /' })).rejects.toMatchObject({ name: 'SocketError' });
  await new Promise((resolve) => server?.close(resolve));
  await serve((socket) => socket.end(encodeReply({ exitCode: 0, stdout: 'x' }).subarray(0, 5)));
  await expect(callAgent(path, call)).rejects.toMatchObject({ name: 'SocketError', kind: 'unknown' });
  await new Promise((resolve) => server?.close(resolve));
  await serve(() => {});
  await expect(callAgent(path, call, 50)).rejects.toThrow('no answer');
  await expect(askSocket({ socket: path, ask: 'GET /', timeoutMs: 50 })).rejects.toMatchObject({ kind: 'unknown' });
});
