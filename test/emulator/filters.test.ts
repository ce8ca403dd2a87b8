import * as ec2 from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Ec2, openEc2 } from './ec2.ts';

// Each filter of EC2 that the emulator knows finds what says so of itself, and not what says otherwise.

let it: Ec2;
let nic: ec2.NetworkInterface;
let instance: ec2.Instance;
let subnet: ec2.Subnet;
let vpc: ec2.Vpc;
let group: ec2.SecurityGroup;
let table: ec2.RouteTable;

beforeAll(async () => {
  it = await openEc2();
  const { client } = it;
  const id = it.emulator.instanceCalled('node-1') ?? '';
  const nics = await client.send(
    new ec2.DescribeNetworkInterfacesCommand({ Filters: [{ Name: 'attachment.instance-id', Values: [id] }] }),
  );
  const NetworkInterfaceId = nics.NetworkInterfaces?.[0]?.NetworkInterfaceId ?? '';
  await client.send(new ec2.AssignIpv6AddressesCommand({ NetworkInterfaceId, Ipv6AddressCount: 1 }));
  await client.send(
    new ec2.CreateTagsCommand({ Resources: [NetworkInterfaceId], Tags: [{ Key: 'owner', Value: 'me' }] }),
  );
  const one = <T>(all: readonly T[] | undefined): T => {
    const [first] = all ?? [];
    if (first === undefined) throw new Error('there is none');
    return first;
  };
  const NetworkInterfaceIds = [NetworkInterfaceId];
  nic = one((await client.send(new ec2.DescribeNetworkInterfacesCommand({ NetworkInterfaceIds }))).NetworkInterfaces);
  const found = await client.send(new ec2.DescribeInstancesCommand({ InstanceIds: [id] }));
  instance = one(one(found.Reservations).Instances);
  const SubnetIds = [nic.SubnetId ?? ''];
  subnet = one((await client.send(new ec2.DescribeSubnetsCommand({ SubnetIds }))).Subnets);
  vpc = one((await client.send(new ec2.DescribeVpcsCommand({}))).Vpcs);
  group = one((await client.send(new ec2.DescribeSecurityGroupsCommand({}))).SecurityGroups);
  table = one((await client.send(new ec2.DescribeRouteTablesCommand({}))).RouteTables);
});
afterAll(() => it.close());

type Value = string | number | boolean | undefined;
type Filters = { Name: string; Values: string[] }[];

/** Finds `its` by each filter with what it says, and not with what nobody says. */
async function proves(
  look: (Filters: Filters) => Promise<readonly (string | undefined)[]>,
  its: string | undefined,
  filters: Readonly<Record<string, Value>>,
): Promise<void> {
  for (const [Name, value] of Object.entries(filters)) {
    expect(value, Name).toBeDefined();
    expect(await look([{ Name, Values: ['another', String(value)] }]), Name).toContain(its);
    expect(await look([{ Name, Values: ['another'] }]), Name).not.toContain(its);
  }
}

test('DescribeNetworkInterfaces', async () => {
  const look = async (Filters: Filters) =>
    (await it.client.send(new ec2.DescribeNetworkInterfacesCommand({ Filters }))).NetworkInterfaces?.map(
      (one) => one.NetworkInterfaceId,
    ) ?? [];
  await proves(look, nic.NetworkInterfaceId, {
    'network-interface-id': nic.NetworkInterfaceId,
    'subnet-id': nic.SubnetId,
    'vpc-id': nic.VpcId,
    'availability-zone': nic.AvailabilityZone,
    'availability-zone-id': nic.AvailabilityZoneId,
    'mac-address': nic.MacAddress,
    'interface-type': nic.InterfaceType,
    'private-ip-address': nic.PrivateIpAddress,
    'addresses.private-ip-address': nic.PrivateIpAddresses?.[0]?.PrivateIpAddress,
    'ipv6-addresses.ipv6-address': nic.Ipv6Addresses?.[0]?.Ipv6Address,
    'association.public-ip': nic.Association?.PublicIp,
    'addresses.association.public-ip': nic.PrivateIpAddresses?.[0]?.Association?.PublicIp,
    'source-dest-check': nic.SourceDestCheck,
    'group-id': nic.Groups?.[0]?.GroupId,
    'group-name': nic.Groups?.[0]?.GroupName,
    'attachment.instance-id': nic.Attachment?.InstanceId,
    'attachment.attachment-id': nic.Attachment?.AttachmentId,
    'attachment.device-index': nic.Attachment?.DeviceIndex,
    'attachment.network-card-index': nic.Attachment?.NetworkCardIndex,
    'attachment.delete-on-termination': nic.Attachment?.DeleteOnTermination,
    'attachment.status': nic.Attachment?.Status,
    'attachment.instance-owner-id': nic.Attachment?.InstanceOwnerId,
    'owner-id': nic.OwnerId,
    'requester-managed': nic.RequesterManaged,
    status: nic.Status,
    'tag:owner': nic.TagSet?.[0]?.Value,
    'tag-key': nic.TagSet?.[0]?.Key,
    'tag-value': nic.TagSet?.[0]?.Value,
  });
});

test('DescribeInstances', async () => {
  const look = async (Filters: Filters) => {
    const { Reservations } = await it.client.send(new ec2.DescribeInstancesCommand({ Filters }));
    return Reservations?.flatMap(({ Instances }) => Instances?.map((one) => one.InstanceId) ?? []) ?? [];
  };
  const [primary] = instance.NetworkInterfaces ?? [];
  await proves(look, instance.InstanceId, {
    'instance-id': instance.InstanceId,
    'instance-type': instance.InstanceType,
    'instance-state-name': instance.State?.Name,
    'instance-state-code': instance.State?.Code,
    'vpc-id': instance.VpcId,
    'subnet-id': instance.SubnetId,
    'availability-zone': instance.Placement?.AvailabilityZone,
    'private-ip-address': instance.PrivateIpAddress,
    'network-interface.network-interface-id': primary?.NetworkInterfaceId,
    'network-interface.addresses.private-ip-address': primary?.PrivateIpAddress,
    'network-interface.group-id': primary?.Groups?.[0]?.GroupId,
    'instance.group-id': instance.SecurityGroups?.[0]?.GroupId,
    'iam-instance-profile.arn': instance.IamInstanceProfile?.Arn,
    'tag:Name': 'node-1',
  });
});

test('DescribeVpcs, DescribeSubnets, DescribeSecurityGroups, DescribeRouteTables and DescribeTags', async () => {
  const { client } = it;
  await proves(
    async (Filters) =>
      (await client.send(new ec2.DescribeVpcsCommand({ Filters }))).Vpcs?.map((one) => one.VpcId) ?? [],
    vpc.VpcId,
    {
      'vpc-id': vpc.VpcId,
      cidr: vpc.CidrBlock,
      'cidr-block-association.cidr-block': vpc.CidrBlockAssociationSet?.[0]?.CidrBlock,
      'ipv6-cidr-block-association.ipv6-cidr-block': vpc.Ipv6CidrBlockAssociationSet?.[0]?.Ipv6CidrBlock,
      'is-default': vpc.IsDefault,
      state: vpc.State,
      'owner-id': vpc.OwnerId,
      'tag:Name': vpc.Tags?.[0]?.Value,
    },
  );
  await proves(
    async (Filters) =>
      (await client.send(new ec2.DescribeSubnetsCommand({ Filters }))).Subnets?.map((one) => one.SubnetId) ?? [],
    subnet.SubnetId,
    {
      'subnet-id': subnet.SubnetId,
      'vpc-id': subnet.VpcId,
      'availability-zone': subnet.AvailabilityZone,
      'availability-zone-id': subnet.AvailabilityZoneId,
      'available-ip-address-count': subnet.AvailableIpAddressCount,
      'cidr-block': subnet.CidrBlock,
      'ipv6-cidr-block-association.ipv6-cidr-block': subnet.Ipv6CidrBlockAssociationSet?.[0]?.Ipv6CidrBlock,
      'map-public-ip-on-launch': subnet.MapPublicIpOnLaunch,
      state: subnet.State,
    },
  );
  await proves(
    async (Filters) =>
      (await client.send(new ec2.DescribeSecurityGroupsCommand({ Filters }))).SecurityGroups?.map(
        (one) => one.GroupId,
      ) ?? [],
    group.GroupId,
    {
      'group-id': group.GroupId,
      'group-name': group.GroupName,
      'vpc-id': group.VpcId,
      description: group.Description,
    },
  );
  await proves(
    async (Filters) =>
      (await client.send(new ec2.DescribeRouteTablesCommand({ Filters }))).RouteTables?.map(
        (one) => one.RouteTableId,
      ) ?? [],
    table.RouteTableId,
    {
      'route-table-id': table.RouteTableId,
      'vpc-id': table.VpcId,
      'association.main': table.Associations?.[0]?.Main,
      'route.destination-cidr-block': table.Routes?.[0]?.DestinationCidrBlock,
    },
  );
  await proves(
    async (Filters) =>
      (await client.send(new ec2.DescribeTagsCommand({ Filters }))).Tags?.map((one) => one.ResourceId) ?? [],
    nic.NetworkInterfaceId,
    { 'resource-id': nic.NetworkInterfaceId, 'resource-type': 'network-interface', key: 'owner', value: 'me' },
  );
});

test('several filters all hold, and pages go through what fits', async () => {
  const all = await it.client.send(new ec2.DescribeTagsCommand({}));
  const keys: (string | undefined)[] = [];
  for await (const { Tags = [] } of ec2.paginateDescribeTags({ client: it.client, pageSize: 5 }, {}))
    keys.push(...Tags.map((one) => `${one.ResourceId} ${one.Key}`));
  expect(keys).toEqual(all.Tags?.map((one) => `${one.ResourceId} ${one.Key}`));
  expect(keys.length).toBeGreaterThan(5);
  const both = (name: string) =>
    it.client.send(
      new ec2.DescribeInstancesCommand({
        Filters: [
          { Name: 'tag:Name', Values: [name] },
          { Name: 'subnet-id', Values: [subnet.SubnetId ?? ''] },
        ],
      }),
    );
  expect((await both('node-*')).Reservations).toHaveLength(2);
  expect((await both('node-3')).Reservations).toEqual([]);
});
