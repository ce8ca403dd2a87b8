import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { spawn } from 'node:child_process';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { decodeCall, encodeReply, FRAME_LIMIT } from '../../src/wire/agent/frame.ts';
import { buildExecutable, errorOf, execute, temporary } from './executable.ts';
import { answering, fakeAgent } from './fake-agent.ts';

beforeAll(buildExecutable);

const REPLY = encodeReply({ exitCode: 0, stdout: '{"cniVersion":"1.0.0"}' });

test('an agent that hangs up at any byte of its answer is asked again: the answer is whole', async () => {
  const lengths = [...REPLY.keys()]; // 0 … all but one byte
  await Promise.all(
    lengths.map(async (length) => {
      const agent = fakeAgent((socket, _, n) => socket.end(n === 0 ? REPLY.subarray(0, length) : REPLY));
      await agent.listening;
      const { code, stdout } = await execute({ verb: 'ADD', env: { ...agent.env, BERTH_WAIT_MS: '10000' } });
      expect([code, stdout, agent.calls.length]).toEqual([0, '{"cniVersion":"1.0.0"}', 2]);
      expect(agent.calls[1]).toEqual(agent.calls[0]); // the same request again
    }),
  );
});

test('an answer may come byte by byte', async () => {
  const agent = fakeAgent((socket) => void drip(socket, REPLY));
  await agent.listening;
  expect(await execute({ verb: 'ADD', env: agent.env })).toMatchObject({ code: 0, stdout: '{"cniVersion":"1.0.0"}' });
});

test('an agent that always hangs up: ADD ends with 11 within its budget, and stdout is one error (C39)', async () => {
  const agent = fakeAgent((socket) => socket.end(REPLY.subarray(0, 12)));
  await agent.listening;
  const ended = await execute({ verb: 'ADD', env: { ...agent.env, BERTH_ADD_BUDGET_MS: '600' } });
  expect(errorOf(ended)).toMatchObject({ code: 11, msg: expect.stringMatching(/ended while|in time/) });
  expect(agent.calls.length).toBeGreaterThan(2);
  expect(ended.ms).toBeLessThan(5_000);
});

test('an agent that hangs up before it has read a long request is asked again', async () => {
  const path = join(temporary(), 'agent.sock');
  let visits = 0;
  const server = createServer((socket) => {
    socket.on('error', () => {});
    if (visits++ === 0) socket.once('data', () => socket.destroy());
    else socket.resume().once('data', () => socket.end(REPLY));
  });
  onTestFinished(() => void server.close());
  await new Promise<void>((fulfil) => server.listen(path, fulfil));
  const env = { BERTH_SOCKET: path, BERTH_WAIT_MS: '10000' };
  const { code, stdout } = await execute({ verb: 'ADD', env, stdin: 'x'.repeat(4_000_000) });
  expect([code, stdout, visits]).toEqual([0, '{"cniVersion":"1.0.0"}', 2]);
});

test('an agent that answers and hangs up before it has read everything is heard', async () => {
  const path = join(temporary(), 'agent.sock');
  let visits = 0;
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    visits++;
    setTimeout(() => socket.write(REPLY, () => socket.destroy()), 200); // meanwhile the request fills the socket
  });
  onTestFinished(() => void server.close());
  await new Promise<void>((fulfil) => server.listen(path, fulfil));
  const { code, stdout } = await execute({ verb: 'ADD', env: { BERTH_SOCKET: path }, stdin: 'x'.repeat(4_000_000) });
  expect([code, stdout, visits]).toEqual([0, '{"cniVersion":"1.0.0"}', 1]);
});

test('the wait for an agent begins anew when it ends: what it took before does not count', async () => {
  const agent = fakeAgent((socket, call, n) => {
    if (n === 0) setTimeout(() => socket.destroy(), 500);
    else answering(0, 'back')(socket, call, n);
  });
  await agent.listening;
  const { code, stdout } = await execute({ verb: 'ADD', env: { ...agent.env, BERTH_WAIT_MS: '200' } });
  expect([code, stdout]).toEqual([0, 'back']);
});

test('STATUS does not ask again: no answer is an answer (C25)', async () => {
  const agent = fakeAgent((socket) => socket.destroy());
  await agent.listening;
  expect(errorOf(await execute({ verb: 'STATUS', env: agent.env }))['code']).toBe(50);
  expect(agent.calls.length).toBe(1);
});

test.each(['ADD', 'CHECK', 'GC', 'STATUS'])(
  '%s: an agent that does not answer is given up, with a reason',
  async (verb) => {
    const agent = fakeAgent(() => {});
    await agent.listening;
    const budget = { BERTH_ADD_BUDGET_MS: '300', BERTH_STATUS_BUDGET_MS: '300' };
    const ended = await execute({ verb, env: { ...agent.env, ...budget } });
    const code = verb === 'STATUS' ? 50 : 11;
    expect(errorOf(ended)).toMatchObject({ code, msg: 'the berth agent did not answer in time' });
    expect(agent.calls.length).toBe(1);
  },
);

test.each([
  ['of another version', patched(4, 2)],
  ['longer than any frame', Buffer.concat([u32(FRAME_LIMIT + 1), REPLY.subarray(4)])],
  ['of the largest length there is', Buffer.concat([u32(0xffffffff), REPLY.subarray(4)])],
  ['shorter than a reply', Buffer.concat([u32(1), REPLY.subarray(4)])],
  ['with bytes behind it', Buffer.concat([REPLY, Buffer.from('{}')])],
  ['that is no frame', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
])('an answer %s is refused with 11 at once; nothing of it is printed', async (_, bytes) => {
  const agent = fakeAgent((socket) => socket.end(bytes));
  await agent.listening;
  const ended = await execute({ verb: 'ADD', env: agent.env });
  expect(errorOf(ended)['code']).toBe(11);
  expect(errorOf(ended)['details']).toContain('berth install');
  expect(agent.calls.length).toBe(1);
});

test.each([
  ['does not answer', () => {}],
  ['hangs up', (socket: Socket) => socket.destroy()],
  ['answers nonsense', (socket: Socket) => socket.end('no frame at all')],
])('a DEL whose agent %s is spooled once, and succeeds', async (_, behave) => {
  const spool = temporary();
  const agent = fakeAgent(behave);
  await agent.listening;
  const env = { ...agent.env, BERTH_SPOOL: spool, BERTH_DEL_BUDGET_MS: '400' };
  expect(await execute({ verb: 'DEL', env, stdin: '{"name":"n"}' })).toMatchObject({ code: 0, stdout: '' });
  const [name, ...more] = readdirSync(spool);
  expect(more).toEqual([]);
  expect(decodeCall(readFileSync(join(spool, name ?? '')))).toEqual(agent.calls[0]);
});

test('an agent that is killed while it is asked, and comes back, answers: the pod does not notice', async () => {
  const path = join(temporary(), 'agent.sock');
  const first = await listener(path);
  const ended = execute({ verb: 'ADD', env: { BERTH_SOCKET: path, BERTH_WAIT_MS: '20000' } });
  await first.asked;
  first.kill();
  rmSync(path);
  const server = createServer((socket) => socket.on('data', () => socket.end(REPLY)).on('error', () => {}));
  onTestFinished(() => void server.close());
  await new Promise((fulfil) => setTimeout(fulfil, 300));
  await new Promise<void>((fulfil) => server.listen(path, fulfil));
  expect(await ended).toMatchObject({ code: 0, stdout: '{"cniVersion":"1.0.0"}' });
});

test('more calls than the kernel queues for a busy agent wait for it', async () => {
  const path = join(temporary(), 'agent.sock');
  const busy = await listener(path, 1);
  busy.stop();
  const calls = Array.from({ length: 8 }, () =>
    execute({ verb: 'ADD', env: { BERTH_SOCKET: path, BERTH_ADD_BUDGET_MS: '1000' } }),
  );
  const messages = (await Promise.all(calls)).map((it) => errorOf(it)['msg']);
  expect(messages).toContain('the berth agent has too many calls to answer');
  expect(messages).toContain('the berth agent did not answer in time');
});

test('a socket file that nobody listens on is an agent that is away', async () => {
  const path = join(temporary(), 'agent.sock');
  (await listener(path)).kill();
  const error = errorOf(await execute({ verb: 'ADD', env: { BERTH_SOCKET: path } }));
  expect(error).toMatchObject({ code: 11, msg: 'the berth agent does not answer' });
  expect(error['details']).toContain('Connection refused');
});

test('an answer that is late for STATUS still ends the wait of ADD in time', async () => {
  const agent = fakeAgent((socket, call) => setTimeout(() => answering(0, 'here')(socket, call, 0), 400));
  await agent.listening;
  const env = { ...agent.env, BERTH_STATUS_BUDGET_MS: '100' };
  expect(errorOf(await execute({ verb: 'STATUS', env }))['code']).toBe(50);
  expect((await execute({ verb: 'ADD', env })).stdout).toBe('here');
});

async function drip(socket: Socket, bytes: Uint8Array): Promise<void> {
  for (const byte of bytes) {
    socket.write(Uint8Array.of(byte));
    await new Promise((fulfil) => setTimeout(fulfil, 1));
  }
}

/** A process of its own that listens and never answers: it can be killed and stopped as an agent can. */
async function listener(path: string, backlog = 128) {
  const script = `require('node:net').createServer((s) => s.on('data', () => console.log('asked')))
    .listen({ path: ${JSON.stringify(path)}, backlog: ${backlog} }, () => console.log('listens'))`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const said = (word: string) =>
    new Promise<void>((fulfil) =>
      child.stdout.on('data', (bytes: Buffer) => bytes.toString().includes(word) && fulfil()),
    );
  const asked = said('asked');
  await said('listens');
  return { asked, kill: () => child.kill('SIGKILL'), stop: () => child.kill('SIGSTOP') };
}

function patched(at: number, byte: number): Uint8Array {
  const bytes = Uint8Array.from(REPLY);
  bytes[at] = byte;
  return bytes;
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
