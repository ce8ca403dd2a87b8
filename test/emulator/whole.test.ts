import * as ec2 from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isRoot } from '../kernel/space.ts';
import { type Operated, operated } from './running.ts';

// All of it as `berth emulator start` makes it: what the API is asked for is true for packets, and an operator's hand
// reaches into both. node-1 and node-2 in zone a, node-3 in zone b, each with a public address.

const METADATA = 'http://169.254.169.254/latest';
const API = 'http://198.51.100.1'; // in the internet, as the cloud's is

describe.skipIf(!isRoot)('a cloud with packets', () => {
  let it: Operated;
  let client: ec2.EC2Client;
  beforeAll(async () => {
    it = await operated({ packets: true });
    ({ client } = it);
  });
  afterAll(() => it?.close());

  /** What a shell prints in an instance, by way of `berth emulator exec`. */
  const shell = async (where: string, command: string) =>
    (await it.command('exec', where, '--', 'sh', '-c', command)).stdout.trim();
  const ping = (from: string, to: string) =>
    shell(from, `busybox ping -c1 -W1 ${to} >/dev/null && echo yes || echo no`);
  const drops = async () => (await it.command('drops', '--forget')).stdout.trim();
  const links = async (of: string) => (await shell(of, 'ls /sys/class/net')).split(/\s+/);
  const settled = () => it.admin('POST /v1/settle');

  test('a role signs a call from inside its instance with what metadata gave it, and the cloud knows the instance', async () => {
    const script = `
      token=$(curl -fsS -X PUT ${METADATA}/api/token -H 'X-aws-ec2-metadata-token-ttl-seconds: 60')
      get() { curl -fsS -H "X-aws-ec2-metadata-token: $token" ${METADATA}/meta-data/$1; }
      role=$(get iam/security-credentials/)
      given=$(get iam/security-credentials/$role)
      field() { echo "$given" | sed -n "s/.*\\"$1\\": \\"\\(.*\\)\\".*/\\1/p"; }
      curl -sS --aws-sigv4 aws:amz:us-east-1:ec2 --user "$(field AccessKeyId):$(field SecretAccessKey)" \\
        -H "X-Amz-Security-Token: $(field Token)" -d 'Action=DescribeVpcs&Version=2016-11-15' ${API}/`;
    expect(await shell('node-1', script)).toContain('<cidrBlock>10.0.0.0/16</cidrBlock>');
    await it.command('fault', 'deny', '--instance', 'node-1', '--name', 'no');
    expect(await shell('node-1', script)).toContain('<Code>UnauthorizedOperation</Code>');
    expect(await shell('node-2', script)).toContain('<cidrBlock>10.0.0.0/16</cidrBlock>');
    await it.command('fault', 'clear', 'no');
  });

  test('a pod one hop behind its node gets no token while the hop limit is 1, and one when it is 2', async () => {
    const InstanceId = it.emulator.instanceCalled('node-1');
    const Filters = [{ Name: 'attachment.instance-id', Values: [InstanceId ?? ''] }];
    const { NetworkInterfaces } = await client.send(new ec2.DescribeNetworkInterfacesCommand({ Filters }));
    const NetworkInterfaceId = NetworkInterfaces?.[0]?.NetworkInterfaceId;
    const given = await client.send(
      new ec2.AssignPrivateIpAddressesCommand({ NetworkInterfaceId, SecondaryPrivateIpAddressCount: 1 }),
    );
    const pod = given.AssignedPrivateIpAddresses?.[0]?.PrivateIpAddress;
    await settled();
    await shell(
      'node-1',
      `ip netns add pod; ip link add pod0 type veth peer name eth0 netns pod; ip link set pod0 up
      sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.pod0.proxy_arp=1; ip route add ${pod} dev pod0
      ip -n pod address add ${pod}/32 dev eth0; ip -n pod link set eth0 up
      ip -n pod route add 169.254.1.1 dev eth0; ip -n pod route add default via 169.254.1.1`,
    );
    const inPod = (command: string) => shell('node-1', `ip netns exec pod ${command} || echo nothing`);
    const token = `curl -fsS -m 1 -X PUT ${METADATA}/api/token -H 'X-aws-ec2-metadata-token-ttl-seconds: 60'`;
    expect(await inPod(`curl -fsS -m 1 ${METADATA}/meta-data/instance-id`)).toBe(InstanceId);
    expect(await inPod(token)).toBe('nothing');
    expect(await shell('node-1', token)).toMatch(/^AQAE/);
    await client.send(new ec2.ModifyInstanceMetadataOptionsCommand({ InstanceId, HttpPutResponseHopLimit: 2 }));
    expect(await inPod(token)).toMatch(/^AQAE/);
  });

  test('a NIC that is attached appears in its instance with the MAC of the API; detached from outside it goes', async () => {
    const { Subnets } = await client.send(
      new ec2.DescribeSubnetsCommand({ Filters: [{ Name: 'tag:Name', Values: ['a'] }] }),
    );
    const { NetworkInterface } = await client.send(
      new ec2.CreateNetworkInterfaceCommand({ SubnetId: Subnets?.[0]?.SubnetId }),
    );
    const { NetworkInterfaceId = '', MacAddress } = NetworkInterface ?? {};
    const InstanceId = it.emulator.instanceCalled('node-2');
    await client.send(new ec2.AttachNetworkInterfaceCommand({ NetworkInterfaceId, InstanceId, DeviceIndex: 1 }));
    await settled();
    expect(await links('node-2')).toContain('eth1');
    expect(await shell('node-2', 'cat /sys/class/net/eth1/address')).toBe(MacAddress);
    expect((await it.command('fault', 'detach', NetworkInterfaceId)).code).toBe(0);
    await settled();
    expect(await links('node-2')).not.toContain('eth1');
  });

  test('an address that is taken away from outside is one that its NIC may no longer send from', async () => {
    const Filters = [{ Name: 'attachment.instance-id', Values: [it.emulator.instanceCalled('node-2') ?? ''] }];
    const { NetworkInterfaces } = await client.send(new ec2.DescribeNetworkInterfacesCommand({ Filters }));
    const nic = NetworkInterfaces?.[0]?.NetworkInterfaceId ?? '';
    const given = await client.send(
      new ec2.AssignPrivateIpAddressesCommand({ NetworkInterfaceId: nic, SecondaryPrivateIpAddressCount: 1 }),
    );
    const address = given.AssignedPrivateIpAddresses?.[0]?.PrivateIpAddress ?? '';
    await settled();
    await drops();
    await shell('node-2', `ip address add ${address}/32 dev eth0`);
    expect(await ping('node-2', `-I ${address} 10.0.0.10`)).toBe('yes');
    await it.command('fault', 'unassign', nic, address);
    await settled();
    expect(await ping('node-2', `-I ${address} 10.0.0.10`)).toBe('no');
    expect(await drops()).toContain(`${address} sent from ${nic} which does not hold it`);
    await shell('node-2', `ip address del ${address}/32 dev eth0`);
  });

  test('zones that are cut do not reach each other until they are joined again, and the drop is told', async () => {
    expect(await ping('node-1', '10.0.16.10')).toBe('yes');
    await drops();
    await it.command('fault', 'cut', 'us-east-1b', '--name', 'storm');
    await settled();
    expect(await ping('node-1', '10.0.16.10')).toBe('no');
    expect(await ping('node-1', '10.0.0.11')).toBe('yes');
    expect(await drops()).toContain('cut');
    await it.command('fault', 'clear', 'storm');
    await settled();
    expect(await ping('node-1', '10.0.16.10')).toBe('yes');
  });

  test('a security group that is changed by the API holds for packets', async () => {
    const { SecurityGroups } = await client.send(
      new ec2.DescribeSecurityGroupsCommand({ Filters: [{ Name: 'group-name', Values: ['default'] }] }),
    );
    const GroupId = SecurityGroups?.[0]?.GroupId;
    const icmp = [{ IpProtocol: 'icmp', FromPort: -1, ToPort: -1, IpRanges: [{ CidrIp: '198.51.100.0/24' }] }];
    const publicAddress = await shell('node-1', `curl -fsS ${METADATA}/meta-data/public-ipv4`);
    expect(await ping('internet', publicAddress)).toBe('no');
    await client.send(new ec2.AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions: icmp }));
    await settled();
    expect(await ping('internet', publicAddress)).toBe('yes');
    await client.send(new ec2.RevokeSecurityGroupIngressCommand({ GroupId, IpPermissions: icmp }));
    await settled();
    expect(await ping('internet', publicAddress)).toBe('no');
  });
});
