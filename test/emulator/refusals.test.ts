import * as ec2 from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AT_ONCE } from '../../emulator/dialects/aws/rules.ts';
import { type Ec2, openEc2, refusal } from './ec2.ts';

// What EC2 says no to, in its own codes and words, as its reference lists them and its users have quoted them.

let it: Ec2;
let vpc: string;
let subnet: string;
let group: string;
let instance: string;
let nic: string; //    the primary one
let loose: string; //  one of nobody
beforeAll(async () => {
  it = await openEc2({ ...AT_ONCE, quotas: { groupsPerNic: 1, subnetsPerVpc: 3 } });
  instance = it.emulator.instanceCalled('node-1') ?? '';
  const found = await it.client.send(
    new ec2.DescribeNetworkInterfacesCommand({
      Filters: [{ Name: 'attachment.instance-id', Values: [instance] }],
    }),
  );
  const [one] = found.NetworkInterfaces ?? [];
  [vpc, subnet, nic] = [one?.VpcId ?? '', one?.SubnetId ?? '', one?.NetworkInterfaceId ?? ''];
  group = one?.Groups?.[0]?.GroupId ?? '';
  const made = await it.client.send(new ec2.CreateNetworkInterfaceCommand({ SubnetId: subnet }));
  loose = made.NetworkInterface?.NetworkInterfaceId ?? '';
});
afterAll(() => it.close());

/** An action by its name, with parameters that need not be right. */
const call = (action: string, parameters: object = {}) => {
  const Command = (ec2 as unknown as Readonly<Record<string, typeof ec2.DescribeVpcsCommand>>)[`${action}Command`];
  if (Command === undefined) throw new Error(`the SDK has no ${action}`);
  return it.client.send(new Command(parameters as ec2.DescribeVpcsCommandInput));
};
/** "Code: text". */
const said = async (action: string, parameters: object = {}) => {
  const no = await refusal(call(action, parameters));
  return no === undefined ? 'yes' : `${no.code}: ${no.text}`;
};
const id = (prefix: string) => `${prefix}-00000000000000000`;

test.each<[string, object, string]>([
  ['DescribeVpcs', { VpcIds: [id('vpc')] }, `InvalidVpcID.NotFound: The vpc ID '${id('vpc')}' does not exist`],
  [
    'DescribeSubnets',
    { SubnetIds: [id('subnet')] },
    `InvalidSubnetID.NotFound: The subnet ID '${id('subnet')}' does not exist`,
  ],
  [
    'DescribeInstances',
    { InstanceIds: [id('i')] },
    `InvalidInstanceID.NotFound: The instance ID '${id('i')}' does not exist`,
  ],
  [
    'DescribeRouteTables',
    { RouteTableIds: [id('rtb')] },
    `InvalidRouteTableID.NotFound: The routeTable ID '${id('rtb')}' does not exist`,
  ],
  [
    'DescribeSecurityGroups',
    { GroupIds: [id('sg')] },
    `InvalidGroup.NotFound: The security group '${id('sg')}' does not exist`,
  ],
  [
    'DescribeNetworkInterfaces',
    { NetworkInterfaceIds: [id('eni')] },
    `InvalidNetworkInterfaceID.NotFound: The networkInterface ID '${id('eni')}' does not exist`,
  ],
  [
    'DescribeInstanceTypes',
    { InstanceTypes: ['m5.tiny'] },
    'InvalidInstanceType: The following supplied instance types do not exist: [m5.tiny]',
  ],
  ['DescribeVpcs', { VpcIds: ['x'] }, 'InvalidVpcID.Malformed: Invalid id: "x" (expecting "vpc-...")'],
  ['DescribeSubnets', { SubnetIds: ['x'] }, 'InvalidSubnetID.Malformed: Invalid id: "x" (expecting "subnet-...")'],
  ['DescribeInstances', { InstanceIds: ['x'] }, 'InvalidInstanceID.Malformed: Invalid id: "x" (expecting "i-...")'],
  [
    'DescribeNetworkInterfaces',
    { NetworkInterfaceIds: ['x'] },
    'InvalidNetworkInterfaceId.Malformed: Invalid id: "x" (expecting "eni-...")',
  ],
  [
    'DeleteNetworkInterface',
    { NetworkInterfaceId: id('eni') },
    `InvalidNetworkInterfaceID.NotFound: The networkInterface ID '${id('eni')}' does not exist`,
  ],
  [
    'DetachNetworkInterface',
    { AttachmentId: id('eni-attach') },
    `InvalidAttachmentID.NotFound: The networkInterface attachment '${id('eni-attach')}' does not exist`,
  ],
  [
    'TerminateInstances',
    { InstanceIds: [id('i')] },
    `InvalidInstanceID.NotFound: The instance ID '${id('i')}' does not exist`,
  ],
  [
    'CreateNetworkInterface',
    { SubnetId: id('subnet') },
    `InvalidSubnetID.NotFound: The subnet ID '${id('subnet')}' does not exist`,
  ],
  ['CreateNetworkInterface', {}, 'MissingParameter: The request must contain the parameter SubnetId'],
])('%s %j: %s', async (action, parameters, wanted) => {
  expect(await said(action, parameters)).toBe(wanted);
});

describe('addresses', () => {
  const assign = (more: object) => said('AssignPrivateIpAddresses', { NetworkInterfaceId: loose, ...more });
  const unassign = (...PrivateIpAddresses: string[]) =>
    said('UnassignPrivateIpAddresses', { NetworkInterfaceId: loose, PrivateIpAddresses });

  test('that another NIC holds are not given by name, in the words of who asks', async () => {
    const taken = '10.0.0.10';
    expect(await said('CreateNetworkInterface', { SubnetId: subnet, PrivateIpAddress: taken })).toBe(
      'InvalidIPAddress.InUse: The specified address is already in use.',
    );
    const run = { ImageId: 'ami-1', InstanceType: 'm5.large', MinCount: 1, MaxCount: 1, SubnetId: subnet };
    expect(await said('RunInstances', { ...run, PrivateIpAddress: taken })).toBe(
      `InvalidIPAddress.InUse: Address ${taken} is in use.`,
    );
    expect(await assign({ PrivateIpAddresses: [taken] })).toBe(
      `InvalidParameterValue: [${taken}] are assigned, but move is not allowed.`,
    );
  });

  test('that are reserved, or of another subnet, are given to nobody', async () => {
    expect(await assign({ PrivateIpAddresses: ['10.0.0.2'] })).toBe(
      "InvalidParameterValue: Address 10.0.0.2 is in subnet's reserved address range",
    );
    expect(await assign({ PrivateIpAddresses: ['10.0.16.77'] })).toBe(
      "InvalidParameterValue: Address 10.0.16.77 does not fall within the subnet's address range",
    );
    expect(await assign({ PrivateIpAddresses: ['10.0.0'] })).toBe(
      'InvalidParameterValue: invalid value for parameter address: 10.0.0',
    );
  });

  test('that are not there, or are primary, are not taken off', async () => {
    expect(await unassign('10.0.0.77')).toBe(
      `InvalidParameterValue: Some of [10.0.0.77] are not assigned to interface ${loose}`,
    );
    const found = await it.client.send(new ec2.DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [loose] }));
    const primary = found.NetworkInterfaces?.[0]?.PrivateIpAddress ?? '';
    expect(await unassign(primary)).toBe(
      `InvalidParameterValue: The primary private IP address ${primary} cannot be unassigned or moved`,
    );
  });

  test('are asked for in one way', async () => {
    expect(await assign({ SecondaryPrivateIpAddressCount: 1, Ipv4PrefixCount: 1 })).toMatch(
      /^InvalidParameterCombination: /,
    );
    expect(await assign({ SecondaryPrivateIpAddressCount: 1, PrivateIpAddresses: ['10.0.0.78'] })).toMatch(
      /^InvalidParameterCombination: /,
    );
    expect(await assign({})).toMatch(/^MissingParameter: /);
  });

  test('of IPv6 need a subnet that has some', async () => {
    const made = await it.client.send(new ec2.CreateSubnetCommand({ VpcId: vpc, CidrBlock: '10.0.32.0/24' }));
    const SubnetId = made.Subnet?.SubnetId;
    expect(await said('CreateNetworkInterface', { SubnetId, Ipv6AddressCount: 1 })).toBe(
      `InvalidParameterValue: The subnet '${SubnetId}' has no associated IPv6 CIDR block`,
    );
  });
});

test('prefixes are for instances of the Nitro system', async () => {
  const run = { ImageId: 'ami-1', InstanceType: 't2.medium', MinCount: 1, MaxCount: 1, SubnetId: subnet };
  const made = await it.client.send(new ec2.RunInstancesCommand(run as ec2.RunInstancesCommandInput));
  const NetworkInterfaceId = made.Instances?.[0]?.NetworkInterfaces?.[0]?.NetworkInterfaceId;
  expect(await said('AssignPrivateIpAddresses', { NetworkInterfaceId, Ipv4PrefixCount: 1 })).toBe(
    "InvalidParameterValue: The instance type 't2.medium' does not support prefix delegation.",
  );
});

test('NICs are attached within their zone, once, to an instance that lives', async () => {
  const attach = (more: object) => said('AttachNetworkInterface', { DeviceIndex: 1, InstanceId: instance, ...more });
  expect(await attach({ NetworkInterfaceId: nic })).toBe(`InvalidNetworkInterface.InUse: Interface: [${nic}] in use.`);
  expect(await attach({ NetworkInterfaceId: loose, InstanceId: it.emulator.instanceCalled('node-3') })).toBe(
    'InvalidParameterValue: You may not attach a network interface to an instance if they are not in the same availability zone',
  );
  expect(await attach({ NetworkInterfaceId: loose, NetworkCardIndex: 1 })).toMatch(/^InvalidParameterValue: /);
  expect(await said('DeleteNetworkInterface', { NetworkInterfaceId: nic })).toBe(
    `InvalidParameterValue: Network interface '${nic}' is currently in use.`,
  );
});

test('security groups: duplicates, what is not there, what is needed', async () => {
  const web = { IpProtocol: 'tcp', FromPort: 80, ToPort: 80, IpRanges: [{ CidrIp: '10.9.0.0/16' }] };
  const allow = (...IpPermissions: object[]) =>
    said('AuthorizeSecurityGroupIngress', { GroupId: group, IpPermissions });
  expect(await allow(web, web)).toBe('InvalidParameterValue: The same permission must not appear multiple times');
  expect(await allow(web)).toBe('yes');
  expect(await allow(web)).toBe(
    'InvalidPermission.Duplicate: the specified rule "peer: 10.9.0.0/16, TCP, from port: 80, to port: 80, ALLOW" already exists',
  );
  const other = { ...web, FromPort: 81, ToPort: 81 };
  expect(await said('RevokeSecurityGroupIngress', { GroupId: group, IpPermissions: [other] })).toBe(
    'InvalidPermission.NotFound: The specified rule does not exist in this security group.',
  );
  expect(await said('DeleteSecurityGroup', { GroupId: group })).toBe(
    `CannotDelete: the specified group: "${group}" name: "default" cannot be deleted by a user`,
  );
  const create = { GroupName: 'web', Description: 'web', VpcId: vpc };
  const made = await it.client.send(new ec2.CreateSecurityGroupCommand(create));
  expect(await said('CreateSecurityGroup', create)).toBe(
    "InvalidGroup.Duplicate: The security group 'web' already exists",
  );
  const Groups = [made.GroupId, group];
  expect(await said('ModifyNetworkInterfaceAttribute', { NetworkInterfaceId: loose, Groups })).toBe(
    'SecurityGroupsPerInterfaceLimitExceeded: The maximum number of security groups per interface has been reached.',
  );
  await call('ModifyNetworkInterfaceAttribute', { NetworkInterfaceId: loose, Groups: [made.GroupId] });
  expect(await said('DeleteSecurityGroup', { GroupId: made.GroupId })).toBe(
    `DependencyViolation: resource ${made.GroupId} has a dependent object`,
  );
});

test('subnets and ranges: within, apart, unused', async () => {
  const create = (CidrBlock: string) => said('CreateSubnet', { VpcId: vpc, CidrBlock });
  expect(await create('10.0.1.0/24')).toBe(
    "InvalidSubnet.Conflict: The CIDR '10.0.1.0/24' conflicts with another subnet",
  );
  expect(await create('10.99.0.0/24')).toBe("InvalidSubnet.Range: The CIDR '10.99.0.0/24' is invalid.");
  expect(await create('10.0.99.0/24')).toBe('SubnetLimitExceeded: The maximum number of subnets has been reached.');
  expect(await said('DeleteSubnet', { SubnetId: subnet })).toBe(
    `DependencyViolation: The subnet '${subnet}' has dependencies and cannot be deleted.`,
  );
  expect(await said('DeleteVpc', { VpcId: vpc })).toBe(
    `DependencyViolation: The vpc '${vpc}' has dependencies and cannot be deleted.`,
  );
});

test('what changes something can be tried dry, and changes nothing then', async () => {
  const before = it.emulator.world.save().replace(/"at":\d+/, '');
  const parameters: Readonly<Record<string, object>> = {
    CreateVpc: { CidrBlock: '10.50.0.0/16' },
    CreateSubnet: { VpcId: vpc, CidrBlock: '10.0.60.0/24' },
    CreateSecurityGroup: { GroupName: 'dry', Description: 'dry', VpcId: vpc },
    AuthorizeSecurityGroupIngress: {
      GroupId: group,
      IpPermissions: [{ IpProtocol: '-1', IpRanges: [{ CidrIp: '10.1.0.0/16' }] }],
    },
    CreateSubnetCidrReservation: { SubnetId: subnet, Cidr: '10.0.2.0/28', ReservationType: 'prefix' },
    RunInstances: { ImageId: 'ami-1', MinCount: 1, MaxCount: 1, SubnetId: subnet },
    TerminateInstances: { InstanceIds: [instance] },
    CreateNetworkInterface: { SubnetId: subnet },
    AttachNetworkInterface: { NetworkInterfaceId: loose, InstanceId: instance, DeviceIndex: 1 },
    ModifyNetworkInterfaceAttribute: { NetworkInterfaceId: loose, Description: { Value: 'dry' } },
    DeleteNetworkInterface: { NetworkInterfaceId: loose },
    CreateTags: { Resources: [loose], Tags: [{ Key: 'dry', Value: 'run' }] },
    DeleteTags: { Resources: [instance], Tags: [{ Key: 'Name' }] },
  };
  for (const [action, asked] of Object.entries(parameters))
    expect(`${action} ${await said(action, { ...asked, DryRun: true })}`).toBe(
      `${action} DryRunOperation: Request would have succeeded, but DryRun flag is set.`,
    );
  expect(it.emulator.world.save().replace(/"at":\d+/, '')).toBe(before);
});

test('what is no action, no version or no parameter of EC2 is told by its name', async () => {
  const form = async (fields: Readonly<Record<string, string>>) => {
    const client = it.with({});
    client.middlewareStack.add(
      (next) => (args) => {
        (args.request as { body: string }).body = new URLSearchParams(fields).toString();
        return next(args);
      },
      { step: 'build', priority: 'high' },
    );
    const no = await refusal(client.send(new ec2.DescribeVpcsCommand({})));
    return no === undefined ? 'yes' : `${no.code}: ${no.text}`;
  };
  const Version = '2016-11-15';
  expect(await form({ Action: 'DescribeVpcs', Version })).toBe('yes');
  expect(await form({ Action: 'DescribeDreams', Version })).toBe(
    'InvalidAction: The action DescribeDreams is not valid for this web service.',
  );
  expect(await form({ Version })).toBe('MissingAction: The request must contain the parameter Action.');
  expect(await form({ Action: 'DescribeVpcs', Version: '1999-01-01' })).toBe(
    'NoSuchVersion: The requested version (1999-01-01) of service AmazonEC2 does not exist',
  );
  expect(await form({ Action: 'DescribeVpcs', Version, Colour: 'red' })).toBe(
    'UnknownParameter: The parameter Colour is not recognized',
  );
  expect(await form({ Action: 'DescribeVpcs', Version, MaxResults: 'many' })).toBe(
    "InvalidParameterValue: Value (many) for parameter MaxResults is invalid. Invalid integer: 'many'",
  );
});
