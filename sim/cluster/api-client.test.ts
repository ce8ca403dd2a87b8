import { expect, test } from 'vitest';
import type { KubeError } from '../../src/io/kube/client.ts';
import { ApiStore } from '../../src/io/kube/testing/api-store.ts';
import { NODES } from '../../src/wire/kube/resource.ts';
import { SimClock, SimTime } from '../time.ts';
import { apiClient } from './api-client.ts';
import { FAIR_API } from './api-weather.ts';
import { SimApi } from './sim-api.ts';

test('a watch that arrives after its asker has hung up is heard by nobody', async () => {
  const time = new SimTime(0);
  const store = new ApiStore(() => '2026-01-01T00:00:00Z');
  const late = { ...FAIR_API, late: 1 }; // 22.5 s: longer than anybody waits
  const api = new SimApi({ store, time, random: { fraction: () => 0.9 }, weather: late });
  const clock = new SimClock(time);
  const client = apiClient(api, { name: 'one', clock, pause: () => undefined, awake: (then) => then() });
  const heard: unknown[] = [];
  const from = { resourceVersion: store.version, seconds: 300 };
  const ended = client.watch({ resource: NODES }, from, (it) => heard.push(it), new AbortController().signal);
  const gaveUp = ended.catch((error: unknown) => error);
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  clock.fireNext(15_000);
  expect(await gaveUp).toMatchObject({ kind: 'unreachable' } satisfies Partial<KubeError>);
  store.create({ resource: NODES }, { metadata: { name: 'node-1' } });
  while (api.fireNext(40_000));
  expect([time.now > 22_500, heard]).toEqual([true, []]);
});
