import { afterEach, beforeEach, expect, test } from 'vitest';
import { localMac } from '../../base/mac.ts';
import { prefix } from '../../base/ip.ts';
import type { NicId } from '../../core/ipam/nic.ts';
import { FakeProvider } from '../../io/cloud/fake-provider.ts';
import { cloudDefaults } from '../../io/config/cloud-defaults.ts';
import { CloudError } from '../../io/cloud/provider.ts';
import { settled } from './testing/hand-clock.ts';
import { type Answer, SmallAgent } from './testing/small-agent.ts';

let small: SmallAgent;
let provider: FakeProvider;

beforeEach(async () => {
  provider = new FakeProvider({ limits: { nics: 3, slotsV4: 10, slotsV6: 10, prefixes: true } });
  provider.ranges = [prefix('10.0.0.0/16')];
  small = new SmallAgent([], {
    ...cloudDefaults(),
    provider: 'aws',
    pool: { cooldownMs: 30_000, patienceMs: 60_000, waitingLimit: 100 },
  });
  small.provider = provider;
  attachLinks(1);
  await small.start();
  await pass(1_000);
});
afterEach(() => small.close());

/** The kernel shows the links of the first so many NICs. */
function attachLinks(count: number): void {
  small.kernel.world.hostLinks = Array.from({ length: count }, (_, device) => ({
    name: `eth${device}`,
    mac: localMac(BigInt(device + 1)),
    mtuBytes: 9_001,
    up: true,
    addresses: [],
    defaultRoute: device === 0 ? (['v4'] as const) : [],
  }));
}

/** Lets time pass in steps: the disk is a real one and takes its own. */
async function pass(ms: number): Promise<void> {
  for (let i = 0; i < 20; i++) {
    await small.clock.pass(ms / 20);
    await new Promise((resolve) => setTimeout(resolve, 3));
  }
}

/** ADDs at once; time passes until all are answered. */
async function burst(count: number, from = 0, ms = 5_000): Promise<readonly Answer[]> {
  const asked = Array.from({ length: count }, (_, i) => small.add({ id: `pod${from + i}` }));
  await settled();
  await pass(ms);
  return Promise.all(asked);
}

const marks = () => small.standing().filter((line) => line.includes('nic_of4'));

test('a pod gets an address of a NIC, and the NIC is marked for it before the answer', async () => {
  const [answer] = await burst(1);
  expect(answer).toMatchObject({ exitCode: 0 });
  expect(marks().join('\n')).toContain(`element ${answer?.ips[0]}/32 : 2048 in nic_of4`);
});

test('A30: twenty pods at once are served by a few calls, and each has an address of its own', async () => {
  attachLinks(3);
  const answers = await burst(20, 0, 10_000);
  expect(answers).toHaveLength(20);
  const { assign, createNic } = provider.cloud.calls;
  expect(assign + createNic).toBeLessThanOrEqual(4); // three NICs of nine, and what was warm
});

test('A26: what is asked of the cloud is on record before', async () => {
  const seen: boolean[] = [];
  provider.before = ({ token }) => {
    seen.push(small.agent.parts.doors.journal.memory().intents.has(token));
  };
  await burst(3);
  expect(seen.length).toBeGreaterThan(0);
  expect(seen.every(Boolean)).toBe(true);
});

test('addresses of a NIC whose link is not there yet are given when it comes', async () => {
  const asked = Array.from({ length: 12 }, (_, i) => small.add({ id: `pod${i}` }));
  await settled();
  await pass(4_000);
  expect(provider.cloud.calls.createNic).toBe(1);
  expect(marks().some((line) => line.includes(': 1 in'))).toBe(false);
  attachLinks(2);
  await pass(4_000);
  const answers = await Promise.all(asked);
  expect(new Set(answers.flatMap(({ ips }) => ips)).size).toBe(12);
  expect(small.standing()).toContain('rule v4 1536 mark 1/4095 table 4001');
});

test('a subnet that has run dry refuses with its name, and serves again when it has addresses', async () => {
  await burst(1);
  provider.cloud.dry = true;
  const answers = await burst(12, 1, 90_000);
  const refused = answers.filter(({ exitCode }) => exitCode !== 0);
  expect(refused.length).toBeGreaterThan(0);
  expect(refused[0]?.says).toContain('subnet-a');
  expect(small.counted).toContain('refused subnet-empty');
  provider.cloud.dry = false;
  await pass(300_000);
  expect((await burst(1, 50, 30_000))[0]).toMatchObject({ exitCode: 0 });
});

test('A44: a NIC that was detached from outside is told to its pods, and gives nothing any more', async () => {
  attachLinks(2);
  const answers = await burst(12);
  const second = [...provider.cloud.nics.values()].find(({ device }) => device === 1);
  if (second === undefined) throw new Error('no second NIC');
  const cut = answers.filter(({ ips }) => ips.some((it) => second.holds.has(it as never)));
  expect(cut.length).toBeGreaterThan(0);
  provider.cloud.nics.delete(second.id as NicId);
  attachLinks(1);
  await pass(1_500_000);
  expect(small.logged).toContain('error taken from outside');
  expect(small.why(cut[0]?.ips[0] ?? '').join(' ')).toContain('was detached from outside');
});

test('while the cloud does not answer, what is warm is given', async () => {
  await burst(2);
  await pass(60_000);
  const denied = { action: 'DescribeNetworkInterfaces', code: 'UnauthorizedOperation', message: 'not authorised' };
  provider.silent = new CloudError('denied', denied);
  provider.before = () => {
    throw new CloudError('denied', denied);
  };
  await pass(120_000);
  expect((await burst(1, 10))[0]).toMatchObject({ exitCode: 0 });
});
