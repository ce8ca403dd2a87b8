import { afterEach, beforeEach, expect, test } from 'vitest';
import type { NicId } from '../../core/ipam/nic.ts';
import type { ClusterCloud } from '../../io/cloud/cluster-cloud.ts';
import { CloudError } from '../../io/cloud/provider.ts';
import { NODES } from '../../wire/kube/resource.ts';
import { Replicas } from './testing/replicas.ts';

const MINUTES = 60_000;
let replicas: Replicas;
let leaked: NicId[];
let sweeps: string[]; // who looked

beforeEach(() => {
  replicas = new Replicas();
  leaked = [];
  sweeps = [];
});
afterEach(() => replicas.close());

function cloud(mayCall: () => CloudError | undefined): ClusterCloud {
  return {
    instance: () => Promise.reject(new CloudError('gone', { action: 'ask', code: 'None', message: 'none' })),
    collectLeaked: async (sweeper, atMost) => {
      const barred = mayCall();
      if (barred !== undefined) throw barred;
      sweeps.push(sweeper);
      return leaked.splice(0, atMost);
    },
    close: () => {},
  };
}

const start = (name: string, config = 'leaked: {interval: 5m, atMost: 2}') =>
  replicas.start(name, config, { openCloud: cloud });

test('one replica looks for NICs that nobody has, from time to time', async () => {
  await start('first');
  await start('second');
  await replicas.pass(11 * MINUTES);
  expect(sweeps).toEqual(['first', 'first', 'first']);
});

test('where more are left than it deletes at once, it goes on', async () => {
  leaked = ['eni-1', 'eni-2', 'eni-3'] as NicId[];
  await start('first');
  await replicas.pass(1_000);
  expect(leaked).toEqual([]);
  expect(sweeps).toHaveLength(2);
});

test('a node that is gone has it look at once', async () => {
  replicas.store.create({ resource: NODES }, { metadata: { name: 'one' } });
  await start('first');
  await replicas.pass(1_000);
  replicas.store.remove({ resource: NODES, name: 'one' });
  await replicas.pass(1_000);
  expect(sweeps).toHaveLength(2);
});

test('with 0 at most nobody looks', async () => {
  await start('first', 'leaked: {atMost: 0}');
  await replicas.pass(30 * MINUTES);
  expect(sweeps).toEqual([]);
});
