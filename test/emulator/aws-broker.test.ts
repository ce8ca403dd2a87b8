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

describe('NICs of single pods, which the controller has made', () => {
  const spec = (...groups: string[]) => ({ groups, v6: false });
  const groupOf = (name: string) => region.nics(name)[0]?.groups[0] ?? '';

  test('A49: with groups that an object of the cluster gives to pods, and with no other', async () => {
    await scene.replica();
    const { branches } = scene.agent('node-1', { patienceMs: 10_000 });
    const group = groupOf('node-1');
    const refused = branches.create(spec(group), 'b@1' as Token, 'pod');
    await expect(refused).rejects.toThrow('no PodSecurityGroups or SecurityGroupPolicy names');
    scene.groups.add(group);
    const made = await branches.create(spec(group), 'b@2' as Token, 'pod');
    expect(made).toMatchObject({ groups: [group], carried: true });
    expect(await branches.most()).toBe(9);
    expect(await branches.report()).toEqual([made]);
    await branches.remove(made.id, 'housekeeping');
    expect(await branches.report()).toEqual([]);
  });

  test('A47, A49: by a NICConfig that the node names and the controller looks up; and their trunk goes', async () => {
    await scene.replica();
    scene.groups.add(groupOf('node-1'));
    const { branches } = scene.agent('node-1', { patienceMs: 10_000 });
    const subnet = region.subnet('a');
    const by = { ...spec(groupOf('node-1')), place: { name: 'blue', subnet: 'subnet-of-the-node’s-word', groups: [] } };
    await expect(branches.create(by, 'b@1' as Token, 'pod')).rejects.toMatchObject({ code: 'NoNicConfig' });
    scene.places.push({ name: 'blue', subnet, groups: [] });
    const made = await branches.create(by, 'b@2' as Token, 'pod');
    expect(made).toMatchObject({ subnet, token: 'b@2' });
    await branches.remove(made.id, 'housekeeping');
    await branches.removeTrunk('housekeeping');
    expect(region.nics('node-1').map(({ kind }) => kind)).toEqual(['interface']);
  });

  test('A49: a replica that is killed behind one that EC2 has made: the next one finds it by its token', async () => {
    const [first, second] = [await scene.replica(), await scene.replica()];
    scene.groups.add(groupOf('node-1'));
    const { branches } = scene.agent('node-1', { patienceMs: 10_000 });
    await branches.most();
    first.way.deafen();
    const asked = branches.create(spec(groupOf('node-1')), 'b@1' as Token, 'pod');
    await expect.poll(() => region.count('AssociateTrunkInterface')).toBe(1);
    scene.lead(second);
    await first.way.close();
    expect((await asked).carried).toBe(true);
    const all = [...region.world.cloud.nics.values()].filter(({ kind }) => kind !== 'interface');
    expect(all.map(({ kind }) => kind).toSorted()).toEqual(['branch', 'trunk']);
  });
});
