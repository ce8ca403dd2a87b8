import { expect, test } from 'vitest';
import { silent } from '../../base/log.ts';
import { seeded } from '../../base/random.ts';
import { ApiStore } from '../../io/kube/testing/api-store.ts';
import { FakeKubeClient } from '../../io/kube/testing/fake-client.ts';
import { text } from '../../wire/kube/object.ts';
import { CONFIG_MAPS } from '../../wire/kube/resource.ts';
import { HandClock } from '../node-agent/testing/hand-clock.ts';
import { KeyIndex } from './key-index.ts';
import { Source } from './source.ts';

test('keys are found by their word, as objects come, change and go', async () => {
  const [clock, store] = [new HandClock(), new ApiStore()];
  const client = new FakeKubeClient(store, clock);
  const doors = { client, clock, random: seeded(1), log: silent };
  const source = new Source(doors, { resource: CONFIG_MAPS }, ({ data }) => text((data as { of?: string }).of));
  const index = new KeyIndex(source, (word) => word);
  const put = (name: string, of: string) =>
    store.apply({ resource: CONFIG_MAPS, namespace: 'web', name }, { data: { of } }, { manager: 'test', force: true });
  const found = (word: string) => [...index.keys(word)];
  put('a', 'x');
  put('b', 'x');
  source.start();
  await clock.pass(10);
  expect([found('x'), found('y')]).toEqual([['web/a', 'web/b'], []]);
  put('a', 'y');
  put('c', '');
  await clock.pass(10);
  expect([found('x'), found('y'), found('')]).toEqual([['web/b'], ['web/a'], []]);
  store.remove({ resource: CONFIG_MAPS, namespace: 'web', name: 'b' });
  await clock.pass(10);
  expect(found('x')).toEqual([]);
  source.stop();
});
