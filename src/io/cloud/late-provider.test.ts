import { expect, test } from 'vitest';
import { FakeProvider } from './fake-provider.ts';
import { lateProvider } from './late-provider.ts';

test('a cloud that does not answer yet is tried again whenever it is asked, and opened once', async () => {
  const limits = { nics: 1, slotsV4: 2, slotsV6: 2, prefixes: false };
  let tries = 0;
  const provider = lateProvider(() => {
    tries++;
    return tries < 3 ? Promise.reject(new Error('not yet')) : Promise.resolve(new FakeProvider({ limits }));
  });
  await expect(provider.limits()).rejects.toThrow('not yet');
  await expect(provider.vpcRanges()).rejects.toThrow('not yet');
  expect(await Promise.all([provider.limits(), provider.limits()])).toEqual([limits, limits]);
  expect(tries).toBe(3);
});

test('closing what was never opened opens nothing', async () => {
  let tries = 0;
  const provider = lateProvider(() => {
    tries++;
    return Promise.reject(new Error('not yet'));
  });
  await provider.close();
  expect(tries).toBe(0);
});
