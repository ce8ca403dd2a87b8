import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { address, interfaceAddress, prefix } from '../../base/ip.ts';
import { keyOf } from './identity.ts';
import { bridgeAddress, type NodeDatapath, nodeMtu, nodePlan } from './node-plan.ts';
import { type Plan, show } from './plan.ts';

const uplink = {
  name: 'ens3',
  mtuBytes: 1500,
  addresses: [interfaceAddress('192.0.2.7/24'), interfaceAddress('2001:db8::7/64')],
};
const near = {
  name: 'near',
  addresses: [address('192.0.2.8'), address('2001:db8::8')],
  ranges: [prefix('10.0.4.0/24'), prefix('fd00:4::/64')],
};
const far = {
  name: 'far',
  addresses: [address('198.51.100.9')],
  ranges: [prefix('10.0.5.0/24'), prefix('10.0.6.0/24'), prefix('fd00:5::/64')],
};
const self = { name: 'here', addresses: [address('192.0.2.7')], ranges: [prefix('10.0.3.0/24')] };

const routed: NodeDatapath = {
  nodeName: 'here',
  mode: 'routed',
  bridge: 'cni0',
  ranges: [prefix('10.0.3.0/24')],
  cluster: [prefix('10.0.0.0/16')],
  masquerade: { enabled: true, except: [prefix('172.16.0.0/12')], ports: 'kept' },
  checkSources: true,
  peers: [],
  tunnel: { use: 'auto', vni: 4077, port: 4789 },
  forwardAccept: true,
  mtuBytes: 'auto',
  uplink,
};
const dual = { ranges: [prefix('10.0.3.0/24'), prefix('fd00:3::/64')] };

const samples: Readonly<Record<string, NodeDatapath>> = {
  'routed-alone': routed,
  'routed-one-link': { ...routed, ...dual, peers: [self, near], uplink: { ...uplink, acceptRa: 1 } },
  'routed-tunnel': { ...routed, ...dual, peers: [near, far] },
  'bridge-dual': { ...routed, ...dual, mode: 'bridge', peers: [near] },
  'no-uplink': { ...routed, uplink: undefined, forwardAccept: false },
};

function expectReviewed(name: string, plan: Plan): void {
  const file = new URL(`testdata/node-plan.${name}.txt`, import.meta.url);
  const text = plan.map((item) => `${show(item)}\n`).join('');
  if (process.env['UPDATE'] === '1') writeFileSync(file, text);
  expect(text).toBe(readFileSync(file, 'utf8'));
}

test.each(Object.entries(samples))('the plan of a node, %s, is the one that was reviewed', (name, want) => {
  expectReviewed(name, nodePlan(want));
});

test.each(Object.entries(samples))('no two items of a plan are the same thing: %s', (_, want) => {
  const keys = nodePlan(want).map(keyOf);
  expect(new Set(keys).size).toBe(keys.length);
});

test('the route to a removed node is gone from the plan, and that of a moved range is another (K9)', () => {
  const routes = (peers: NodeDatapath['peers']) =>
    nodePlan({ ...routed, peers }).flatMap((item) => (item.kind === 'route' ? [show(item)] : []));
  expect(routes([near])).toEqual([
    'route 10.0.4.0/24 via 192.0.2.8 on host:ens3',
    'route fd00:4::/64 via 2001:db8::8 on host:ens3',
  ]);
  expect(routes([])).toEqual([]);
  expect(routes([{ ...near, ranges: [prefix('10.0.9.0/24')] }])).toEqual([
    'route 10.0.9.0/24 via 192.0.2.8 on host:ens3',
  ]);
});

test('a node on our link sees pods by their own address; one behind the tunnel does not know them (K8, K10)', () => {
  const internal = nodePlan({ ...routed, peers: [near, far] }).flatMap((item) =>
    item.kind === 'element' && item.set.startsWith('internal') ? item.key : [],
  );
  expect(internal).toContain('192.0.2.8/32');
  expect(internal).not.toContain('198.51.100.9/32');
  expect(internal).toContain('172.16.0.0/12');
});

test.each([
  [0, []],
  [undefined, []],
  [1, [2]],
  [2, [2]],
])('with accept_ra %s the uplink is set to %j, before the node forwards IPv6', (acceptRa, set) => {
  const facts = acceptRa === undefined ? uplink : { ...uplink, acceptRa };
  const plan = nodePlan({ ...routed, ...dual, uplink: facts });
  const at = plan.findIndex((item) => item.kind === 'sysctl' && item.key === 'v6.accept_ra');
  const forwards = plan.findIndex((item) => item.kind === 'host-sysctl' && item.key.startsWith('net.ipv6'));
  expect(plan.flatMap((item) => (item.kind === 'sysctl' && item.key === 'v6.accept_ra' ? [item.value] : []))).toEqual(
    set,
  );
  expect(at).toBeLessThan(forwards);
});

test('a node without IPv6 ranges does not forward IPv6', () => {
  expect(nodePlan(routed).some((item) => item.kind === 'host-sysctl' && item.key.startsWith('net.ipv6'))).toBe(false);
});

test('the bridge has the same MAC whatever its ranges, and another on another node (K2)', () => {
  const macOf = (want: NodeDatapath) => nodePlan({ ...want, mode: 'bridge' }).find(({ kind }) => kind === 'bridge');
  expect(macOf({ ...routed, ...dual })).toEqual(macOf(routed));
  expect(macOf({ ...routed, nodeName: 'there' })).not.toEqual(macOf(routed));
});

test('the bridge has the first address of a range, and the only one of a range of one', () => {
  expect(bridgeAddress(prefix('10.0.3.0/24'))).toBe('10.0.3.1');
  expect(bridgeAddress(prefix('fd00:3::/64'))).toBe('fd00:3::1');
  expect(bridgeAddress(prefix('10.0.3.5/32'))).toBe('10.0.3.5');
});

test.each([
  ['auto', [near], 1500],
  ['auto', [near, far], 1450],
  [9000, [near], 9000],
  [9000, [far], 8950],
] as const)('MTU %s with %j is %d: less the tunnel where there is one', (mtuBytes, peers, mtu) => {
  expect(nodeMtu({ ...routed, mtuBytes, peers })).toBe(mtu);
});
