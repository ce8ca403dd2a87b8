import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { BrokerScene } from '../../src/apps/controller/broker/testing/broker-scene.ts';
import type { Token } from '../../src/core/ipam/nic.ts';
import type { AwsFleet } from '../../src/io/cloud/aws/fleet.ts';
import { providerCases } from '../../src/io/cloud/provider-cases.ts';
import { realClock } from '../../src/io/system/clock.ts';
import { AWS_ENVIRONMENT, AwsRegion } from './aws-region.ts';
import { ONE_NODE } from './aws-topologies.ts';

// An agent without credentials, the controller between it and EC2: HTTPS, tokens, the real provider with AWS's SDK.

const TWO = { unit: 'address', family: 'v4', count: 2 } as const;
let region: AwsRegion;
let scene: BrokerScene;
const fleets: AwsFleet[] = [];

beforeEach(async () => {
  for (const [name, value] of Object.entries(AWS_ENVIRONMENT)) vi.stubEnv(name, value);
  region = await AwsRegion.open({ topology: ONE_NODE });
  scene = new BrokerScene((mayCall) => {
    const fleet = region.fleet({}, realClock, mayCall);
    fleets.push(fleet);
    return fleet;
  });
  scene.node('node-1', region.instance('node-1'), '10.0.0.0/20');
});
afterEach(async () => {
  await scene.close();
  for (const fleet of fleets.splice(0)) fleet.close();
  await region.close();
  vi.unstubAllEnvs();
});

describe('the door to EC2, over HTTPS and a controller', () => {
  test.each(providerCases)('$name', async ({ run }) => {
    await scene.replica();
    await run({ provider: scene.agent('node-1'), patienceMs: 5_000 });
    const [own, ...others] = region.nics('node-1');
    expect(others).toEqual([]);
    expect([own?.addresses.length, own?.prefixes]).toEqual([1, []]);
  });
});

describe('a replica that is killed behind a change that EC2 has made', () => {
  const held = () => region.nics('node-1').map(({ addresses }) => addresses.length - 1);

  test('an assign: the next one finds the addresses by what the NIC held before', async () => {
    const [first, second] = [await scene.replica(), await scene.replica()];
    const agent = scene.agent('node-1', { patienceMs: 10_000 });
    const [own] = await agent.reportNics({ sure: true });
    if (own === undefined) throw new Error('no NIC');
    first.way.deafen();
    const asked = agent.assign({ ...TWO, nic: own.id }, 'a@1' as Token, 'pod');
    await expect.poll(held).toEqual([2]);
    scene.lead(second);
    await first.way.close();
    const { addresses, doubtful } = await asked;
    expect([addresses.length, doubtful, held()]).toEqual([2, true, [2]]);
    expect(region.count('AssignPrivateIpAddresses')).toBe(1);
  });

  test('a NIC: the next one finds it by its tag, and attaches it where it was not', async () => {
    const [first, second] = [await scene.replica(), await scene.replica()];
    const agent = scene.agent('node-1', { patienceMs: 10_000 });
    await agent.limits();
    first.way.deafen();
    const asked = agent.createNic(TWO, 'n@1' as Token, 'pod');
    await expect.poll(() => region.count('CreateNetworkInterface')).toBe(1);
    scene.lead(second);
    await first.way.close();
    expect((await asked).addresses.length).toBe(2);
    expect([held(), region.count('CreateNetworkInterface')]).toEqual([[0, 2], 1]);
    expect([...region.world.cloud.nics.values()].filter(({ attachment }) => attachment === undefined)).toEqual([]);
  });
});
