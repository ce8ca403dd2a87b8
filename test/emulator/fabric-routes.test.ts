import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { address, prefix } from '../../src/base/ip.ts';
import type { Route } from '../../emulator/cloud/nouns.ts';
import { isRoot } from '../kernel/space.ts';
import { addresses, ANYWHERE, id, SmallCloud } from './small-cloud.ts';
import { Stage } from './stage.ts';

// What leaves a VPC and who may speak with whom.
//   public subnet 10.0.1.0/24: i-a (203.0.113.10), nat-1 (203.0.113.200)      private 10.0.2.0/24: i-b      lost: i-c
//   internet 198.51.100.1, 3fff::1

const INTERNET = '198.51.100.1';
const INTERNET_V6 = '3fff::1';
const everywhere = (by: Route['by']): Route => ({ to: prefix('0.0.0.0/0'), by });

describe.skipIf(!isRoot)('routes and security groups', () => {
  const cloud = new SmallCloud();
  let stage: Stage;

  beforeAll(async () => {
    cloud.gateway('igw-1');
    cloud.subnet('subnet-public', 'z1', '10.0.1.0/24', 'fd10:0:0:1::/64');
    cloud.subnet('subnet-private', 'z1', '10.0.2.0/24');
    cloud.subnet('subnet-lost', 'z1', '10.0.3.0/24');
    cloud.nat('nat-1', 'subnet-public', '203.0.113.200');
    const gateway = { kind: 'internet', gateway: id('igw-1') } as const;
    cloud.table('rtb-public', [everywhere(gateway), { to: prefix('::/0'), by: gateway }]);
    cloud.table('rtb-private', [everywhere({ kind: 'nat', nat: id('nat-1') })]);
    cloud.useTable('subnet-public', 'rtb-public');
    cloud.useTable('subnet-private', 'rtb-private');
    cloud.group('sg-open', { ingress: ANYWHERE });
    const open = { groups: [id('sg-open')] };
    const own = { addresses: addresses('10.0.1.10', '10.0.1.12'), addresses6: addresses('fd10:0:0:1::10') };
    cloud.machine('a', 'subnet-public', '10.0.1.10', { ...open, ...own, publicAddress: address('203.0.113.10') });
    cloud.machine('b', 'subnet-private', '10.0.2.10', open);
    cloud.machine('b2', 'subnet-private', '10.0.2.11', open);
    cloud.machine('c', 'subnet-lost', '10.0.3.10', open);
    stage = await Stage.open(cloud);
    await stage.people('i-a', 'i-b', 'i-b2', 'i-c', 'internet');
  });
  beforeEach(() => stage.fabric.forgetDrops());
  afterAll(() => stage?.close());

  test('the internet gateway shows an instance under its public address, and lets the internet in to it', async () => {
    expect(await stage.seen('i-a', INTERNET)).toBe('203.0.113.10');
    expect(await stage.seen('internet', '203.0.113.10')).toBe(INTERNET);
    expect(stage.drops()).toEqual([]);
  });

  test('an instance reaches another by its public address, and is seen under its own', async () => {
    cloud.change('eni-b', { publicAddress: address('203.0.113.11') });
    cloud.useTable('subnet-private', 'rtb-public');
    await stage.show();
    expect(await stage.seen('i-a', '203.0.113.11')).toBe('203.0.113.10');
    const { publicAddress: _, ...hidden } = cloud.nics.get(id('eni-b')) ?? {};
    cloud.nics.set(id('eni-b'), hidden as never);
    cloud.useTable('subnet-private', 'rtb-private');
    await stage.show();
  });

  test('an address without a public one does not pass the internet gateway', async () => {
    await stage.run('i-a', `ip address add 10.0.1.12/32 dev eth0; busybox ping -c1 -W1 -I 10.0.1.12 ${INTERNET}`);
    expect(stage.drops()).toEqual([
      `10.0.1.12 of eni-a has no public address, so the internet gateway takes nothing from it to ${INTERNET}`,
    ]);
    await stage.run('i-a', 'ip address del 10.0.1.12/32 dev eth0');
  });

  test('IPv6 passes the internet gateway as it is, both ways', async () => {
    expect(await stage.seen('i-a', INTERNET_V6)).toBe('fd10:0:0:1::10');
    expect(await stage.seen('internet', 'fd10:0:0:1::10')).toBe(INTERNET_V6);
  });

  test('many leave by the NAT gateway under its one address, and nobody comes in by it', async () => {
    expect(await stage.seen('i-b', INTERNET)).toBe('203.0.113.200');
    expect(await stage.seen('i-b2', INTERNET, { localPort: 5000 })).toBe('203.0.113.200');
    expect(await stage.seen('i-b', INTERNET, { localPort: 5000 })).toBe('203.0.113.200');
    expect(await stage.seenSoon('internet', '203.0.113.200')).not.toBe(INTERNET);
    expect(await stage.seen('internet', '203.0.113.10')).toBe(INTERNET);
  });

  test('a subnet whose table leads nowhere reaches the VPC and not the internet', async () => {
    expect(await stage.seen('i-c', '10.0.1.10')).toBe('10.0.3.10');
    expect(await stage.seenSoon('i-c', INTERNET)).toBe('nothing');
    expect(stage.drops()).toEqual([
      `rtb-vpc-1 of subnet-lost has no route to ${INTERNET}: tcp port 8080 from 10.0.3.10 of eni-c`,
    ]);
  });

  test('the internet sees at most 1500 bytes, and the sender learns it', async () => {
    await stage.run('i-a', `busybox ping -c1 -W1 -s 4000 ${INTERNET}`);
    expect(await stage.run('i-a', `ip route get ${INTERNET}`)).toContain('mtu 1500');
  });

  test('a NIC is the next hop of a route, once it no longer checks sources', async () => {
    const route = { to: prefix('172.16.0.0/16'), by: { kind: 'nic', nic: id('eni-b2') } } as const;
    cloud.table('rtb-vpc-1', [route]);
    await stage.show();
    await stage.run('i-b2', 'ip address add 172.16.0.1/32 dev lo; sysctl -qw net.ipv4.ip_forward=1');
    expect(await stage.seenSoon('i-c', '172.16.0.1')).toBe('nothing');
    expect(stage.drops()[0]).toContain('eni-b2 is the target of the route and checks destinations');
    cloud.change('eni-b2', { sourceCheck: false });
    await stage.show();
    expect(await stage.seen('i-c', '172.16.0.1')).toBe('10.0.3.10');
    cloud.table('rtb-vpc-1', []);
    cloud.change('eni-b2', { sourceCheck: true });
    await stage.show();
    expect(await stage.seenSoon('i-c', '172.16.0.1')).toBe('nothing');
  });

  test('a security group lets in what its rules say and answers to it, and a changed rule holds at once', async () => {
    cloud.group('sg-web', { ingress: [{ range: '10.0.2.0/24', protocol: 'tcp', ports: { from: 8000, to: 8100 } }] });
    cloud.change('eni-a', { groups: [id('sg-web')] });
    await stage.show();
    expect(await stage.seen('i-b', '10.0.1.10')).toBe('10.0.2.10');
    expect(await stage.seenSoon('i-b', '10.0.1.10', { protocol: 'udp' })).toBe('nothing');
    expect(await stage.seenSoon('i-c', '10.0.1.10')).toBe('nothing');
    expect(await stage.seen('i-a', '10.0.3.10')).toBe('10.0.1.10'); // the answer needs no rule
    expect(stage.drops().toSorted()).toEqual([
      'no rule of sg-web lets tcp port 8080 from 10.0.3.10 in to 10.0.1.10 of eni-a',
      'no rule of sg-web lets udp port 8080 from 10.0.2.10 in to 10.0.1.10 of eni-a',
    ]);
    cloud.group('sg-web', { ingress: [{ range: '10.0.3.0/24', protocol: 'udp', ports: { from: 8080, to: 8080 } }] });
    await stage.show();
    expect(await stage.seenSoon('i-b', '10.0.1.10')).toBe('nothing');
    expect(await stage.seen('i-c', '10.0.1.10', { protocol: 'udp' })).toBe('10.0.3.10');
  });

  test('a rule about a group means the addresses of its members, as they are now', async () => {
    cloud.group('sg-client');
    cloud.group('sg-server', { ingress: [{ group: 'sg-client' }] });
    cloud.change('eni-a', { groups: [id('sg-server')] });
    cloud.change('eni-b', { groups: [id('sg-client')] });
    await stage.show();
    expect(await stage.seen('i-b', '10.0.1.10')).toBe('10.0.2.10');
    expect(await stage.seenSoon('i-b2', '10.0.1.10')).toBe('nothing');
    cloud.change('eni-b2', { groups: [id('sg-open'), id('sg-client')] });
    cloud.change('eni-b', { groups: [id('sg-open')] });
    await stage.show();
    expect(await stage.seen('i-b2', '10.0.1.10')).toBe('10.0.2.11');
    expect(await stage.seenSoon('i-b', '10.0.1.10', { localPort: 5001 })).toBe('nothing');
  });

  test('what no egress rule allows does not leave, and ICMP is ruled by type', async () => {
    cloud.group('sg-quiet', { egress: [{ range: '10.0.0.0/16', protocol: 'icmp', ports: { from: 8, to: -1 } }] });
    cloud.change('eni-c', { groups: [id('sg-quiet')] });
    cloud.change('eni-a', { groups: [id('sg-open')] });
    await stage.show();
    expect(await stage.seenSoon('i-c', '10.0.1.10')).toBe('nothing');
    expect(stage.drops()).toEqual(['no rule of sg-quiet lets eni-c send tcp port 8080 to 10.0.1.10']);
    expect(await stage.run('i-c', 'busybox ping -c1 -W1 10.0.1.10')).toContain('1 packets received');
    cloud.group('sg-quiet', { egress: [{ range: '10.0.0.0/16', protocol: 'icmp', ports: { from: 3, to: 4 } }] });
    await stage.show();
    expect(await stage.run('i-c', 'busybox ping -c1 -W1 10.0.1.10')).toContain('0 packets received');
  });

  test('a group, a table and a subnet that go leave nothing behind that would stop the next change', async () => {
    cloud.change('eni-a', { groups: [id('sg-open')] });
    cloud.change('eni-b2', { groups: [id('sg-open')] });
    for (const group of ['sg-client', 'sg-server', 'sg-web']) cloud.groups.delete(id(group));
    cloud.instances.delete(id('i-c'));
    cloud.nics.delete(id('eni-c'));
    cloud.subnets.delete(id('subnet-lost'));
    await stage.show();
    await stage.show();
    expect(await stage.seen('i-b', '10.0.1.10', { localPort: 5002 })).toBe('10.0.2.10');
  });
});
