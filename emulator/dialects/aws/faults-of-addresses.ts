import type { AddressFault, LimitFault } from '../../cloud/fault.ts';
import type { Quotas } from '../../cloud/rules.ts';
import { ApiError } from './api-error.ts';

/** Faults of addresses and ranges, in EC2's words. */
export function addressFault(fault: AddressFault): ApiError {
  switch (fault.why) {
    case 'subnet-empty':
    case 'no-free-prefix':
      return shortageFault(fault);
    case 'address-taken':
      return takenFault(fault);
    case 'already-assigned':
      return new ApiError('InvalidParameterValue', `[${fault.address}] are already assigned to ${fault.nic}.`);
    case 'not-assigned':
      return new ApiError(
        'InvalidParameterValue',
        `Some of [${fault.address}] are not assigned to interface ${fault.nic}`,
      );
    case 'primary-address':
      return new ApiError(
        'InvalidParameterValue',
        `The primary private IP address ${fault.address} cannot be unassigned or moved`,
      );
    case 'outside-subnet':
      return new ApiError(
        'InvalidParameterValue',
        `Address ${fault.address} does not fall within the subnet's address range`,
      );
    case 'reserved-address':
      return new ApiError('InvalidParameterValue', `Address ${fault.address} is in subnet's reserved address range`);
    case 'no-range':
      return new ApiError('InvalidParameterValue', `The subnet '${fault.subnet}' has no associated IPv6 CIDR block`);
    case 'bad-range':
      return rangeFault(fault);
    case 'range-conflict':
      return new ApiError('InvalidSubnet.Conflict', `The CIDR '${fault.range}' conflicts with another subnet`);
  }
}

/** As users were told: aws-cli issue 7178, pulumi-aws issue 2169. */
function takenFault({ address, during }: Extract<AddressFault, { readonly why: 'address-taken' }>): ApiError {
  switch (during) {
    case 'run-instances':
      return new ApiError('InvalidIPAddress.InUse', `Address ${address} is in use.`);
    case 'create-nic':
      return new ApiError('InvalidIPAddress.InUse', 'The specified address is already in use.');
    default:
      return new ApiError('InvalidParameterValue', `[${address}] are assigned, but move is not allowed.`);
  }
}

const TOO_FEW_ADDRESSES = 'The specified subnet does not have enough free addresses to satisfy the request.';
const TOO_FEW_BLOCKS = 'The specified subnet does not have enough free cidr blocks to satisfy the request.';
const TOO_FEW_OF_BOTH = "There aren't sufficient free Ipv4 addresses or prefixes";

/**
 * A subnet without room has three shapes. More is asked for than there are free addresses, for a new NIC or in
 * prefixes: InvalidParameterValue. There are enough, but no whole /28: InsufficientCidrBlocks. Single addresses: a code
 * of their own. (What AWS's support told cilium's authors: cilium pull request 31016; amazon-vpc-cni-k8s issue 1836.)
 */
function shortageFault(fault: Extract<AddressFault, { readonly why: 'subnet-empty' | 'no-free-prefix' }>): ApiError {
  if (fault.why === 'no-free-prefix') {
    const scarce = fault.family === 'v4' && fault.freeAddresses < fault.wanted * ADDRESSES_IN_PREFIX;
    return scarce
      ? new ApiError('InvalidParameterValue', TOO_FEW_OF_BOTH)
      : new ApiError('InsufficientCidrBlocks', TOO_FEW_BLOCKS);
  }
  const many = fault.during === 'create-nic' && fault.wanted > 1;
  return many
    ? new ApiError('InvalidParameterValue', TOO_FEW_OF_BOTH)
    : new ApiError('InsufficientFreeAddressesInSubnet', TOO_FEW_ADDRESSES);
}

const ADDRESSES_IN_PREFIX = 16;

function rangeFault({ range, because }: Extract<AddressFault, { readonly why: 'bad-range' }>): ApiError {
  if (because === 'outside') return new ApiError('InvalidSubnet.Range', `The CIDR '${range}' is invalid.`);
  return new ApiError('InvalidParameterValue', `Value (${range}) for parameter prefix is invalid.`);
}

/** Faults of having too much, in EC2's words. */
export function limitFault(fault: LimitFault): ApiError {
  switch (fault.why) {
    case 'nic-limit':
      return new ApiError(
        'AttachmentLimitExceeded',
        `Interface count ${fault.limit + 1} exceeds the limit for ${fault.type}`,
      );
    case 'address-limit':
      return fault.family === 'v4'
        ? new ApiError('PrivateIpAddressLimitExceeded', 'Number of private addresses will exceed limit.')
        : new ApiError('Ipv6AddressLimitExceeded', 'Number of IPv6 addresses will exceed limit.');
    case 'branch-limit':
      return new ApiError(
        'AttachmentLimitExceeded',
        `Branch interface count ${fault.limit + 1} exceeds the limit for ${fault.type}`,
      );
    case 'quota':
      return new ApiError(...QUOTA_CODES[fault.of]);
  }
}

const QUOTA_CODES: Readonly<Record<keyof Quotas, readonly [code: string, text: string]>> = {
  vpcs: ['VpcLimitExceeded', 'The maximum number of VPCs has been reached.'],
  subnetsPerVpc: ['SubnetLimitExceeded', 'The maximum number of subnets has been reached.'],
  rangesPerVpc: ['CidrLimitExceeded', 'This network has met its maximum number of allowed CIDRs.'],
  groupsPerVpc: ['SecurityGroupLimitExceeded', 'The maximum number of security groups has been reached.'],
  groupsPerNic: [
    'SecurityGroupsPerInterfaceLimitExceeded',
    'The maximum number of security groups per interface has been reached.',
  ],
  rulesPerGroup: [
    'RulesPerSecurityGroupLimitExceeded',
    'The maximum number of rules per security group has been reached.',
  ],
  routesPerTable: ['RouteLimitExceeded', 'The maximum number of routes has been reached.'],
  nics: ['NetworkInterfaceLimitExceeded', 'The maximum number of network interfaces has been reached.'],
  instances: ['InstanceLimitExceeded', 'You have requested more instances than your current instance limit allows.'],
};
