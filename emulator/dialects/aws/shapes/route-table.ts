import { familyOf } from '../../../../src/base/ip.ts';
import type { View } from '../../../cloud/answer.ts';
import type { Cloud } from '../../../cloud/cloud.ts';
import type { Id, Route } from '../../../cloud/nouns.ts';
import type { Setting } from '../action.ts';
import { associationId } from '../place.ts';
import { element, items, leaf, NOTHING, together, type Xml } from '../xml.ts';
import { tagSet } from './tags.ts';

type TableView = Extract<View, { readonly kind: 'route-table' }>;

/** A RouteTable of EC2. */
export function routeTableShape({ table, subnets }: TableView, { cloud, place }: Setting): Xml {
  return together(
    leaf('routeTableId', table.id),
    leaf('vpcId', table.vpc),
    leaf('ownerId', place.account),
    items('routeSet', table.routes, (route) => routeShape(route, cloud, place.account)),
    items('associationSet', [...(table.main ? [undefined] : []), ...subnets], (subnet) =>
      association(table.id, subnet),
    ),
    element('propagatingVgwSet'),
    tagSet(table.tags),
  );
}

function routeShape({ to, by }: Route, cloud: Cloud, account: string): Xml {
  const destination = familyOf(to) === 'v4' ? 'destinationCidrBlock' : 'destinationIpv6CidrBlock';
  return together(
    leaf(destination, to),
    target(by, cloud, account),
    leaf('state', isBlackhole(by, cloud) ? 'blackhole' : 'active'),
    leaf('origin', by.kind === 'local' ? 'CreateRouteTable' : 'CreateRoute'),
  );
}

function target(by: Route['by'], cloud: Cloud, account: string): Xml {
  switch (by.kind) {
    case 'local':
      return leaf('gatewayId', 'local');
    case 'internet':
      return leaf('gatewayId', by.gateway);
    case 'nat':
      return leaf('natGatewayId', by.nat);
    case 'nic': {
      const instance = cloud.nics.get(by.nic)?.attachment?.instance;
      const on = together(leaf('instanceId', instance), leaf('instanceOwnerId', account));
      return together(instance === undefined ? NOTHING : on, leaf('networkInterfaceId', by.nic));
    }
  }
}

/** Whether the target of a route is gone or takes nothing. */
function isBlackhole(by: Route['by'], cloud: Cloud): boolean {
  if (by.kind === 'internet') return cloud.gateways.get(by.gateway)?.vpc === undefined;
  if (by.kind === 'nat') return !cloud.nats.has(by.nat);
  return by.kind === 'nic' && cloud.nics.get(by.nic)?.attachment === undefined;
}

function association(table: Id, subnet: Id | undefined): Xml {
  return together(
    leaf('routeTableAssociationId', tableAssociation(subnet ?? table)),
    leaf('routeTableId', table),
    leaf('subnetId', subnet),
    leaf('main', subnet === undefined),
    element('associationState', leaf('state', 'associated')),
  );
}

/** The id of what ties a table to a subnet; the main table, to its VPC: then `of` is the table. */
export function tableAssociation(of: Id): string {
  return associationId('rtbassoc', of);
}
