import { expect, test } from 'vitest';
import { prefix } from '../../src/base/ip.ts';
import { holderOf } from './cloud.ts';
import { addresses, Stage } from './testing/stage.ts';

const ANYWHERE = prefix('0.0.0.0/0');

test('a VPC comes with a main table of its ranges and a default group', () => {
  const stage = new Stage();
  const vpc = stage.vpc('10.0.0.0/16', true);
  expect(vpc.ranges).toEqual(['10.0.0.0/16', '2001:db8::/56']);
  expect(stage.cloud.tables.get(vpc.mainTable)?.routes.map(({ to }) => to)).toEqual(vpc.ranges);
  const group = stage.cloud.groups.get(vpc.defaultGroup);
  expect(group?.ingress).toMatchObject([{ protocol: 'all', peer: { group: vpc.defaultGroup } }]);
  expect(group?.egress.map(({ peer }) => peer)).toEqual([{ range: '0.0.0.0/0' }, { range: '::/0' }]);
  expect(stage.vpc('10.0.0.0/16', true).ranges).toEqual(['10.0.0.0/16', '2001:db8:0:100::/56']);
});

test('a range more: every table routes it, and it goes when no subnet lies in it (A57)', () => {
  const stage = new Stage({ quotas: { rangesPerVpc: 2 } });
  const vpc = stage.vpc();
  const table = stage.made('route-table', { do: 'create-table', vpc: vpc.id, tags: {} }).table;
  const range = prefix('100.64.0.0/16');
  const view = stage.made('vpc', { do: 'add-range', vpc: vpc.id, range });
  expect(view.vpc.ranges).toEqual(['10.0.0.0/16', range]);
  for (const id of [vpc.mainTable, table.id])
    expect(stage.cloud.tables.get(id)?.routes).toContainEqual({ to: range, by: { kind: 'local' } });
  const inside = { do: 'add-range', vpc: vpc.id, range: prefix('100.64.8.0/24') } as const;
  expect(stage.fault(inside)).toMatchObject({ why: 'range-conflict', with: range });
  expect(stage.fault({ ...inside, range: prefix('100.65.0.0/16') })).toMatchObject({ why: 'quota' });
  const subnet = stage.subnet(vpc, '100.64.3.0/24');
  const remove = { do: 'remove-range', vpc: vpc.id, range } as const;
  expect(stage.fault(remove)).toMatchObject({ why: 'in-use', by: 'subnet', byId: subnet.id });
  expect(stage.fault({ ...remove, range: prefix('10.0.0.0/16') })).toMatchObject({ why: 'indispensable' });
  stage.ask('done', { do: 'delete-subnet', subnet: subnet.id });
  stage.made('vpc', remove);
  expect(stage.cloud.tables.get(table.id)?.routes).toHaveLength(1);
  expect(stage.fault(remove)).toMatchObject({ why: 'not-found', kind: 'range' });
});

test('subnets lie in a range of their VPC, in a zone, and apart', () => {
  const stage = new Stage();
  const vpc = stage.vpc('10.0.0.0/16', true);
  stage.subnet(vpc);
  const create = { do: 'create-subnet', vpc: vpc.id, v4: prefix('10.0.1.0/24'), tags: {} } as const;
  expect(stage.fault({ ...create, v4: prefix('10.1.0.0/24') })).toMatchObject({ why: 'bad-range' });
  expect(stage.fault({ ...create, v4: prefix('10.0.0.128/25') })).toMatchObject({ why: 'range-conflict' });
  expect(stage.fault({ ...create, zone: 'nowhere' })).toEqual({ why: 'not-found', kind: 'zone', id: 'nowhere' });
  const subnet = stage.subnet(vpc, '10.0.1.0/24', { v6: prefix('2001:db8:0:1::/64') });
  const v6 = { v4: prefix('10.0.2.0/24'), v6: prefix('2001:db8:0:1::/64') };
  expect(stage.fault({ ...create, ...v6 })).toMatchObject({ why: 'range-conflict' });
  expect(subnet.zone).toBe('one');
  expect(stage.free(subnet)).toBe(251);
});

test('a subnet gets IPv6 later, once', () => {
  const stage = new Stage();
  const subnet = stage.subnet(stage.vpc('10.0.0.0/16', true));
  const modify = { do: 'modify-subnet', subnet: subnet.id, v6: prefix('2001:db8:0:9::/64') } as const;
  stage.ask('done', modify);
  expect(stage.nic(subnet, { addresses6: { count: 1 } }).addresses6[0]).toMatch(/^2001:db8:0:9:/);
  expect(stage.fault(modify)).toMatchObject({ why: 'range-conflict' });
});

test('what is in use is not deleted, and who uses it is named', () => {
  const stage = new Stage();
  const vpc = stage.vpc();
  const subnet = stage.subnet(vpc);
  const nic = stage.nic(subnet);
  expect(stage.fault({ do: 'delete-vpc', vpc: vpc.id })).toMatchObject({ why: 'in-use', byId: subnet.id });
  expect(stage.fault({ do: 'delete-subnet', subnet: subnet.id })).toMatchObject({ why: 'in-use', byId: nic.id });
  stage.ask('done', { do: 'delete-nic', nic: nic.id });
  stage.ask('done', { do: 'delete-subnet', subnet: subnet.id });
  stage.ask('done', { do: 'delete-vpc', vpc: vpc.id });
  const { vpcs, subnets, spaces, tables, groups } = stage.cloud;
  expect([vpcs, subnets, spaces, tables, groups].map(({ size }) => size)).toEqual([0, 0, 0, 0, 0]);
});

test('groups: a name once, rules once, gone when nobody names them', () => {
  const stage = new Stage();
  const vpc = stage.vpc();
  const create = { do: 'create-group', vpc: vpc.id, name: 'web', description: 'd', tags: {} } as const;
  const { group } = stage.made('group', create);
  expect(group).toMatchObject({ ingress: [], egress: [{ protocol: 'all', peer: { range: '0.0.0.0/0' } }] });
  expect(stage.fault(create)).toEqual({ why: 'duplicate', kind: 'group', name: 'web' });
  const rule = { protocol: 'tcp', ports: { from: 80, to: 80 }, peer: { range: ANYWHERE } } as const;
  const add = { do: 'add-rules', group: group.id, way: 'ingress', rules: [rule] } as const;
  const { rules } = stage.ask('rules', add);
  expect(rules).toMatchObject([rule]);
  expect(stage.fault(add)).toMatchObject({ why: 'duplicate', kind: 'rule' });
  expect(stage.fault({ ...add, rules: [{ protocol: 'udp', peer: { group: vpc.id } }] })).toMatchObject({
    why: 'not-found',
    kind: 'group',
  });
  stage.ask('rules', { ...add, do: 'remove-rules', rules: [{ ...rule, description: 'whatever' }] });
  const byId = { ...add, do: 'remove-rules', rules: rules.map(({ id }) => id) } as const;
  expect(stage.fault(byId)).toMatchObject({ why: 'not-found', kind: 'rule' });
  const named = { ...add, group: vpc.defaultGroup, rules: [{ protocol: 'all', peer: { group: group.id } }] } as const;
  stage.ask('rules', named);
  const remove = { do: 'delete-group', group: group.id } as const;
  expect(stage.fault(remove)).toMatchObject({ why: 'in-use', by: 'group', byId: vpc.defaultGroup });
  stage.ask('rules', { ...named, do: 'remove-rules' });
  const nic = stage.nic(stage.subnet(vpc), { groups: [group.id] });
  expect(stage.fault(remove)).toMatchObject({ why: 'in-use', by: 'nic', byId: nic.id });
  stage.ask('done', { do: 'delete-nic', nic: nic.id });
  stage.ask('done', remove);
  expect(stage.fault({ ...remove, group: vpc.defaultGroup })).toMatchObject({ why: 'indispensable' });
});

test('routes lead to what the VPC has, once to each range, and the local ones stay', () => {
  const stage = new Stage();
  const [vpc, other] = [stage.vpc(), stage.vpc('10.7.0.0/16')];
  const { gateway } = stage.made('gateway', { do: 'create-gateway', tags: {} });
  const by = { kind: 'internet', gateway: gateway.id } as const;
  const add = { do: 'add-route', table: vpc.mainTable, route: { to: ANYWHERE, by } } as const;
  expect(stage.fault(add)).toMatchObject({ why: 'wrong-state', kind: 'gateway', state: 'detached' });
  stage.ask('done', { do: 'attach-gateway', gateway: gateway.id, vpc: vpc.id });
  expect(stage.fault({ do: 'attach-gateway', gateway: gateway.id, vpc: other.id })).toMatchObject({ why: 'in-use' });
  stage.ask('done', add);
  expect(stage.fault(add)).toEqual({ why: 'duplicate', kind: 'route', name: '0.0.0.0/0' });
  expect(stage.fault({ ...add, table: other.mainTable })).toMatchObject({ why: 'other-vpc', wanted: other.id });
  const nic = stage.nic(stage.subnet(vpc));
  stage.ask('done', { ...add, do: 'replace-route', route: { to: ANYWHERE, by: { kind: 'nic', nic: nic.id } } });
  expect(stage.cloud.tables.get(vpc.mainTable)?.routes[1]?.by).toEqual({ kind: 'nic', nic: nic.id });
  const local = { do: 'delete-route', table: vpc.mainTable, to: prefix('10.0.0.0/16') } as const;
  expect(stage.fault(local)).toMatchObject({ why: 'indispensable' });
  stage.ask('done', { ...local, to: ANYWHERE });
  expect(stage.fault({ ...local, to: ANYWHERE })).toMatchObject({ why: 'not-found', kind: 'route' });
});

test('a subnet uses the main table, or one of its own', () => {
  const stage = new Stage();
  const [vpc, other] = [stage.vpc(), stage.vpc('10.7.0.0/16')];
  const subnet = stage.subnet(vpc);
  const { table } = stage.made('route-table', { do: 'create-table', vpc: vpc.id, tags: {} });
  const use = { do: 'associate-table', table: table.id, subnet: subnet.id } as const;
  expect(stage.fault({ ...use, table: other.mainTable })).toMatchObject({ why: 'other-vpc' });
  stage.ask('done', use);
  const views = stage.views({ do: 'describe', kind: 'route-table', ids: [table.id] });
  expect(views).toMatchObject([{ subnets: [subnet.id] }]);
  const remove = { do: 'delete-table', table: table.id } as const;
  expect(stage.fault(remove)).toMatchObject({ why: 'in-use', byId: subnet.id });
  stage.ask('done', { do: 'disassociate-table', subnet: subnet.id });
  stage.ask('done', remove);
  expect(stage.fault({ ...remove, table: vpc.mainTable })).toMatchObject({ why: 'indispensable' });
});

test('a NAT gateway has an address of its subnet and a public one, and keeps both gateways and subnets', () => {
  const stage = new Stage();
  const vpc = stage.vpc();
  const subnet = stage.subnet(vpc);
  const { gateway } = stage.made('gateway', { do: 'create-gateway', tags: {} });
  const attach = { gateway: gateway.id, vpc: vpc.id };
  stage.ask('done', { do: 'attach-gateway', ...attach });
  const { nat } = stage.made('nat', { do: 'create-nat', subnet: subnet.id, tags: {} });
  expect(holderOf(stage.cloud, vpc.id, nat.address)).toBe(nat.id);
  expect(stage.fault({ do: 'detach-gateway', ...attach })).toMatchObject({ why: 'in-use', by: 'nat' });
  const remove = { do: 'delete-subnet', subnet: subnet.id } as const;
  expect(stage.fault(remove)).toMatchObject({ why: 'in-use', by: 'nat', byId: nat.id });
  stage.ask('done', { do: 'delete-nat', nat: nat.id });
  stage.ask('done', { do: 'detach-gateway', ...attach });
  stage.ask('done', { do: 'delete-gateway', gateway: gateway.id });
  stage.ask('done', remove);
});

test('who holds an address is told for single ones and those of prefixes, in one VPC', () => {
  const stage = new Stage({ choice: 'lowest' });
  const [vpc, twin] = [stage.vpc(), stage.vpc()];
  const nic = stage.nic(stage.subnet(vpc), { prefixes: { count: 1 } });
  const holders = addresses('10.0.0.4', '10.0.0.16', '10.0.0.31', '10.0.0.32').map((it) =>
    holderOf(stage.cloud, vpc.id, it),
  );
  expect(holders).toEqual([nic.id, nic.id, nic.id, undefined]);
  expect(addresses('10.0.0.4').map((it) => holderOf(stage.cloud, twin.id, it))).toEqual([undefined]);
});
