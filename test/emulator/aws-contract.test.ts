import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Token } from '../../src/core/ipam/nic.ts';
import { CloudError } from '../../src/io/cloud/provider.ts';
import { providerCases } from '../../src/io/cloud/provider-cases.ts';
import { AWS_ENVIRONMENT, AwsRegion } from './aws-region.ts';
import { MANY_SUBNETS, ONE_NODE } from './aws-topologies.ts';

// What the door to a cloud promises, kept by the real provider with AWS's own SDK: on an emulated region at once, and
// as slow and late as a real one.

let region: AwsRegion;

beforeEach(() => {
  for (const [name, value] of Object.entries(AWS_ENVIRONMENT)) vi.stubEnv(name, value);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await region.close();
});

describe.each([
  ['at once', undefined],
  ['late', { delays: { attach: [100, 400], detach: [100, 400], describe: [0, 500], metadata: [200, 900] } }],
] as const)('a region that answers %s', (_, manner) => {
  test.each(providerCases)('from elsewhere: $name', async ({ run }) => {
    region = await AwsRegion.open({ topology: ONE_NODE, ...(manner === undefined ? {} : { manner }) });
    await run({ provider: await region.fleetProvider('node-1'), patienceMs: 5_000 });
    const [own, ...others] = region.nics('node-1');
    expect(others).toEqual([]);
    expect([own?.addresses.length, own?.prefixes]).toEqual([1, []]);
  });

  test.each(providerCases)('$name', async ({ run }) => {
    region = await AwsRegion.open({ topology: ONE_NODE, ...(manner === undefined ? {} : { manner }) });
    await run({ provider: await region.provider('node-1'), patienceMs: 5_000 });
    const [own, ...others] = region.nics('node-1');
    expect(others).toEqual([]); // nothing is left behind
    expect([own?.addresses.length, own?.prefixes]).toEqual([1, []]);
  });
});

test('what is asked from elsewhere for one instance touches no NIC of another (A86)', async () => {
  region = await AwsRegion.open({ topology: MANY_SUBNETS });
  const [one, two] = [await region.fleetProvider('node-1'), await region.fleetProvider('node-2')];
  const nic = await two.createNic({ count: 1, unit: 'address', family: 'v4' }, 'theirs@1' as Token, 'pod');
  await expect(one.deleteNic(nic.id, 'housekeeping')).rejects.toMatchObject({ kind: 'denied', code: 'NotOurs' });
  expect(region.nics('node-2').length).toBe(2);
  region.barred = new CloudError('busy', { action: 'any', code: 'NotLeader', message: 'another leads' });
  const before = region.calls.length;
  await expect(two.deleteNic(nic.id, 'housekeeping')).rejects.toMatchObject({ code: 'NotLeader' });
  expect(region.calls.length).toBe(before);
});
