import { expect, test } from 'vitest';
import { HandClock } from '../../apps/node-agent/testing/hand-clock.ts';
import { CONFIG_MAPS } from '../../wire/kube/resource.ts';
import { fencedClient } from './fenced-client.ts';
import { ApiStore } from './testing/api-store.ts';
import { FakeKubeClient } from './testing/fake-client.ts';

test('who may not write is refused every write, at the last moment, and nothing that only reads', async () => {
  const inner = new FakeKubeClient(new ApiStore(), new HandClock());
  let allowed = true;
  const client = fencedClient(inner, () => allowed);
  const of = { resource: CONFIG_MAPS, namespace: 'web' };
  const at = { ...of, name: 'one' };
  const object = { metadata: { name: 'one' } };
  await client.create(of, object);
  allowed = false;
  inner.asked.length = 0;
  const writes = [
    () => client.create(of, { metadata: { name: 'two' } }),
    () => client.replace(at, object),
    () => client.patch(at, 'merge', {}),
    () => client.apply(at, object, { manager: 'test', force: true }),
    () => client.remove(at),
  ];
  for (const write of writes) await expect(write()).rejects.toMatchObject({ kind: 'ended' });
  expect(inner.asked).toEqual([]);
  expect((await client.get(at)).metadata.name).toBe('one');
  expect((await client.list(of, { limit: 0 })).items).toHaveLength(1);
});
