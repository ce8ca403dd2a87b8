import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { CloudError } from '../../src/io/cloud/provider.ts';
import { AWS_ENVIRONMENT, AwsRegion, KEY } from './aws-region.ts';
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
    const provider = await region.provider('node-1', kind === 'hang' ? { timeoutMs: 1_000 } : {});
    region.trouble(kind === 'hang' ? { kind } : { kind, status: 500 });
    const failure = await provider.reportNics({ sure: true }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(CloudError);
    expect(failure).toMatchObject({ kind: 'unknown', action: 'DescribeNetworkInterfaces' });
    expect(region.count('DescribeNetworkInterfaces')).toBe(3);
    region.calm(kind);
    expect(await provider.reportNics({ sure: true })).toHaveLength(1);
  },
);

test('a clock that is off costs one call more', async () => {
  const provider = await region.provider('node-1');
  region.world.pass(20 * 60_000);
  expect(await provider.reportNics({ sure: true })).toHaveLength(1);
  expect(region.calls.map(({ code }) => code)).toEqual(['RequestExpired', '']);
  await provider.reportNics({ sure: true });
  expect(region.count('DescribeNetworkInterfaces')).toBe(3); // from now on it is known how much it is off
});

test('credentials that have ended are asked for anew, without a restart', async () => {
  for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_EC2_METADATA_DISABLED'])
    vi.stubEnv(name, undefined);
  vi.stubEnv('AWS_EC2_METADATA_SERVICE_ENDPOINT', await region.metadataOf('node-1'));
  const provider = await region.provider('node-1');
  expect(await provider.reportNics({ sure: true })).toHaveLength(1);
  region.world.pass(7 * 3_600_000);
  expect(await provider.reportNics({ sure: true })).toHaveLength(1);
  expect(region.calls.map(({ code }) => code)).toEqual(['', 'RequestExpired', 'RequestExpired', '']);
});

test('credentials that were put into a file anew are used, without a restart', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'berth-keys-'));
  const file = join(folder, 'credentials');
  const write = (secret: string) =>
    writeFileSync(file, `[default]\naws_access_key_id = ${KEY.id}\naws_secret_access_key = ${secret}\n`);
  for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']) vi.stubEnv(name, undefined);
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', file);
  try {
    write('an old one');
    const provider = await region.provider('node-1');
    await expect(provider.reportNics({ sure: true })).rejects.toMatchObject({ kind: 'denied' });
    write(KEY.secret);
    expect(await provider.reportNics({ sure: true })).toHaveLength(1);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
