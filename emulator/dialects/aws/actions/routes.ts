import type { Cloud } from '../../../cloud/cloud.ts';
import type { Id, Route } from '../../../cloud/nouns.ts';
import { type Action, madeOf, type Setting } from '../action.ts';
import { ApiError } from '../api-error.ts';
import { describing } from '../describing.ts';
import { constant, OWNER } from '../filters.ts';
import type { Params } from '../params.ts';
import { natShape } from '../shapes/net.ts';
import { routeTableShape, tableAssociation } from '../shapes/route-table.ts';
import { readTagSpecifications } from '../shapes/tags.ts';
import { element, leaf, together } from '../xml.ts';
import { simple } from './simple.ts';

/** Route tables, routes, whose they are; NAT gateways. */
export const ROUTES: Readonly<Record<string, Action>> = {
  DescribeRouteTables: describing({
    kind: 'route-table',
    ids: 'RouteTableId',
    prefix: 'rtb-',
    malformed: 'InvalidRouteTableId.Malformed',
    set: 'routeTableSet',
    page: { most: 100 },
    filters: {
      'route-table-id': 'id',
      'association.route-table-id': 'id',
      'vpc-id': 'vpc',
      'association.main': 'main',
      'association.subnet-id': 'subnet',
      'route.destination-cidr-block': 'to',
      'route.destination-ipv6-cidr-block': 'to',
      'owner-id': OWNER,
    },
    write: routeTableShape,
  }),
  CreateRouteTable: {
    category: 'mutating',
    read: (params, at) => ({
      request: { do: 'create-table', vpc: params.id('VpcId'), tags: readTagSpecifications(params, 'route-table') },
      token: params.text('ClientToken'),
      write: (answer) => element('routeTable', routeTableShape(madeOf(answer, 'route-table'), at)),
    }),
  },
  DeleteRouteTable: simple('mutating', (params) => ({ do: 'delete-table', table: params.id('RouteTableId') })),
  CreateRoute: simple('mutating', (params, at) => ({
    do: 'add-route',
    table: params.id('RouteTableId'),
    route: readRoute(params, at),
  })),
  ReplaceRoute: simple('mutating', (params, at) => ({
    do: 'replace-route',
    table: params.id('RouteTableId'),
    route: readRoute(params, at),
  })),
  DeleteRoute: simple('mutating', (params) => ({
    do: 'delete-route',
    table: params.id('RouteTableId'),
    to: readDestination(params),
  })),
  AssociateRouteTable: {
    category: 'mutating',
    read: (params) => {
      const subnet = params.id('SubnetId');
      return {
        request: { do: 'associate-table', table: params.id('RouteTableId'), subnet },
        write: () => associated('associationId', subnet),
      };
    },
  },
  DisassociateRouteTable: simple('mutating', (params, { cloud }) => ({
    do: 'disassociate-table',
    subnet: subnetNamed(params, cloud),
  })),
  ReplaceRouteTableAssociation: {
    category: 'mutating',
    read: (params, { cloud }) => {
      const subnet = subnetNamed(params, cloud);
      return {
        request: { do: 'associate-table', table: params.id('RouteTableId'), subnet },
        write: () => associated('newAssociationId', subnet),
      };
    },
  },
  DescribeNatGateways: describing({
    kind: 'nat',
    ids: 'NatGatewayId',
    prefix: 'nat-',
    malformed: 'NatGatewayMalformed',
    set: 'natGatewaySet',
    filters: { 'nat-gateway-id': 'id', 'subnet-id': 'subnet', 'vpc-id': 'vpc', state: constant('available') },
    write: ({ nat }) => natShape(nat),
  }),
  CreateNatGateway: {
    category: 'mutating',
    read: (params) => {
      params.ignore('AllocationId', 'ConnectivityType', 'AvailabilityMode'); // it gets a public address of ours
      const token = params.text('ClientToken');
      return {
        request: { do: 'create-nat', subnet: params.id('SubnetId'), tags: readTagSpecifications(params, 'natgateway') },
        token,
        write: (answer) =>
          together(leaf('clientToken', token), element('natGateway', natShape(madeOf(answer, 'nat').nat))),
      };
    },
  },
  DeleteNatGateway: {
    category: 'mutating',
    read: (params) => {
      const nat = params.id('NatGatewayId');
      return { request: { do: 'delete-nat', nat }, write: () => leaf('natGatewayId', nat) };
    },
  },
};

function associated(name: string, subnet: Id) {
  return together(leaf(name, tableAssociation(subnet)), element('associationState', leaf('state', 'associated')));
}

function subnetNamed(params: Params, cloud: Cloud): Id {
  const id = params.needed('AssociationId');
  for (const subnet of cloud.subnets.values())
    if (subnet.routeTable !== undefined && tableAssociation(subnet.id) === id) return subnet.id;
  throw new ApiError('InvalidAssociationID.NotFound', `The association ID '${id}' does not exist`);
}

function readDestination(params: Params): Route['to'] {
  const to = params.range('DestinationCidrBlock') ?? params.range('DestinationIpv6CidrBlock');
  if (to === undefined) throw params.missing('destinationCidrBlock');
  return to;
}

/** One target. An instance stands for its only NIC. */
function readRoute(params: Params, { cloud }: Setting): Route {
  const to = readDestination(params);
  const of = (name: string) => params.text(name) as Id | undefined;
  const [gateway, nat, nic, instance] = [
    of('GatewayId'),
    of('NatGatewayId'),
    of('NetworkInterfaceId'),
    of('InstanceId'),
  ];
  if (gateway !== undefined) return { to, by: { kind: 'internet', gateway } };
  if (nat !== undefined) return { to, by: { kind: 'nat', nat } };
  if (nic !== undefined) return { to, by: { kind: 'nic', nic } };
  const [only, ...others] = instance === undefined ? [] : (cloud.nicsOf.get(instance) ?? []);
  if (only !== undefined && others.length === 0) return { to, by: { kind: 'nic', nic: only } };
  if (only !== undefined)
    throw new ApiError('InvalidInstanceID', `There are multiple interfaces attached to instance '${instance}'.`);
  if (instance !== undefined)
    throw new ApiError('InvalidInstanceID.NotFound', `The instance ID '${instance}' does not exist`);
  const text = 'The request must contain exactly one of gatewayId, natGatewayId, networkInterfaceId, instanceId';
  throw new ApiError('MissingParameter', text);
}
