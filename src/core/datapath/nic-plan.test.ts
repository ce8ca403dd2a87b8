import { expect, test } from 'vitest';
import { address, prefix } from '../../base/ip.ts';
import { type NicDatapath, nicMark, nicPlan, nicRules, nicTable } from './nic-plan.ts';
import { show } from './plan.ts';

const second: NicDatapath = {
  card: 0,
  device: 1,
  link: 'ens6',
  own: [address('10.0.1.20')],
  gateways: [address('10.0.1.1'), address('fe80:ec2::1')],
  mtuBytes: 9_001,
  units: [address('10.0.1.21'), prefix('10.0.1.32/28'), prefix('2001:db8:1:2::/80')],
};

test('a secondary NIC gets its own address, table and rules, and its pods’ addresses lead to it by one mark', () => {
  expect(nicPlan(second).map(show)).toEqual([
    'sysctl v4.rp_filter=2 on host:ens6',
    'sysctl v4.forwarding=1 on host:ens6',
    'sysctl v6.accept_ra=0 on host:ens6',
    'up host:ens6 mtu 9001',
    'address 10.0.1.20/32 on host:ens6',
    'route 10.0.1.1/32 on host:ens6 table 4001',
    'route 0.0.0.0/0 via 10.0.1.1 onlink on host:ens6 table 4001',
    'route ::/0 via fe80:ec2::1 on host:ens6 table 4001',
    'rule v4 1536 mark 1/4095 table 4001',
    'rule v6 1536 mark 1/4095 table 4001',
    'rule v4 32765 from 10.0.1.20/32 table 4001',
    'element ens6 : 1 in nic_links',
    'element 10.0.1.21/32 : 1 in nic_of4',
    'element 10.0.1.32/28 : 1 in nic_of4',
    'element 2001:db8:1:2::/80 : 1 in nic_of6',
  ]);
});

test('the primary NIC is the system’s own: only what leads its pods to it is ours (A58)', () => {
  const primary = { ...second, device: 0, link: 'ens5', units: [address('10.0.1.11')] };
  expect(nicPlan(primary).map(show)).toEqual([
    'sysctl v4.rp_filter=2 on host:ens5',
    'sysctl v4.forwarding=1 on host:ens5',
    'element ens5 : 2048 in nic_links',
    'element 10.0.1.11/32 : 2048 in nic_of4',
  ]);
});

test('a primary NIC that the system gave no way out by IPv6 has one for its pods, behind the system’s own (A63)', () => {
  const primary = { ...second, device: 0, link: 'ens5', own: [], units: [prefix('2001:db8:1:2::/80')] };
  expect(nicPlan(primary).map(show)).toEqual([
    'sysctl v4.rp_filter=2 on host:ens5',
    'sysctl v4.forwarding=1 on host:ens5',
    'route ::/0 via fe80:ec2::1 on host:ens5 table 4000',
    'rule v6 1536 mark 2048/4095 table 4000',
    'element ens5 : 2048 in nic_links',
    'element 2001:db8:1:2::/80 : 2048 in nic_of6',
  ]);
});

test('ranges beyond the VPC are asked of the main table before any NIC’s (A53)', () => {
  expect(nicRules(['v4'], [prefix('172.31.0.0/16')]).map(show)).toEqual([
    'rule v4 512 table 254 suppress /31',
    'rule v4 1024 mark 2048/4095 table 254',
    'rule v4 1535 to 172.31.0.0/16 table 254',
  ]);
});

test('every place of a NIC has a mark and a table of its own, within twelve bits', () => {
  const places = Array.from({ length: 32 * 15 }, (_, i) => ({ card: Math.floor(i / 15), device: i % 15 }));
  expect(new Set(places.map(nicMark)).size).toBe(places.length);
  expect(places.every((place) => nicMark(place) <= 0xfff && nicMark(place) > 0)).toBe(true);
  expect(nicTable({ card: 0, device: 0 })).toBe(254);
  expect(() => nicMark({ card: 0, device: 32 })).toThrow(RangeError);
});
