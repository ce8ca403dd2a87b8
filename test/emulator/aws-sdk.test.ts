import * as ec2 from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ACTIONS } from '../../emulator/dialects/aws/actions.ts';
import { bucketsOf } from '../../emulator/dialects/aws/buckets.ts';
import { AT_ONCE } from '../../emulator/dialects/aws/rules.ts';
import { ACCESS_KEY } from '../../emulator/server/start.ts';
import { type Ec2, openEc2, refusal } from './ec2.ts';

// The AWS SDK for JavaScript, which Berth itself uses, against the emulator: what it parses is what EC2 would say.

let it: Ec2;
let client: ec2.EC2Client;
let subnet: string;
let instance: string;

beforeAll(async () => {
  it = await openEc2();
  ({ client } = it);
  const byName = [{ Name: 'tag:Name', Values: ['a'] }];
  subnet = (await client.send(new ec2.DescribeSubnetsCommand({ Filters: byName }))).Subnets?.[0]?.SubnetId ?? '';
  instance = it.emulator.instanceCalled('node-1') ?? '';
});
afterAll(() => it.close());

const newNic = async (more: Partial<ec2.CreateNetworkInterfaceCommandInput> = {}) => {
  const made = await client.send(new ec2.CreateNetworkInterfaceCommand({ SubnetId: subnet, ...more }));
  return made.NetworkInterface ?? {};
};
const seen = async (id: string | undefined) => {
  const found = await client.send(new ec2.DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [id ?? ''] }));
  return found.NetworkInterfaces?.[0];
};

test('a NIC is made, attached, given addresses, prefixes and tags, detached and deleted', async () => {
  const nic = await newNic({
    Ipv4PrefixCount: 1,
    Description: 'a & b',
    TagSpecifications: [{ ResourceType: 'network-interface', Tags: [{ Key: 'owner', Value: '<me>' }] }],
  });
  const id = nic.NetworkInterfaceId ?? '';
  expect(nic).toMatchObject({ Status: 'available', Description: 'a & b', TagSet: [{ Key: 'owner', Value: '<me>' }] });
  expect(nic.Ipv4Prefixes).toHaveLength(1);
  const { AttachmentId } = await client.send(
    new ec2.AttachNetworkInterfaceCommand({ NetworkInterfaceId: id, InstanceId: instance, DeviceIndex: 1 }),
  );
  const given = await client.send(
    new ec2.AssignPrivateIpAddressesCommand({ NetworkInterfaceId: id, SecondaryPrivateIpAddressCount: 2 }),
  );
  expect(given.AssignedPrivateIpAddresses).toHaveLength(2);
  const prefixes = await client.send(
    new ec2.AssignPrivateIpAddressesCommand({ NetworkInterfaceId: id, Ipv4PrefixCount: 1 }),
  );
  expect(prefixes.AssignedIpv4Prefixes?.[0]?.Ipv4Prefix).toMatch(/^10\.0\.\d+\.\d+\/28$/);
  const six = await client.send(new ec2.AssignIpv6AddressesCommand({ NetworkInterfaceId: id, Ipv6PrefixCount: 1 }));
  expect(six.AssignedIpv6Prefixes?.[0]).toMatch(/\/80$/);
  await client.send(
    new ec2.ModifyNetworkInterfaceAttributeCommand({
      NetworkInterfaceId: id,
      Attachment: { AttachmentId, DeleteOnTermination: true },
    }),
  );
  const now = await seen(id);
  expect(now).toMatchObject({
    Status: 'in-use',
    Attachment: { Status: 'attached', DeviceIndex: 1, NetworkCardIndex: 0 },
  });
  expect(now?.Attachment?.DeleteOnTermination).toBe(true);
  expect(now?.PrivateIpAddresses).toHaveLength(3);
  expect(now?.Ipv4Prefixes).toHaveLength(2);
  expect(await refusal(client.send(new ec2.DeleteNetworkInterfaceCommand({ NetworkInterfaceId: id })))).toEqual({
    code: 'InvalidParameterValue',
    status: 400,
    text: `Network interface '${id}' is currently in use.`,
  });
  await client.send(new ec2.DetachNetworkInterfaceCommand({ AttachmentId }));
  await client.send(new ec2.DeleteNetworkInterfaceCommand({ NetworkInterfaceId: id }));
  expect(await refusal(seen(id))).toEqual({
    code: 'InvalidNetworkInterfaceID.NotFound',
    status: 400,
    text: `The networkInterface ID '${id}' does not exist`,
  });
});

test('a subnet without room says so in three shapes', async () => {
  const vpc = (await client.send(new ec2.DescribeVpcsCommand({}))).Vpcs?.[0]?.VpcId;
  const small = async (cidr: string) =>
    (await client.send(new ec2.CreateSubnetCommand({ VpcId: vpc, CidrBlock: cidr }))).Subnet?.SubnetId;
  const tiny = await small('10.0.100.0/28'); // 11 free
  const create = (more: object) => client.send(new ec2.CreateNetworkInterfaceCommand({ SubnetId: tiny, ...more }));
  const both = {
    code: 'InvalidParameterValue',
    status: 400,
    text: "There aren't sufficient free Ipv4 addresses or prefixes",
  };
  expect(await refusal(create({ SecondaryPrivateIpAddressCount: 11 }))).toEqual(both);
  const nic = (await create({ SecondaryPrivateIpAddressCount: 9 })).NetworkInterface?.NetworkInterfaceId;
  const assign = (more: object) =>
    client.send(new ec2.AssignPrivateIpAddressesCommand({ NetworkInterfaceId: nic, ...more }));
  expect(await refusal(assign({ SecondaryPrivateIpAddressCount: 2 }))).toEqual({
    code: 'InsufficientFreeAddressesInSubnet',
    status: 400,
    text: 'The specified subnet does not have enough free addresses to satisfy the request.',
  });
  expect(await refusal(assign({ Ipv4PrefixCount: 1 }))).toEqual(both);
  const torn = await small('10.0.101.0/27'); // 26 free, and neither half is whole
  const other = await client.send(
    new ec2.CreateNetworkInterfaceCommand({ SubnetId: torn, PrivateIpAddress: '10.0.101.20' }),
  );
  const NetworkInterfaceId = other.NetworkInterface?.NetworkInterfaceId;
  expect(
    await refusal(client.send(new ec2.AssignPrivateIpAddressesCommand({ NetworkInterfaceId, Ipv4PrefixCount: 1 }))),
  ).toEqual({
    code: 'InsufficientCidrBlocks',
    status: 400,
    text: 'The specified subnet does not have enough free cidr blocks to satisfy the request.',
  });
});

test("an instance's limits: NICs, addresses of a NIC, devices, the primary", async () => {
  const attach = (NetworkInterfaceId: string | undefined, DeviceIndex: number) =>
    client.send(new ec2.AttachNetworkInterfaceCommand({ NetworkInterfaceId, InstanceId: instance, DeviceIndex }));
  const nics = await Promise.all([newNic(), newNic(), newNic()]);
  await attach(nics[0]?.NetworkInterfaceId, 1);
  expect(await refusal(attach(nics[1]?.NetworkInterfaceId, 1))).toEqual({
    code: 'InvalidParameterValue',
    status: 400,
    text: `Instance '${instance}' already has an interface attached at device index '1'.`,
  });
  await attach(nics[1]?.NetworkInterfaceId, 2);
  expect(await refusal(attach(nics[2]?.NetworkInterfaceId, 3))).toEqual({
    code: 'AttachmentLimitExceeded',
    status: 400,
    text: 'Interface count 4 exceeds the limit for m5.large',
  });
  const assign = { NetworkInterfaceId: nics[0]?.NetworkInterfaceId, SecondaryPrivateIpAddressCount: 10 };
  expect(await refusal(client.send(new ec2.AssignPrivateIpAddressesCommand(assign)))).toEqual({
    code: 'PrivateIpAddressLimitExceeded',
    status: 400,
    text: 'Number of private addresses will exceed limit.',
  });
  const primary = [
    { Name: 'attachment.instance-id', Values: [instance] },
    { Name: 'attachment.device-index', Values: ['0'] },
  ];
  const found = await client.send(new ec2.DescribeNetworkInterfacesCommand({ Filters: primary }));
  const AttachmentId = found.NetworkInterfaces?.[0]?.Attachment?.AttachmentId;
  expect(await refusal(client.send(new ec2.DetachNetworkInterfaceCommand({ AttachmentId })))).toMatchObject({
    code: 'OperationNotPermitted',
    status: 400,
  });
});

test('the same token makes nothing a second time; with other parameters it is refused', async () => {
  const wanted = { SubnetId: subnet, ClientToken: 'once', SecondaryPrivateIpAddressCount: 1 };
  const [first, second] = [await newNic(wanted), await newNic(wanted)];
  expect(second.NetworkInterfaceId).toBe(first.NetworkInterfaceId);
  const other = newNic({ ...wanted, SecondaryPrivateIpAddressCount: 2 });
  expect(await refusal(other)).toMatchObject({ code: 'IdempotentParameterMismatch', status: 400 });
});

test('a dry run does nothing, and says what it would have come to', async () => {
  const before = it.emulator.world.cloud.nics.size;
  expect(await refusal(newNic({ DryRun: true }))).toEqual({
    code: 'DryRunOperation',
    status: 412,
    text: 'Request would have succeeded, but DryRun flag is set.',
  });
  it.emulator.world.trouble({ name: 'deny', what: { kind: 'deny' }, scope: { action: 'CreateNetworkInterface' } });
  for (const DryRun of [true, false])
    expect(await refusal(newNic({ DryRun }))).toEqual({
      code: 'UnauthorizedOperation',
      status: 403,
      text: 'You are not authorized to perform this operation.',
    });
  it.emulator.world.calm('deny');
  expect(it.emulator.world.cloud.nics.size).toBe(before);
});

test('a wrong secret, an unknown key and a clock that is off are told apart', async () => {
  const look = new ec2.DescribeVpcsCommand({});
  const as = (accessKeyId: string, secretAccessKey: string, more = {}) =>
    refusal(it.with({ credentials: { accessKeyId, secretAccessKey }, ...more }).send(look));
  const { id, secret } = ACCESS_KEY;
  expect(await as(id, 'wrong')).toMatchObject({ code: 'SignatureDoesNotMatch', status: 403 });
  expect(await as('AKIANOBODY', secret)).toEqual({
    code: 'AuthFailure',
    status: 401,
    text: 'AWS was not able to validate the provided access credentials',
  });
  for (const systemClockOffset of [-16 * 60_000, 16 * 60_000])
    expect(await as(id, secret, { systemClockOffset })).toEqual({
      code: 'RequestExpired',
      status: 400,
      text: 'Request has expired.',
    });
});

test('filters with patterns, pages, and what is wrong about them', async () => {
  await Promise.all(Array.from({ length: 7 }, (_, i) => newNic({ Description: `page-${i}` })));
  const Filters = [{ Name: 'description', Values: ['page-?'] }];
  const ids: (string | undefined)[] = [];
  const pages = ec2.paginateDescribeNetworkInterfaces({ client, pageSize: 5 }, { Filters });
  const sizes: number[] = [];
  for await (const { NetworkInterfaces = [] } of pages) {
    sizes.push(NetworkInterfaces.length);
    ids.push(...NetworkInterfaces.map((nic) => nic.NetworkInterfaceId));
  }
  expect(sizes).toEqual([5, 2]);
  expect(new Set(ids).size).toBe(7);
  const ask = (input: ec2.DescribeNetworkInterfacesCommandInput) =>
    refusal(client.send(new ec2.DescribeNetworkInterfacesCommand(input)));
  expect(await ask({ MaxResults: 4 })).toMatchObject({ code: 'InvalidParameterValue', status: 400 });
  expect(await ask({ MaxResults: 5, NextToken: 'x' })).toMatchObject({ code: 'InvalidNextToken', status: 400 });
  expect(await ask({ Filters: [{ Name: 'colour', Values: ['red'] }] })).toEqual({
    code: 'InvalidParameterValue',
    status: 400,
    text: "The filter 'colour' is invalid",
  });
  expect(await ask({ NetworkInterfaceIds: ['nic-1'] })).toMatchObject({
    code: 'InvalidNetworkInterfaceId.Malformed',
    status: 400,
  });
});

test('calls are counted as EC2 documents it, each action by itself', async () => {
  const counted = await openEc2({ ...AT_ONCE, buckets: bucketsOf(ACTIONS) });
  try {
    const ends = async (command: () => ec2.DescribeVpcsCommand, times: number) => {
      const all = await Promise.all(Array.from({ length: times }, () => refusal(counted.client.send(command()))));
      return all.filter((end) => end?.code === 'RequestLimitExceeded' && end.status === 503).length;
    };
    const Filters = [{ Name: 'state', Values: ['available'] }];
    expect(await ends(() => new ec2.DescribeVpcsCommand({ Filters }), 102)).toBe(2);
    expect(await ends(() => new ec2.DescribeVpcsCommand({}), 51)).toBe(1); // unfiltered: half as many
    counted.emulator.world.pass(1_000);
    expect(await ends(() => new ec2.DescribeVpcsCommand({ Filters }), 21)).toBe(1); // 20 a second
    expect(await refusal(counted.client.send(new ec2.DescribeSubnetsCommand({ Filters })))).toBeUndefined();
  } finally {
    await counted.close();
  }
});

test('a lost answer is a broken connection, and what was asked for is done', async () => {
  const before = it.emulator.world.cloud.nics.size;
  it.emulator.world.trouble({ name: 'lose', what: { kind: 'lose' }, scope: {}, left: 1 });
  expect((await refusal(newNic()))?.status).toBe(0); // no answer has a status
  expect(it.emulator.world.cloud.nics.size).toBe(before + 1);
  it.emulator.world.trouble({ name: 'down', what: { kind: 'error', status: 500 }, scope: {}, left: 1 });
  expect(await refusal(newNic())).toMatchObject({ code: 'InternalError', status: 500 });
});
