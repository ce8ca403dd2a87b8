import { expect, test } from 'vitest';
import { address } from '../../base/ip.ts';
import { mac } from '../../base/mac.ts';
import { attachmentId, type PortMapping } from '../../core/attachment.ts';
import type { BranchDatapath } from '../../core/datapath/branch-plan.ts';
import { inPod } from '../../core/datapath/identity.ts';
import { type Item, type Plan, show } from '../../core/datapath/plan.ts';
import { podPlan } from '../../core/datapath/pod-plan.ts';
import { aliasOf } from '../../core/datapath/alias.ts';
import { portElements } from '../../core/datapath/ports.ts';
import { lostAttachments, vanishedAttachments } from './rescue.ts';

const name = { network: 'pods', containerId: '4f1c', ifname: 'eth0' };
const id = attachmentId(name);
const ip = address('10.0.3.17');
const host = { netns: 'host', name: 'bthabc' } as const;

function veth(alias: string): Item {
  const [podMac, hostMac] = [mac('02:00:00:00:00:01'), mac('02:00:00:00:00:02')];
  return { kind: 'veth', pod: { netns: 'pod', name: '' }, host, mtu: 1500, podMac, hostMac, alias };
}
const source: Item = { kind: 'element', set: 'pods4', key: ['bthabc', ip] };
const foreign: Item = { kind: 'element', set: 'pods4', key: ['bthxyz', '10.0.3.18'] };

test('an attachment whose record was lost is read off its link, with its addresses and what belongs to it', () => {
  const inventory: Plan = [veth(aliasOf(id, [ip])), source, foreign];
  const [found, ...more] = lostAttachments(inventory, new Set(), 5);
  expect(more).toEqual([]);
  expect(found).toMatchObject({ id, name, addresses: [ip], plan: [veth(aliasOf(id, [ip])), source] });
});

test('the ports of a lost attachment are read off its elements: nobody else may take them, or its DEL takes them away', () => {
  const ports: readonly PortMapping[] = [{ protocol: 'udp', hostPort: 8000, containerPort: 80 }];
  const inventory: Plan = [veth(aliasOf(id, [ip])), source, ...portElements(ports, [ip])];
  expect(lostAttachments(inventory, new Set(), 5)[0]).toMatchObject({ ports });
});

test('A50: lost interfaces of one pod are found as such: a runtime that lists the first alone lists all of them', () => {
  const second = attachmentId({ ...name, ifname: 'eth1' });
  const other = {
    ...veth(aliasOf(second, [address('10.0.4.9')], id)),
    host: { netns: 'host', name: 'bthdef' },
  } as Item;
  expect(lostAttachments([other, veth(aliasOf(id, [ip]))], new Set(), 5)).toMatchObject([
    { id: second, of: id, addresses: ['10.0.4.9'] },
    { id, addresses: [ip], further: [{ ifname: 'eth1', nic: {} }] },
  ]);
});

test.each([
  ['strict', { link: 'branch7' }],
  ['strict', { trunk: 'eth1', mac: mac('0a:00:00:00:00:07') }],
  ['standard', { link: 'branch7' }],
] as const)('A49, A17: of a lost pod with a NIC of its own nothing is swept from under it: %s, %o', (enforcing, on) => {
  const planOf = (vlan: number, hostLink: string, last: number, where: BranchDatapath['on']) =>
    podPlan({
      ...{ id: attachmentId({ ...name, containerId: hostLink }), ifname: 'eth0', hostLink, mtuBytes: 9001, ordinal: 0 },
      ...{ podMac: mac('02:00:00:00:00:01'), hostMac: mac('02:00:00:00:00:02'), ports: [], bandwidth: {} },
      ...{ mode: 'routed', addresses: [address(`10.0.0.${last}`), address(`fd00::${last}`)] },
      branch: { enforcing, vlan, on: where, gateways: [address('10.0.0.1'), address('fe80::1')], mtuBytes: 9001 },
    });
  const isShown = (it: Item) =>
    ['veth', 'vlan', 'element'].includes(it.kind) || ((it.kind === 'route' || it.kind === 'rule') && !inPod(it));
  const mine = planOf(7, 'bthabc', 9, on).filter(isShown);
  const others = planOf(8, 'bthdef', 10, { link: 'branch8' }).filter(isShown);
  const [found] = lostAttachments([...mine, ...others], new Set(), 5);
  expect(found?.plan.map(show).toSorted()).toEqual(mine.map(show).toSorted());
});

test('an attachment on record is not lost', () => {
  expect(lostAttachments([veth(aliasOf(id, [ip]))], new Set([id]), 5)).toEqual([]);
});

test.each(['', 'uplink', 'a/b', 'a/b/c/d', 'a/b/c 10.0.0'])(
  'an alias that is not ours names no attachment: %j',
  (alias) => {
    expect(lostAttachments([veth(alias)], new Set(), 5)).toEqual([]);
  },
);

test('a name too long for the kernel keeps its beginning', () => {
  const long = attachmentId({ ...name, containerId: 'c'.repeat(300) });
  expect(aliasOf(long, [ip])).toHaveLength(255);
});

test('an attachment is vanished when neither its sandbox nor its link is there: one of both keeps it', () => {
  const [record] = lostAttachments([veth(aliasOf(id, [ip]))], new Set(), 5);
  if (record === undefined) throw new Error('no record');
  const records = [{ ...record, netns: '/run/netns/a' }];
  const [here, away] = [{ sandboxExists: () => true }, { sandboxExists: () => false }];
  expect(vanishedAttachments(records, [], away)).toEqual(records);
  expect(vanishedAttachments(records, [], here)).toEqual([]);
  expect(vanishedAttachments(records, [veth('')], away)).toEqual([]);
  expect(vanishedAttachments(records, [], { ...here, podGone: () => true })).toEqual(records);
  expect(vanishedAttachments(records, [veth('')], { ...here, podGone: () => true })).toEqual([]);
});
