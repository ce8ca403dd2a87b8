import { expect, test } from 'vitest';
import { address, interfaceAddress } from '../../base/ip.ts';
import { mac } from '../../base/mac.ts';
import { attachmentId } from '../attachment.ts';
import { agrees, CHECK, describe, difference, REPAIR } from './difference.ts';
import { keyOf } from './identity.ts';
import type { Item, LinkRef, Plan } from './plan.ts';
import { podPlan } from './pod-plan.ts';

const podMac = mac('02:00:00:00:00:01');
const hostMac = mac('02:00:00:00:00:02');
const theirMac = mac('02:00:00:00:00:99');
const pod: LinkRef = { netns: 'pod', name: 'eth0' };

const plan = podPlan({
  id: attachmentId({ network: 'pods', containerId: '4f1c', ifname: 'eth0' }),
  ifname: 'eth0',
  hostLink: 'bth1',
  podMac,
  hostMac,
  mtuBytes: 1450,
  ordinal: 0,
  ports: [{ protocol: 'tcp', hostPort: 8080, containerPort: 80 }],
  bandwidth: { ingress: { rateBits: 1_000_001, burstBits: 80_000 } },
  mode: 'routed',
  addresses: [address('10.0.3.17'), address('fd00:3::17')],
});

/** The plan as a kernel shows it: neighbours have the MAC that their link had. */
function shown(of: Plan = plan): Plan {
  const macOf = (at: LinkRef) => (at.netns === 'pod' ? podMac : hostMac);
  return of.map((item) =>
    item.kind === 'neighbour' && typeof item.at !== 'string' ? { ...item, at: macOf(item.at) } : item,
  );
}

/** The kernel after somebody changed one thing of a kind. */
function after<K extends Item['kind']>(kind: K, change: Partial<Item & { kind: K }>): Plan {
  let done = false;
  return shown().map((item) => {
    if (item.kind !== kind || done) return item;
    done = true;
    return { ...item, ...change } as Item;
  });
}

test('what stands as planned differs in nothing (C19)', () => {
  for (const tolerance of [REPAIR, CHECK(), CHECK({ mac: podMac, mtu: 1450 })]) {
    const found = difference(plan, shown(), tolerance);
    expect(found).toEqual({ missing: [], changed: [], foreign: [] });
    expect(agrees(found)).toBe(true);
  }
});

test.each(plan.map((item, i) => [keyOf(item), i] as const))(
  'what is gone is missing, and named (C19): %s',
  (_, gone) => {
    const found = difference(
      plan,
      shown().filter((__, i) => i !== gone),
      CHECK(),
    );
    expect(found.missing).toEqual([plan[gone]]);
    expect(describe(found)).toEqual([expect.stringMatching(/ is missing$/)]);
  },
);

test('a lowered MTU is drift for CHECK, and none of ours to repair (C19)', () => {
  const observed = after('veth', { mtu: 1000, hostMtu: 1450 });
  expect(describe(difference(plan, observed, CHECK()))).toEqual(['eth0: MTU is 1000, not 1450']);
  expect(describe(difference(plan, observed, CHECK({ mtu: 1450 })))).toEqual(['eth0: MTU is 1000, not 1450']);
  expect(agrees(difference(plan, observed, REPAIR))).toBe(true);
});

test('MAC and MTU that the chain changed and prevResult tells are no drift (C20)', () => {
  const observed = after('veth', { mtu: 1400, hostMtu: 1450, podMac: theirMac });
  expect(agrees(difference(plan, observed, CHECK({ mac: '02:00:00:00:00:99', mtu: 1400 })))).toBe(true);
  expect(describe(difference(plan, observed, CHECK()))).toEqual([
    'eth0: MTU is 1400, not 1450; MAC is 02:00:00:00:00:99, not 02:00:00:00:00:01',
  ]);
});

test('a MAC that prevResult tells in capitals is the same MAC', () => {
  const observed = after('veth', { podMac: mac('0a:bb:cc:dd:ee:ff') });
  expect(agrees(difference(plan, observed, CHECK({ mac: '0A:BB:CC:DD:EE:FF' })))).toBe(true);
});

test('the chain changed the MAC and somebody lowered the MTU: only the MTU is drift', () => {
  const observed = after('veth', { mtu: 1000, hostMtu: 1450, podMac: theirMac });
  expect(describe(difference(plan, observed, CHECK({ mac: theirMac })))).toEqual(['eth0: MTU is 1000, not 1450']);
});

test('the MTU of the host end is ours, and repaired without touching the end of the pod', () => {
  const observed = after('veth', { mtu: 1400, hostMtu: 1200, podMac: theirMac });
  const found = difference(plan, observed, REPAIR);
  const [change] = found.changed;
  expect(change?.want).toBe(plan[0]);
  expect(change?.goal).toMatchObject({ mtu: 1400, hostMtu: 1450, podMac: theirMac, hostMac });
  expect(describe(found)).toContain('eth0: MTU of bth1 is 1200, not 1450');
});

test('a neighbour follows the MAC of its link: repair sees the old one as changed, CHECK gives it time', () => {
  const observed = after('veth', { podMac: theirMac });
  const found = difference(plan, observed, REPAIR);
  expect(found.changed.map(({ want }) => want)).toEqual(
    plan.filter((item) => item.kind === 'neighbour' && item.on.netns === 'host'),
  );
  expect(agrees(difference(plan, observed, CHECK({ mac: theirMac })))).toBe(true);
});

test('a neighbour with the MAC of nobody is drift', () => {
  const observed = after('neighbour', { at: theirMac });
  expect(describe(difference(plan, observed, CHECK()))).toEqual([
    'neighbour 10.0.3.17 at 02:00:00:00:00:99 on host:bth1 is there instead of neighbour 10.0.3.17 at the MAC of pod:eth0 on host:bth1',
  ]);
});

test('a route that leads elsewhere, a setting and a mapping with another value are changed', () => {
  const cases: [Plan, string][] = [
    [
      after('route', { on: { netns: 'host', name: 'bth2' } }),
      'route 10.0.3.17/32 on host:bth2 is there instead of route 10.0.3.17/32 on host:bth1',
    ],
    [
      shown().map((item) => (item.kind === 'sysctl' && item.key === 'v4.rp_filter' ? { ...item, value: 1 } : item)),
      'sysctl v4.rp_filter=1 on host:bth1 is there instead of sysctl v4.rp_filter=2 on host:bth1',
    ],
    [
      shown().map((item) =>
        item.kind === 'element' && item.set === 'ports4' ? { ...item, data: ['10.0.3.9', '80'] } : item,
      ),
      'element tcp . 8080 : 10.0.3.9 . 80 in ports4 is there instead of element tcp . 8080 : 10.0.3.17 . 80 in ports4',
    ],
  ];
  for (const [observed, line] of cases) expect(describe(difference(plan, observed, REPAIR))).toEqual([line]);
});

test('a rate of whole bytes and a burst of whole ticks are what was asked for; half the rate is not', () => {
  expect(agrees(difference(plan, after('tbf', { rateBits: 1_000_000, burstBits: 79_744 }), CHECK()))).toBe(true);
  expect(agrees(difference(plan, after('tbf', { rateBits: 500_000 }), CHECK()))).toBe(false);
  expect(agrees(difference(plan, after('tbf', { burstBits: 60_000 }), CHECK()))).toBe(false);
});

test('what others put in our places is foreign, and no fault', () => {
  const theirs: Item = { kind: 'address', on: pod, address: interfaceAddress('192.0.2.1/24') };
  const found = difference(plan, [...shown(), theirs], CHECK());
  expect(found.foreign).toEqual([theirs]);
  expect(agrees(found)).toBe(true);
});

test('a veth of our name whose pod end is another is changed', () => {
  const found = difference(plan, after('veth', { pod: { netns: 'pod', name: 'renamed' } }), REPAIR);
  expect(found.changed).toHaveLength(1);
});

test('items are missing and changed in the order of the plan', () => {
  const found = difference(plan, [], REPAIR);
  expect(found.missing).toEqual(plan);
});
