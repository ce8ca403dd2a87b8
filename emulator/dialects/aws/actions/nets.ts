import { familyOf } from '../../../../src/base/ip.ts';
import type { Cloud } from '../../../cloud/cloud.ts';
import type { Id, Vpc } from '../../../cloud/nouns.ts';
import { type Action, madeOf } from '../action.ts';
import { ApiError } from '../api-error.ts';
import { describing } from '../describing.ts';
import { constant, OWNER } from '../filters.ts';
import type { Params } from '../params.ts';
import { associationId } from '../place.ts';
import { gatewayShape, rangeAssociation, vpcShape } from '../shapes/net.ts';
import { readTagSpecifications } from '../shapes/tags.ts';
import { element, leaf, together } from '../xml.ts';
import { simple } from './simple.ts';

/** VPCs, their ranges, and gateways to the internet. */
export const NETS: Readonly<Record<string, Action>> = {
  DescribeVpcs: describing({
    kind: 'vpc',
    ids: 'VpcId',
    prefix: 'vpc-',
    malformed: 'InvalidVpcID.Malformed',
    set: 'vpcSet',
    filters: {
      'vpc-id': 'id',
      cidr: 'range',
      'cidr-block': 'range',
      'cidr-block-association.cidr-block': 'range',
      'ipv6-cidr-block-association.ipv6-cidr-block': 'range',
      'owner-id': OWNER,
      state: constant('available'),
      'is-default': constant('false'),
      isDefault: constant('false'),
    },
    write: ({ vpc }, { place }) => vpcShape(vpc, place),
  }),
  CreateVpc: {
    category: 'mutating',
    read: (params, { place }) => {
      const range = params.range('CidrBlock');
      params.ignore('InstanceTenancy');
      if (range === undefined) throw params.missing('cidrBlock');
      judgeLength(range, 'InvalidVpc.Range');
      const v6 = params.flag('AmazonProvidedIpv6CidrBlock') ?? false;
      const tags = readTagSpecifications(params, 'vpc');
      return {
        request: { do: 'create-vpc', range, v6, tags },
        write: (answer) => element('vpc', vpcShape(madeOf(answer, 'vpc').vpc, place)),
      };
    },
  },
  DeleteVpc: simple('mutating', (params) => ({ do: 'delete-vpc', vpc: params.id('VpcId') })),
  AssociateVpcCidrBlock: {
    category: 'mutating',
    read: (params) => {
      const vpc = params.id('VpcId');
      const v6 = params.flag('AmazonProvidedIpv6CidrBlock') === true;
      const range = v6 ? 'v6' : params.range('CidrBlock');
      if (range === undefined) throw params.missing('cidrBlock');
      if (range !== 'v6') judgeLength(range, 'InvalidVpc.Range');
      return {
        request: { do: 'add-range', vpc, range },
        write: (answer) => together(leaf('vpcId', vpc), associated(madeOf(answer, 'vpc').vpc)),
      };
    },
  },
  DisassociateVpcCidrBlock: {
    category: 'mutating',
    read: (params, { cloud }) => {
      const { vpc, range } = rangeNamed(params, cloud);
      const name = familyOf(range) === 'v4' ? 'cidrBlockAssociation' : 'ipv6CidrBlockAssociation';
      return {
        request: { do: 'remove-range', vpc, range },
        write: () => together(leaf('vpcId', vpc), element(name, rangeAssociation(vpc, range, 'disassociating'))),
      };
    },
  },
  DescribeInternetGateways: describing({
    kind: 'gateway',
    ids: 'InternetGatewayId',
    prefix: 'igw-',
    malformed: 'InvalidInternetGatewayId.Malformed',
    set: 'internetGatewaySet',
    filters: { 'internet-gateway-id': 'id', 'attachment.vpc-id': 'vpc', 'owner-id': OWNER },
    write: ({ gateway }, { place }) => gatewayShape(gateway, place),
  }),
  CreateInternetGateway: {
    category: 'mutating',
    read: (params, { place }) => ({
      request: { do: 'create-gateway', tags: readTagSpecifications(params, 'internet-gateway') },
      write: (answer) => element('internetGateway', gatewayShape(madeOf(answer, 'gateway').gateway, place)),
    }),
  },
  AttachInternetGateway: simple('mutating', (params) => ({
    do: 'attach-gateway',
    gateway: params.id('InternetGatewayId'),
    vpc: params.id('VpcId'),
  })),
  DetachInternetGateway: simple('mutating', (params) => ({
    do: 'detach-gateway',
    gateway: params.id('InternetGatewayId'),
    vpc: params.id('VpcId'),
  })),
  DeleteInternetGateway: simple('mutating', (params) => ({
    do: 'delete-gateway',
    gateway: params.id('InternetGatewayId'),
  })),
};

/** "The allowed block size is between a /28 netmask and /16 netmask": VPC guide. Throws ApiError. */
export function judgeLength(range: Vpc['ranges'][number], code: string): void {
  const length = Number(range.split('/')[1]);
  if (familyOf(range) === 'v4' && (length < 16 || length > 28))
    throw new ApiError(code, `The CIDR '${range}' is invalid.`);
}

function associated(vpc: Vpc) {
  const range = vpc.ranges.at(-1);
  if (range === undefined) throw new TypeError('a VPC has a range');
  const name = familyOf(range) === 'v4' ? 'cidrBlockAssociation' : 'ipv6CidrBlockAssociation';
  return element(name, rangeAssociation(vpc.id, range, 'associating'));
}

function rangeNamed(params: Params, cloud: Cloud): { readonly vpc: Id; readonly range: Vpc['ranges'][number] } {
  const id = params.needed('AssociationId');
  for (const vpc of cloud.vpcs.values())
    for (const range of vpc.ranges)
      if (associationId('vpc-cidr-assoc', vpc.id, range) === id) return { vpc: vpc.id, range };
  const text = `The vpc CIDR block association ID '${id}' does not exist`;
  throw new ApiError('InvalidCidrBlockAssociationID.NotFound', text);
}
