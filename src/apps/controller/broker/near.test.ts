import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Token } from '../../../core/ipam/nic.ts';
import type { FakeProvider } from '../../../io/cloud/fake-provider.ts';
import type { NearCloud } from '../../../io/cloud/near.ts';
import { BrokerScene } from './testing/broker-scene.ts';

// What an agent asks of the controller when its machine tells of the NICs by itself: as little as it can.

let scene: BrokerScene;
let cloud: FakeProvider;
let groups: readonly string[];

beforeEach(async () => {
  scene = new BrokerScene();
  cloud = scene.node('node-1', 'i-01', '10.0.0.0/20');
  groups = ['sg-1'];
  await scene.replica();
});
afterEach(() => scene.close());

/** Metadata that are never late. */
function near(): NearCloud {
  return {
    macs: async () => cloud.cloud.report().map(({ mac }) => mac),
    heard: async (nic) => cloud.cloud.report().find(({ id }) => id === nic.id) ?? nic,
    groups: async () => groups,
    vpcRanges: async () => cloud.ranges,
  };
}

const asked = () => scene.asked.splice(0);

test('an agent at rest asks the controller nothing', async () => {
  const agent = scene.agent('node-1', { near: near() });
  await agent.reportNics({ sure: false });
  await agent.tendNics();
  expect(asked()).toEqual(['report done', 'tend done']);
  for (let i = 0; i < 3; i++) {
    await agent.reportNics({ sure: false });
    await agent.vpcRanges();
    await agent.tendNics();
    await agent.collectLeaked(10);
  }
  expect(asked()).toEqual([]);
});

test('a NIC that came, and groups that changed, are asked for', async () => {
  const agent = scene.agent('node-1', { near: near() });
  await agent.reportNics({ sure: false });
  await agent.tendNics();
  asked();
  await cloud.createNic({ count: 1, unit: 'address', family: 'v4' }, 'by another' as Token);
  expect((await agent.reportNics({ sure: false })).length).toBe(2);
  groups = ['sg-2'];
  await agent.tendNics();
  await agent.tendNics();
  expect(asked()).toEqual(['report done', 'tend done']);
  await agent.createNic({ count: 1, unit: 'address', family: 'v4' }, 'ours' as Token, 'pod');
  await agent.tendNics(); // it is to end with its instance
  expect(asked()).toEqual(['create done', 'tend done']);
});

test('while the controller is away what is known is told: pods stand on it', async () => {
  const agent = scene.agent('node-1', { near: near(), patienceMs: 20 });
  await agent.reportNics({ sure: false });
  scene.beacon = undefined;
  await Promise.all(scene.replicas.map(({ way }) => way.close()));
  await cloud.createNic({ count: 1, unit: 'address', family: 'v4' }, 'by another' as Token);
  expect((await agent.reportNics({ sure: false })).length).toBe(1);
  await expect(agent.reportNics({ sure: true })).rejects.toMatchObject({ kind: 'away' });
});
