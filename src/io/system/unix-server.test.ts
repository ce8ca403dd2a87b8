import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { LogFields, Logger } from '../../base/log.ts';
import { type CallFrame, decodeReply, encodeCall, FRAME_LIMIT } from '../../wire/agent/frame.ts';
import type { Peer } from './peer.ts';
import { type Caller, type CallServer, type CallServerOptions, serveCalls } from './unix-server.ts';

let directory: string;
let path: string;
let lines: { event: string; fields: LogFields | undefined }[];
let server: CallServer | undefined;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'berth-calls-'));
  path = join(directory, 'agent.sock');
  lines = [];
});

afterEach(async () => {
  await server?.close();
  server = undefined;
  rmSync(directory, { recursive: true });
});

async function serve(options: Partial<CallServerOptions> = {}): Promise<void> {
  const note = (event: string, fields?: LogFields) => void lines.push({ event, fields });
  const log: Logger = { error: note, warn: note, info: note, debug: note };
  server = await serveCalls({ path, log, allow: () => true, answer: echo, ...options });
}

const echo = async (call: CallFrame) => ({
  exitCode: 7,
  stdout: `${call.env['CNI_COMMAND'] ?? ''} ${call.stdin.length}`,
});

const frame = (stdin = 'conf') => encodeCall({ env: { CNI_COMMAND: 'ADD' }, stdin: Buffer.from(stdin) });

function visit(): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path, allowHalfOpen: true }, () => resolve(socket)).on('error', reject);
  });
}

/** What comes back until the other end closes; a reset counts as a close. */
function rest(socket: Socket): Promise<Buffer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', () => {});
    socket.on('end', () => socket.end());
    socket.on('close', () => resolve(Buffer.concat(chunks)));
  });
}

async function ask(bytes: Uint8Array): Promise<Buffer> {
  const socket = await visit();
  const answer = rest(socket);
  socket.write(bytes);
  return answer;
}

test('one request gets one reply, and the connection ends', async () => {
  await serve();
  expect(decodeReply(await ask(frame()))).toEqual({ exitCode: 7, stdout: 'ADD 4' });
});

test('a request that comes byte by byte is whole in the end', async () => {
  await serve();
  const socket = await visit();
  const answer = rest(socket);
  for (const byte of frame()) {
    socket.write(Uint8Array.of(byte));
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(decodeReply(await answer).stdout).toBe('ADD 4');
});

test('a megabyte of configuration arrives', async () => {
  await serve();
  expect(decodeReply(await ask(frame('x'.repeat(1 << 20)))).stdout).toBe(`ADD ${1 << 20}`);
});

test('an answer that its caller reads slowly arrives whole', async () => {
  const stdout = 'y'.repeat(4 << 20); // more than a socket holds
  await serve({ answer: async () => ({ exitCode: 0, stdout }) });
  const socket = await visit();
  socket.pause();
  socket.write(frame());
  await until(() => server?.connections === 1);
  expect(decodeReply(await ask(frame())).stdout.length).toBe(stdout.length);
  await until(() => server?.connections === 1); // the slow one
  const answer = rest(socket);
  socket.resume();
  expect(decodeReply(await answer).stdout.length).toBe(stdout.length);
});

test('calls overlap: a slow one holds nobody up', async () => {
  let release = () => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  let first = true;
  await serve({
    answer: async (call) => {
      const wait = first ? gate : undefined;
      first = false;
      await wait;
      return echo(call);
    },
  });
  const slow = ask(frame('slow'));
  expect(decodeReply(await ask(frame('quick'))).stdout).toBe('ADD 5');
  release();
  expect(decodeReply(await slow).stdout).toBe('ADD 4');
});

test('the peer is known by its ids, and one that is not allowed hears nothing', async () => {
  const seen: Peer[] = [];
  await serve({
    allow: (peer) => {
      seen.push(peer);
      return false;
    },
  });
  expect((await ask(frame())).length).toBe(0);
  expect(seen).toEqual([{ pid: process.pid, uid: process.getuid?.(), gid: process.getgid?.() }]);
  expect(lines.map((it) => it.event)).toEqual(['call denied']);
});

const HOSTILE: readonly (readonly [string, Uint8Array])[] = [
  ['a length over the limit', Uint8Array.of(0xff, 0xff, 0xff, 0xff)],
  ['a length just over the limit', Uint8Array.of(...new Uint8Array(new Uint32Array([FRAME_LIMIT + 1]).buffer))],
  ['a length of nothing', new Uint8Array(8)],
  ['text', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
  ['another version', frame().with(4, 99)],
  ['an environment longer than the frame', frame().with(6, 0xff)],
  ['bytes behind the frame', Buffer.concat([frame(), Buffer.from('more')])],
];

test.each(HOSTILE)('%s ends its own connection and nothing else', async (_name, bytes) => {
  await serve();
  expect((await ask(bytes)).length).toBe(0);
  expect(lines.map((it) => it.event)).toEqual(['call malformed']);
  expect(decodeReply(await ask(frame())).stdout).toBe('ADD 4');
});

test('a request torn off in its middle is dropped, and a mere knock is not worth a line', async () => {
  await serve();
  for (const cut of [0, 1, 3, 4, 9, frame().length - 1]) {
    const socket = await visit();
    const answer = rest(socket);
    socket.end(frame().subarray(0, cut));
    expect((await answer).length).toBe(0);
  }
  expect(lines.map((it) => it.event)).toEqual(Array.from({ length: 5 }, () => 'call malformed'));
  expect(server?.connections).toBe(0);
});

test('a request that does not arrive in time is dropped', async () => {
  await serve({ requestMs: 100 });
  const socket = await visit();
  const answer = rest(socket);
  socket.write(frame().subarray(0, 5));
  expect((await answer).length).toBe(0);
  expect(lines).toMatchObject([{ event: 'call malformed', fields: { reason: 'too slow' } }]);
});

test('requests that together are too large are refused, and their room is given back', async () => {
  await serve({ totalBytesLimit: 1 << 20 });
  const holder = await visit();
  const held = rest(holder);
  holder.write(frame('x'.repeat(700_000)).subarray(0, 100));
  await until(() => server?.connections === 1);
  await new Promise((resolve) => setTimeout(resolve, 20)); // its length has to be read
  expect((await ask(frame('x'.repeat(700_000)))).length).toBe(0);
  holder.destroy();
  await held;
  await until(() => server?.connections === 0);
  expect(decodeReply(await ask(frame('x'.repeat(700_000)))).stdout).toBe('ADD 700000');
});

test('connections over the limit are closed, not queued', async () => {
  await serve({ connectionLimit: 2 });
  const held = [await visit(), await visit()];
  await until(() => server?.connections === 2);
  expect((await ask(frame())).length).toBe(0);
  expect(lines.map((it) => it.event)).toEqual(['call dropped']);
  for (const socket of held) socket.destroy();
});

test('a handler that throws is logged, and its caller sees the connection close', async () => {
  await serve({ answer: () => Promise.reject(new Error('broken')) });
  expect((await ask(frame())).length).toBe(0);
  expect(lines).toMatchObject([{ event: 'call failed', fields: { command: 'ADD' } }]);
});

test('a caller that is killed while it waits is known to be gone', async () => {
  let seen: Caller | undefined;
  await serve({
    answer: async (call, caller) => {
      seen = caller;
      await until(() => caller.gone);
      return echo(call);
    },
  });
  const socket = await visit();
  socket.write(frame());
  await until(() => seen !== undefined);
  expect(seen).toMatchObject({ pid: process.pid, gone: false });
  socket.destroy();
  await until(() => seen?.gone === true);
});

test('close lets a running call be answered, drops those still arriving, and takes no new one', async () => {
  let release = () => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  await serve({ answer: (call) => gate.then(() => echo(call)) });
  const running = ask(frame());
  const arriving = await visit();
  const dropped = rest(arriving);
  arriving.write(frame().subarray(0, 5));
  await until(() => server?.connections === 2);
  await new Promise((resolve) => setTimeout(resolve, 20)); // the running one has to be read
  const closed = server?.close();
  expect((await dropped).length).toBe(0);
  await expect(visit()).rejects.toMatchObject({ code: 'ENOENT' });
  release();
  expect(decodeReply(await running).stdout).toBe('ADD 4');
  await closed;
});

async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; i < 200 && !holds(); i++) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(holds()).toBe(true);
}
