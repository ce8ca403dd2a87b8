import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { CloudError } from '../../src/io/cloud/provider.ts';
import { AWS_ENVIRONMENT, AwsRegion } from './aws-region.ts';
import { ONE_NODE } from './aws-topologies.ts';

// How long the provider waits for EC2, and how often it asks.

let region: AwsRegion;

beforeEach(async () => {
  for (const [name, value] of Object.entries(AWS_ENVIRONMENT)) vi.stubEnv(name, value);
  region = await AwsRegion.open({ topology: ONE_NODE });
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await region.close();
});

test.each(['hang', 'error'] as const)(
  'A41: an API that answers with %s is asked three times, then that is told',
  async (kind) => {
    const provider = await region.provider('node-1', { timeoutMs: 100 });
    region.trouble(kind === 'hang' ? { kind } : { kind, status: 500 });
    const failure = await provider.reportNics({ sure: true }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(CloudError);
    expect(failure).toMatchObject({ kind: 'unknown', action: 'DescribeNetworkInterfaces' });
    expect(region.count('DescribeNetworkInterfaces')).toBe(3);
    region.calm(kind);
    expect(await provider.reportNics({ sure: true })).toHaveLength(1);
  },
);
