import { expect, test } from 'vitest';
import { address, interfaceAddress, prefix } from '../../base/ip.ts';
import { mac } from '../../base/mac.ts';
import { attachmentId } from '../attachment.ts';
import { difference, REPAIR } from './difference.ts';
import { type NodeDatapath, nodePlan } from './node-plan.ts';
import { type Item, type Plan, show } from './plan.ts';
import { hostLinkName, podMacs, podPlan } from './pod-plan.ts';
import { mend, sweep, transition } from './transition.ts';

const near = { name: 'near', addresses: [address('192.0.2.8')], ranges: [prefix('10.0.4.0/24')] };
const far = { name: 'far', addresses: [address('198.51.100.9')], ranges: [prefix('10.0.5.0/24')] };
const base: NodeDatapath = {
  nodeName: 'here',
  mode: 'routed',
  bridge: 'cni0',
  ranges: [prefix('10.0.3.0/24')],
  cluster: [prefix('10.0.0.0/16')],
  masquerade: { enabled: true, except: [], ports: 'kept' },
  checkSources: true,
  peers: [near],
  tunnel: { use: 'auto', vni: 4077, port: 4789 },
  forwardAccept: true,
  mtuBytes: 'auto',
  uplink: { name: 'ens3', mtuBytes: 1500, addresses: [interfaceAddress('192.0.2.7/24')] },
};

function lines(plan: Plan): string[] {
  return plan.map(show);
}

function pod(n: number, mode: 'routed' | 'bridge' = 'routed'): Plan {
  const id = attachmentId({ network: 'pods', containerId: `c${n}`, ifname: 'eth0' });
  const self = address(`10.0.3.${n}`);
  const bridged = { address: interfaceAddress(`${self}/24`), gateway: address('10.0.3.1') };
  return podPlan({
    id,
    ifname: 'eth0',
    hostLink: hostLinkName(id),
    ...podMacs(id),
    mtuBytes: 1500,
    ordinal: 0,
    ports: [],
    bandwidth: {},
    ...(mode === 'routed' ? { mode, addresses: [self] } : { mode, bridge: 'cni0', addresses: [bridged] }),
  });
}

test('the same configuration leads nowhere', () => {
  expect(transition(nodePlan(base), nodePlan(base))).toEqual({ add: [], remove: [] });
});

test('a removed node takes its route and its exception along (K9, K10)', () => {
  const { add, remove } = transition(nodePlan(base), nodePlan({ ...base, peers: [] }));
  expect(add).toEqual([]);
  expect(lines(remove)).toEqual(['element 192.0.2.8/32 in internal4', 'route 10.0.4.0/24 via 192.0.2.8 on host:ens3']);
});

test('a node with another range gets the new route, and the old one goes (K9)', () => {
  const moved = { ...near, ranges: [prefix('10.0.9.0/24')] };
  const { add, remove } = transition(nodePlan(base), nodePlan({ ...base, peers: [moved] }));
  expect(lines(add)).toEqual(['route 10.0.9.0/24 via 192.0.2.8 on host:ens3']);
  expect(lines(remove)).toEqual(['route 10.0.4.0/24 via 192.0.2.8 on host:ens3']);
});

test('a node that moves behind a router: its route is altered in place, never gone', () => {
  const moved = { ...near, addresses: far.addresses };
  const { add, remove } = transition(nodePlan(base), nodePlan({ ...base, peers: [moved] }));
  expect(lines(add)).toContain('route 10.0.4.0/24 via 10.0.4.0 onlink on host:berth-vx');
  expect(lines(remove)).toEqual(['element 192.0.2.8/32 in internal4']);
});

test('a wider exception goes in when the narrower is out, since ranges of a set may not meet', () => {
  const before = { ...base, masquerade: { ...base.masquerade, except: [prefix('172.16.1.0/24')] } };
  const after = { ...base, masquerade: { ...base.masquerade, except: [prefix('172.16.0.0/12')] } };
  const { add, remove } = transition(nodePlan(before), nodePlan(after));
  expect(lines(remove)).toEqual(['element 172.16.1.0/24 in internal4']);
  expect(lines(add)).toEqual(['element 172.16.0.0/12 in internal4']);
});

test('another VXLAN identifier makes the device anew, with all that is on it', () => {
  const before = nodePlan({ ...base, peers: [far] });
  const after = nodePlan({ ...base, peers: [far], tunnel: { ...base.tunnel, vni: 7 } });
  const { add, remove } = transition(before, after);
  expect(lines(remove)).toEqual(lines(before).filter((line) => line.startsWith('vxlan')));
  expect(lines(add)).toEqual(lines(after).filter((line) => line.includes('berth-vx')));
});

test('another MTU alters the tunnel in place', () => {
  const before = nodePlan({ ...base, peers: [far] });
  const { add, remove } = transition(before, nodePlan({ ...base, peers: [far], mtuBytes: 1400 }));
  expect(remove).toEqual([]);
  expect(add.map(({ kind }) => kind)).toEqual(['vxlan']);
});

test('the tunnel goes as a whole with the last node behind it: its device alone is named', () => {
  const { remove } = transition(nodePlan({ ...base, peers: [far] }), nodePlan({ ...base, peers: [] }));
  expect(remove.map(({ kind }) => kind)).toEqual(['vxlan']);
});

test('a change of mode leaves the bridge to the pods that stand on it, and takes it when none does', () => {
  const [before, after] = [nodePlan({ ...base, mode: 'bridge' }), nodePlan(base)];
  const kinds = (standing: readonly Plan[]) => transition(before, after, standing).remove.map(({ kind }) => kind);
  expect(kinds([pod(5, 'bridge')])).not.toContain('bridge');
  expect(kinds([pod(5, 'bridge')])).not.toContain('address');
  expect(kinds([pod(5)])).toContain('bridge');
});

/** The inventory as a kernel tells it: host only, the pod's end unseen. */
function inventoryOf(...plans: Plan[]): Plan {
  const seen = new Set(['veth', 'route', 'element', 'rule', 'bridge', 'vxlan', 'unreachable']);
  return plans.flat().flatMap((item): Item[] => {
    if (!seen.has(item.kind) || ('on' in item && item.on.netns === 'pod')) return [];
    if (item.kind !== 'veth') return [item];
    return [{ ...item, pod: { netns: 'pod', name: '' }, podMac: mac('00:00:00:00:00:00') }];
  });
}

test('the sweep finds what belongs to nobody, by its links and elements', () => {
  const node = nodePlan(base);
  const lost = sweep(inventoryOf(node, pod(5), pod(6)), [pod(5)], node);
  const [veth] = pod(6);
  expect(lost.map((item) => (item.kind === 'veth' ? item.host.name : show(item)))).toEqual([
    veth?.kind === 'veth' ? veth.host.name : '',
    ...lines(pod(6).filter(({ kind }) => kind === 'element')),
  ]);
});

test('the sweep finds nothing where everything has an owner', () => {
  const node = nodePlan({ ...base, mode: 'bridge', peers: [near, far] });
  expect(sweep(inventoryOf(node, pod(5, 'bridge')), [pod(5, 'bridge')], node)).toEqual([]);
});

test('a stale route on the link of a living pod belongs to nobody', () => {
  const [veth] = pod(5);
  const stale: Item = {
    kind: 'route',
    on: { netns: 'host', name: veth?.kind === 'veth' ? veth.host.name : '' },
    to: prefix('10.0.3.99/32'),
    table: 254,
  };
  expect(sweep([...inventoryOf(pod(5)), stale], [pod(5)], [])).toEqual([stale]);
});

test('the sweep leaves a bridge that only pods still know, and takes it after them', () => {
  const [bridged, routed] = [nodePlan({ ...base, mode: 'bridge' }), nodePlan(base)];
  const inventory = inventoryOf(bridged, pod(5, 'bridge'));
  expect(sweep(inventory, [pod(5, 'bridge')], routed).some(({ kind }) => kind === 'bridge')).toBe(false);
  expect(sweep(inventory, [], routed).some(({ kind }) => kind === 'bridge')).toBe(true);
});

test('mending makes anew all that stood on a veth whose pod end is another', () => {
  const plan = pod(5);
  const observed = plan.map((item) =>
    item.kind === 'veth' ? { ...item, pod: { netns: 'pod' as const, name: 'renamed' } } : item,
  );
  const { remove, ensure } = mend(plan, difference(plan, observed, REPAIR));
  expect(remove.map(({ kind }) => kind)).toEqual(['veth']);
  const onPod = plan.filter((item) => 'on' in item && item.on.netns === 'host');
  expect(ensure).toEqual(expect.arrayContaining([plan[0], ...onPod]));
  expect(ensure.some(({ kind }) => kind === 'element')).toBe(false);
});
