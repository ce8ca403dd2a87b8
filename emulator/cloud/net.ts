import { contains, familyOf, nth, overlap, type Prefix } from '../../src/base/ip.ts';
import { numberOf, type Done, done, found, isFault, put, quotaFault, without } from './change.ts';
import type { Cloud, Env } from './cloud.ts';
import type { Fault } from './fault.ts';
import { newId } from './ids.ts';
import type { Id, Reservation, Route, Subnet, Vpc } from './nouns.ts';
import type { NetRequest } from './request.ts';
import { isEmpty, newSpace, NOBODY, type Space, withReservations } from './space.ts';
import { newSpace6 } from './space6.ts';
import { viewOf } from './view.ts';

type Of<D extends NetRequest['do']> = Extract<NetRequest, { readonly do: D }>;

/** With a main table, and a default group whose members reach each other and everything. */
export function createVpc(before: Cloud, { range, v6, tags }: Of<'create-vpc'>, env: Env): Done | Fault {
  const full = quotaFault(before, 'vpcs', { has: before.vpcs.size, more: 1 });
  if (full !== undefined) return full;
  const { rules } = before;
  const id = newId(rules, 'vpc', env.random);
  const [mainTable, defaultGroup] = [newId(rules, 'route-table', env.random), newId(rules, 'group', env.random)];
  const ranges = v6 ? [range, freeRange6(before)] : [range];
  const vpc: Vpc = { id, ranges, mainTable, defaultGroup, tags };
  const routes = ranges.map((it) => localRoute(it));
  const rule = (peer: { readonly range: Prefix } | { readonly group: Id }) => {
    return { id: newId(rules, 'rule', env.random), protocol: 'all', peer } as const;
  };
  const group = {
    id: defaultGroup,
    vpc: id,
    name: 'default',
    description: 'default VPC security group',
    ingress: [rule({ group: defaultGroup })],
    egress: ['0.0.0.0/0', ...(v6 ? ['::/0'] : [])].map((it) => rule({ range: it as Prefix })),
    tags: {},
  };
  let cloud = put(before, 'vpc', vpc);
  cloud = put(cloud, 'route-table', { id: mainTable, vpc: id, main: true, routes, tags: {} });
  cloud = put(cloud, 'group', group);
  const touched = [
    { kind: 'vpc', id },
    { kind: 'route-table', id: mainTable },
    { kind: 'group', id: defaultGroup },
  ] as const;
  return { cloud, answer: { is: 'made', view: viewOf(cloud, 'vpc', vpc) }, touched };
}

/** The route that every table has for each range of its VPC. */
export function localRoute(to: Prefix): Route {
  return { to, by: { kind: 'local' } };
}

const RANGE6 = '2001:db8::/32' as Prefix; // for documentation, RFC 3849

/** The first /56 that no VPC has. */
function freeRange6(cloud: Cloud): Prefix {
  const whole = cloud.rules.range6 ?? RANGE6;
  const taken = new Set([...cloud.vpcs.values()].flatMap(({ ranges }) => ranges));
  for (let i = 0n; ; i++) {
    const range = `${nth(whole, i << 72n)}/56` as Prefix;
    if (!taken.has(range)) return range;
  }
}

/** Only without subnets, gateways, and groups and tables of somebody's own. */
export function deleteVpc(before: Cloud, { vpc: id }: Of<'delete-vpc'>): Done | Fault {
  const vpc = found(before, 'vpc', id);
  if (isFault(vpc)) return vpc;
  const holder =
    ofVpc('subnet', before.subnets.values(), id) ??
    ofVpc('gateway', before.gateways.values(), id) ??
    ofVpc('group', before.groups.values(), id, vpc.defaultGroup) ??
    ofVpc('route-table', before.tables.values(), id, vpc.mainTable);
  if (holder !== undefined) return { why: 'in-use', kind: 'vpc', id, ...holder };
  let cloud = without(before, 'vpc', id);
  cloud = without(cloud, 'group', vpc.defaultGroup);
  cloud = without(cloud, 'route-table', vpc.mainTable);
  return done(
    cloud,
    { kind: 'vpc', id },
    { kind: 'group', id: vpc.defaultGroup },
    { kind: 'route-table', id: vpc.mainTable },
  );
}

function ofVpc<K extends 'subnet' | 'gateway' | 'group' | 'route-table'>(
  by: K,
  all: Iterable<{ readonly id: Id; readonly vpc?: Id }>,
  vpc: Id,
  but?: Id,
): { readonly by: K; readonly byId: Id } | undefined {
  for (const it of all) if (it.vpc === vpc && it.id !== but) return { by, byId: it.id };
  return undefined;
}

/** Every table of the VPC gets the local route. */
export function addRange(before: Cloud, { vpc: id, range: asked }: Of<'add-range'>): Done | Fault {
  const vpc = found(before, 'vpc', id);
  if (isFault(vpc)) return vpc;
  const range = asked === 'v6' ? freeRange6(before) : asked;
  const family = familyOf(range);
  const has = vpc.ranges.filter((it) => familyOf(it) === family);
  const conflict = has.find((it) => overlap(it, range));
  if (conflict !== undefined) return { why: 'range-conflict', range, with: conflict };
  const full = quotaFault(before, 'rangesPerVpc', { has: has.length, more: 1, subject: id });
  if (full !== undefined) return full;
  const wider = { ...vpc, ranges: [...vpc.ranges, range] };
  const cloud = withTables(put(before, 'vpc', wider), id, (routes) => [localRoute(range), ...routes]);
  return { cloud, answer: { is: 'made', view: viewOf(cloud, 'vpc', wider) }, touched: [{ kind: 'vpc', id }] };
}

/** Not the first one, and none in which a subnet lies. */
export function removeRange(before: Cloud, { vpc: id, range }: Of<'remove-range'>): Done | Fault {
  const vpc = found(before, 'vpc', id);
  if (isFault(vpc)) return vpc;
  if (!vpc.ranges.includes(range)) return { why: 'not-found', kind: 'range', id: range };
  if (vpc.ranges[0] === range) return { why: 'indispensable', kind: 'vpc', id: range };
  for (const { id: byId, vpc: owner, v4, v6 } of before.subnets.values())
    if (owner === id && (contains(range, v4) || (v6 !== undefined && contains(range, v6))))
      return { why: 'in-use', kind: 'range', id: range, by: 'subnet', byId };
  const narrower = { ...vpc, ranges: vpc.ranges.filter((it) => it !== range) };
  const kept = (it: Route) => it.by.kind !== 'local' || it.to !== range;
  const cloud = withTables(put(before, 'vpc', narrower), id, (routes) => routes.filter(kept));
  return { cloud, answer: { is: 'made', view: viewOf(cloud, 'vpc', narrower) }, touched: [{ kind: 'vpc', id }] };
}

function withTables(before: Cloud, vpc: Id, change: (routes: readonly Route[]) => readonly Route[]): Cloud {
  let cloud = before;
  for (const table of before.tables.values())
    if (table.vpc === vpc) cloud = put(cloud, 'route-table', { ...table, routes: change(table.routes) });
  return cloud;
}

/** Inside a range of its VPC, and apart from every other subnet of it. */
export function createSubnet(before: Cloud, request: Of<'create-subnet'>, env: Env): Done | Fault {
  const { v4, v6, tags, zone = before.zones[0] ?? '' } = request;
  const vpc = found(before, 'vpc', request.vpc);
  if (isFault(vpc)) return vpc;
  if (!before.zones.includes(zone)) return { why: 'not-found', kind: 'zone', id: zone };
  const fault = rangeFault(before, vpc, v4) ?? (v6 && rangeFault(before, vpc, v6));
  if (fault !== undefined) return fault;
  const has = numberOf(before.subnets, (it) => it.vpc === vpc.id);
  const full = quotaFault(before, 'subnetsPerVpc', { has, more: 1, subject: vpc.id });
  if (full !== undefined) return full;
  const id = newId(before.rules, 'subnet', env.random);
  const ranges = v6 === undefined ? { v4 } : { v4, v6 };
  const subnet: Subnet = { id, vpc: vpc.id, zone, ...ranges, mapPublic: false, reservations: [], tags };
  const cloud = withSpace(put(before, 'subnet', subnet), id, newSpace(before.rules, v4, v6));
  return { cloud, answer: { is: 'made', view: viewOf(cloud, 'subnet', subnet) }, touched: [{ kind: 'subnet', id }] };
}

function rangeFault(cloud: Cloud, vpc: Vpc, range: Prefix): Fault | undefined {
  if (!vpc.ranges.some((it) => contains(it, range))) return { why: 'bad-range', range, because: 'outside' };
  for (const { vpc: owner, v4, v6 } of cloud.subnets.values()) {
    const other = owner === vpc.id ? [v4, v6].find((it) => it !== undefined && overlap(it, range)) : undefined;
    if (other !== undefined) return { why: 'range-conflict', range, with: other };
  }
  return undefined;
}

function withSpace(cloud: Cloud, subnet: Id, space: Space): Cloud {
  return { ...cloud, spaces: cloud.spaces.set(subnet, space) };
}

/** Only when nobody has an address of it. */
export function deleteSubnet(cloud: Cloud, { subnet: id }: Of<'delete-subnet'>): Done | Fault {
  const subnet = found(cloud, 'subnet', id);
  if (isFault(subnet)) return subnet;
  const space = cloud.spaces.get(id);
  if (space !== undefined && !isEmpty(space)) {
    const byId = [...space.used.values()].find((it) => it !== NOBODY) ?? id;
    return { why: 'in-use', kind: 'subnet', id, by: cloud.nats.has(byId) ? 'nat' : 'nic', byId };
  }
  const rest = without(cloud, 'subnet', id);
  return done({ ...rest, spaces: rest.spaces.delete(id) }, { kind: 'subnet', id });
}

/** Public addresses at launch; IPv6, for a subnet that has none. */
export function modifySubnet(before: Cloud, request: Of<'modify-subnet'>): Done | Fault {
  const { subnet: id, mapPublic, v6 } = request;
  const subnet = found(before, 'subnet', id);
  if (isFault(subnet)) return subnet;
  const changed = mapPublic === undefined ? subnet : { ...subnet, mapPublic };
  if (v6 === undefined) return done(put(before, 'subnet', changed), { kind: 'subnet', id });
  if (subnet.v6 !== undefined) return { why: 'range-conflict', range: v6, with: subnet.v6 };
  const vpc = found(before, 'vpc', subnet.vpc);
  if (isFault(vpc)) return vpc;
  const fault = rangeFault(before, vpc, v6);
  if (fault !== undefined) return fault;
  const cloud = put(before, 'subnet', { ...changed, v6 });
  const space = cloud.spaces.get(id) ?? newSpace(cloud.rules, subnet.v4);
  return done(withSpace(cloud, id, { ...space, v6: newSpace6(cloud.rules, v6) }), { kind: 'subnet', id });
}

/** Apart from the subnet's other reservations. What is held inside of it stays. */
export function reserveRange(before: Cloud, request: Of<'reserve-range'>, env: Env): Done | Fault {
  const { subnet: id, range, use, description } = request;
  const subnet = found(before, 'subnet', id);
  if (isFault(subnet)) return subnet;
  const whole = familyOf(range) === 'v4' ? subnet.v4 : subnet.v6;
  if (whole === undefined) return { why: 'no-range', subnet: id, family: familyOf(range) };
  if (!contains(whole, range)) return { why: 'outside-subnet', address: range, subnet: id, range: whole };
  const conflict = subnet.reservations.find((it) => overlap(it.range, range));
  if (conflict !== undefined) return { why: 'range-conflict', range, with: conflict.range };
  const reservation = { id: newId(before.rules, 'reservation', env.random), range, use, description };
  const cloud = withReserved(before, subnet, [...subnet.reservations, reservation]);
  return { cloud, answer: { is: 'reserved', subnet: id, reservation }, touched: [] };
}

/** Answers the reservation that was. */
export function releaseRange(before: Cloud, { reservation: id }: Of<'release-range'>): Done | Fault {
  for (const subnet of before.subnets.values()) {
    const reservation = subnet.reservations.find((it) => it.id === id);
    if (reservation === undefined) continue;
    const rest = subnet.reservations.filter((it) => it !== reservation);
    const cloud = withReserved(before, subnet, rest);
    return { cloud, answer: { is: 'reserved', subnet: subnet.id, reservation }, touched: [] };
  }
  return { why: 'not-found', kind: 'reservation', id };
}

function withReserved(before: Cloud, subnet: Subnet, reservations: readonly Reservation[]): Cloud {
  const cloud = put(before, 'subnet', { ...subnet, reservations });
  const space = cloud.spaces.get(subnet.id);
  return space === undefined ? cloud : withSpace(cloud, subnet.id, withReservations(space, reservations));
}
