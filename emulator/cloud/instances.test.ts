import { expect, test } from 'vitest';
import type { Id } from './nouns.ts';
import { prefix } from '../../src/base/ip.ts';
import { Stage } from './testing/stage.ts';

const RUN = { do: 'run-instances', least: 1, most: 1, type: 'plain', tags: {} } as const;

test('an instance is pending, then runs, and its primary NIC with it', () => {
  const stage = new Stage();
  const subnet = stage.subnet(stage.vpc());
  const { instances } = stage.ask('launched', { ...RUN, nics: [{ device: 0, subnet: subnet.id }] });
  expect(instances).toMatchObject([
    { instance: { state: 'pending', zone: 'one', hopLimit: 1 }, nics: [{ nic: { state: 'attaching' } }] },
  ]);
  stage.pass(5000);
  const views = stage.views({ do: 'describe', kind: 'instance' });
  expect(views).toMatchObject([{ instance: { state: 'running' }, nics: [{ nic: { state: 'in-use' } }] }]);
});

test('as many instances as there is room for, and no fewer than the least', () => {
  const stage = new Stage();
  const subnet = stage.subnet(stage.vpc(), '10.0.0.0/28');
  const nics = [{ device: 0, subnet: subnet.id }];
  const before = stage.cloud;
  expect(stage.fault({ ...RUN, least: 12, most: 20, nics })).toMatchObject({ why: 'subnet-empty', free: 0 });
  expect(stage.cloud.instances).toBe(before.instances);
  expect(stage.ask('launched', { ...RUN, least: 5, most: 20, nics }).instances).toHaveLength(11);
  expect(stage.fault({ ...RUN, nics })).toMatchObject({ why: 'subnet-empty', during: 'run-instances' });
});

test('a launch names what it cannot have', () => {
  const stage = new Stage();
  const vpc = stage.vpc();
  const [subnet, other] = [stage.subnet(vpc), stage.subnet(vpc, '10.0.1.0/24', { zone: 'two' })];
  const nics = [{ device: 0, subnet: subnet.id }];
  expect(stage.fault({ ...RUN, nics: [] })).toMatchObject({ why: 'missing' });
  expect(stage.fault({ ...RUN, nics: [{ device: 0 }] })).toMatchObject({ why: 'missing', field: 'subnet' });
  expect(stage.fault({ ...RUN, nics: [...nics, { device: 0, subnet: subnet.id }] })).toMatchObject({
    why: 'device-taken',
  });
  expect(stage.fault({ ...RUN, nics: [...nics, { device: 1, subnet: other.id }] })).toMatchObject({
    why: 'other-zone',
  });
  const full = [{ device: 0, subnet: subnet.id, addresses: { count: 6 } }];
  expect(stage.fault({ ...RUN, nics: full })).toMatchObject({ why: 'address-limit', limit: 6, wanted: 7 });
  const none = new Stage({ limits: () => undefined });
  const there = none.subnet(none.vpc());
  const typeless = { ...RUN, nics: [{ device: 0, subnet: there.id }] };
  expect(none.fault(typeless)).toEqual({ why: 'not-found', kind: 'type', id: 'plain' });
});

test('an end: NICs made with the instance go with it, others are free again', () => {
  const stage = new Stage();
  const subnet = stage.subnet(stage.vpc());
  const free = stage.free(subnet);
  const instance = stage.instance(subnet);
  const kept = stage.attachedNic(instance, subnet);
  const gone = stage.attachedNic(instance, subnet);
  stage.ask('done', { do: 'modify-nic', nic: gone.id, deleteWithInstance: true });
  const end = { do: 'terminate-instances', instances: [instance.id] } as const;
  const change = { instance: instance.id, before: 'running', after: 'shutting-down' };
  expect(stage.ask('terminating', end).changes).toEqual([change]);
  expect(stage.ask('terminating', end).changes).toEqual([{ ...change, before: 'shutting-down' }]);
  const attach = { do: 'attach-nic', nic: stage.nic(subnet).id, instance: instance.id } as const;
  expect(stage.fault(attach)).toMatchObject({ why: 'wrong-state', state: 'shutting-down' });
  stage.pass(2000);
  expect(stage.cloud.instances.get(instance.id)?.state).toBe('terminated');
  expect(stage.nicNow(kept.id)).toMatchObject({ state: 'available' });
  expect(stage.cloud.nics.has(gone.id)).toBe(false);
  expect(stage.free(subnet)).toBe(free - 2);
  expect(stage.views({ do: 'describe', kind: 'instance' })).toMatchObject([{ nics: [] }]);
  stage.pass(3_600_000);
  expect(stage.cloud.instances.size).toBe(0);
});

test('an end before the start: it never runs', () => {
  const stage = new Stage();
  const subnet = stage.subnet(stage.vpc());
  const { instances } = stage.ask('launched', { ...RUN, nics: [{ device: 0, subnet: subnet.id }] });
  const id = instances[0]?.instance.id ?? ('' as Id);
  stage.ask('terminating', { do: 'terminate-instances', instances: [id] });
  stage.pass(5000);
  expect(stage.cloud.instances.get(id)?.state).toBe('terminated');
});

test('a NIC that is there already becomes the primary one, and outlives the instance', () => {
  const stage = new Stage();
  const subnet = stage.subnet(stage.vpc());
  const nic = stage.nic(subnet);
  const { instances } = stage.ask('launched', { ...RUN, nics: [{ device: 0, nic: nic.id }] });
  expect(instances[0]?.nics[0]?.nic).toMatchObject({ id: nic.id, attachment: { deleteWithInstance: false } });
  expect(stage.fault({ ...RUN, nics: [{ device: 0, nic: nic.id }] })).toMatchObject({ why: 'wrong-state' });
});

test('a public address where the subnet gives one, free again after the end', () => {
  const stage = new Stage({ publicRange: prefix('198.51.100.0/31') });
  const subnet = stage.subnet(stage.vpc());
  stage.ask('done', { do: 'modify-subnet', subnet: subnet.id, mapPublic: true });
  const instance = stage.instance(subnet);
  const [view] = stage.views({ do: 'describe', kind: 'nic' });
  expect(view).toMatchObject({ nic: { publicAddress: expect.stringMatching(/^198\.51\.100\.[01]$/) as string } });
  stage.ask('terminating', { do: 'terminate-instances', instances: [instance.id] });
  stage.pass(2000);
  expect(stage.cloud.publics.size).toBe(0);
});

test('role and metadata options change while it runs', () => {
  const stage = new Stage();
  const instance = stage.instance(stage.subnet(stage.vpc()));
  const options = { role: 'node', hopLimit: 2, tokensRequired: true };
  stage.ask('done', { do: 'modify-instance', instance: instance.id, ...options });
  expect(stage.cloud.instances.get(instance.id)).toMatchObject(options);
});
