import { expect, test } from 'vitest';
import { CONFIG_MAPS, type Place } from '../../wire/kube/resource.ts';
import { realClock } from '../system/clock.ts';
import { countedClient } from './counted-client.ts';
import { kubeCases } from './kube-cases.ts';
import { ApiStore } from './testing/api-store.ts';
import { FakeKubeClient } from './testing/fake-client.ts';

const ignore = { apiCall: () => {}, apiEvent: () => {} };

test.each(kubeCases)('a counted client is a client: $name', async ({ run }) => {
  await run({ client: countedClient(new FakeKubeClient(new ApiStore(), realClock), ignore), namespace: 'n' });
});

test('calls count by what they asked and what came of it, and what watches tell by its kind', async () => {
  const counted: string[] = [];
  const client = countedClient(new FakeKubeClient(new ApiStore(), realClock), {
    apiCall: (verb, resource, outcome) => void counted.push(`${verb} ${resource} ${outcome}`),
    apiEvent: (resource) => void counted.push(`event ${resource}`),
  });
  const at: Place = { resource: CONFIG_MAPS, namespace: 'n', name: 'a' };
  await client.get(at).catch(() => {});
  await client.create(at, { metadata: { name: 'a' } });
  const stopping = new AbortController();
  const from = { resourceVersion: '1', seconds: 9 };
  await client.watch({ resource: CONFIG_MAPS }, from, () => stopping.abort(), stopping.signal);
  expect(counted).toEqual(['get configmaps absent', 'create configmaps ok', 'event configmaps', 'watch configmaps ok']);
});
