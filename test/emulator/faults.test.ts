import * as ec2 from '@aws-sdk/client-ec2';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { refusal } from './ec2.ts';
import { type Operated, operated } from './running.ts';

// What an operator lets go wrong with `berth emulator fault`, as a client of the cloud meets it.

let it: Operated;
let client: ec2.EC2Client;
let SubnetId: string;
let InstanceId: string;
let nic: string; // attached to node-1

beforeAll(async () => {
  it = await operated();
  ({ client } = it);
  const found = await client.send(new ec2.DescribeSubnetsCommand({ Filters: [{ Name: 'tag:Name', Values: ['a'] }] }));
  SubnetId = found.Subnets?.[0]?.SubnetId ?? '';
  InstanceId = it.emulator.instanceCalled('node-1') ?? '';
  nic = await newNic();
  await client.send(new ec2.AttachNetworkInterfaceCommand({ NetworkInterfaceId: nic, InstanceId, DeviceIndex: 1 }));
});
afterEach(() => it.command('fault', 'clear'));
afterAll(() => it.close());

const fault = async (...words: readonly string[]) => {
  const said = await it.command('fault', ...words);
  if (said.code !== 0) throw new Error(said.stderr);
  return said.stdout;
};
const newNic = async (by = client, ClientToken?: string) => {
  const made = await by.send(new ec2.CreateNetworkInterfaceCommand({ SubnetId, ClientToken }));
  return made.NetworkInterface?.NetworkInterfaceId ?? '';
};
const assign = (more: Partial<ec2.AssignPrivateIpAddressesCommandInput> = { SecondaryPrivateIpAddressCount: 1 }) =>
  client.send(new ec2.AssignPrivateIpAddressesCommand({ NetworkInterfaceId: nic, ...more }));
const look = (by = client) => by.send(new ec2.DescribeVpcsCommand({}));
const nics = () => it.emulator.world.cloud.nics.size;

test('throttle: calls of one action, until it is cleared', async () => {
  expect(await fault('throttle', '--action', 'AssignPrivateIpAddresses', '--name', 'busy')).toContain('busy: throttle');
  expect(await refusal(assign())).toEqual({
    code: 'RequestLimitExceeded',
    status: 503,
    text: 'Request limit exceeded.',
  });
  expect(await refusal(look())).toBeUndefined();
  await fault('clear', 'busy');
  expect(await refusal(assign())).toBeUndefined();
});

test('error: a server that fails so often, which a client that tries again gets over', async () => {
  await fault('error', '--status', '500', '--times', '1');
  expect(await refusal(look())).toMatchObject({ code: 'InternalError', status: 500 });
  expect(await refusal(look())).toBeUndefined();
  await fault('error', '--status', '503', '--times', '2');
  expect(await refusal(look(it.with({ maxAttempts: 3 })))).toBeUndefined();
  expect(await fault('list')).toBe('nothing is wrong\n');
});

test('hang: nothing is answered, and nothing is done', async () => {
  const before = nics();
  await fault('hang', '--action', 'CreateNetworkInterface', '--times', '1');
  const patient = it.with({ requestHandler: { requestTimeout: 200, throwOnRequestTimeout: true } });
  expect(await refusal(newNic(patient))).toMatchObject({ code: 'TimeoutError', status: 0 });
  expect(nics()).toBe(before);
});

test('slow: done at once, answered later', async () => {
  const before = nics();
  await fault('slow', '--by', '0.3', '--times', '1');
  const began = performance.now();
  const making = newNic();
  await expect.poll(nics).toBe(before + 1);
  await making;
  expect(performance.now() - began).toBeGreaterThanOrEqual(295);
});

test('exhaust: a subnet without addresses, or without prefixes, whatever is counted', async () => {
  await fault('exhaust', '--subnet', SubnetId, '--name', 'dry');
  expect(await refusal(assign())).toMatchObject({ code: 'InsufficientFreeAddressesInSubnet', status: 400 });
  expect(await refusal(newNic())).toMatchObject({ code: 'InsufficientFreeAddressesInSubnet', status: 400 });
  await fault('exhaust', '--of', 'prefix', '--name', 'dry');
  expect(await refusal(assign({ Ipv4PrefixCount: 1 }))).toMatchObject({ code: 'InsufficientCidrBlocks', status: 400 });
  expect(await refusal(assign())).toBeUndefined();
});

test('limit: an instance that may have no more addresses, or no more NICs', async () => {
  await fault('limit', '--instance', 'node-1');
  expect(await refusal(assign())).toMatchObject({ code: 'PrivateIpAddressLimitExceeded', status: 400 });
  await fault('clear');
  await fault('limit', '--of', 'nics', '--instance', 'node-1');
  const attach = { NetworkInterfaceId: await newNic(), DeviceIndex: 2 };
  expect(await refusal(client.send(new ec2.AttachNetworkInterfaceCommand({ ...attach, InstanceId })))).toMatchObject({
    code: 'AttachmentLimitExceeded',
  });
  const other = it.emulator.instanceCalled('node-2');
  const elsewhere = client.send(new ec2.AttachNetworkInterfaceCommand({ ...attach, InstanceId: other }));
  expect(await refusal(elsewhere)).toBeUndefined();
});

test('deny: who may not do one thing may do the others', async () => {
  await fault('deny', '--action', 'AssignPrivateIpAddresses');
  expect(await refusal(assign())).toMatchObject({ code: 'UnauthorizedOperation', status: 403 });
  expect(await refusal(look())).toBeUndefined();
});

test('lose: done and not answered; the same token finds what was made', async () => {
  const before = nics();
  await fault('lose', '--action', 'CreateNetworkInterface', '--times', '1');
  const found = await newNic(it.with({ maxAttempts: 3 }), 'once');
  expect(nics()).toBe(before + 1);
  expect(await newNic(client, 'once')).toBe(found);
});

test('detach: a NIC goes while nobody of its account asked for it', async () => {
  const NetworkInterfaceId = await newNic();
  await client.send(new ec2.AttachNetworkInterfaceCommand({ NetworkInterfaceId, InstanceId, DeviceIndex: 2 }));
  await fault('detach', NetworkInterfaceId);
  const found = await client.send(
    new ec2.DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [NetworkInterfaceId] }),
  );
  expect(found.NetworkInterfaces?.[0]).toMatchObject({ Status: 'available' });
  expect(found.NetworkInterfaces?.[0]?.Attachment).toBeUndefined();
});

test('unassign: an address and a prefix go while nobody of its account asked for it', async () => {
  const address = (await assign()).AssignedPrivateIpAddresses?.[0]?.PrivateIpAddress ?? '';
  const block = (await assign({ Ipv4PrefixCount: 1 })).AssignedIpv4Prefixes?.[0]?.Ipv4Prefix ?? '';
  await fault('unassign', nic, address, block);
  const taken = { NetworkInterfaceId: nic, PrivateIpAddresses: [address] };
  expect(await refusal(client.send(new ec2.UnassignPrivateIpAddressesCommand(taken)))).toEqual({
    code: 'InvalidParameterValue',
    status: 400,
    text: `Some of [${address}] are not assigned to interface ${nic}`,
  });
  const found = await client.send(new ec2.DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [nic] }));
  expect(found.NetworkInterfaces?.[0]?.Ipv4Prefixes ?? []).not.toContainEqual({ Ipv4Prefix: block });
});

test('lag: metadata of one instance tell of a change that much later; the API at once', async () => {
  const { mac } = it.emulator.world.cloud.nics.get(nic as never) ?? {};
  const tell = async () => {
    const path = `node-1/latest/meta-data/network/interfaces/macs/${mac}/local-ipv4s`;
    return (await fetch(`http://127.0.0.1:${it.metadataPort}/${path}`)).text();
  };
  await fault('lag', '--by', '60', '--instance', 'node-1');
  const address = (await assign()).AssignedPrivateIpAddresses?.[0]?.PrivateIpAddress ?? '';
  expect(await tell()).not.toContain(address);
  expect((await it.command('pass', '60')).code).toBe(0);
  expect(await tell()).toContain(address);
});

test('hide: a NIC that is there is not in metadata, or not in a Describe', async () => {
  const macs = async () =>
    (await fetch(`http://127.0.0.1:${it.metadataPort}/node-1/latest/meta-data/network/interfaces/macs/`)).text();
  const { mac } = it.emulator.world.cloud.nics.get(nic as never) ?? {};
  await fault('hide', nic);
  expect(await macs()).not.toContain(mac);
  await fault('hide', nic, '--of', 'describe');
  const NetworkInterfaceIds = [nic];
  expect(await refusal(client.send(new ec2.DescribeNetworkInterfacesCommand({ NetworkInterfaceIds })))).toMatchObject({
    code: 'InvalidNetworkInterfaceID.NotFound',
  });
  await fault('clear');
  expect(await macs()).toContain(mac);
});

test('lapse: the credentials of a role have ended, and metadata tell no others; then there are new ones', async () => {
  const role = async () => {
    const path = 'node-1/latest/meta-data/iam/security-credentials/node';
    const told = (await (await fetch(`http://127.0.0.1:${it.metadataPort}/${path}`)).json()) as Record<string, string>;
    const { AccessKeyId: accessKeyId = '', SecretAccessKey: secretAccessKey = '', Token: sessionToken } = told;
    return {
      ended: Date.parse(told['Expiration'] ?? '') <= it.emulator.world.now(),
      client: it.with({ credentials: { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) } }),
    };
  };
  const before = await role();
  expect([before.ended, await refusal(look(before.client))]).toEqual([false, undefined]);
  await fault('lapse', '--instance', 'node-1');
  const meanwhile = await role();
  expect(meanwhile.ended).toBe(true);
  for (const { client: by } of [before, meanwhile])
    expect(await refusal(look(by))).toMatchObject({ code: 'RequestExpired', text: 'Request has expired.' });
  expect(await refusal(look())).toBeUndefined(); // keys that are no role's
  await fault('clear');
  const after = await role();
  expect([after.ended, await refusal(look(after.client))]).toEqual([false, undefined]);
});

test('a fault for some seconds ends by itself, and one with a chance strikes some calls and not others', async () => {
  await fault('deny', '--for', '30');
  expect(await refusal(look())).toMatchObject({ code: 'UnauthorizedOperation' });
  await it.command('pass', '30');
  expect(await refusal(look())).toBeUndefined();
  await fault('error', '--chance', '0.5');
  const ends = new Set<string | undefined>();
  for (let i = 0; i < 30; i++) ends.add((await refusal(look()))?.code);
  expect(ends).toEqual(new Set([undefined, 'InternalError']));
});

test("the operator's API does the same, and says what is wrong with what it cannot do", async () => {
  const deny = { name: 'no', what: { kind: 'deny' }, scope: { action: 'DescribeVpcs' } };
  expect(await it.admin('POST /v1/faults', deny)).toEqual({ status: 200, answer: { name: 'no' } });
  expect(await refusal(look())).toMatchObject({ code: 'UnauthorizedOperation' });
  expect(await it.admin('GET /v1/faults')).toEqual({ status: 200, answer: [deny] });
  expect(await it.admin('DELETE /v1/faults')).toEqual({ status: 200, answer: { removed: ['no'] } });
  expect((await it.admin('POST /v1/faults', { what: { kind: 'flood' } })).status).toBe(400);
  expect((await it.admin('POST /v1/requests', { do: 'create-vpc' })).status).toBe(400);
  expect(await it.command('fault', 'clear', 'nobody')).toMatchObject({
    code: 1,
    stderr: 'berth emulator: there is no fault nobody\n',
  });
  expect((await it.command('fault', 'cut')).stderr).toBe('berth emulator: cut wants a zone\n');
  expect((await it.command('fault', 'flood')).code).toBe(2);
});
