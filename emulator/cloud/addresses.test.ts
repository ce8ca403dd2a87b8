import { expect, test } from 'vitest';
import { contains, type Prefix, prefix } from '../../src/base/ip.ts';
import type { Id } from './nouns.ts';
import { addresses, ranges, Stage } from './testing/stage.ts';

test('addresses by number are new, different, and in the subnet', () => {
  const stage = new Stage();
  const subnet = stage.subnet(stage.vpc());
  const nic = stage.nic(subnet);
  const given = stage.ask('assigned', { do: 'assign', nic: nic.id, addresses: { count: 20 } });
  expect(new Set(given.addresses).size).toBe(20);
  expect(given.addresses.every((it) => contains(subnet.v4, it))).toBe(true);
  expect(stage.nicNow(nic.id).addresses).toEqual([...nic.addresses, ...given.addresses]);
});

test('the lowest free address comes first where the rules say so', () => {
  const stage = new Stage({ choice: 'lowest' });
  const subnet = stage.subnet(stage.vpc());
  expect(stage.nic(subnet, { addresses: { count: 2 } }).addresses).toEqual(['10.0.0.4', '10.0.0.5', '10.0.0.6']);
  expect(stage.nic(subnet, { prefixes: { count: 2 } }).prefixes).toEqual(['10.0.0.16/28', '10.0.0.32/28']);
});

test('a small subnet is given to its last address, and then the fault tells how many were wanted and are free', () => {
  const stage = new Stage();
  const subnet = stage.subnet(stage.vpc(), '10.0.0.0/28');
  const nic = stage.nic(subnet, { addresses: { count: 8 } }); // 16 - 5 = 11
  const ask = { do: 'assign', nic: nic.id, addresses: { count: 3 } } as const;
  const empty = { why: 'subnet-empty', subnet: subnet.id, family: 'v4', wanted: 3, free: 2, during: 'assign' };
  expect(stage.fault(ask)).toEqual(empty);
  stage.ask('assigned', { ...ask, addresses: { count: 2 } });
  expect(stage.free(subnet)).toBe(0);
  const create = { do: 'create-nic', subnet: subnet.id } as const;
  expect(stage.fault(create)).toMatchObject({ why: 'subnet-empty', wanted: 1, free: 0, during: 'create-nic' });
});

test('a subnet full of holes has addresses and no prefix, and says so (A35)', () => {
  const stage = new Stage();
  const subnet = stage.subnet(stage.vpc(), '10.0.0.0/26');
  const list = addresses('10.0.0.20', '10.0.0.40');
  const nic = stage.nic(subnet, { addresses: { list } });
  const ask = { do: 'assign', nic: nic.id, prefixes: { count: 1 } } as const;
  const facts = { family: 'v4', wanted: 1, free: 0, freeAddresses: 59 - 3, during: 'assign' };
  expect(stage.fault(ask)).toEqual({ why: 'no-free-prefix', subnet: subnet.id, ...facts });
  stage.ask('assigned', { do: 'assign', nic: nic.id, addresses: { count: 1 } });
});

test('prefixes are aligned, of the right length, and apart from what is held', () => {
  const stage = new Stage();
  const subnet = stage.subnet(stage.vpc());
  const nic = stage.nic(subnet);
  const { prefixes } = stage.ask('assigned', { do: 'assign', nic: nic.id, prefixes: { count: 3 } });
  for (const it of prefixes) expect(prefix(it)).toMatch(/\/28$/);
  expect(prefixes.some((it) => nic.addresses.some((address) => contains(it, address)))).toBe(false);
  const named = (range: Prefix) => stage.fault({ do: 'assign', nic: nic.id, prefixes: { list: [range] } });
  expect(named(prefix('10.0.0.0/27'))).toMatchObject({ why: 'bad-range', because: 'length' });
  expect(named(prefix('10.0.0.0/28'))).toMatchObject({ why: 'reserved-address' });
  expect(named(prefix('10.1.0.0/28'))).toMatchObject({ why: 'outside-subnet' });
  for (const it of prefixes) expect(named(it)).toMatchObject({ why: 'already-assigned', nic: nic.id });
});

test('addresses by name: nobody gets reserved ones, taken ones, or those of another subnet', () => {
  const stage = new Stage();
  const subnet = stage.subnet(stage.vpc());
  const [one, two] = [stage.nic(subnet), stage.nic(subnet)];
  stage.ask('assigned', { do: 'assign', nic: one.id, addresses: { list: addresses('10.0.0.99') } });
  const named = (nic: Id, text: string) => stage.fault({ do: 'assign', nic, addresses: { list: addresses(text) } });
  expect(named(two.id, '10.0.0.99')).toMatchObject({ why: 'address-taken', nic: one.id });
  expect(named(one.id, '10.0.0.99')).toMatchObject({ why: 'already-assigned', nic: one.id });
  for (const it of ['10.0.0.0', '10.0.0.1', '10.0.0.3', '10.0.0.255'])
    expect(named(one.id, it)).toMatchObject({ why: 'reserved-address' });
  expect(named(one.id, '10.0.1.4')).toMatchObject({ why: 'outside-subnet' });
});

test('all that is asked for is given, or nothing', () => {
  const stage = new Stage();
  const subnet = stage.subnet(stage.vpc());
  const nic = stage.nic(subnet);
  const list = addresses('10.0.0.99', '10.0.0.1');
  stage.fault({ do: 'assign', nic: nic.id, addresses: { list } });
  expect(stage.nicNow(nic.id)).toEqual(nic);
  expect(stage.free(subnet)).toBe(250);
});

test('addresses and prefixes of an attached NIC share its slots', () => {
  const stage = new Stage();
  const subnet = stage.subnet(stage.vpc());
  const nic = stage.attachedNic(stage.instance(subnet), subnet, { addresses: { count: 2 }, prefixes: { count: 1 } });
  const ask = { do: 'assign', nic: nic.id } as const;
  const full = { why: 'address-limit', nic: nic.id, type: 'plain', family: 'v4', limit: 6, has: 4, wanted: 3 };
  expect(stage.fault({ ...ask, addresses: { count: 2 }, prefixes: { count: 1 } })).toMatchObject(full);
  stage.ask('assigned', { ...ask, addresses: { count: 1 }, prefixes: { count: 1 } });
  stage.ask('assigned', { ...ask, addresses6: { count: 0 } });
});

test('an address of another NIC is taken only with leave, and a primary one never', () => {
  const stage = new Stage();
  const subnet = stage.subnet(stage.vpc());
  const [one, two] = [stage.nic(subnet, { addresses: { count: 1 } }), stage.nic(subnet)];
  const [primary, second] = one.addresses;
  if (primary === undefined || second === undefined) throw new Error('no addresses');
  const ask = { do: 'assign', nic: two.id, reassign: true } as const;
  const { touched } = stage.step({ ...ask, addresses: { list: [second] } });
  expect(touched).toEqual(expect.arrayContaining([one, two].map(({ id }) => ({ kind: 'nic', id }))));
  expect(stage.nicNow(one.id).addresses).toEqual([primary]);
  expect(stage.nicNow(two.id).addresses).toContain(second);
  expect(stage.fault({ ...ask, addresses: { list: [primary] } })).toMatchObject({
    why: 'primary-address',
    nic: one.id,
  });
});

test('an address moves between NICs of one subnet when the first has it (UCloud MoveSecondaryIP)', () => {
  const stage = new Stage();
  const vpc = stage.vpc();
  const subnet = stage.subnet(vpc);
  const [one, two] = [stage.nic(subnet, { addresses: { count: 1 } }), stage.nic(subnet)];
  const away = stage.nic(stage.subnet(vpc, '10.0.7.0/24'));
  const address = one.addresses[1];
  if (address === undefined) throw new Error('no address');
  const move = (from: Id, to: Id) => ({ do: 'move-address', address, from, to }) as const;
  expect(stage.fault(move(two.id, one.id))).toMatchObject({ why: 'not-assigned', nic: two.id });
  expect(stage.fault(move(one.id, away.id))).toMatchObject({ why: 'outside-subnet' });
  stage.ask('assigned', move(one.id, two.id));
  expect(stage.nicNow(two.id).addresses).toContain(address);
});

test('what is taken off is free again; the primary address stays, and what is not there is a fault', () => {
  const stage = new Stage();
  const subnet = stage.subnet(stage.vpc());
  const nic = stage.nic(subnet, { addresses: { count: 2 }, prefixes: { count: 1 } });
  const [primary, second] = nic.addresses;
  if (primary === undefined || second === undefined) throw new Error('no addresses');
  const off = { do: 'unassign', nic: nic.id } as const;
  expect(stage.fault({ ...off, addresses: [primary] })).toMatchObject({ why: 'primary-address' });
  stage.ask('done', { ...off, addresses: [second, second], prefixes: nic.prefixes });
  expect(stage.fault({ ...off, addresses: [second] })).toMatchObject({ why: 'not-assigned', address: second });
  expect(stage.free(subnet)).toBe(251 - 2);
});

test('IPv6: addresses and /80 prefixes by number and by name', () => {
  const stage = new Stage();
  const vpc = stage.vpc('10.0.0.0/16', true);
  const v6 = prefix('2001:db8:0:5::/64');
  const subnet = stage.subnet(vpc, '10.0.0.0/24', { v6 });
  const nic = stage.nic(subnet, { addresses6: { count: 2 }, prefixes6: { count: 1 } });
  expect(nic.addresses6).toHaveLength(2);
  for (const it of [...nic.addresses6, ...nic.prefixes6]) expect(contains(v6, it)).toBe(true);
  const named = (text: string) =>
    stage.step({ do: 'assign', nic: nic.id, addresses6: { list: addresses(text) } }).reply;
  expect(named('2001:db8:0:5:7::1')).toMatchObject({ answer: { addresses6: ['2001:db8:0:5:7::1'] } });
  expect(named('2001:db8:0:5::1')).toMatchObject({ fault: { why: 'reserved-address' } });
  expect(named('2001:db8:0:5:7::1')).toMatchObject({ fault: { why: 'already-assigned' } });
  const block = { do: 'assign', nic: nic.id, prefixes6: { list: ranges('2001:db8:0:5:7::/80') } } as const;
  expect(stage.fault(block)).toMatchObject({ why: 'already-assigned' });
  stage.ask('done', { do: 'unassign', nic: nic.id, addresses6: addresses('2001:db8:0:5:7::1') });
  stage.ask('assigned', block);
  expect(named('2001:db8:0:5:7::1')).toMatchObject({ fault: { why: 'already-assigned' } });
  const plain = stage.nic(stage.subnet(vpc, '10.0.9.0/24'));
  const without = { do: 'assign', nic: plain.id, addresses6: { count: 1 } } as const;
  expect(stage.fault(without)).toMatchObject({ why: 'no-range', family: 'v6' });
});

test('a range reserved for prefixes is used for them first, and for single addresses never', () => {
  const stage = new Stage();
  const subnet = stage.subnet(stage.vpc());
  const range = prefix('10.0.0.64/27');
  const reserve = { do: 'reserve-range', subnet: subnet.id, range, use: 'prefix', description: '' } as const;
  const { reservation } = stage.ask('reserved', reserve);
  const { addresses: singles, prefixes } = stage.nic(subnet, { addresses: { count: 180 }, prefixes: { count: 2 } });
  expect(prefixes.every((it) => contains(range, it))).toBe(true);
  expect(singles.some((it) => contains(range, it))).toBe(false);
  expect(stage.fault({ ...reserve, range: prefix('10.0.0.80/28') })).toMatchObject({ why: 'range-conflict' });
  stage.ask('reserved', { do: 'release-range', reservation: reservation.id });
  expect(stage.fault({ do: 'release-range', reservation: reservation.id })).toMatchObject({ why: 'not-found' });
});

test('an explicit reservation is given only by name', () => {
  const stage = new Stage();
  const subnet = stage.subnet(stage.vpc(), '10.0.0.0/28');
  const range = prefix('10.0.0.8/29');
  const said = { range, use: 'explicit', description: 'kept' } as const;
  stage.ask('reserved', { do: 'reserve-range', subnet: subnet.id, ...said });
  const nic = stage.nic(subnet, { addresses: { count: 3 } }); // .4 to .7
  expect(nic.addresses.some((it) => contains(range, it))).toBe(false);
  const more = { do: 'assign', nic: nic.id, addresses: { count: 1 } } as const;
  expect(stage.fault(more)).toMatchObject({ why: 'subnet-empty', free: 7 });
  stage.ask('assigned', { ...more, addresses: { list: addresses('10.0.0.9') } });
});
