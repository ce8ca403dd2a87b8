import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { beforeAll, expect, test } from 'vitest';
import { decodeCall } from '../../src/wire/agent/frame.ts';
import { SUPPORTED_VERSIONS, writeVersions } from '../../src/wire/cni/version.ts';
import { buildExecutable, COMMAND, CONFIG, errorOf, EXECUTABLE, execute, start, temporary } from './executable.ts';

beforeAll(buildExecutable);

test('it is one static file: no interpreter, no library', () => {
  const elf = readFileSync(EXECUTABLE);
  const [at, count] = [Number(elf.readBigUInt64LE(32)), elf.readUInt16LE(56)];
  const types = Array.from({ length: count }, (_, i) => elf.readUInt32LE(at + i * 56));
  expect(types).toContain(1); // PT_LOAD
  expect(types).not.toContain(2); // PT_DYNAMIC
  expect(types).not.toContain(3); // PT_INTERP
});

test('without CNI_COMMAND it says what it is on stderr, and nothing on stdout (C1)', async () => {
  const empty = await execute({ verb: '' });
  expect([empty.code, empty.stdout]).toEqual([0, '']);
  expect(empty.stderr).toMatch(/^berth-cni: .*CNI plugin.*\n$/);
  const [program, ...args] = COMMAND;
  const unset = spawnSync(program, args, { env: {}, encoding: 'utf8' });
  expect([unset.status, unset.stdout, unset.stderr]).toEqual([0, '', empty.stderr]);
});

test.each(SUPPORTED_VERSIONS)(
  'VERSION needs no agent and answers in the version it is asked in: %s (C7)',
  async (v) => {
    const { code, stdout } = await execute({ verb: 'VERSION', stdin: JSON.stringify({ cniVersion: v }) });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual(JSON.parse(writeVersions(v)));
  },
);

test.each(['', '{}', 'no JSON at all', '{"cniVersion":"9.9.9"}', '{"cniVersion":1}', '{"x":{"cniVersion":"0.4.0"}}'])(
  'VERSION answers with the newest version when stdin names none that we speak: %s (C7)',
  async (stdin) => {
    const { code, stdout } = await execute({ verb: 'VERSION', stdin });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual(JSON.parse(writeVersions()));
  },
);

test('VERSION answers with /dev/null, a closed stdin, and one that nobody closes (C7)', async () => {
  for (const redirection of ['</dev/null', '<&-']) {
    const env = { CNI_COMMAND: 'VERSION', CNI_NETNS: 'dummy', CNI_IFNAME: 'dummy', CNI_PATH: 'dummy' };
    const { status, stdout } = spawnSync('sh', ['-c', `exec ${COMMAND.join(' ')} ${redirection}`], {
      env,
      encoding: 'utf8',
    });
    expect([status, stdout.trim()]).toEqual([0, writeVersions()]);
  }
  const open = await execute({ verb: 'VERSION', stdin: 'open', env: { BERTH_STATUS_BUDGET_MS: '100' } });
  expect([open.code, open.stdout.trim()]).toEqual([0, writeVersions()]);
});

test('ADD without an agent waits as long as it may, then refuses with 11 and what to check (C39)', async () => {
  const ended = await execute({ verb: 'ADD', env: { BERTH_WAIT_MS: '400' } });
  const { code, cniVersion, msg, details } = errorOf(ended);
  expect({ code, cniVersion }).toEqual({ code: 11, cniVersion: '1.0.0' });
  expect(msg).toBe('the berth agent does not answer');
  expect(details).toContain('berth status');
  expect(details).toContain('/nonexistent/agent.sock');
  expect(details).toContain('No such file or directory');
  expect(ended.ms).toBeGreaterThan(300);
});

test('CHECK, GC and unknown verbs do not wait for long: a caller that asks again is better served so', async () => {
  for (const verb of ['CHECK', 'GC', 'NONSENSE']) expect(errorOf(await execute({ verb }))['code']).toBe(11);
});

test('STATUS says at once that no agent is there (C25)', async () => {
  const ended = await execute({ verb: 'STATUS', env: { BERTH_WAIT_MS: '60000' } });
  expect(errorOf(ended)['code']).toBe(50);
  expect(ended.ms).toBeLessThan(3_000);
});

test('a socket that it may not use is told at once: waiting would not help', async () => {
  const ended = await execute({
    verb: 'ADD',
    env: { BERTH_SOCKET: `/run/${'x'.repeat(200)}`, BERTH_WAIT_MS: '60000' },
  });
  expect(errorOf(ended)).toMatchObject({ code: 11, msg: 'the berth agent cannot be asked' });
  expect(errorOf(ended)['details']).toContain('as root');
});

test.each([
  ['1.1.0', '{"name":"x","cniVersion":"1.1.0"}'],
  ['0.4.0', '{"plugins":[{"cniVersion":"0.3.1"}],\n "a": "\\"cniVersion\\": }", "cniVersion" \t:\r\n "0.4.0"}'],
  ['0.4.0', '{"a":"\\"","cniVersion":"0.4.0"}'],
  ['0.3.1', '{"a":"\\\\","cniVersion":"0.3.1"}'],
  ['1.0.0', '{"a":{"cniVersion":"0.3.1"}}'],
  ['1.0.0', '{"cniVersion":"<script>"}'],
  ['1.0.0', '{"cniVersion":"1.1.0.1.1.0.1.1.0.1.1.0"}'],
  ['1.0.0', '{"cniVersion":["1.1.0"]}'],
  ['1.0.0', '{"cniVersion":"1.1.0'],
  ['1.0.0', '{"cniVersion'],
  ['1.0.0', '{"cniVersion\\'],
  ['1.0.0', '"cniVersion":"1.1.0"'],
  ['1.0.0', ']]]]{{{{"\u0000'],
])("its own errors have the configuration's version, %s, else 1.0.0 (C9)", async (version, stdin) => {
  expect(errorOf(await execute({ verb: 'STATUS', stdin }))['cniVersion']).toBe(version);
});

test('whatever stands in paths, an error is one JSON document (C10)', async () => {
  const BERTH_SOCKET = '/tmp/"quoted"\\back\nline\u0001\u007f\u00e9\u{1f980}/agent.sock';
  const ended = await execute({ verb: 'STATUS', env: { BERTH_SOCKET } });
  expect(errorOf(ended)['details']).toContain('/tmp/"quoted"\\back\nline\u0001????');
  expect(ended.stderr).toBe('');
});

test('a DEL without an agent is on record in the spool, whole and for root alone, and succeeds (C17)', async () => {
  const spool = join(temporary(), 'var/lib/berth/spool');
  const env = { BERTH_SPOOL: spool, CNI_ARGS: 'IgnoreUnknown=1;K8S_POD_NAME=é', TRACEPARENT: '00-a-b-01', HOME: '/' };
  expect(await execute({ verb: 'DEL', env })).toMatchObject({ code: 0, stdout: '', stderr: '' });
  const names = readdirSync(spool);
  expect(names).toEqual([expect.stringMatching(/^\d{19}-\d+\.del$/)]);
  const file = join(spool, names[0] ?? '');
  expect([statSync(spool).mode & 0o777, statSync(file).mode & 0o777]).toEqual([0o700, 0o600]);
  const call = decodeCall(readFileSync(file));
  expect(call.env).toEqual({
    CNI_COMMAND: 'DEL',
    CNI_CONTAINERID: 'c1',
    CNI_IFNAME: 'eth0',
    CNI_PATH: '/opt/cni/bin',
    CNI_ARGS: 'IgnoreUnknown=1;K8S_POD_NAME=é',
    TRACEPARENT: '00-a-b-01',
  });
  expect(Buffer.from(call.stdin).toString()).toBe(CONFIG);
});

test('names in the spool sort by time', async () => {
  const spool = temporary();
  for (const id of ['a', 'b', 'c', 'd'])
    await execute({ verb: 'DEL', env: { BERTH_SPOOL: spool, BERTH_WAIT_MS: '0', CNI_CONTAINERID: id } });
  const ids = readdirSync(spool)
    .toSorted()
    .map((name) => decodeCall(readFileSync(join(spool, name))).env['CNI_CONTAINERID']);
  expect(ids).toEqual(['a', 'b', 'c', 'd']);
});

test('a DEL that nobody can keep is an error, so that the runtime asks again', async () => {
  const error = errorOf(await execute({ verb: 'DEL', env: { BERTH_SPOOL: '/proc/nonexistent/spool' } }));
  expect(error).toMatchObject({ code: 11, cniVersion: '1.0.0', msg: 'the berth agent does not answer' });
  expect(error['details']).toContain('/proc/nonexistent/spool');
});

test('64 DELs at once are 64 files, and none is half written', async () => {
  const spool = join(temporary(), 'spool');
  const ids = Array.from({ length: 64 }, (_, i) => `c${i}`);
  const ends = await Promise.all(
    ids.map((id) => execute({ verb: 'DEL', env: { BERTH_SPOOL: spool, BERTH_WAIT_MS: '0', CNI_CONTAINERID: id } })),
  );
  expect(ends.filter(({ code }) => code !== 0)).toEqual([]);
  const kept = readdirSync(spool).map((name) => decodeCall(readFileSync(join(spool, name))).env['CNI_CONTAINERID']);
  expect(new Set(kept)).toEqual(new Set(ids));
});

test('a standard input that nobody closes ends with the budget, with 5', async () => {
  const ended = await execute({ verb: 'ADD', stdin: 'open', env: { BERTH_ADD_BUDGET_MS: '300' } });
  expect(errorOf(ended)).toMatchObject({ code: 5, msg: 'standard input was not closed in time' });
  expect(ended.ms).toBeGreaterThan(250);
});

test('a closed standard input is an empty one', () => {
  const env = { CNI_COMMAND: 'STATUS', BERTH_SOCKET: '/nonexistent/agent.sock' };
  const { status, stdout } = spawnSync('sh', ['-c', `exec ${COMMAND.join(' ')} <&-`], { env, encoding: 'utf8' });
  expect([status, (JSON.parse(stdout) as { code: number }).code]).toEqual([1, 50]);
});

test('a standard input that cannot be read is told with 5', () => {
  const env = { CNI_COMMAND: 'ADD', BERTH_ADD_BUDGET_MS: '300' };
  const { status, stdout } = spawnSync('sh', ['-c', `exec ${COMMAND.join(' ')} </`], { env, encoding: 'utf8' });
  expect([status, (JSON.parse(stdout) as { code: number }).code]).toEqual([1, 5]);
});

test('more than 16 MiB are refused with 6, and nothing hangs', async () => {
  const { child, ended } = start({ verb: 'ADD', stdin: 'open' });
  child.stdin?.end(Buffer.alloc(17 * 1024 * 1024, 0x20));
  expect(errorOf(await ended)).toMatchObject({ code: 6, msg: expect.stringContaining('16 MiB') });
});

test('budgets that are no numbers count as not set', async () => {
  for (const BERTH_WAIT_MS of ['-1', '1e3', '9'.repeat(40), ' 5']) {
    const execution = start({ verb: 'ADD', env: { BERTH_WAIT_MS } });
    const first = await Promise.race([execution.ended, new Promise((fulfil) => setTimeout(fulfil, 250, 'waits'))]);
    execution.child.kill('SIGKILL');
    await execution.ended;
    expect(first).toBe('waits');
  }
});
