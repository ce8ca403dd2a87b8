import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { getPriority } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { AGENT_NICE } from '../../src/io/system/priority.ts';
import { encodeReply } from '../../src/wire/agent/frame.ts';
import { buildExecutable, CONFIG, execute, start, temporary } from './executable.ts';
import { answering, fakeAgent } from './fake-agent.ts';

beforeAll(buildExecutable);

test("the agent sees the call's own variables and the trace, and nothing else of the environment (C37)", async () => {
  const told = {
    CNI_NETNS: '/run/netns/x',
    CNI_ARGS: 'IgnoreUnknown=1;A==b',
    CNI_NETNS_OVERRIDE: '',
    TRACEPARENT: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    TRACESTATE: 'k=v',
    BAGGAGE: 'b=c',
  };
  const kept = { HOME: '/root', AWS_SECRET_ACCESS_KEY: 'secret', TRACEPARENTAL: 'x', XCNI_COMMAND: 'DEL', CNI: 'x' };
  const agent = fakeAgent(answering(0, '{}'));
  await agent.listening;
  await execute({ verb: 'ADD', env: { ...agent.env, ...told, ...kept } });
  const fixed = { CNI_COMMAND: 'ADD', CNI_CONTAINERID: 'c1', CNI_IFNAME: 'eth0', CNI_PATH: '/opt/cni/bin' };
  expect(agent.calls.map(({ env }) => env)).toEqual([{ ...fixed, ...told }]);
  expect(Buffer.from(agent.calls[0]?.stdin ?? []).toString()).toBe(CONFIG);
});

test.each(['ADD', 'DEL', 'CHECK', 'GC', 'STATUS', 'NONSENSE'])(
  '%s: answer and exit code are passed on',
  async (verb) => {
    for (const [exitCode, stdout] of [
      [0, ''],
      [0, '{"cniVersion":"1.0.0"}'],
      [1, '{"code":7,"msg":"ü"}'],
      [255, 'x'],
    ] as const) {
      const agent = fakeAgent(answering(exitCode, stdout));
      await agent.listening;
      const ended = await execute({ verb, env: agent.env });
      expect(ended).toMatchObject({ code: exitCode, signal: null, stdout, stderr: '' });
      expect(agent.calls.length).toBe(1);
    }
  },
);

test('it goes before what else wants a processor; a pod waits for it', async () => {
  const seen: number[] = [];
  const agent = fakeAgent((socket, call, n) => {
    seen.push(getPriority(execution.child.pid));
    answering(0, '{}')(socket, call, n);
  });
  await agent.listening;
  const execution = start({ verb: 'ADD', env: agent.env });
  expect(await execution.ended).toMatchObject({ code: 0, stdout: '{}' });
  expect(seen).toEqual([getPriority() === 0 ? niceAsAllowed(AGENT_NICE) : getPriority()]);
});

/** What becomes of a wish for this nice here: whoever may not have it keeps 0. */
function niceAsAllowed(wish: number): number {
  return Number(spawnSync('nice', ['-n', String(wish), 'nice'], { encoding: 'utf8' }).stdout);
}

test("an agent's own no to a DEL is the runtime's to hear: it is not spooled", async () => {
  const spool = join(temporary(), 'spool');
  const agent = fakeAgent(answering(1, '{"code":11}'));
  await agent.listening;
  const ended = await execute({ verb: 'DEL', env: { ...agent.env, BERTH_SPOOL: spool } });
  expect([ended.code, ended.stdout, existsSync(spool)]).toEqual([1, '{"code":11}', false]);
});

test.each([0, 1, 4095, 4096, 16 * 1024, 32 * 1024 - 1, 1024 * 1024, 15 * 1024 * 1024])(
  'a configuration of %i bytes arrives as it was sent, and comes back (C38)',
  async (length) => {
    const stdin = randomBytes(length);
    const text = Buffer.alloc(length, 'ä'.repeat(7))
      .subarray(0, length - (length % 2))
      .toString();
    const agent = fakeAgent(answering(0, text));
    await agent.listening;
    const { code, stdout } = await execute({ verb: 'ADD', env: agent.env, stdin });
    expect(code).toBe(0);
    expect(Buffer.compare(Buffer.from(agent.calls[0]?.stdin ?? []), stdin)).toBe(0);
    expect(stdout === text).toBe(true);
  },
);

test('an environment of 1 MB harms nothing', async () => {
  const big = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`CNI_BIG${i}`, `${i}`.repeat(100_000)]));
  const agent = fakeAgent(answering(0, 'ok'));
  await agent.listening;
  const { code, stdout } = await execute({ verb: 'ADD', env: { ...agent.env, ...big }, stdin: 'x'.repeat(1_000_000) });
  expect([code, stdout]).toEqual([0, 'ok']);
  expect(agent.calls[0]?.env).toMatchObject(big);
  expect(agent.calls[0]?.stdin.length).toBe(1_000_000);
});

test('64 calls at once get each its own answer', async () => {
  const agent = fakeAgent((socket, { env }) => {
    const reply = encodeReply({ exitCode: 0, stdout: `for ${env['CNI_CONTAINERID']}` });
    setTimeout(() => socket.end(reply), Math.random() * 50);
  });
  await agent.listening;
  const ids = Array.from({ length: 64 }, (_, i) => `c${i}`);
  const ends = await Promise.all(ids.map((id) => execute({ verb: 'ADD', env: { ...agent.env, CNI_CONTAINERID: id } })));
  expect(ends.map(({ stdout }) => stdout)).toEqual(ids.map((id) => `for ${id}`));
});

test('an ADD waits for an agent that is only coming up: a restart is invisible to pods', async () => {
  const agent = fakeAgent(answering(0, 'up'), 400);
  const { code, stdout } = await execute({ verb: 'ADD', env: { ...agent.env, BERTH_WAIT_MS: '20000' } });
  expect([code, stdout]).toEqual([0, 'up']);
});

test('a runtime that closed its end of stdout is an error, not a signal', async () => {
  const agent = fakeAgent((socket) => setTimeout(() => answering(0, 'x'.repeat(200_000))(socket, NOTHING, 0), 100));
  await agent.listening;
  const { child, ended } = start({ verb: 'ADD', env: agent.env });
  child.stdout?.destroy();
  expect(await ended).toMatchObject({ code: 1, signal: null });
});

test('being stopped and continued changes nothing', async () => {
  const agent = fakeAgent((socket) => setTimeout(() => answering(0, 'late')(socket, NOTHING, 0), 300));
  await agent.listening;
  const { child, ended } = start({ verb: 'ADD', env: agent.env, stdin: 'open' });
  for (const signal of ['SIGSTOP', 'SIGCONT', 'SIGWINCH', 'SIGSTOP', 'SIGCONT'] as const) {
    await new Promise((fulfil) => setTimeout(fulfil, 50));
    child.kill(signal);
    child.stdin?.write('{}');
  }
  child.stdin?.end();
  expect(await ended).toMatchObject({ code: 0, stdout: 'late' });
  expect(agent.calls[0]?.stdin.length).toBe(10);
});

test('killed at any instant it has printed nothing, or everything (C28)', async () => {
  const text = 'y'.repeat(60_000);
  const agent = fakeAgent((socket) => setTimeout(() => answering(0, text)(socket, NOTHING, 0), 5));
  await agent.listening;
  for (let ms = 0; ms < 20; ms++) {
    const { child, ended } = start({ verb: 'ADD', env: agent.env });
    setTimeout(() => child.kill('SIGKILL'), ms);
    expect(['', text]).toContain((await ended).stdout);
  }
});

test('its side stays open until it has its answer: so the agent sees who hung up', async () => {
  let ended = false;
  const agent = fakeAgent((socket) => {
    socket.on('end', () => (ended = true));
    setTimeout(() => answering(0, `${ended}`)(socket, NOTHING, 0), 100);
  });
  await agent.listening;
  expect((await execute({ verb: 'ADD', env: agent.env })).stdout).toBe('false');
});

const NOTHING = { env: {}, stdin: new Uint8Array() };
