/** Where the answers of moto, which imitates EC2 too, have other members than ours. All of ours are in AWS's model. */
export interface Difference {
  readonly only: 'ours' | 'moto';
  readonly members: RegExp; // "Action Path.Of.A[].Member"
  readonly why: string;
}

/** Every member that one of the two has and the other not is of one of these, and each of these is of some. */
export const DIFFERENCES: readonly Difference[] = [
  {
    only: 'ours',
    members: /(^Authorize\w+|^DescribeSecurityGroupRules) SecurityGroupRules\[\]\.(GroupOwnerId|SecurityGroupRuleArn)$/,
    why: 'moto has rules without an owner and a name in all of AWS',
  },
  {
    only: 'ours',
    members: /^AuthorizeSecurityGroupIngress SecurityGroupRules\[\]\./,
    why: 'moto answers only the rule of the last source of a request, we one for each, as the API reference says',
  },
  {
    only: 'ours',
    members: /^RevokeSecurityGroup(In|E)gress (RevokedSecurityGroupRules\[\]|UnknownIpPermissions\[\])/,
    why: 'moto does not tell which rules were revoked, which EC2 does since 2024',
  },
  {
    only: 'ours',
    members: /^DeleteSecurityGroup (GroupId|Return)$/,
    why: 'EC2 answers them since 2024; moto does not',
  },
  {
    only: 'ours',
    members: /^CreateSecurityGroup Tags\[\]$/,
    why: 'we say that there are no tags, moto nothing: EC2 says it',
  },
  {
    only: 'ours',
    members:
      /^(Create|Describe)NetworkInterfaces? .*(AvailabilityZoneId|DenyAllIgwTraffic|Ipv6Native|Operator.Managed)$/,
    why: 'members of NICs that are newer than those of moto',
  },
  {
    only: 'ours',
    members: /(NetworkInterfaces?(\[\])?\.)(PrivateIpAddresses\[\]\.)?PrivateDnsName$/,
    why: 'moto gives names to instances only, EC2 to every private address of a VPC with DNS',
  },
  {
    only: 'ours',
    members: /^DescribeNetworkInterfaces .*IsPrimaryIpv6$/,
    why: 'newer than what moto says of an IPv6 address',
  },
  { only: 'ours', members: /^CreateNetworkInterface ClientToken$/, why: 'EC2 says the token again; moto has none' },
  {
    only: 'moto',
    members: /^(Create|Describe)NetworkInterfaces? .*RequesterId$/,
    why: 'moto invents a user who made the NIC; the emulator has an account and no users',
  },
  {
    only: 'ours',
    members: /RouteTables?(\[\])?\.PropagatingVgws\[\]$/,
    why: 'we say that there are none, as EC2 does',
  },
  {
    only: 'ours',
    members: /^(Create|Describe)Subnets? .*(EnableDns64|MapCustomerOwnedIpOnLaunch)$/,
    why: 'EC2 says them of every subnet',
  },
  {
    only: 'ours',
    members: /SubnetCidrReservations? (Deleted)?Subnet(Ipv4)?CidrReservations?(\[\])?\.Description$/,
    why: 'moto forgets what a reservation is for',
  },
  {
    only: 'ours',
    members: /^DescribeAvailabilityZones AvailabilityZones\[\]\.(GroupName|NetworkBorderGroup|OptInStatus)$/,
    why: 'moto knows only regular zones',
  },
  {
    only: 'moto',
    members: /^DescribeInstanceTypes /,
    why: 'moto ships the whole document of AWS; we say what a network needs to know: NICs, cards, addresses, size',
  },
  {
    only: 'moto',
    members: /^(Run|Describe)Instances .*(BlockDeviceMappings|Platform|SriovNetSupport|StateReason)/,
    why: 'disks, Windows and reasons of states: an instance of the emulator is a network namespace',
  },
  {
    only: 'ours',
    members: /^(Run|Describe)Instances .*BlockDeviceMappings\[\]$/,
    why: 'the same, from our side: none of them',
  },
  {
    only: 'moto',
    members: /^(Run|Describe)Instances .*SecurityGroups\[\]$/,
    why: 'moto leaves out that an instance has the groups of its primary NIC',
  },
  {
    only: 'ours',
    members: /^(Run|Describe)Instances .*SecurityGroups\[\]\.Group(Id|Name)$/,
    why: 'the same, from our side',
  },
  {
    only: 'ours',
    members:
      /^(Run|Describe)Instances .*(CpuOptions|EnaSupport|EnclaveOptions|HibernationOptions|Operator|AvailabilityZoneId)/,
    why: 'EC2 says them of every instance; moto does not',
  },
  {
    only: 'ours',
    members: /^(Run|Describe)Instances .*PublicDnsName$/,
    why: 'EC2 says it empty where there is no public address; moto says nothing',
  },
  {
    only: 'ours',
    members: /^ModifyInstanceMetadataOptions /,
    why: 'moto answers what was asked for, we and EC2 all options as they are now',
  },
  {
    only: 'ours',
    members: /^DescribeNatGateways NatGateways\[\]\./,
    why: 'moto made none: it wants an Elastic IP address by its id, and the emulator gives a NAT gateway one by itself',
  },
  { only: 'moto', members: /^DescribeNatGateways NatGateways\[\]$/, why: 'the same, from its side' },
];

/** Actions that fail on moto in this order of calls, and why. */
export const MOTO_FAILS: Readonly<Record<string, string>> = {
  CreateNatGateway: 'it wants an Elastic IP address by its id; the emulator has no actions for them',
  DeleteNatGateway: 'there is none',
  AssociateTrunkInterface: 'it has no trunks',
  DescribeTrunkInterfaceAssociations: 'as above',
  DisassociateTrunkInterface: 'as above',
};
