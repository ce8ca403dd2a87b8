import { type Done, done, found, isFault, put, quotaFault, without } from './change.ts';
import type { Cloud, Env } from './cloud.ts';
import type { Fault } from './fault.ts';
import { give, takenBack } from './giving.ts';
import { newId } from './ids.ts';
import { localRoute } from './net.ts';
import type { Nat, Route, RouteTable } from './nouns.ts';
import { withPublic } from './publics.ts';
import type { RouteRequest } from './request.ts';
import { viewOf } from './view.ts';

type Of<D extends RouteRequest['do']> = Extract<RouteRequest, { readonly do: D }>;

/** With the VPC's own ranges in it. */
export function createTable(before: Cloud, { vpc: of, tags }: Of<'create-table'>, env: Env): Done | Fault {
  const vpc = found(before, 'vpc', of);
  if (isFault(vpc)) return vpc;
  const id = newId(before.rules, 'route-table', env.random);
  const table: RouteTable = { id, vpc: of, main: false, routes: vpc.ranges.map(localRoute), tags };
  const cloud = put(before, 'route-table', table);
  const view = viewOf(cloud, 'route-table', table);
  return { cloud, answer: { is: 'made', view }, touched: [{ kind: 'route-table', id }] };
}

/** Not the main one, and none that a subnet uses. */
export function deleteTable(cloud: Cloud, { table: id }: Of<'delete-table'>): Done | Fault {
  const table = found(cloud, 'route-table', id);
  if (isFault(table)) return table;
  if (table.main) return { why: 'indispensable', kind: 'route-table', id };
  for (const { id: byId, routeTable } of cloud.subnets.values())
    if (routeTable === id) return { why: 'in-use', kind: 'route-table', id, by: 'subnet', byId };
  return done(without(cloud, 'route-table', id), { kind: 'route-table', id });
}

/** To where no route of the table goes yet. */
export function addRoute(cloud: Cloud, { table: id, route }: Of<'add-route'>): Done | Fault {
  const table = found(cloud, 'route-table', id);
  if (isFault(table)) return table;
  if (table.routes.some(({ to }) => to === route.to)) return { why: 'duplicate', kind: 'route', name: route.to };
  const full = quotaFault(cloud, 'routesPerTable', { has: table.routes.length, more: 1, subject: id });
  const fault = full ?? targetFault(cloud, table, route);
  return fault ?? withRoutes(cloud, table, [...table.routes, route]);
}

/** A local route stays local. */
export function replaceRoute(cloud: Cloud, { table: id, route }: Of<'replace-route'>): Done | Fault {
  const table = found(cloud, 'route-table', id);
  if (isFault(table)) return table;
  const fault = ownRouteFault(table, route.to) ?? targetFault(cloud, table, route);
  if (fault !== undefined) return fault;
  const routes = table.routes.map((it) => (it.to === route.to ? route : it));
  return withRoutes(cloud, table, routes);
}

/** A local route stays. */
export function deleteRoute(cloud: Cloud, { table: id, to }: Of<'delete-route'>): Done | Fault {
  const table = found(cloud, 'route-table', id);
  if (isFault(table)) return table;
  const fault = ownRouteFault(table, to);
  if (fault !== undefined) return fault;
  const routes = table.routes.filter((it) => it.to !== to);
  return withRoutes(cloud, table, routes);
}

function ownRouteFault(table: RouteTable, to: Route['to']): Fault | undefined {
  const old = table.routes.find((it) => it.to === to);
  if (old === undefined) return { why: 'not-found', kind: 'route', id: to };
  return old.by.kind === 'local' ? { why: 'indispensable', kind: 'route-table', id: to } : undefined;
}

function withRoutes(cloud: Cloud, table: RouteTable, routes: readonly Route[]): Done {
  return done(put(cloud, 'route-table', { ...table, routes }), { kind: 'route-table', id: table.id });
}

/** A route leads to something of its own VPC. */
function targetFault(cloud: Cloud, { vpc }: RouteTable, { by }: Route): Fault | undefined {
  const target =
    by.kind === 'internet'
      ? found(cloud, 'gateway', by.gateway)
      : by.kind === 'nat'
        ? found(cloud, 'nat', by.nat)
        : by.kind === 'nic'
          ? found(cloud, 'nic', by.nic)
          : { vpc };
  if (isFault(target)) return target;
  if (target.vpc === vpc) return undefined;
  const [kind, id] =
    by.kind === 'internet'
      ? (['gateway', by.gateway] as const)
      : by.kind === 'nat'
        ? (['nat', by.nat] as const)
        : (['nic', by.kind === 'nic' ? by.nic : vpc] as const);
  if (target.vpc === undefined) return { why: 'wrong-state', kind, id, state: 'detached', want: 'attached' };
  return { why: 'other-vpc', kind, id, vpc: target.vpc, wanted: vpc };
}

/** In place of whatever table it used. */
export function associateTable(cloud: Cloud, { table: id, subnet: of }: Of<'associate-table'>): Done | Fault {
  const table = found(cloud, 'route-table', id);
  if (isFault(table)) return table;
  const subnet = found(cloud, 'subnet', of);
  if (isFault(subnet)) return subnet;
  if (table.vpc !== subnet.vpc)
    return { why: 'other-vpc', kind: 'route-table', id, vpc: table.vpc, wanted: subnet.vpc };
  return done(put(cloud, 'subnet', { ...subnet, routeTable: id }), { kind: 'subnet', id: of });
}

/** The subnet uses the VPC's main table again. */
export function disassociateTable(cloud: Cloud, { subnet: of }: Of<'disassociate-table'>): Done | Fault {
  const subnet = found(cloud, 'subnet', of);
  if (isFault(subnet)) return subnet;
  const { routeTable: _, ...rest } = subnet;
  return done(put(cloud, 'subnet', rest), { kind: 'subnet', id: of });
}

/** Attached to nothing yet. */
export function createGateway(before: Cloud, { tags }: Of<'create-gateway'>, env: Env): Done {
  const gateway = { id: newId(before.rules, 'gateway', env.random), tags };
  const cloud = put(before, 'gateway', gateway);
  const view = viewOf(cloud, 'gateway', gateway);
  return { cloud, answer: { is: 'made', view }, touched: [{ kind: 'gateway', id: gateway.id }] };
}

/** One VPC has one, and the other way round. */
export function attachGateway(cloud: Cloud, request: Of<'attach-gateway'>): Done | Fault {
  const gateway = found(cloud, 'gateway', request.gateway);
  if (isFault(gateway)) return gateway;
  const vpc = found(cloud, 'vpc', request.vpc);
  if (isFault(vpc)) return vpc;
  const { id } = gateway;
  if (gateway.vpc !== undefined) return { why: 'in-use', kind: 'gateway', id, by: 'vpc', byId: gateway.vpc };
  for (const it of cloud.gateways.values())
    if (it.vpc === vpc.id) return { why: 'in-use', kind: 'vpc', id: vpc.id, by: 'gateway', byId: it.id };
  return done(put(cloud, 'gateway', { ...gateway, vpc: vpc.id }), { kind: 'gateway', id });
}

/** Not while somebody in the VPC has a public address. */
export function detachGateway(cloud: Cloud, request: Of<'detach-gateway'>): Done | Fault {
  const gateway = found(cloud, 'gateway', request.gateway);
  if (isFault(gateway)) return gateway;
  const { vpc, ...rest } = gateway;
  const { id } = gateway;
  if (vpc !== request.vpc) return { why: 'wrong-state', kind: 'gateway', id, state: 'detached', want: 'attached' };
  for (const holder of cloud.publics.values()) {
    const nat = cloud.nats.get(holder);
    const owner = nat ?? cloud.nics.get(holder);
    if (owner?.vpc === vpc)
      return { why: 'in-use', kind: 'gateway', id, by: nat === undefined ? 'nic' : 'nat', byId: holder };
  }
  return done(put(cloud, 'gateway', rest), { kind: 'gateway', id });
}

/** Only when it is attached to nothing. */
export function deleteGateway(cloud: Cloud, { gateway: id }: Of<'delete-gateway'>): Done | Fault {
  const gateway = found(cloud, 'gateway', id);
  if (isFault(gateway)) return gateway;
  if (gateway.vpc !== undefined) return { why: 'in-use', kind: 'gateway', id, by: 'vpc', byId: gateway.vpc };
  return done(without(cloud, 'gateway', id), { kind: 'gateway', id });
}

/** It takes an address of its subnet, and a public one. */
export function createNat(before: Cloud, request: Of<'create-nat'>, env: Env): Done | Fault {
  const subnet = found(before, 'subnet', request.subnet);
  if (isFault(subnet)) return subnet;
  const id = newId(before.rules, 'nat', env.random);
  const gift = give(before, { addresses: { count: 1 } }, { to: id, subnet, during: 'create-nat', env });
  if (isFault(gift)) return gift;
  const address = gift.given.addresses[0];
  const reached = withPublic(before, id, env);
  if (address === undefined || reached === undefined)
    return { why: 'subnet-empty', subnet: subnet.id, family: 'v4', wanted: 1, free: 0, during: 'create-nat' };
  const places = { id, vpc: subnet.vpc, subnet: subnet.id, address, publicAddress: reached.address };
  const nat: Nat = { ...places, createdAt: env.now, tags: request.tags };
  const cloud = put({ ...reached.cloud, spaces: before.spaces.set(subnet.id, gift.space) }, 'nat', nat);
  return { cloud, answer: { is: 'made', view: viewOf(cloud, 'nat', nat) }, touched: [{ kind: 'nat', id }] };
}

/** Routes to it lead nowhere from now on. */
export function deleteNat(before: Cloud, { nat: id }: Of<'delete-nat'>): Done | Fault {
  const nat = found(before, 'nat', id);
  if (isFault(nat)) return nat;
  const held = { addresses: [nat.address], prefixes: [], addresses6: [], prefixes6: [] };
  const space = before.spaces.get(nat.subnet);
  const spaces = space === undefined ? before.spaces : before.spaces.set(nat.subnet, takenBack(space, held));
  const cloud = { ...before, spaces, publics: before.publics.delete(nat.publicAddress) };
  return done(without(cloud, 'nat', id), { kind: 'nat', id });
}
