import { afterEach, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { CloudCallsReply, NicRow, NicsReply, PoolReply } from '../../wire/agent/cloud.ts';
import { type Answers, type FakeAgent, fakeAgent, NOW } from './testing/fake-agent.ts';

const MINUTE = 60_000;

let agent: FakeAgent | undefined;

afterEach(async () => {
  await agent?.close();
  agent = undefined;
});

async function berth(answers: Answers, ...args: string[]) {
  agent = await fakeAgent(answers);
  return agent.run(...args);
}

const primary: NicRow = {
  id: 'eni-0a',
  device: 0,
  card: 0,
  mac: '02:00:00:00:00:01',
  subnet: 'subnet-1',
  subnetRange: '10.0.0.0/20',
  groups: ['sg-1'],
  own: ['10.0.0.10'],
  kind: 'interface',
  state: 'ready',
  linkReady: true,
  trust: 'sure',
  forPods: true,
  addresses: [
    { family: 'v4', used: 9, cooling: 2, free: 5, kept: 0, prefixes: 1 },
    { family: 'v6', used: 9, cooling: 0, free: 2 ** 48 - 9, kept: 0, prefixes: 1 },
  ],
};
const unsure: NicRow = {
  ...primary,
  id: 'eni-0b',
  device: 1,
  card: 1,
  state: 'unsure',
  linkReady: false,
  trust: 'unsure',
  addresses: [{ family: 'v4', used: 1, cooling: 0, free: 0, kept: 2, prefixes: 0 }],
};
const trunk: NicRow = { ...primary, id: 'eni-0c', device: 2, kind: 'trunk', state: 'others', addresses: [] };
const nics: NicsReply = { provider: 'aws', nics: [primary, unsure, trunk] };

const pool: PoolReply = {
  provider: 'aws',
  targets: { unit: 'prefix', maxPods: 110, warmAddresses: 1, minimumAddresses: 3, maxNics: 3 },
  nics: { attached: 2, atMost: 3 },
  sureAt: NOW - 20_000,
  families: [
    {
      family: 'v4',
      now: '14 IPv4 addresses: 9 in use, 2 cooling, 3 free; 1 shall be free',
      next: 'gives back up to 2 in 1 min 40 s, should nothing come',
      total: 14,
      free: 3,
      claimed: 9,
      cooling: 2,
      coming: 16,
      waiting: 0,
      expected: 0,
      aim: { low: 1, high: 1, minimum: 3 },
    },
  ],
  troubles: [
    {
      scope: 'subnet subnet-1 prefix v4',
      kind: 'exhausted',
      action: 'AssignPrivateIpAddresses',
      code: 'InsufficientCidrBlocks',
      message: 'AssignPrivateIpAddresses: InsufficientCidrBlocks: no /28 is left',
      since: NOW - 5 * MINUTE,
      until: NOW + 24_000,
      failures: 3,
    },
  ],
};

const calls: CloudCallsReply = {
  provider: 'aws',
  since: NOW - 99 * MINUTE,
  actions: [
    {
      action: 'DescribeNetworkInterfaces',
      calls: 12,
      throttled: 0,
      failed: 0,
      medianMs: 84,
      maxMs: 1_250,
      outcomes: { ok: 12 },
      urgencies: { refill: 11, housekeeping: 1 },
      lastAt: NOW - 4_000,
    },
    {
      action: 'AssignPrivateIpAddresses',
      calls: 5,
      throttled: 1,
      failed: 2,
      medianMs: 420,
      maxMs: 900,
      outcomes: { ok: 2, throttled: 1, exhausted: 2 },
      urgencies: { pod: 5 },
      lastAt: NOW - MINUTE,
      lastFailure: { at: NOW - MINUTE, code: 'InsufficientCidrBlocks' },
    },
  ],
};

test('nics shows what each NIC holds by family, and in what it is believed', async () => {
  const { code, out } = await berth({ 'GET /v1/nics': nics }, 'nics');
  expect(code).toBe(0);
  expect(out).toBe(`\
NIC      DEVICE   SUBNET     LINK        TRUST    FAMILY   USED   FREE    COOLING   KEPT   PREFIXES
eni-0a   0        subnet-1   ready       sure     IPv4     9      5       2         0      1
eni-0a   0        subnet-1   ready       sure     IPv6     9      ~2^48   0         0      1
eni-0b   1/1      subnet-1   not ready   unsure   IPv4     1      0       0         2      0
eni-0c   2        subnet-1   ready       trunk    <none>   0      0       0         0      0
`);
});

test('A49: nics shows the NICs of single pods behind the others: whose they are, and with which groups', async () => {
  const held = { id: 'eni-1a', vlan: 1, groups: ['sg-1', 'sg-2'], addresses: ['10.0.1.9'], state: 'held' } as const;
  const rests = { ...held, id: 'eni-1b', vlan: 2, groups: ['sg-1'], addresses: ['10.0.1.10'], state: 'rests' } as const;
  const podNics = { enforcing: 'strict', atMost: 9, nics: [{ ...held, pod: 'shop/web' }, rests] } as const;
  const { out } = await berth({ 'GET /v1/nics': { ...nics, podNics } }, 'nics');
  expect(out.slice(out.indexOf('NICs of'))).toBe(`\
NICs of single pods (strict): 2 of 9
NIC      VLAN   STATE   GROUPS      ADDRESS     POD
eni-1a   1      held    sg-1,sg-2   10.0.1.9    shop/web
eni-1b   2      rests   sg-1        10.0.1.10   <none>
`);
});

test('pool says targets, numbers, what comes next, and what is refused with its end', async () => {
  const { code, out } = await berth({ 'GET /v1/pool': pool }, 'pool');
  expect(code).toBe(0);
  expect(out).toBe(`\
Provider:    aws
Targets:     warmAddresses 1, minimumAddresses 3, by prefix, for 110 pods at most
NICs:        2 of 3
Confirmed:   20s ago

FAMILY   HELD   CLAIMED   COOLING   FREE   COMING   WAITING   EXPECTED   AIM
IPv4     14     9         2         3      16       0         0          1 free, 3 in all

Now:    14 IPv4 addresses: 9 in use, 2 cooling, 3 free; 1 shall be free.
Next:   gives back up to 2 in 1 min 40 s, should nothing come.

The cloud refused:
  AssignPrivateIpAddresses: InsufficientCidrBlocks: no /28 is left (subnet subnet-1 prefix v4; since 5 min, 3 failures in a row, asked again in 24 s)
`);
});

test('a pool without targets goes by the demand, and before the cloud has told, nothing is confirmed', async () => {
  const [family] = pool.families;
  if (family === undefined) throw new Error('no family');
  const { aim: _aim, ...unaimed } = family;
  const early: PoolReply = {
    provider: 'aws',
    targets: { unit: 'address', maxPods: 110 },
    nics: { attached: 0 },
    families: [unaimed],
    troubles: [],
  };
  const { out } = await berth({ 'GET /v1/pool': early }, 'pool');
  expect(out).toContain('Targets:     as the demand is, by address, for 110 pods at most\n');
  expect(out).toContain('Confirmed:   not yet\n');
  expect(out).toContain('<unknown>\n');
  expect(out).not.toContain('refused');
});

test('by which NICConfig NICs stand is said behind their subnet, and behind the family of what they hold', async () => {
  const placed = await berth({ 'GET /v1/nics': { ...nics, nics: [{ ...primary, config: 'blue' }] } }, 'nics');
  expect(placed.out).toMatch(/^eni-0a +0 +subnet-1 \(blue\) /m);
  const families = pool.families.map((it) => ({ ...it, config: 'blue' }));
  const { out } = await berth({ 'GET /v1/pool': { ...pool, families } }, 'pool');
  expect(out).toMatch(/^IPv4 \(blue\) +14 /m);
});

test('cloud calls shows how often, how long, and what came of it', async () => {
  const { code, out } = await berth({ 'GET /v1/cloud/calls': calls }, 'cloud', 'calls');
  expect(code).toBe(0);
  const lines = out.split('\n').map((line) => line.split(/ {3,}/));
  expect(lines[0]?.slice(0, 7)).toEqual(['ACTION', 'CALLS', 'OK', 'THROTTLED', 'FAILED', 'MEDIAN', 'MAX']);
  expect(lines[1]).toEqual([
    ...['DescribeNetworkInterfaces', '12', '12', '0', '0', '84 ms', '1.3 s', '4s ago'],
    ...['refill 11, housekeeping 1', '<none>'],
  ]);
  expect(lines[2]).toEqual([
    ...['AssignPrivateIpAddresses', '5', '2', '1', 'exhausted 2', '420 ms', '900 ms', '1m ago'],
    ...['pod 5', 'InsufficientCidrBlocks, 1m ago'],
  ]);
});

test('before the first call it is said that nothing was asked', async () => {
  const { out, err } = await berth({ 'GET /v1/cloud/calls': { ...calls, actions: [] } }, 'cloud', 'calls');
  expect([out, err]).toEqual(['', "Nothing was asked of the cloud in the 1h39m since the agent's start.\n"]);
});

const COMMANDS = [
  { words: ['nics'], question: 'GET /v1/nics', reply: nics, bare: { provider: 'podcidr', nics: [] } },
  { words: ['pool'], question: 'GET /v1/pool', reply: pool, bare: { provider: 'podcidr', families: [], troubles: [] } },
  {
    words: ['cloud', 'calls'],
    question: 'GET /v1/cloud/calls',
    reply: calls,
    bare: { provider: 'podcidr', since: 0, actions: [] },
  },
];

test.each(COMMANDS)('$words: json and yaml show all that the agent said', async ({ words, question, reply }) => {
  const json = await berth({ [question]: reply }, ...words, '-o', 'json');
  expect(JSON.parse(json.out)).toEqual(reply);
  const yaml = await agent?.run(...words, '-o', 'yaml');
  expect(parse(yaml?.out ?? '')).toEqual(reply);
});

test.each(COMMANDS)('$words: on podcidr it is said that there is no cloud', async ({ words, question, bare }) => {
  const { code, out, err } = await berth({ [question]: bare }, ...words);
  expect([code, out]).toEqual([0, '']);
  expect(err).toContain('This node has no cloud (provider: podcidr)');
  expect(JSON.parse((await agent?.run(...words, '-o', 'json'))?.out ?? '')).toEqual(bare);
});
