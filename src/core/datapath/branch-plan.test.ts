import { expect, test } from 'vitest';
import { address } from '../../base/ip.ts';
import { mac } from '../../base/mac.ts';
import type { AttachmentId } from '../attachment.ts';
import { type BranchDatapath, strictPlan } from './branch-plan.ts';
import { show } from './plan.ts';
import { podPlan } from './pod-plan.ts';

const branch: BranchDatapath = {
  enforcing: 'strict',
  vlan: 7,
  on: { link: 'branch7' },
  gateways: [address('10.0.0.1'), address('fe80:ec2::1')],
  mtuBytes: 9001,
};
const linesOf = (of: Partial<BranchDatapath>) =>
  podPlan({
    id: 'net/c1/eth0' as AttachmentId,
    ifname: 'eth0',
    hostLink: 'bthpod',
    podMac: mac('02:00:00:00:00:01'),
    hostMac: mac('02:00:00:00:00:02'),
    mtuBytes: 9001,
    ordinal: 0,
    ports: [],
    bandwidth: {},
    mode: 'routed',
    addresses: [address('10.0.0.9')],
    branch: { ...branch, ...of },
  }).map(show);

test('A49 strict: what comes by the pod or its NIC goes by a table of its own, before the node’s own addresses', () => {
  const lines = linesOf({});
  expect(lines).toContain('rule v4 10 iif branch7 table 10007');
  expect(lines).toContain('rule v4 10 iif bthpod table 10007');
  expect(lines).toContain('route 10.0.0.9/32 on host:bthpod table 10007');
  expect(lines).toContain('route 0.0.0.0/0 via 10.0.0.1 onlink on host:branch7 table 10007');
  expect(lines).toContain('element branch7 in branch_links');
  expect(lines).toContain('up host:branch7 mtu 9001');
  expect(lines.filter((it) => it.startsWith('route 10.0.0.9/32'))).toHaveLength(1); // the node has no other way to it
  expect(lines.filter((it) => it.includes('v6') && it.startsWith('rule'))).toEqual([]); // the pod has no IPv6
  expect(strictPlan(['v4']).map(show)).toEqual([
    'local-rule v4 20',
    'sysctl net.ipv4.tcp_early_demux=0',
    'sysctl net.ipv4.udp_early_demux=0',
  ]);
});

test('A49 standard: the node reaches the pod directly, and what the pod sends into the VPC goes by its own NIC', () => {
  const lines = linesOf({ enforcing: 'standard' });
  expect(lines).toContain('route 10.0.0.9/32 on host:bthpod');
  expect(lines).toContain('rule v4 1536 from 10.0.0.9/32 table 10007');
  expect(lines.filter((it) => it.startsWith('rule'))).toHaveLength(1);
});

test('A49: where the kernel shows no link with the NIC’s MAC, the trunk’s VLAN is made one', () => {
  const lines = linesOf({ on: { trunk: 'eth1', mac: mac('0a:00:00:00:00:07') } });
  expect(lines).toContain('vlan host:vlan.eth.7 0a:00:00:00:00:07 id 7 under host:eth1 mtu 9001');
  expect(lines).toContain('rule v4 10 iif vlan.eth.7 table 10007');
});
