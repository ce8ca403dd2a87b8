import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { BranchReport } from '../../src/core/branches/branch.ts';
import type { NicId, Token } from '../../src/core/ipam/nic.ts';
import { CloudError } from '../../src/io/cloud/provider.ts';
import { branchLimit } from '../../src/io/cloud/aws/branch-limits.ts';
import type { Id } from '../../emulator/cloud/nouns.ts';
import { INSTANCE_TYPES } from '../../emulator/dialects/aws/instance-types.ts';
import { AWS_ENVIRONMENT, AwsRegion, idMade } from './aws-region.ts';
import { MANY_SUBNETS } from './aws-topologies.ts';
import { SkippingClock } from './skipping-clock.ts';

// Branch NICs by the provider of AWS: its SDK against an emulated region.

let region: AwsRegion;
let group: string;
let other: string;
let serial = 0;

beforeEach(async () => {
  for (const [name, value] of Object.entries(AWS_ENVIRONMENT)) vi.stubEnv(name, value);
  region = await AwsRegion.open({ topology: MANY_SUBNETS });
  const vpc = region.nics('node-1')[0]?.vpc ?? ('' as Id);
  const groupOf = (name: string) => {
    const made = region.ask({ do: 'create-group', vpc, name, description: name, tags: {} });
    return made.is === 'made' && made.view.kind === 'group' ? made.view.group.id : '';
  };
  [group, other] = [groupOf('web'), groupOf('shop')];
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await region.close();
});

const token = () => `test-${++serial}@${region.world.now()}` as Token;
const nicNow = (id: NicId) => region.world.cloud.nics.get(id as string as Id);

async function refused(asked: Promise<unknown>): Promise<string> {
  const error = await asked.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return error instanceof CloudError ? `${error.kind} ${error.action}` : `not refused: ${String(error)}`;
}

test('A49: a branch NIC has exactly the groups of its pod, and the trunk is made first and once', async () => {
  const { branches } = await region.provider('node-1');
  const both = await Promise.all([1, 2].map(() => branches.create({ groups: [group], v6: false }, token(), 'pod')));
  const [one, two] = both as [BranchReport, BranchReport];
  expect(one).toMatchObject({ groups: [group], carried: true, vlan: expect.any(Number) as number });
  expect(one.vlan).not.toBe(two.vlan);
  const trunks = region.nics('node-1').filter(({ kind }) => kind === 'trunk');
  expect(trunks.map(({ mac }) => mac)).toEqual([one.trunkMac]);
  expect(nicNow(one.id)).toMatchObject({ kind: 'branch', groups: [group], trunking: { by: { vlan: one.vlan } } });
  expect(one.addresses).toEqual(nicNow(one.id)?.addresses);
  const again = await (await region.provider('node-1')).branches.report();
  expect(again.toSorted((a, b) => a.vlan - b.vlan)).toMatchObject(both.toSorted((a, b) => a.vlan - b.vlan));
  await branches.remove(one.id, 'housekeeping');
  await branches.remove(one.id, 'housekeeping'); // absent is success
  expect(nicNow(one.id)).toBeUndefined();
});

test('A49: a NIC that the trunk does not carry is not left behind, and another node’s is not touched', async () => {
  const { branches } = await region.provider('node-1');
  const most = await branches.most();
  const spec = { groups: [group], v6: false };
  for (let i = 0; i < most; i++) await branches.create(spec, token(), 'pod');
  const before = region.world.cloud.nics.size;
  expect(await refused(branches.create(spec, token(), 'pod'))).toBe('limit AssociateTrunkInterface');
  expect(region.world.cloud.nics.size).toBe(before);
  const [mine] = await branches.report();
  const other = await region.provider('node-2');
  expect(await refused(other.branches.remove(mine?.id ?? ('' as NicId), 'housekeeping'))).toContain('denied');
  expect(await refused(branches.create({ ...spec, groups: ['sg-00000000000000000'] }, token(), 'pod'))).toContain(
    'gone',
  );
});

const kinds = () => [...region.world.cloud.nics.values()].flatMap(({ kind }) => (kind === 'interface' ? [] : [kind]));

test.each(['CreateNetworkInterface', 'AssociateTrunkInterface'])(
  'A49: a NIC whose %s was carried out and not answered is the same NIC at the next try',
  { timeout: 30_000 },
  async (action) => {
    const { branches } = await region.provider('node-1', { timeoutMs: 300 });
    await branches.create({ groups: [group], v6: false }, token(), 'pod'); // the trunk is there
    const [spec, name] = [{ groups: [group], v6: false }, token()];
    region.trouble({ kind: 'lose' }, { scope: { action } });
    expect(await refused(branches.create(spec, name, 'pod'))).toBe(`unknown ${action}`);
    expect(kinds().toSorted()).toEqual(['branch', 'branch', 'trunk']);
    region.calm('lose');
    const made = await branches.create(spec, name, 'pod');
    expect(nicNow(made.id)).toMatchObject({ groups: [group], trunking: { by: { vlan: made.vlan } } });
    expect(kinds().toSorted()).toEqual(['branch', 'branch', 'trunk']);
    expect((await branches.report()).map((it) => it.token)).toContain(name);
  },
);

test('A49: so it is where EC2 does not show it yet: it knows the token again, by the same words', async () => {
  const { branches } = await region.provider('node-1', { timeoutMs: 300 });
  const before = await branches.create({ groups: [group], v6: false }, token(), 'pod');
  region.trouble({ kind: 'lag', viewer: 'describe', byMs: 60_000 });
  const [groups, name] = [[group, other], token()];
  region.trouble({ kind: 'lose' }, { scope: { action: 'CreateNetworkInterface' } });
  const first = branches.create({ groups, v6: false }, name, 'pod');
  expect(await refused(first)).toBe('unknown CreateNetworkInterface');
  region.calm('lose');
  const made = await branches.create({ groups: groups.toReversed(), v6: false }, name, 'pod');
  expect([made.vlan, kinds().toSorted()]).toEqual([before.vlan + 1, ['branch', 'branch', 'trunk']]);
}, 30_000);

test.each(['CreateNetworkInterface', 'AttachNetworkInterface'])(
  'A49: a trunk whose %s was not answered is taken by whoever asks next, for other groups and after a restart',
  { timeout: 30_000 },
  async (action) => {
    const hurried = { timeoutMs: 300 };
    region.trouble({ kind: 'lose' }, { scope: { action } });
    const spec = { groups: [group], v6: false };
    const { branches } = await region.provider('node-1', hurried);
    expect(await refused(branches.create(spec, token(), 'pod'))).toBe(`unknown ${action}`);
    region.calm('lose');
    const again = await region.provider('node-1', hurried);
    await again.branches.create(spec, token(), 'pod');
    expect(kinds().toSorted()).toEqual(['branch', 'trunk']);
  },
);

test('A47, A49: a NIC stands in the subnet that its NICConfig says, with its pod’s groups; in no other zone', async () => {
  const { branches } = await region.provider('node-1');
  const spec = (subnet: string) => {
    const place = { name: 'blue', subnet: region.subnet(subnet), groups: ['sg-of-the-node'] };
    return { groups: [group], v6: false, place };
  };
  const made = await branches.create(spec('untagged'), token(), 'pod');
  expect(made).toMatchObject({ subnet: region.subnet('untagged'), groups: [group], gateways: ['10.0.32.1'] });
  expect(nicNow(made.id)?.tags).toMatchObject({ 'berth.dev/nic-config': 'blue' });
  const before = region.world.cloud.nics.size;
  const far = branches.create(spec('far'), token(), 'pod');
  await expect(far).rejects.toThrow(/is in eu-west-1b/);
  expect(region.world.cloud.nics.size).toBe(before);
});

test('A49: the trunk goes when it carries nothing, and only the one that was made for this node', async () => {
  const { branches } = await region.provider('node-1');
  await branches.removeTrunk('housekeeping'); // none = success
  const { id } = await branches.create({ groups: [group], v6: false }, token(), 'pod');
  expect(await refused(branches.removeTrunk('housekeeping'))).toBe('busy DeleteNetworkInterface');
  await branches.remove(id, 'housekeeping');
  await (await region.provider('node-2')).branches.removeTrunk('housekeeping');
  expect(kinds()).toEqual(['trunk']);
  await branches.removeTrunk('housekeeping');
  expect(kinds()).toEqual([]);
  await branches.create({ groups: [group], v6: false }, token(), 'pod'); // another one is made
  expect(kinds().toSorted()).toEqual(['branch', 'trunk']);
});

function trunkOfOthers(): Id {
  const nic = idMade(region.ask({ do: 'create-nic', kind: 'trunk', subnet: region.subnet('own'), tags: {} }));
  region.ask({ do: 'attach-nic', nic, instance: region.instance('node-1'), device: 1, card: 0 });
  return nic;
}

test('A49: a number that somebody else has on the trunk is refused once, and then left alone', async () => {
  const trunk = trunkOfOthers();
  await expect.poll(() => region.world.cloud.nics.get(trunk)?.state, { timeout: 10_000 }).toBe('in-use');
  const branch = idMade(region.ask({ do: 'create-nic', kind: 'branch', subnet: region.subnet('own'), tags: {} }));
  region.ask({ do: 'associate-trunk', trunk, branch, by: { vlan: 1 } });
  const clock = new SkippingClock();
  const { branches } = await region.provider('node-1', {}, clock);
  const make = () => branches.create({ groups: [group], v6: false }, token(), 'pod');
  expect(await refused(make())).toBe('limit AssociateTrunkInterface');
  expect((await make()).vlan).toBe(2);
  clock.skip(120_000);
  expect((await make()).vlan).toBe(3);
}, 30_000);

test('A49: a trunk that somebody else attached stays', async () => {
  trunkOfOthers();
  const { branches } = await region.provider('node-1');
  await branches.removeTrunk('housekeeping');
  expect(kinds()).toEqual(['trunk']);
});

test('the agent’s numbers of branch NICs are those of the emulated cloud, which took them down by itself', () => {
  for (const [name, { branches = 0 }] of INSTANCE_TYPES)
    if (name !== 'a1.medium') expect([name, branchLimit(name)]).toEqual([name, branches]);
});
