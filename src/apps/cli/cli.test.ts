import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { parse } from 'yaml';
import { VERSION } from '../../base/version.ts';
import type { AgentStatus, ExplainReply, GcReply, PodRow, WhyReply } from '../../wire/agent/status.ts';
import { type Answers, type FakeAgent, fakeAgent, NOW, run } from './testing/fake-agent.ts';

const MINUTE = 60_000;

const status: AgentStatus = {
  version: '0.1.0',
  node: 'node-a',
  pid: 42,
  startedAt: NOW - 99 * MINUTE,
  uptimeMs: 99 * MINUTE,
  mode: 'routed',
  ready: true,
  degraded: [],
  pools: [
    { family: 'v4', ranges: ['10.1.0.0/24'], usable: '253', claimed: 2, cooling: 1, free: '250', waiting: 0 },
    {
      family: 'v6',
      ranges: ['fd00::/64'],
      usable: '18446744073709551614',
      claimed: 2,
      cooling: 0,
      free: '18446744073709551612',
      waiting: 0,
    },
  ],
  attachments: 2,
  spooled: 0,
  journal: { path: '/var/lib/berth', records: 7 },
  recovery: [],
};

const web: PodRow = {
  pod: 'default/web',
  container: '8d5f3c0e6f1a2b3c4d5e6f',
  network: 'berth',
  ifname: 'eth0',
  addresses: ['10.1.0.2', 'fd00::2'],
  since: NOW - 26 * 60 * MINUTE,
  addMs: 1.234,
  mode: 'routed',
};
const nameless: PodRow = {
  container: 'feedbeef',
  network: 'berth',
  ifname: 'eth0',
  addresses: [],
  since: NOW - 5_000,
  mode: 'routed',
};

const explained: ExplainReply = {
  attachment: web,
  netns: '/run/netns/web',
  hostLink: 'bthabcdefghijkl',
  ports: ['tcp 8080 -> 80'],
  items: [
    { line: 'up pod:lo', state: 'ok' },
    { line: 'route 10.1.0.2/32 on host:bthabcdefghijkl', state: 'missing' },
    {
      line: 'sysctl v4.forwarding=1 on host:bthabcdefghijkl',
      state: 'changed',
      have: 'sysctl v4.forwarding=0 on host:bthabcdefghijkl',
    },
  ],
};

let agent: FakeAgent | undefined;

afterEach(async () => {
  await agent?.close();
  agent = undefined;
});

async function berth(answers: Answers, ...args: string[]) {
  agent = await fakeAgent(answers);
  return agent.run(...args);
}

test('status shows the agent and its addresses, sizes of IPv6 ranges as powers of two', async () => {
  const { code, out } = await berth({ 'GET /v1/status': status }, 'status');
  expect(code).toBe(0);
  expect(out).toBe(`\
Node:          node-a
Agent:         ready, version 0.1.0, pid 42, up 1h39m
Mode:          routed
Attachments:   2
Spooled:       <none>
Journal:       /var/lib/berth
Repaired:      <none>

FAMILY   RANGES        USABLE   CLAIMED   COOLING   FREE    WAITING
IPv4     10.1.0.0/24   253      2         1         250     0
IPv6     fd00::/64     ~2^64    2         0         ~2^64   0
`);
});

test('status of a node that is not well ends with 4 and says why', async () => {
  const sick = {
    ...status,
    ready: false,
    spooled: 3,
    degraded: ['the journal cannot be written: disk full'],
    recovery: ['2 torn bytes were cut off'],
    lastRepair: { at: NOW - 2 * MINUTE, owner: 'default/web', items: ['up pod:lo', 'up pod:eth0'] },
    journal: { path: '/var/lib/berth', records: 7, failing: 'ENOSPC' },
  };
  const { code, out } = await berth({ 'GET /v1/status': sick }, 'status');
  expect(code).toBe(4);
  for (const said of ['not ready', '3 DELs wait', 'ENOSPC', '2m ago, default/web: up pod:lo; up pod:eth0'])
    expect(out).toContain(said);
  expect(out).toContain('Not well:\n  the journal cannot be written: disk full\n');
  expect(out).toContain('Recovered at the start:\n  2 torn bytes were cut off\n');
});

test('json and yaml show all that the agent said', async () => {
  const answers = { 'GET /v1/status': status };
  const json = await berth(answers, 'status', '-o', 'json');
  expect(JSON.parse(json.out)).toEqual(status);
  const yaml = await agent?.run('status', '-o', 'yaml');
  expect(parse(yaml?.out ?? '')).toEqual(status);
});

test('pods are listed by name, those without one last', async () => {
  const { out } = await berth({ 'GET /v1/pods': [nameless, web] }, 'pods');
  expect(out).toBe(`\
POD           CONTAINER       NETWORK   IFNAME   ADDRESSES          MODE     ADD         AGE
default/web   8d5f3c0e6f1a2   berth     eth0     10.1.0.2,fd00::2   routed   1.2ms       1d2h
<none>        feedbeef        berth     eth0     <none>             routed   <unknown>   5s
`);
  expect((await agent?.run('pods', '--no-headers', '-n', 'default'))?.out).toMatch(/^default\/web .*\n$/);
  expect((await agent?.run('pods', '-o', 'name'))?.out).toBe('default/web\nfeedbeef\n');
});

test('no pods is said on standard error, and is no failure', async () => {
  const answers = { 'GET /v1/pods': [web] };
  expect(await berth(answers, 'pods', '-n', 'kube-system')).toEqual({
    code: 0,
    out: '',
    err: 'No pods attached in namespace kube-system.\n',
  });
});

test('explain puts the plan beside the kernel, and ends with 4 when they differ', async () => {
  const { code, out } = await berth({ 'GET /v1/explain': explained }, 'explain', 'default/web');
  expect(agent?.asked).toEqual([{ question: 'GET /v1/explain?q=default%2Fweb', body: '' }]);
  expect(code).toBe(4);
  expect(out).toContain(`\
KERNEL    PLAN
ok        up pod:lo
missing   route 10.1.0.2/32 on host:bthabcdefghijkl
changed   sysctl v4.forwarding=1 on host:bthabcdefghijkl
          now: sysctl v4.forwarding=0 on host:bthabcdefghijkl

2 of 3 differ.
`);
});

test('explain ends with 0 when the kernel holds all of it', async () => {
  const whole = { ...explained, items: explained.items.slice(0, 1) };
  const { code, out } = await berth({ 'GET /v1/explain': whole }, 'explain', '10.1.0.2');
  expect(code).toBe(0);
  expect(out).toContain('The kernel holds all of it.');
  expect(out).toContain('Ports:       tcp 8080 -> 80\n');
});

test('why tells the decisions with their local time', async () => {
  const reply: WhyReply = { query: 'web', sentences: [{ at: NOW, text: 'web was attached' }] };
  const { code, out } = await berth({ 'GET /v1/why': reply }, 'why', 'web');
  expect(code).toBe(0);
  expect(out).toMatch(/^2026-11-2\d \d\d:\d\d:\d\d\.000 {3}web was attached\n$/);
});

test('nobody of that name is 5, with what can be named', async () => {
  const empty: WhyReply = { query: 'x', sentences: [] };
  const answers = { 'GET /v1/why': empty, 'GET /v1/explain': new Error('nobody is attached by the name x') };
  const why = await berth(answers, 'why', 'x');
  expect(why).toMatchObject({ code: 5, out: '' });
  expect(why.err).toContain('-> name a pod as namespace/name');
  expect(await agent?.run('explain', 'x')).toMatchObject({ code: 5, err: 'berth: nobody is attached by the name x\n' });
  expect(await agent?.run('why', 'x', '-o', 'json')).toMatchObject({
    code: 5,
    out: expect.stringContaining('"sentences": []'),
  });
});

test('gc says what it removed, and ends with 4 when something is left', async () => {
  const reply: GcReply = { removed: ['default/old'], left: [{ what: 'veth x', why: 'EBUSY' }], kept: 2 };
  const { code, out } = await berth({ 'POST /v1/gc': reply }, 'gc');
  expect([code, agent?.asked[0]?.body]).toEqual([4, '{"dryRun":false}']);
  expect(out).toBe('removed default/old\ncould not remove veth x: EBUSY\n1 removed, 1 left, 2 attachments kept\n');
  expect((await agent?.run('gc', '--dry-run'))?.out).toContain('would remove default/old');
  expect(agent?.asked[1]?.body).toBe('{"dryRun":true}');
});

test('the level of the log is changed by one of its words only', async () => {
  const answers = { 'POST /v1/log-level': { before: 'info', level: 'debug' }, 'GET /v1/status': status };
  expect(await berth(answers, 'log-level', 'debug')).toMatchObject({
    code: 0,
    out: 'the agent of node-a logs debug, it logged info\n',
  });
  expect(agent?.asked[0]?.body).toBe('{"level":"debug"}');
  expect((await agent?.run('log-level', 'loud'))?.code).toBe(2);
});

test('the version is that of the package', async () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  expect(VERSION).toBe(version);
  const { out } = await berth({ 'GET /v1/status': status }, 'version', '-o', 'json');
  expect(JSON.parse(out)).toEqual({ client: VERSION, node: process.versions.node, agent: '0.1.0' });
  expect((await run(['version', '--socket', '/nowhere'])).out).toContain('does not answer');
  expect((await run(['--version'])).out).toBe(`${VERSION}\n`);
});

const ASKING = [
  ['status'],
  ['pods'],
  ['nics'],
  ['pool'],
  ['cloud', 'calls'],
  ['gc'],
  ['explain', 'x'],
  ['why', 'x'],
  ['log-level', 'info'],
];

test('an agent that is away is 3, with how to start it', async () => {
  for (const command of ASKING) {
    const { code, out, err } = await run([...command, '--socket', '/nowhere/admin.sock']);
    expect([command[0], code, out]).toEqual([command[0], 3, '']);
    expect(err).toMatch(/^berth: .*\/nowhere\/admin\.sock.*\n-> .+\n$/);
  }
});

test('a wrong command line is 2, and help is 0', async () => {
  for (const args of [['frob'], ['status', '--frob'], ['explain'], ['status', '-o', 'xml'], ['completion', 'fish']])
    expect([args, (await run(args)).code]).toEqual([args, 2]);
  expect(await run(['help'])).toMatchObject({ code: 0, out: expect.stringContaining('Usage: berth') });
  expect(await run(['status', '--help'])).toMatchObject({ code: 0, err: '' });
});

test('config check judges a file by line, config print fills it in', async () => {
  agent = await fakeAgent({});
  const file = join(dirname(agent.socket), 'config.yaml');
  writeFileSync(file, 'network:\n  ranges: [10.1.0.0/24]\n  mod: bridge\n');
  expect(await run(['config', 'check', '--config', file])).toMatchObject({
    code: 4,
    out: `problem   ${file}:3: network.mod: unknown key\n${file}: the agent would not take it\n`,
  });
  expect(await run(['config', 'print', '--config', file])).toMatchObject({ code: 1, out: '' });
  writeFileSync(file, 'network:\n  ranges: [10.1.0.0/31]\n');
  expect(await run(['config', 'check', '--config', file])).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^warning .*has room for 2 at most\n.*: good\n$/s),
  });
  const printed = await run(['config', 'print', '--config', file], { BERTH_NODE_NAME: 'n9' });
  expect(parse(printed.out)).toMatchObject({
    nodeName: 'n9',
    network: { mode: 'routed', mtu: 'auto' },
    pool: { cooldown: '30s' },
  });
  expect(await run(['config', 'check', '--config', '/nowhere.yaml'])).toMatchObject({ code: 1 });
});

test("config print --running shows the agent's, and what of the file waits for a start", async () => {
  const reply = { path: '/etc/berth/config.yaml', config: { nodeName: 'n1' }, waiting: ['paths.state'] };
  expect(await berth({ 'GET /v1/config': reply }, 'config', 'print', '--running')).toEqual({
    code: 0,
    out: 'nodeName: n1\n',
    err: '/etc/berth/config.yaml says otherwise about paths.state: taken on when the agent starts again\n',
  });
});
