import type { ResourceFault } from '../../cloud/fault.ts';
import type { Kind } from '../../cloud/nouns.ts';
import { ApiError } from './api-error.ts';

/** Faults of what a call names, in EC2's words. */
export function resourceFault(fault: ResourceFault): ApiError {
  switch (fault.why) {
    case 'not-found':
      return new ApiError(NOT_FOUND[fault.kind][0], NOT_FOUND[fault.kind][1].replace('%', fault.id));
    case 'duplicate':
      return duplicate(fault);
    case 'in-use':
      return inUse(fault);
    case 'wrong-state':
      return wrongState(fault);
    case 'device-taken':
      return invalid(
        `Instance '${fault.instance}' already has an interface attached at device index '${fault.device}'.`,
      );
    case 'no-such-card':
      return invalid(`The network card index '${fault.card}' is not valid for instance '${fault.instance}'.`);
    case 'other-zone':
      return invalid(
        'You may not attach a network interface to an instance if they are not in the same availability zone',
      );
    case 'other-vpc':
      return otherVpc(fault);
    case 'indispensable':
      return indispensable(fault);
    case 'unsupported':
      return invalid(`The instance type '${fault.type}' does not support ${SUPPORTED[fault.what]}.`);
    case 'wrong-kind':
      return invalid(`Network interface '${fault.nic}' is of type '${fault.kind}'; type '${fault.want}' is expected.`);
    case 'number-taken':
      return invalid(`The VLAN ID or GRE key '${fault.number}' is already used on trunk interface '${fault.trunk}'.`);
  }
}

type Of<W extends ResourceFault['why']> = Extract<ResourceFault, { readonly why: W }>;

const SUPPORTED = { prefix: 'prefix delegation', v6: 'IPv6', trunk: 'trunk network interfaces' } as const;

const invalid = (text: string) => new ApiError('InvalidParameterValue', text);

const NOT_FOUND: Readonly<Record<Of<'not-found'>['kind'], readonly [code: string, text: string]>> = {
  vpc: ['InvalidVpcID.NotFound', "The vpc ID '%' does not exist"],
  subnet: ['InvalidSubnetID.NotFound', "The subnet ID '%' does not exist"],
  reservation: ['InvalidSubnetCidrReservationID.NotFound', "The Subnet CIDR reservation ID '%' does not exist"],
  group: ['InvalidGroup.NotFound', "The security group '%' does not exist"],
  rule: ['InvalidPermission.NotFound', 'The specified rule does not exist in this security group.'],
  'route-table': ['InvalidRouteTableID.NotFound', "The routeTable ID '%' does not exist"],
  gateway: ['InvalidInternetGatewayID.NotFound', "The internetGateway ID '%' does not exist"],
  nat: ['NatGatewayNotFound', 'The Nat Gateway % was not found'],
  instance: ['InvalidInstanceID.NotFound', "The instance ID '%' does not exist"],
  nic: ['InvalidNetworkInterfaceID.NotFound', "The networkInterface ID '%' does not exist"],
  attachment: ['InvalidAttachmentID.NotFound', "The networkInterface attachment '%' does not exist"],
  association: ['InvalidAssociationID.NotFound', "The trunk interface association '%' does not exist"],
  job: ['InvalidParameterValue', "There is no '%'"],
  zone: ['InvalidParameterValue', 'Invalid availability zone: [%]'],
  type: ['InvalidInstanceType', 'The following supplied instance types do not exist: [%]'],
  range: ['InvalidCidrBlockAssociationID.NotFound', "The vpc CIDR block '%' does not exist"],
  route: ['InvalidRoute.NotFound', 'no route with destination-cidr-block % in route table'],
};

function duplicate({ kind, name }: Of<'duplicate'>): ApiError {
  switch (kind) {
    case 'group':
      return new ApiError('InvalidGroup.Duplicate', `The security group '${name}' already exists`);
    case 'rule':
      return new ApiError('InvalidPermission.Duplicate', `the specified rule "peer: ${peerText(name)}" already exists`);
    case 'route':
      return new ApiError('RouteAlreadyExists', `The route identified by ${name} already exists.`);
    default:
      return new ApiError('InvalidParameterValue', `The ${kind} '${name}' already exists`);
  }
}

/** "tcp 80-80 10.0.0.0/8" as EC2 tells of a rule. */
function peerText(name: string): string {
  const [protocol = '', ports = '', peer = ''] = name.split(' ');
  if (protocol === 'all') return `${peer}, ALL, ALLOW`;
  const [from, to] = ports.split('-');
  return `${peer}, ${protocol.toUpperCase()}, from port: ${from}, to port: ${to ?? from}, ALLOW`;
}

const NAMES: Readonly<Partial<Record<Kind | 'range', string>>> = {
  'route-table': 'routeTable',
  gateway: 'internetGateway',
};

function inUse({ kind, id, by }: Of<'in-use'>): ApiError {
  if (kind === 'nic') return invalid(`Network interface '${id}' is currently in use.`);
  if (kind === 'group') return new ApiError('DependencyViolation', `resource ${id} has a dependent object`);
  if (kind === 'range')
    return new ApiError('OperationNotPermitted', `The vpc CIDR '${id}' may not be disassociated: subnets use it`);
  const attached = kind === 'gateway' && by === 'vpc';
  if (attached) return new ApiError('Resource.AlreadyAssociated', `resource ${id} is already attached to network`);
  if (by === 'gateway') return invalid(`Network ${id} already has an internet gateway attached`);
  const text = `The ${NAMES[kind] ?? kind} '${id}' has dependencies and cannot be deleted.`;
  return new ApiError('DependencyViolation', text);
}

function wrongState({ kind, id, state, want }: Of<'wrong-state'>): ApiError {
  if (kind === 'nic' && want === 'available')
    return new ApiError('InvalidNetworkInterface.InUse', `Interface: [${id}] in use.`);
  if (kind === 'nic')
    return new ApiError('IncorrectState', `Interface: [${id}] is in state '${state}', it has to be '${want}'.`);
  if (kind === 'instance')
    return new ApiError('IncorrectState', `Instance '${id}' is not 'running' or 'stopped'. It is '${state}'.`);
  return new ApiError('Gateway.NotAttached', `resource ${id} is not attached to network`);
}

function otherVpc({ kind, id, vpc, wanted }: Of<'other-vpc'>): ApiError {
  if (kind === 'nic' || kind === 'subnet')
    return invalid(
      `You cannot attach ${kind === 'nic' ? 'network interface' : 'subnet'} '${id}' of VPC '${vpc}' to an instance of VPC '${wanted}'`,
    );
  if (kind === 'group')
    return new ApiError('InvalidGroup.NotFound', `The security group '${id}' does not exist in VPC '${wanted}'`);
  return invalid(`The ${NAMES[kind] ?? kind} '${id}' belongs to the network '${vpc}', not '${wanted}'`);
}

function indispensable({ kind, id }: Of<'indispensable'>): ApiError {
  switch (kind) {
    case 'attachment':
      return new ApiError(
        'OperationNotPermitted',
        'The network interface at device index 0 and networkCard index 0 cannot be detached.',
      );
    case 'group':
      return new ApiError('CannotDelete', `the specified group: "${id}" name: "default" cannot be deleted by a user`);
    case 'vpc':
      return new ApiError(
        'OperationNotPermitted',
        `The vpc CIDR '${id}' may not be disassociated: it is the primary one`,
      );
    default:
      return id.includes('/')
        ? invalid(`cannot remove local route ${id} in route table`)
        : new ApiError('DependencyViolation', `The routeTable '${id}' has dependencies and cannot be deleted.`);
  }
}
