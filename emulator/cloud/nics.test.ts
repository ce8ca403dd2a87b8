import { expect, test } from 'vitest';
import type { Id } from './nouns.ts';
import { addresses, RULES, Stage } from './testing/stage.ts';

test('a new NIC has a primary address of its subnet, the default group, and is available', () => {
  const stage = new Stage();
  const vpc = stage.vpc();
  const nic = stage.nic(stage.subnet(vpc));
  expect(nic).toMatchObject({ state: 'available', groups: [vpc.defaultGroup], sourceCheck: true, prefixes: [] });
  expect(nic.addresses).toHaveLength(1);
  expect(nic.addresses[0]).toMatch(/^10\.0\.0\./);
});

test('attaching answers at once, and the link is there when the delay is over', () => {
  const stage = new Stage();
  const subnet = stage.subnet(stage.vpc());
  const [instance, nic] = [stage.instance(subnet), stage.nic(subnet)];
  const answer = stage.ask('attached', { do: 'attach-nic', nic: nic.id, instance: instance.id });
  expect(answer.attachment).toMatchObject({ instance: instance.id, device: 1, card: 0, deleteWithInstance: false });
  expect(stage.nicNow(nic.id).state).toBe('attaching');
  stage.pass(999);
  expect(stage.nicNow(nic.id).state).toBe('attaching');
  expect(stage.pass(1)).toContainEqual({ kind: 'nic', id: nic.id });
  expect(stage.nicNow(nic.id).state).toBe('in-use');
});

test('a NIC detached while it is being attached never comes', () => {
  const stage = new Stage();
  const subnet = stage.subnet(stage.vpc());
  const [instance, nic] = [stage.instance(subnet), stage.nic(subnet)];
  stage.ask('attached', { do: 'attach-nic', nic: nic.id, instance: instance.id });
  stage.ask('detached', { do: 'detach-nic', of: { nic: nic.id } });
  stage.pass(1000);
  expect(stage.nicNow(nic.id).state).toBe('detaching');
  stage.pass(1000);
  expect(stage.nicNow(nic.id)).toMatchObject({ state: 'available' });
  expect(stage.nicNow(nic.id).attachment).toBeUndefined();
});

test('a NIC taken away by force and attached again is not disturbed by the plan of its first life', () => {
  const stage = new Stage();
  const subnet = stage.subnet(stage.vpc());
  const [instance, nic] = [stage.instance(subnet), stage.nic(subnet)];
  stage.ask('attached', { do: 'attach-nic', nic: nic.id, instance: instance.id });
  stage.ask('detached', { do: 'detach-nic', of: { nic: nic.id }, force: true });
  expect(stage.nicNow(nic.id).state).toBe('available');
  stage.now += 500;
  stage.ask('attached', { do: 'attach-nic', nic: nic.id, instance: instance.id });
  stage.pass(500); // the first attachment would have come now
  expect(stage.nicNow(nic.id).state).toBe('attaching');
  stage.pass(500);
  expect(stage.nicNow(nic.id).state).toBe('in-use');
});

test('a NIC is found by its attachment, and an attachment that is over is not', () => {
  const stage = new Stage();
  const subnet = stage.subnet(stage.vpc());
  const nic = stage.attachedNic(stage.instance(subnet), subnet);
  const attachment = nic.attachment?.id ?? ('' as Id);
  stage.ask('detached', { do: 'detach-nic', of: { attachment }, force: true });
  expect(stage.fault({ do: 'detach-nic', of: { attachment } })).toMatchObject({ why: 'not-found', kind: 'attachment' });
});

test('what stands in the way of attaching is named', () => {
  const stage = new Stage();
  const vpc = stage.vpc();
  const [here, there] = [stage.subnet(vpc), stage.subnet(vpc, '10.0.1.0/24', { zone: 'two' })];
  const other = stage.subnet(stage.vpc('10.9.0.0/16'), '10.9.0.0/24');
  const instance = stage.instance(here);
  const attach = (nic: Id, place = {}) => stage.fault({ do: 'attach-nic', nic, instance: instance.id, ...place });
  expect(attach(stage.nic(there).id)).toMatchObject({ why: 'other-zone', zone: 'two', instanceZone: 'one' });
  expect(attach(stage.nic(other).id)).toMatchObject({ why: 'other-vpc' });
  expect(attach(stage.nic(here).id, { device: 0 })).toMatchObject({ why: 'device-taken', device: 0 });
  expect(attach(stage.nic(here).id, { card: 1 })).toMatchObject({ why: 'no-such-card', card: 1, cards: 1 });
  expect(attach('nic-none' as Id)).toMatchObject({ why: 'not-found', kind: 'nic' });
  const second = stage.attachedNic(instance, here);
  expect(attach(second.id)).toMatchObject({ why: 'wrong-state', state: 'in-use' });
  stage.attachedNic(instance, here);
  expect(attach(stage.nic(here).id)).toEqual({ why: 'nic-limit', instance: instance.id, type: 'plain', limit: 3 });
  expect(attach(stage.nic(here, { addresses: { count: 6 } }).id)).toMatchObject({ why: 'nic-limit' });
});

test('a NIC that holds more than the type lets it is not attached', () => {
  const stage = new Stage();
  const subnet = stage.subnet(stage.vpc());
  const nic = stage.nic(subnet, { addresses: { count: 6 } });
  const attach = { do: 'attach-nic', nic: nic.id, instance: stage.instance(subnet).id } as const;
  expect(stage.fault(attach)).toMatchObject({ why: 'address-limit', limit: 6, has: 0, wanted: 7 });
  const prefixed = stage.nic(subnet, { prefixes: { count: 1 } });
  const old = { do: 'attach-nic', nic: prefixed.id, instance: stage.instance(subnet, 'old').id } as const;
  expect(stage.fault(old)).toEqual({ why: 'unsupported', what: 'prefix', type: 'old' });
});

test('NICs are numbered by card', () => {
  const stage = new Stage();
  const subnet = stage.subnet(stage.vpc());
  const instance = stage.instance(subnet, 'two-cards');
  const ask = { do: 'attach-nic', instance: instance.id, card: 1 } as const;
  const first = stage.ask('attached', { ...ask, nic: stage.nic(subnet).id });
  const second = stage.ask('attached', { ...ask, nic: stage.nic(subnet).id });
  expect([first.attachment, second.attachment]).toMatchObject([
    { card: 1, device: 0 },
    { card: 1, device: 1 },
  ]);
  expect(stage.fault({ ...ask, nic: stage.nic(subnet).id })).toMatchObject({ why: 'nic-limit', limit: 2 });
});

test('the primary NIC stays, and an attached one is not deleted', () => {
  const stage = new Stage();
  const subnet = stage.subnet(stage.vpc());
  const instance = stage.instance(subnet);
  const primary = stage.cloud.nicsOf.get(instance.id)?.[0] ?? ('' as Id);
  const detach = { do: 'detach-nic', of: { nic: primary } } as const;
  expect(stage.fault(detach)).toMatchObject({ why: 'indispensable', kind: 'attachment' });
  expect(stage.fault({ do: 'delete-nic', nic: primary })).toMatchObject({ why: 'in-use', byId: instance.id });
});

test('a deleted NIC gives all its addresses back', () => {
  const stage = new Stage();
  const subnet = stage.subnet(stage.vpc());
  const free = stage.free(subnet);
  const nic = stage.nic(subnet, { addresses: { count: 3 }, prefixes: { count: 2 } });
  expect(stage.free(subnet)).toBe(free - 1 - 3 - 32);
  stage.ask('done', { do: 'delete-nic', nic: nic.id });
  expect(stage.free(subnet)).toBe(free);
  expect(stage.fault({ do: 'delete-nic', nic: nic.id })).toMatchObject({ why: 'not-found', kind: 'nic', id: nic.id });
});

test('a NIC takes another description, groups of its VPC, and whether it ends with its instance', () => {
  const stage = new Stage();
  const [vpc, foreign] = [stage.vpc(), stage.vpc('10.9.0.0/16')];
  const subnet = stage.subnet(vpc);
  const loose = stage.nic(subnet);
  const modify = { do: 'modify-nic', nic: loose.id } as const;
  stage.ask('done', { ...modify, description: 'mine', sourceCheck: false });
  expect(stage.nicNow(loose.id)).toMatchObject({ description: 'mine', sourceCheck: false });
  expect(stage.fault({ ...modify, groups: [foreign.defaultGroup] })).toMatchObject({ why: 'other-vpc', kind: 'group' });
  expect(stage.fault({ ...modify, deleteWithInstance: true })).toMatchObject({ why: 'not-found', kind: 'attachment' });
  const { id } = stage.attachedNic(stage.instance(subnet), subnet);
  stage.ask('done', { do: 'modify-nic', nic: id, deleteWithInstance: true });
  expect(stage.nicNow(id).attachment?.deleteWithInstance).toBe(true);
});

test('a primary address by name, and one that is taken', () => {
  const stage = new Stage();
  const subnet = stage.subnet(stage.vpc());
  const [primary] = addresses('10.0.0.77');
  if (primary === undefined) throw new Error('no address');
  const nic = stage.nic(subnet, { primary });
  expect(nic.addresses).toEqual(['10.0.0.77']);
  const again = { do: 'create-nic', subnet: subnet.id, primary } as const;
  const taken = { why: 'address-taken', address: primary, nic: nic.id, subnet: subnet.id, during: 'create-nic' };
  expect(stage.fault(again)).toEqual(taken);
});

test('a NIC may be made without any address', () => {
  const stage = new Stage();
  const subnet = stage.subnet(stage.vpc());
  expect(stage.nic(subnet, { withoutAddress: true }).addresses).toEqual([]);
  expect(stage.free(subnet)).toBe(251);
});

test('where jobs are told, attaching answers one, and a job that fails leaves the NIC available', () => {
  const stage = new Stage({ jobs: true, nicNamedByMac: true, macStart: '52:54', delays: { ...RULES.delays } });
  const subnet = stage.subnet(stage.vpc());
  const [instance, nic] = [stage.instance(subnet), stage.nic(subnet)];
  expect(nic.id).toBe(nic.mac);
  expect(nic.mac).toMatch(/^52:54:/);
  const ask = { do: 'attach-nic', nic: nic.id, instance: instance.id } as const;
  const { job } = stage.ask('attached', ask);
  const stateOf = () => stage.views({ do: 'describe', kind: 'job', ids: [job ?? ('' as Id)] })[0];
  expect(stateOf()).toMatchObject({ job: { state: 'pending', subjects: [nic.id, instance.id] } });
  stage.pass(500);
  expect(stateOf()).toMatchObject({ job: { state: 'working' } });
  stage.pass(500);
  expect(stateOf()).toMatchObject({ job: { state: 'successful' } });
});
