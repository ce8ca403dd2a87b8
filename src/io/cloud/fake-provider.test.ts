import { test } from 'vitest';
import { prefix } from '../../base/ip.ts';
import { FakeProvider } from './fake-provider.ts';
import { providerCases } from './provider-cases.ts';

test.each(providerCases)('the fake: $name', async ({ run }) => {
  const provider = new FakeProvider({ limits: { nics: 3, slotsV4: 6, slotsV6: 6, prefixes: true } });
  provider.ranges = [prefix('10.0.0.0/16')];
  await run({ provider, patienceMs: 100 });
});
