import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { BranchReport } from '../../src/core/branches/branch.ts';
import type { NicId, Token } from '../../src/core/ipam/nic.ts';
import { CloudError } from '../../src/io/cloud/provider.ts';
import { branchLimit } from '../../src/io/cloud/aws/branch-limits.ts';
import type { Id } from '../../emulator/cloud/nouns.ts';
import { INSTANCE_TYPES } from '../../emulator/dialects/aws/instance-types.ts';
import { AWS_ENVIRONMENT, AwsRegion } from './aws-region.ts';
import { MANY_SUBNETS } from './aws-topologies.ts';

// Branch NICs by the provider of AWS: its SDK against an emulated region.

let region: AwsRegion;
let group: string;
let serial = 0;

beforeEach(async () => {
  for (const [name, value] of Object.entries(AWS_ENVIRONMENT)) vi.stubEnv(name, value);
  region = await AwsRegion.open({ topology: MANY_SUBNETS });
  const vpc = region.nics('node-1')[0]?.vpc ?? ('' as Id);
  const made = region.ask({ do: 'create-group', vpc, name: 'web', description: 'web', tags: {} });
  group = made.is === 'made' && made.view.kind === 'group' ? made.view.group.id : '';
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

test('the agent’s numbers of branch NICs are those of the emulated cloud, which took them down by itself', () => {
  for (const [name, { branches = 0 }] of INSTANCE_TYPES)
    if (name !== 'a1.medium') expect([name, branchLimit(name)]).toEqual([name, branches]);
});
