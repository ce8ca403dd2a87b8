import { afterEach, expect, test } from 'vitest';
import { localMac } from '../../base/mac.ts';
import { type CallTold, emptyLedger, noted } from '../../core/calls/ledger.ts';
import { FakeProvider } from '../../io/cloud/fake-provider.ts';
import { cloudDefaults } from '../../io/config/cloud-defaults.ts';
import { silent } from '../../base/log.ts';
import { openCallBook } from './call-book.ts';
import { callsView, cloudSample, nicsView, poolPlanView } from './cloud-views.ts';
import { HandClock, settled } from './testing/hand-clock.ts';
import { SmallAgent } from './testing/small-agent.ts';

let small: SmallAgent | undefined;

afterEach(async () => {
  await small?.close();
  small = undefined;
});

/** An agent on a cloud whose one NIC has its link, with so many pods. */
async function agentWith(pods: number) {
  const provider = new FakeProvider({ limits: { nics: 3, slotsV4: 10, slotsV6: 10, prefixes: true } });
  const agent = new SmallAgent([], { ...cloudDefaults(), provider: 'aws' });
  small = agent;
  agent.provider = provider;
  const link = { name: 'eth0', mac: localMac(1n), mtuBytes: 9_001, up: true, addresses: [] };
  agent.kernel.world.hostLinks = [{ ...link, defaultRoute: ['v4'] }];
  await agent.start();
  await pass(agent, 1_000);
  const asked = Array.from({ length: pods }, (_, i) => agent.add({ id: `pod${i}` }));
  await settled();
  await pass(agent, 3_000);
  await Promise.all(asked);
  return { parts: agent.agent.parts, provider, agent };
}

/** Lets time pass in steps: the disk is a real one and takes its own. */
async function pass(agent: SmallAgent, ms: number): Promise<void> {
  for (let i = 0; i < 20; i++) {
    await agent.clock.pass(ms / 20);
    await new Promise((resolve) => setTimeout(resolve, 3));
  }
}

test('a node on a cloud tells its NICs, its pool and its numbers, and they agree', async () => {
  const { parts } = await agentWith(3);
  const { provider, nics } = nicsView(parts);
  expect([provider, nics.length]).toEqual(['aws', 1]);
  expect(nics[0]).toMatchObject({ device: 0, state: 'ready', linkReady: true, trust: 'sure', forPods: true });
  expect(nics[0]?.addresses[0]).toMatchObject({ family: 'v4', used: 3 });
  const pool = poolPlanView(parts);
  expect(pool).toMatchObject({ targets: { unit: 'address', maxPods: 110 }, nics: { attached: 1, atMost: 3 } });
  expect(pool.families[0]).toMatchObject({ family: 'v4', claimed: 3, next: 'nothing to do', aim: { low: 1 } });
  expect(pool.families[0]?.total).toBe(3 + (nics[0]?.addresses[0]?.free ?? 0));
  expect(cloudSample(parts)).toMatchObject({
    addresses: [{ family: 'v4', states: { claimed: 3, held: pool.families[0]?.total } }],
    nics: { ready: 1 },
    intents: { assign: 0 },
  });
});

test('what the cloud refuses is told with its end', async () => {
  const { parts, provider, agent } = await agentWith(1);
  provider.cloud.dry = true;
  const asked = Array.from({ length: 12 }, (_, i) => agent.add({ id: `more${i}` }));
  await settled();
  await pass(agent, 20_000);
  const { troubles } = poolPlanView(parts);
  expect(troubles[0]).toMatchObject({ kind: 'exhausted', failures: 1 });
  expect(troubles[0]?.until).toBeGreaterThan(agent.clock.now());
  expect(cloudSample(parts)?.troubles['exhausted']).toBeGreaterThan(0);
  await pass(agent, 60_000);
  await Promise.all(asked);
});

test('a node without a cloud says so', async () => {
  small = new SmallAgent();
  await small.start();
  const { parts } = small.agent;
  expect(nicsView(parts)).toEqual({ provider: 'podcidr', nics: [] });
  expect(poolPlanView(parts)).toEqual({ provider: 'podcidr', families: [], troubles: [] });
  expect(cloudSample(parts)).toBeUndefined();
});

const told: CallTold = { action: 'DescribeSubnets', urgency: 'pod', ms: 50, outcome: 'ok', code: '' };

test('calls are told most first, the throttled apart from those that failed', () => {
  const calls: readonly CallTold[] = [
    told,
    { ...told, action: 'CreateNetworkInterface', outcome: 'denied', code: 'UnauthorizedOperation', ms: 9 },
    { ...told, action: 'CreateNetworkInterface', outcome: 'throttled', code: 'RequestLimitExceeded', ms: 20 },
  ];
  const ledger = calls.reduce((all, it, i) => noted(all, it, i), emptyLedger);
  expect(callsView('aws', ledger, 7)).toMatchObject({
    since: 7,
    actions: [
      {
        action: 'CreateNetworkInterface',
        calls: 2,
        throttled: 1,
        failed: 1,
        medianMs: 9,
        maxMs: 20,
        lastFailure: { at: 2, code: 'RequestLimitExceeded' },
      },
      { action: 'DescribeSubnets', calls: 1, throttled: 0, failed: 0 },
    ],
  });
});

test('each call is written into the ledger and the metrics, in seconds there', () => {
  const counted: unknown[] = [];
  const metrics = { cloudCall: (...it: readonly unknown[]) => void counted.push(it) };
  const book = openCallBook({ clock: new HandClock(), log: silent, metrics });
  book.note(told);
  book.note(told);
  expect(counted).toEqual(Array(2).fill(['DescribeSubnets', 'ok', 0.05]));
  expect(book.ledger()).toMatchObject([{ action: 'DescribeSubnets', outcomes: { ok: 2 } }]);
});
