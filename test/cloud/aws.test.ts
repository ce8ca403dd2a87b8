import { test } from 'vitest';
import { type AwsProvider, openAws } from '../../src/io/cloud/aws/provider.ts';
import { providerCases } from '../../src/io/cloud/provider-cases.ts';
import { realClock } from '../../src/io/system/clock.ts';
import { realRandom } from '../../src/io/system/random.ts';

// The contract of the door to a cloud, with EC2 itself, on an instance that somebody lends. Each case gives back what
// it took; the subnet needs a few free addresses and a free /28. docs/aws.md tells how to ask for it.

const { BERTH_TEST_AWS: asked, BERTH_TEST_AWS_SUBNET: subnet = '', BERTH_TEST_AWS_GROUPS: groups = '' } = process.env;
const METADATA = 'http://169.254.169.254';
const CASE_MS = 180_000;

test.skipIf(asked !== 'yes')(
  'EC2 itself keeps what the door to a cloud promises',
  { timeout: CASE_MS * providerCases.length },
  async () => {
    const provider = await open();
    try {
      for (const { name, run } of providerCases)
        await run({ provider, patienceMs: 60_000 }).catch((cause: unknown) => {
          throw new Error(name, { cause });
        });
    } finally {
      await provider.close();
    }
  },
);

async function open(): Promise<AwsProvider> {
  const own = { metadata: METADATA, timeoutMs: 10_000, cluster: 'berth-test', tags: {}, manageUntagged: false };
  const plain = { ...own, discoverSubnets: false, zones: {}, groups: groups.split(',').filter((it) => it !== '') };
  const options = { clock: realClock, random: realRandom, onCall: () => {} };
  const there = await openAws({ settings: plain, ...options });
  if (subnet === '') return there;
  const zones = { [there.self.zone]: { subnet, groups: [] } };
  await there.close();
  return openAws({ settings: { ...plain, zones }, ...options });
}
