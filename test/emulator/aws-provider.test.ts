import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { prefix } from '../../src/base/ip.ts';
import type { NicId, NicReport, NicSpec, Token } from '../../src/core/ipam/nic.ts';
import type { AwsProvider } from '../../src/io/cloud/aws/provider.ts';
import { CloudError } from '../../src/io/cloud/provider.ts';
import type { Id, Nic } from '../../emulator/cloud/nouns.ts';
import { INSTANCE_TYPES } from '../../emulator/dialects/aws/instance-types.ts';
import { knownLimits } from '../../src/io/cloud/aws/limits.ts';
import { AWS_ENVIRONMENT, AwsRegion, idMade } from './aws-region.ts';
import { MANY_SUBNETS } from './aws-topologies.ts';

// The rows of the acceptance list that are the provider's own, with AWS's SDK against an emulated region.

const ONE: NicSpec = { count: 1, unit: 'address', family: 'v4' };
let region: AwsRegion;
let serial = 0;

beforeEach(async () => {
  for (const [name, value] of Object.entries(AWS_ENVIRONMENT)) vi.stubEnv(name, value);
  region = await AwsRegion.open({ topology: MANY_SUBNETS });
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await region.close();
});

const token = () => `test-${++serial}@${region.world.now()}` as Token;
const subnetOf = (nic: NicReport) => nic.subnet as string as Id;

async function failureOf(asked: Promise<unknown>): Promise<CloudError> {
  try {
    await asked;
  } catch (error) {
    if (error instanceof CloudError) return error;
    throw error;
  }
  throw new Error('nothing failed');
}

async function primaryOf(provider: AwsProvider): Promise<NicReport> {
  const [own] = await provider.reportNics({ sure: true });
  if (own === undefined) throw new Error('there is no primary NIC');
  return own;
}

describe('where NICs stand', () => {
  test('A46: in the tagged subnet of the zone with most free addresses, of this cluster or of none', async () => {
    const provider = await region.provider('node-1', { cluster: 'blue' });
    expect(subnetOf(await provider.createNic(ONE, token(), 'pod'))).toBe(region.subnet('wide'));
    const green = await region.provider('node-2', { cluster: 'green' });
    expect(subnetOf(await green.createNic(ONE, token(), 'pod'))).toBe(region.subnet('other-cluster'));
  });

  test('A46: in the own subnet alone where tags are not looked for', async () => {
    const provider = await region.provider('node-1', { discoverSubnets: false });
    expect(subnetOf(await provider.createNic(ONE, token(), 'pod'))).toBe(region.subnet('own'));
    expect(region.count('DescribeSubnets')).toBe(0);
  });

  test('A47: by zone, with the groups of the zone, whatever is tagged', async () => {
    const [own] = region.nics('node-1');
    const group = made(region, own?.vpc ?? ('' as Id), 'pods');
    const zones = { 'eu-west-1a': { subnet: region.subnet('untagged'), groups: [group] } };
    const provider = await region.provider('node-1', { zones });
    const nic = await provider.createNic(ONE, token(), 'pod');
    expect([subnetOf(nic), nic.groups]).toEqual([region.subnet('untagged'), [group]]);
    expect((await primaryOf(provider)).groups).not.toContain(group);
  });

  test('A42: a subnet that is empty goes last for a while, and only that one', async () => {
    region.trouble({ kind: 'exhaust', of: 'address' }, { scope: { subnet: region.subnet('wide') } });
    const provider = await region.provider('node-1');
    expect(subnetOf(await provider.createNic(ONE, token(), 'pod'))).toBe(region.subnet('own'));
    const before = region.count('CreateNetworkInterface');
    expect(subnetOf(await provider.createNic(ONE, token(), 'pod'))).toBe(region.subnet('own'));
    expect(region.count('CreateNetworkInterface') - before).toBe(1); // the empty one was not asked again
  });

  test.each([
    ['one address', { nic: true, count: 1, unit: 'address' }],
    ['a NIC with several', { nic: false, count: 3, unit: 'address' }],
    ['a prefix', { nic: true, count: 1, unit: 'prefix' }],
  ] as const)('A42: a dry subnet is known in the words that EC2 has for %s', async (_, { nic, count, unit }) => {
    region.trouble({ kind: 'exhaust', of: unit });
    const provider = await region.provider('node-1', { discoverSubnets: false });
    const { id } = await primaryOf(provider);
    const asked = nic
      ? provider.assign({ nic: id, unit, family: 'v4', count }, token(), 'pod')
      : provider.createNic({ count, unit, family: 'v4' }, token(), 'pod');
    expect(await failureOf(asked)).toMatchObject({ kind: 'exhausted', subnet: region.subnet('own') });
  });
});

describe('what NICs are', () => {
  test('A68: custom tags and ours are there from the creation on', async () => {
    const provider = await region.provider('node-1', { cluster: 'blue', tags: { team: 'net', 'a/b': '' } });
    await provider.createNic(ONE, token(), 'pod');
    expect(region.nics('node-1')[1]?.tags).toMatchObject({
      team: 'net',
      'a/b': '',
      'berth.dev/instance': region.instance('node-1'),
      'berth.dev/cluster': 'blue',
    });
    expect(region.count('CreateTags')).toBe(0);
  });

  test("A48: they follow the primary's security groups when those change, and others' NICs do not", async () => {
    const provider = await region.provider('node-1');
    await provider.createNic(ONE, token(), 'pod');
    const [own] = region.nics('node-1');
    if (own === undefined) throw new Error('no primary NIC');
    const foreign = idMade(
      region.ask({ do: 'create-nic', subnet: own.subnet, tags: { 'berth.dev/no-manage': 'true' } }),
    );
    region.ask({ do: 'attach-nic', nic: foreign, instance: region.instance('node-1') });
    await provider.tendNics();
    const group = made(region, own.vpc, 'changed');
    region.ask({ do: 'modify-nic', nic: own.id, groups: [group] });
    await provider.tendNics();
    const has = (nic: Nic) => nic.groups.includes(group);
    expect(region.nics('node-1').map((nic) => [nic.id === foreign, has(nic)])).toEqual(
      expect.arrayContaining([
        [false, true],
        [false, true],
        [true, false],
      ]),
    );
    const calls = region.count('ModifyNetworkInterfaceAttribute');
    await provider.tendNics();
    expect(region.count('ModifyNetworkInterfaceAttribute')).toBe(calls); // nothing is behind any more
  });

  test('A48: groups that are set reach NICs that were made with others', async () => {
    await (await region.provider('node-1')).createNic(ONE, token(), 'pod');
    const [own] = region.nics('node-1');
    const group = made(region, own?.vpc ?? ('' as Id), 'set');
    const restarted = await region.provider('node-1', { groups: [group] });
    await restarted.reportNics({ sure: true });
    await restarted.tendNics();
    expect(region.nics('node-1').map(({ groups }) => groups.includes(group))).toEqual([false, true]);
  });

  test('A38: a NIC that is marked, or another instance’s by its mark, is told as not ours', async () => {
    const [own] = region.nics('node-1');
    for (const tags of [
      { 'node.k8s.amazonaws.com/no_manage': 'true' },
      { 'node.k8s.amazonaws.com/instance_id': 'i-00000000000000000' },
      {},
    ]) {
      const nic = idMade(region.ask({ do: 'create-nic', subnet: own?.subnet ?? ('' as Id), tags: { ...tags } }));
      region.ask({ do: 'attach-nic', nic, instance: region.instance('node-1') });
    }
    const managed = async (manageUntagged: boolean) =>
      (await (await region.provider('node-1', { manageUntagged })).reportNics({ sure: true })).map((it) => it.managed);
    expect(await managed(true)).toEqual([true, false, false, true]);
    expect(await managed(false)).toEqual([true, false, false, false]);
  });

  test('A39: a type that the table does not know is asked of EC2, and only its first card counts', async () => {
    const provider = await region.provider('cards');
    expect(await provider.limits()).toEqual({ nics: 15, slotsV4: 50, slotsV6: 50, prefixes: true });
    await provider.limits();
    expect(region.count('DescribeInstanceTypes')).toBe(1);
    await (await region.provider('node-1')).limits();
    expect(region.count('DescribeInstanceTypes')).toBe(1); // that one is in the table
  });

  test('A39: what the table says of a type is what EC2 says', () => {
    const types = [...INSTANCE_TYPES].flatMap(([name, told]) => {
      const known = knownLimits(name);
      return known === undefined ? [] : [{ name, known, told }];
    });
    expect(types.length).toBeGreaterThan(40);
    for (const { name, known, told } of types)
      expect({ name, ...known }).toEqual({
        name,
        nics: told.cards[0]?.nics,
        slotsV4: told.addressesPerNic,
        slotsV6: told.addresses6PerNic,
        prefixes: told.nitro,
      });
  });

  test('A57: a range that the VPC gets while the agent runs is told', async () => {
    const provider = await region.provider('node-1');
    const vpc = region.nics('node-1')[0]?.vpc ?? ('' as Id);
    expect(await provider.vpcRanges()).toEqual(['10.0.0.0/16']);
    region.ask({ do: 'add-range', vpc, range: prefix('100.64.0.0/16') });
    expect(await provider.vpcRanges()).toEqual(['10.0.0.0/16', '100.64.0.0/16']);
  });
});

describe('calls that go wrong', () => {
  test('A26: a NIC that may not be attached is not left behind', async () => {
    region.trouble({ kind: 'deny' }, { scope: { action: 'AttachNetworkInterface' } });
    const provider = await region.provider('node-1');
    const failure = await failureOf(provider.createNic(ONE, token(), 'pod'));
    expect([failure.kind, failure.action]).toEqual(['denied', 'AttachNetworkInterface']);
    expect(region.world.cloud.nics.size).toBe(4); // the primaries
  });

  test('A26: an answer that is lost after the deed makes no second NIC, and gives what was given', async () => {
    const provider = await region.provider('node-1', { timeoutMs: 1_000 });
    region.trouble({ kind: 'lose' }, { scope: { action: 'CreateNetworkInterface' }, left: 1 });
    const nic = await provider.createNic({ ...ONE, count: 2 }, token(), 'pod');
    expect(region.world.cloud.nics.size).toBe(5);
    region.trouble({ kind: 'lose' }, { scope: { action: 'AssignPrivateIpAddresses' }, left: 1 });
    const given = await provider.assign({ nic: nic.id, unit: 'address', family: 'v4', count: 3 }, token(), 'pod');
    expect(given.addresses).toHaveLength(3);
    expect(region.nics('node-1')[1]?.addresses).toEqual([...nic.primary, ...nic.addresses, ...given.addresses]);
  });

  test('A41: throttled calls are repeated with pauses and come through when it is over', async () => {
    const provider = await region.provider('node-1');
    const { id } = await primaryOf(provider);
    region.trouble({ kind: 'throttle' }, { scope: { action: 'AssignPrivateIpAddresses' }, left: 2 });
    const given = await provider.assign({ nic: id, unit: 'address', family: 'v4', count: 1 }, token(), 'pod');
    expect(given.addresses).toHaveLength(1);
    const tries = region.calls.filter(({ action }) => action === 'AssignPrivateIpAddresses');
    expect(tries.map(({ outcome }) => outcome)).toEqual(['throttled', 'throttled', 'ok']);
  });

  test('what is denied names the permission, at once, and works as soon as it is granted', async () => {
    const provider = await region.provider('node-1');
    const { id } = await primaryOf(provider);
    region.trouble({ kind: 'deny' }, { scope: { action: 'AssignPrivateIpAddresses' } });
    const asked = { nic: id, unit: 'address', family: 'v4', count: 1 } as const;
    const failure = await failureOf(provider.assign(asked, token(), 'pod'));
    expect([failure.kind, failure.message]).toEqual([
      'denied',
      expect.stringContaining('ec2:AssignPrivateIpAddresses'),
    ]);
    region.calm('deny');
    expect((await provider.assign(asked, token(), 'pod')).addresses).toHaveLength(1);
  });

  test('a NIC that is gone is gone', async () => {
    const provider = await region.provider('node-1');
    const nic = 'eni-00000000000000000' as NicId;
    const asked = provider.assign({ nic, unit: 'address', family: 'v4', count: 1 }, token(), 'pod');
    expect((await failureOf(asked)).kind).toBe('gone');
  });
});

function made(on: AwsRegion, vpc: Id, name: string): Id {
  return idMade(on.ask({ do: 'create-group', vpc, name, description: name, tags: {} }));
}
