import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Prefix } from '../../src/base/ip.ts';
import { isRoot } from '../kernel/space.ts';
import { addresses, id, SmallCloud } from './small-cloud.ts';
import { Stage } from './stage.ts';

// Two zones, three machines; what is attached, opened and cut comes and goes.
//   z1 subnet-a 10.0.1.0/24: i-a .10, i-b .11      z2 subnet-b 10.0.2.0/24: i-c .10

describe.skipIf(!isRoot)('the packets of a VPC', () => {
  const cloud = new SmallCloud();
  let stage: Stage;

  beforeAll(async () => {
    cloud.subnet('subnet-a', 'z1', '10.0.1.0/24', 'fd10:0:0:1::/64');
    cloud.subnet('subnet-b', 'z2', '10.0.2.0/24', 'fd10:0:0:2::/64');
    cloud.machine('a', 'subnet-a', '10.0.1.10', { addresses6: addresses('fd10:0:0:1::10') });
    cloud.machine('b', 'subnet-a', '10.0.1.11', { addresses6: addresses('fd10:0:0:1::11') });
    cloud.machine('c', 'subnet-b', '10.0.2.10', { addresses6: addresses('fd10:0:0:2::10') });
    stage = await Stage.open(cloud);
    await stage.people('i-a', 'i-b', 'i-c');
  });
  beforeEach(() => stage.fabric.forgetDrops());
  afterAll(() => stage?.close());

  test('instances of one subnet, of two subnets and of two zones reach each other as who they are, and nothing is dropped', async () => {
    expect(await stage.seen('i-a', '10.0.1.11')).toBe('10.0.1.10');
    expect(await stage.seen('i-a', '10.0.2.10')).toBe('10.0.1.10');
    expect(await stage.seen('i-c', '10.0.1.10', { protocol: 'udp' })).toBe('10.0.2.10');
    expect(stage.drops()).toEqual([]);
  });

  test('IPv6 goes the same ways, through the router fe80:ec2::1', async () => {
    expect(await stage.seen('i-a', 'fd10:0:0:1::11')).toBe('fd10:0:0:1::10');
    expect(await stage.seen('i-a', 'fd10:0:0:2::10')).toBe('fd10:0:0:1::10');
    expect(await stage.run('i-a', 'ip -6 route show default')).toContain('via fe80:ec2::1 dev eth0');
    expect(await stage.run('i-a', 'ip -6 neigh show')).toMatch(
      /^fe80:ec2::1 dev eth0 lladdr 02:ec:20:00:00:01 router \w+$/,
    );
    expect(stage.drops()).toEqual([]);
  });

  test('the primary NIC is configured as by DHCP, with the MAC and the MTU of the API', async () => {
    const mac = cloud.nics.get(id('eni-a'))?.mac;
    const link = await stage.run('i-a', 'ip -o link show eth0');
    expect(link).toContain(`link/ether ${mac}`);
    expect(link).toContain('mtu 9001');
    expect(await stage.run('i-a', 'ip -o -4 address show eth0')).toContain('inet 10.0.1.10/24');
    expect(await stage.run('i-a', 'ip route show default')).toMatch(/^default via 10\.0\.1\.1 dev eth0/);
    expect(await stage.run('i-a', 'hostname')).toBe('i-a');
  });

  test('an address that the NIC does not hold is dropped, and the sentence says whose fault it is', async () => {
    await stage.run('i-a', 'ip address add 10.0.3.17/32 dev eth0; busybox ping -c1 -W1 -I 10.0.3.17 10.0.1.11');
    await stage.run(
      'i-a',
      'ip address add fd10::66/128 dev eth0 nodad; busybox ping -6 -c1 -W1 -I fd10::66 fd10:0:0:1::11',
    );
    expect(stage.drops()).toEqual([
      '10.0.3.17 sent from eni-a which does not hold it',
      'fd10::66 sent from eni-a which does not hold it',
    ]);
    await stage.run('i-a', 'ip address add 10.0.1.11/32 dev eth0; busybox ping -c1 -W1 -I 10.0.1.11 10.0.2.10');
    expect(stage.drops()).toEqual(['10.0.1.11 sent from eni-a which does not hold it: eni-b does']);
    await stage.run('i-a', 'for a in 10.0.3.17/32 10.0.1.11/32 fd10::66/128; do ip address del $a dev eth0; done');
  });

  test('without the source check anything may be sent', async () => {
    cloud.change('eni-a', { sourceCheck: false });
    await stage.show();
    await stage.run('i-a', 'ip address add 10.0.1.66/32 dev eth0; busybox ping -c1 -W1 -I 10.0.1.66 10.0.1.11');
    expect(stage.drops().filter((one) => one.includes('which does not hold it'))).toEqual([]);
    cloud.change('eni-a', { sourceCheck: true });
    await stage.show();
    await stage.run('i-a', 'busybox ping -c1 -W1 -I 10.0.1.66 10.0.1.11; ip address del 10.0.1.66/32 dev eth0');
    expect(stage.drops()).toEqual(['10.0.1.66 sent from eni-a which does not hold it']);
  });

  test('an address and a prefix that are assigned are reached, and no longer once they are taken', async () => {
    await stage.run('i-b', 'ip address add 10.0.1.20/32 dev eth0; ip address add 10.0.1.37/32 dev eth0');
    await stage.run('i-b', 'ip address add fd10:0:0:1:7::9/128 dev eth0 nodad');
    expect(await stage.seenSoon('i-a', '10.0.1.20')).toBe('nothing');
    expect(stage.drops()).toEqual([
      '10.0.1.20 is held by no NIC that is attached: tcp port 8080 from 10.0.1.10 of eni-a',
    ]);
    const prefixes = { prefixes: ['10.0.1.32/28'] as Prefix[], prefixes6: ['fd10:0:0:1:7::/80'] as Prefix[] };
    cloud.change('eni-b', { addresses: addresses('10.0.1.11', '10.0.1.20'), ...prefixes });
    await stage.show();
    for (const there of ['10.0.1.20', '10.0.1.37']) expect(await stage.seen('i-a', there)).toBe('10.0.1.10');
    expect(await stage.seen('i-a', 'fd10:0:0:1:7::9')).toBe('fd10:0:0:1::10');
    expect(await stage.run('i-b', 'busybox ping -c1 -W1 -I 10.0.1.37 10.0.2.10')).toContain('1 packets received');
    expect(stage.drops()).toEqual([]);
    cloud.change('eni-b', { addresses: addresses('10.0.1.11'), prefixes: [], prefixes6: [] });
    await stage.show();
    expect(await stage.seenSoon('i-a', '10.0.1.37')).toBe('nothing');
    await stage.run('i-b', 'busybox ping -c1 -W1 -I 10.0.1.37 10.0.2.10');
    expect(stage.drops()).toContain('10.0.1.37 sent from eni-b which does not hold it');
    await stage.run(
      'i-b',
      'for a in 10.0.1.20/32 10.0.1.37/32 fd10:0:0:1:7::9/128; do ip address del $a dev eth0; done',
    );
  });

  test('a datagram of 9001 bytes goes through whole', async () => {
    const created = 'grep ^Ip: /proc/net/snmp | tail -1 | cut -d" " -f20'; // FragCreates
    const before = await stage.run('i-a', created);
    expect(await stage.run('i-a', 'busybox ping -c1 -W1 -s 8973 10.0.2.10')).toContain('1 packets received');
    expect(await stage.run('i-a', created)).toBe(before);
  });

  test('the fabric answers ARP for every address of the subnet with its own MAC, and nothing that one sends to all reaches another', async () => {
    const heard = 'cat /sys/class/net/eth0/statistics/rx_packets';
    const before = Number(await stage.run('i-b', heard));
    for (const there of ['10.0.1.1', '10.0.1.11', '10.0.1.99'])
      expect(await stage.run('i-a', `busybox arping -c1 -w2 -I eth0 ${there}`)).toContain('[02:ec:20:00:00:01]');
    for (const there of ['8.8.8.8', '10.0.7.1'])
      expect(await stage.run('i-a', `busybox arping -c1 -w1 -I eth0 ${there}`)).toContain('Received 0 response');
    await stage.run('i-a', 'busybox ping -c3 -i0.1 -W1 -b 10.0.1.255; busybox ping -c3 -i0.1 -W1 255.255.255.255');
    await stage.run('i-a', 'busybox ping -6 -c3 -i0.1 -W1 ff02::1%eth0; busybox ping -c3 -i0.1 -W1 -I eth0 224.0.0.1');
    expect(Number(await stage.run('i-b', heard)) - before).toBeLessThan(3); // its own neighbours' business
    expect(await stage.run('i-a', 'ip neigh show 10.0.1.11')).not.toContain(String(cloud.nics.get(id('eni-b'))?.mac));
  });

  test('a second NIC appears down and bare, with the MAC of the API; detaching takes it away', async () => {
    cloud.nic('eni-a2', 'subnet-b', '10.0.2.50');
    await stage.show();
    expect(await stage.run('i-a', 'ip -br link show')).not.toContain('eth1');
    cloud.attach('eni-a2', ['i-a', 1]);
    await stage.show();
    const link = await stage.run('i-a', 'ip -o link show eth1');
    expect(link).toContain(String(cloud.nics.get(id('eni-a2'))?.mac));
    expect(link).toContain('state DOWN');
    expect(await stage.run('i-a', 'ip -o address show eth1')).toBe('');
    await stage.run('i-a', 'ip address add 10.0.2.50/32 dev eth1; ip link set eth1 up');
    await stage.run(
      'i-a',
      'ip route add 10.0.2.1 dev eth1 table 2; ip route add default via 10.0.2.1 dev eth1 table 2',
    );
    await stage.run('i-a', 'ip rule add from 10.0.2.50 table 2');
    expect(await stage.seen('i-c', '10.0.2.50')).toBe('10.0.2.10');
    expect(await stage.run('i-a', 'busybox ping -c1 -W1 -I 10.0.2.50 10.0.1.11')).toContain('1 packets received');
    expect(stage.drops()).toEqual([]);
    await stage.run('i-a', 'ip rule del from 10.0.2.50; busybox ping -c1 -W1 -I 10.0.2.50 10.0.1.11');
    expect(stage.drops()).toEqual(['10.0.2.50 sent from eni-a which does not hold it: eni-a2 does']);
    cloud.detach('eni-a2');
    await stage.show();
    expect(await stage.run('i-a', 'ip -br link show')).not.toContain('eth1');
    expect(await stage.seenSoon('i-c', '10.0.2.50')).toBe('nothing');
    expect(stage.drops()[0]).toContain('10.0.2.50 is held by no NIC that is attached');
  });

  test('a NIC that moves to another instance between two looks is there and not here, with all that leads to it', async () => {
    cloud.nic('eni-x', 'subnet-a', '10.0.1.70', { at: ['i-a', 1] });
    await stage.show();
    cloud.attach('eni-x', ['i-b', 1]);
    await stage.show();
    expect(await stage.run('i-a', 'ip -br link show')).not.toContain('eth1');
    await stage.run('i-b', 'ip address add 10.0.1.70/32 dev eth1; ip link set eth1 up');
    const heard = 'cat /sys/class/net/eth1/statistics/rx_packets';
    const before = Number(await stage.run('i-b', heard));
    await stage.run('i-c', 'busybox ping -c3 -i0.1 -W1 10.0.1.70');
    expect(Number(await stage.run('i-b', heard))).toBeGreaterThanOrEqual(before + 3);
    cloud.detach('eni-x');
    await stage.show();
  });

  test('zones that are cut do not reach each other, not even over an open flow, until they are joined again', async () => {
    const flow = { protocol: 'udp', localPort: 4000 } as const;
    expect(await stage.seen('i-a', '10.0.2.10', flow)).toBe('10.0.1.10');
    cloud.troubles = [{ what: { kind: 'cut', zone: 'z2' } }];
    await stage.show();
    expect(await stage.seenSoon('i-a', '10.0.2.10', flow)).toBe('nothing');
    expect(await stage.seenSoon('i-a', '10.0.2.10')).toBe('nothing');
    expect(await stage.seenSoon('i-c', '10.0.1.10')).toBe('nothing');
    expect(await stage.seen('i-a', '10.0.1.11')).toBe('10.0.1.10');
    const cut = (a: string, b: string) => `the zone of eni-${a} is cut from that of eni-${b}`;
    expect(stage.drops().toSorted()).toEqual([
      `${cut('a', 'c')}: tcp port 8080 from 10.0.1.10 to 10.0.2.10`,
      `${cut('a', 'c')}: udp port 8080 from 10.0.1.10 to 10.0.2.10`,
      `${cut('c', 'a')}: tcp port 8080 from 10.0.2.10 to 10.0.1.10`,
    ]);
    cloud.troubles = [];
    await stage.show();
    expect(await stage.seen('i-a', '10.0.2.10')).toBe('10.0.1.10');
  });

  test('another VPC with the same ranges is another network', async () => {
    const vpc = id('vpc-2');
    const other = new SmallCloud(vpc);
    other.subnet('subnet-o', 'z1', '10.0.1.0/24', undefined, vpc);
    other.machine('o', 'subnet-o', '10.0.1.11');
    for (const part of ['vpcs', 'subnets', 'tables', 'groups', 'instances', 'nics'] as const)
      for (const [key, value] of other[part]) (cloud[part] as Map<unknown, unknown>).set(key, value);
    await stage.show();
    await stage.people('i-o');
    expect(await stage.seenSoon('i-o', '10.0.1.10')).toBe('nothing');
    expect(await stage.seen('i-a', '10.0.1.11')).toBe('10.0.1.10');
    for (const part of ['vpcs', 'subnets', 'tables', 'groups', 'instances', 'nics'] as const)
      for (const key of other[part].keys()) (cloud[part] as Map<unknown, unknown>).delete(key);
    await stage.show();
    expect(stage.fabric.machine(id('i-o'))).toBeUndefined();
    expect(await stage.seen('i-a', '10.0.1.11')).toBe('10.0.1.10');
  });
});
