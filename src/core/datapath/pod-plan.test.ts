import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { address, interfaceAddress } from '../../base/ip.ts';
import { macBytes } from '../../base/mac.ts';
import { attachmentId } from '../attachment.ts';
import { inPod, keyOf } from './identity.ts';
import { type Plan, show } from './plan.ts';
import { hostLinkName, podMacs, podPlan, type PodDatapath } from './pod-plan.ts';

const id = attachmentId({ network: 'pods', containerId: '4f1c', ifname: 'eth0' });
const common = {
  id,
  ifname: 'eth0',
  hostLink: hostLinkName(id),
  ...podMacs(id),
  mtuBytes: 1500,
  ordinal: 0,
  ports: [],
  bandwidth: {},
};
const v4 = address('10.0.3.17');
const v6 = address('fd00:3::17');
const bridged = [
  { address: interfaceAddress('10.0.3.17/24'), gateway: address('10.0.3.1') },
  { address: interfaceAddress('fd00:3::17/64'), gateway: address('fd00:3::1') },
];
const ports: PodDatapath['ports'] = [
  { protocol: 'tcp', hostPort: 8080, containerPort: 80 },
  { protocol: 'udp', hostPort: 53, containerPort: 5353, hostIp: address('192.0.2.7') },
];
const bandwidth = {
  ingress: { rateBits: 100_000_000, burstBits: 8_000_000 },
  egress: { rateBits: 50_000_000, burstBits: 4_000_000 },
};

const samples: Readonly<Record<string, PodDatapath>> = {
  'routed-v4': { ...common, mode: 'routed', addresses: [v4] },
  'routed-dual-full': { ...common, mode: 'routed', addresses: [v4, v6], ports, bandwidth },
  'routed-second': { ...common, mode: 'routed', ifname: 'net1', ordinal: 1, addresses: [v4, v6] },
  'routed-v6': { ...common, mode: 'routed', addresses: [v6] },
  'bridge-dual-full': { ...common, mode: 'bridge', bridge: 'cni0', addresses: bridged, ports, bandwidth },
  'bridge-second': { ...common, mode: 'bridge', bridge: 'cni0', ifname: 'net1', ordinal: 1, addresses: bridged },
};

/** Compares with the reviewed text; UPDATE=1 writes it. */
function expectReviewed(name: string, plan: Plan): void {
  const file = new URL(`testdata/pod-plan.${name}.txt`, import.meta.url);
  const text = plan.map((item) => `${show(item)}\n`).join('');
  if (process.env['UPDATE'] === '1') writeFileSync(file, text);
  expect(text).toBe(readFileSync(file, 'utf8'));
}

test.each(Object.entries(samples))('the plan of a pod, %s, is the one that was reviewed', (name, want) => {
  expectReviewed(name, podPlan(want));
});

test.each(Object.entries(samples))('all of the host comes first, then the pod, then elements: %s', (_, want) => {
  const place = (item: Plan[number]) => (item.kind === 'element' ? 2 : inPod(item) ? 1 : 0);
  const places = podPlan(want).map(place);
  expect(places).toEqual(places.toSorted((a, b) => a - b));
});

test.each(Object.entries(samples))('no two items of a plan are the same thing: %s', (_, want) => {
  const keys = podPlan(want).map(keyOf);
  expect(new Set(keys).size).toBe(keys.length);
});

test('the second interface of a sandbox touches no route of the first (C12)', () => {
  const first = podPlan({ ...common, mode: 'routed', addresses: [v4, v6] });
  const second = podPlan({
    ...common,
    mode: 'routed',
    ifname: 'net1',
    hostLink: 'bthother',
    ordinal: 1,
    addresses: [address('10.0.3.18'), address('fd00:3::18')],
  });
  const taken = new Set(first.filter(({ kind }) => kind !== 'up').map(keyOf));
  expect(second.filter((item) => taken.has(keyOf(item)))).toEqual([]);
});

test('a port that cannot be is a programmer error here: whoever plans has asked portProblem', () => {
  const wrong = [{ protocol: 'tcp', hostPort: 0, containerPort: 80 }] as const;
  expect(() => podPlan({ ...common, mode: 'routed', addresses: [v4], ports: wrong })).toThrow(RangeError);
});

test('host links are named in 15 bytes, the same for the same attachment and others for others', () => {
  const other = attachmentId({ network: 'pods', containerId: '4f1c', ifname: 'eth1' });
  expect(hostLinkName(id)).toMatch(/^bth[a-z2-7]{12}$/);
  expect(hostLinkName(id)).toBe(hostLinkName(id));
  expect(hostLinkName(other)).not.toBe(hostLinkName(id));
});

test('the MACs of an attachment are two, local, unicast, and always the same', () => {
  const { podMac, hostMac } = podMacs(id);
  expect(podMac).not.toBe(hostMac);
  for (const one of [podMac, hostMac]) expect((macBytes(one)[0] ?? 0) & 0x03).toBe(0x02);
  expect(podMacs(id)).toEqual({ podMac, hostMac });
});

test('an attachment id longer than an alias may be is cut to 255 bytes', () => {
  const long = attachmentId({ network: 'n'.repeat(200), containerId: 'c'.repeat(100), ifname: 'eth0' });
  const [veth] = podPlan({ ...common, id: long, mode: 'routed', addresses: [v4] });
  expect(veth?.kind === 'veth' && veth.alias.length).toBe(255);
});
