import * as ec2 from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { AT_ONCE } from '../../emulator/dialects/aws/rules.ts';
import { ROLE_LIFE_MS } from '../../emulator/dialects/aws/keyring.ts';
import { type Ec2, openEc2, refusal } from './ec2.ts';

// Metadata as tools ask for it, at a TCP port behind the name of the instance: versions 1 and 2.

const LAG_MS = 2_000;
const TTL = 'x-aws-ec2-metadata-token-ttl-seconds';

let it: Ec2;
beforeAll(async () => {
  it = await openEc2({ ...AT_ONCE, delays: { ...AT_ONCE.delays, metadata: [LAG_MS, LAG_MS] } });
});
afterAll(() => it.close());

type Headers = Readonly<Record<string, string>>;
const ask = (method: string, path: string, { headers = {}, of = 'node-1' }: { headers?: Headers; of?: string } = {}) =>
  fetch(`${it.metadata}/${of}${path}`, { method, headers });
const status = async (...request: Parameters<typeof ask>) => (await ask(...request)).status;
const newToken = async (seconds: number | string, more: Headers = {}) =>
  ask('PUT', '/latest/api/token', { headers: { [TTL]: String(seconds), ...more } });
/** What a path says, with a token for it. */
const read = async (path: string, of = 'node-1') => {
  const token = await (await ask('PUT', '/latest/api/token', { headers: { [TTL]: '60' }, of })).text();
  const said = await ask('GET', `/latest/meta-data/${path}`, { headers: { 'x-aws-ec2-metadata-token': token }, of });
  return said.status === 200 ? said.text() : said.status;
};

describe('tokens', () => {
  const path = '/latest/meta-data/instance-id';
  const withToken = (token: string) => ({ headers: { 'x-aws-ec2-metadata-token': token } });

  test('version 1 is answered without one, until the instance requires them', async () => {
    const InstanceId = it.emulator.instanceCalled('node-2');
    expect(await status('GET', path, { of: 'node-2' })).toBe(200);
    await it.client.send(new ec2.ModifyInstanceMetadataOptionsCommand({ InstanceId, HttpTokens: 'required' }));
    expect(await status('GET', path, { of: 'node-2' })).toBe(401);
    expect(await read('instance-id', 'node-2')).toBe(InstanceId);
  });

  test('one lasts as long as was asked for, and its answer says so', async () => {
    const said = await newToken(10);
    expect(said.headers.get(TTL)).toBe('10');
    const token = await said.text();
    expect(await status('GET', path, withToken(token))).toBe(200);
    it.emulator.world.pass(9_999);
    expect(await status('GET', path, withToken(token))).toBe(200);
    it.emulator.world.pass(1);
    expect(await status('GET', path, withToken(token))).toBe(401);
  });

  test.each<[string, string, Headers, number]>([
    ['a life of nothing', '0', {}, 400],
    ['a life of more than six hours', '21601', {}, 400],
    ['a life that is no number', 'long', {}, 400],
    ['the longest life', '21600', {}, 200],
    ['somebody who asks for another', '60', { 'x-forwarded-for': '10.0.0.9' }, 403],
  ])('%s: %s %o', async (_, seconds, headers, wanted) => {
    expect((await newToken(seconds, headers)).status).toBe(wanted);
  });

  test('without a life, by another method, or at another path there is none', async () => {
    expect(await status('PUT', '/latest/api/token')).toBe(400);
    expect(await status('POST', '/latest/api/token', { headers: { [TTL]: '60' } })).toBe(405);
    expect(await status('PUT', path, { headers: { [TTL]: '60' } })).toBe(405);
    expect(await status('GET', '/latest/api/token')).toBe(404);
  });

  test('that of another instance, or a torn one, is none', async () => {
    const token = await (await newToken(60)).text();
    expect(await status('GET', path, { ...withToken(token), of: 'node-3' })).toBe(401);
    expect(await status('GET', path, withToken(`${token.slice(0, -4)}AA==`))).toBe(401);
  });
});

describe('the tree', () => {
  let nic: ec2.NetworkInterface;
  let base: string;
  beforeAll(async () => {
    const Filters = [{ Name: 'attachment.instance-id', Values: [it.emulator.instanceCalled('node-1') ?? ''] }];
    const found = await it.client.send(new ec2.DescribeNetworkInterfacesCommand({ Filters }));
    nic = found.NetworkInterfaces?.[0] ?? {};
    base = `network/interfaces/macs/${nic.MacAddress}/`;
  });

  test('says of the instance what the API says', async () => {
    const InstanceIds = [it.emulator.instanceCalled('node-1') ?? ''];
    const found = await it.client.send(new ec2.DescribeInstancesCommand({ InstanceIds }));
    const instance = found.Reservations?.[0]?.Instances?.[0];
    expect(await read('instance-id')).toBe(instance?.InstanceId);
    expect(await read('instance-type')).toBe(instance?.InstanceType);
    expect(await read('placement/availability-zone')).toBe(instance?.Placement?.AvailabilityZone);
    expect(await read('placement/region')).toBe('us-east-1');
    expect(await read('mac')).toBe(nic.MacAddress);
    expect(await read('local-ipv4')).toBe(instance?.PrivateIpAddress);
    expect(await read('public-ipv4')).toBe(instance?.PublicIpAddress);
    const document = await (await ask('GET', '/latest/dynamic/instance-identity/document')).text();
    expect(JSON.parse(document)).toMatchObject({ instanceId: instance?.InstanceId, region: 'us-east-1' });
  });

  test('says of a NIC what the API says, and has no file for what is empty', async () => {
    expect(await read('network/interfaces/macs/')).toBe(`${nic.MacAddress}/`);
    expect(await read(`${base}device-number`)).toBe('0');
    expect(await read(`${base}interface-id`)).toBe(nic.NetworkInterfaceId);
    expect(await read(`${base}subnet-id`)).toBe(nic.SubnetId);
    expect(await read(`${base}vpc-id`)).toBe(nic.VpcId);
    expect(await read(`${base}local-ipv4s`)).toBe(nic.PrivateIpAddress);
    expect(await read(`${base}subnet-ipv4-cidr-block`)).toBe('10.0.0.0/20');
    expect(await read(`${base}vpc-ipv4-cidr-blocks`)).toBe('10.0.0.0/16');
    expect(await read(`${base}vpc-ipv6-cidr-blocks`)).toMatch(/\/56$/);
    expect(await read(`${base}security-group-ids`)).toBe(nic.Groups?.[0]?.GroupId);
    for (const absent of ['ipv4-prefix', 'ipv6-prefix', 'ipv6s', 'network-card', 'colour'])
      expect(await read(base + absent)).toBe(404);
  });

  test('says the IPv6 addresses and prefixes of a NIC, and of the instance its first', async () => {
    const InstanceId = it.emulator.instanceCalled('node-3');
    const Filters = [{ Name: 'attachment.instance-id', Values: [InstanceId ?? ''] }];
    const found = await it.client.send(new ec2.DescribeNetworkInterfacesCommand({ Filters }));
    const { NetworkInterfaceId, MacAddress } = found.NetworkInterfaces?.[0] ?? {};
    const assign = (more: object) =>
      it.client.send(new ec2.AssignIpv6AddressesCommand({ NetworkInterfaceId, ...more }));
    const [address] = (await assign({ Ipv6AddressCount: 1 })).AssignedIpv6Addresses ?? [];
    const [block] = (await assign({ Ipv6PrefixCount: 1 })).AssignedIpv6Prefixes ?? [];
    it.emulator.world.pass(LAG_MS);
    const of = (path: string) => read(`network/interfaces/macs/${MacAddress}/${path}`, 'node-3');
    expect(await of('ipv6s')).toBe(address);
    expect(await of('ipv6-prefix')).toBe(block);
    expect(await of('subnet-ipv6-cidr-blocks')).toMatch(/\/64$/);
    expect(await read('ipv6', 'node-3')).toBe(address);
  });

  test('a folder is the names in it; a file has no slash, and nothing stands above the tree', async () => {
    expect(String(await read('placement/')).split('\n')).toContain('availability-zone');
    expect(await read('placement')).toBe(await read('placement/'));
    expect(await read('instance-id/')).toBe(404);
    expect(await status('GET', '/2009-04-04x/meta-data/')).toBe(404);
    expect(await (await ask('GET', '/')).text()).toContain('latest');
    expect((await fetch(`${it.metadata}/nobody/latest/meta-data/`)).status).toBe(404);
  });

  test('the card of a NIC is told where there are several', async () => {
    const more = { ImageId: 'ami-1', MinCount: 1, MaxCount: 1, SubnetId: nic.SubnetId };
    const made = await it.client.send(new ec2.RunInstancesCommand({ ...more, InstanceType: 'p4d.24xlarge' }));
    const [instance] = made.Instances ?? [];
    const mac = instance?.NetworkInterfaces?.[0]?.MacAddress;
    expect(await read(`network/interfaces/macs/${mac}/network-card`, instance?.InstanceId)).toBe('0');
  });

  test('addresses, prefixes and NICs come and go as late as they do in the cloud', async () => {
    const NetworkInterfaceId = nic.NetworkInterfaceId;
    const assign = (more: object) =>
      it.client.send(new ec2.AssignPrivateIpAddressesCommand({ NetworkInterfaceId, ...more }));
    const given = await assign({ SecondaryPrivateIpAddressCount: 1 });
    await assign({ Ipv4PrefixCount: 1 });
    const [address] = (given.AssignedPrivateIpAddresses ?? []).map((one) => one.PrivateIpAddress);
    expect(await read(`${base}local-ipv4s`)).toBe(nic.PrivateIpAddress);
    expect(await read(`${base}ipv4-prefix`)).toBe(404);
    it.emulator.world.pass(LAG_MS);
    expect(await read(`${base}local-ipv4s`)).toBe(`${nic.PrivateIpAddress}\n${address}`);
    expect(await read(`${base}ipv4-prefix`)).toMatch(/\/28$/);
    const InstanceId = it.emulator.instanceCalled('node-1');
    const made = await it.client.send(new ec2.CreateNetworkInterfaceCommand({ SubnetId: nic.SubnetId }));
    const second = made.NetworkInterface;
    await it.client.send(
      new ec2.AttachNetworkInterfaceCommand({
        InstanceId,
        DeviceIndex: 1,
        NetworkInterfaceId: second?.NetworkInterfaceId,
      }),
    );
    expect(await read('network/interfaces/macs/')).toBe(`${nic.MacAddress}/`);
    it.emulator.world.pass(LAG_MS);
    expect(await read(`network/interfaces/macs/${second?.MacAddress}/device-number`)).toBe('1');
  });
});

describe("the role's credentials", () => {
  interface Credentials {
    readonly AccessKeyId: string;
    readonly SecretAccessKey: string;
    readonly Token: string;
    readonly Expiration: string;
  }
  let given: Credentials;
  beforeEach(async () => {
    expect(await read('iam/security-credentials/')).toBe('node');
    given = JSON.parse(String(await read('iam/security-credentials/node'))) as Credentials;
  });
  const call = ({ AccessKeyId, SecretAccessKey, Token }: Credentials, systemClockOffset = 0) => {
    const credentials = { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: Token };
    return refusal(it.with({ credentials, systemClockOffset }).send(new ec2.DescribeVpcsCommand({})));
  };

  test('sign calls, which the cloud knows to come from that instance', async () => {
    expect(await call(given)).toBeUndefined();
    const instance = it.emulator.instanceCalled('node-1');
    if (instance === undefined) throw new Error('there is no node-1');
    it.emulator.world.trouble({ name: 'deny', what: { kind: 'deny' }, scope: { instance } });
    expect(await call(given)).toMatchObject({ code: 'UnauthorizedOperation', status: 403 });
    expect(await refusal(it.client.send(new ec2.DescribeVpcsCommand({})))).toBeUndefined();
    it.emulator.world.calm('deny');
  });

  test('are nothing without their token', async () => {
    expect(await call({ ...given, Token: 'another' })).toMatchObject({ code: 'AuthFailure', status: 401 });
  });

  test('end when they say, and the next ones are there before that', async () => {
    const left = Date.parse(given.Expiration) - it.emulator.world.now();
    expect(left).toBeLessThanOrEqual(ROLE_LIFE_MS);
    it.emulator.world.pass(left - 60_000); // a minute before the end
    const next = JSON.parse(String(await read('iam/security-credentials/node'))) as Credentials;
    expect(next.AccessKeyId).not.toBe(given.AccessKeyId);
    const offset = () => it.emulator.world.now() - Date.now();
    expect(await call(given, offset())).toBeUndefined();
    it.emulator.world.pass(60_000);
    expect(await call(given, offset())).toEqual({
      code: 'RequestExpired',
      status: 400,
      text: 'Request has expired.',
    });
    expect(await call(next, offset())).toBeUndefined();
  });
});
