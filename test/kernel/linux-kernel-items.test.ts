import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { address, interfaceAddress, prefix } from '../../src/base/ip.ts';
import { type Item, type Plan, show } from '../../src/core/datapath/plan.ts';
import { isSetting } from '../../src/core/datapath/identity.ts';
import { LinuxKernel } from '../../src/io/kernel/linux-kernel.ts';
import { mayUnshare, Namespace } from './namespace.ts';
import { noNft } from './no-nft.ts';
import { host, numberedMac, pod, routedPod, veth } from './routed-pod.ts';

const BRIDGE: Item = { kind: 'bridge', link: host('berth0'), mtu: 1400, mac: numberedMac(3, 1) };
const VXLAN: Item & { kind: 'vxlan' } = {
  kind: 'vxlan',
  link: host('berth-vx'),
  vni: 4077,
  port: 4789,
  local: address('192.0.2.1'),
  mtu: 1350,
  mac: numberedMac(4, 1),
};
const VETH = veth(1);
const range = prefix('10.9.0.0/16');

/** One of each kind, with what it stands on before it. */
const KINDS: Readonly<Record<string, Plan>> = {
  veth: [VETH],
  'veth with ends of different MTU': [{ ...VETH, hostMtu: 1300 }],
  bridge: [BRIDGE],
  vxlan: [VXLAN],
  'vxlan over IPv6': [{ ...VXLAN, local: address('2001:db8::1') }],
  port: [BRIDGE, VETH, { kind: 'port', on: VETH.host, bridge: host('berth0'), hairpin: false }],
  'port with hairpin': [BRIDGE, VETH, { kind: 'port', on: VETH.host, bridge: host('berth0'), hairpin: true }],
  up: [{ kind: 'up', on: pod('lo') }],
  'address in the pod': [VETH, { kind: 'address', on: VETH.pod, address: interfaceAddress('10.9.1.2/24') }],
  'IPv6 address in the pod': [VETH, { kind: 'address', on: VETH.pod, address: interfaceAddress('fd00::2/64') }],
  'address of a bridge': [BRIDGE, { kind: 'address', on: host('berth0'), address: interfaceAddress('10.9.1.1/24') }],
  neighbour: [VETH, { kind: 'neighbour', on: VETH.host, address: address('10.9.1.2'), at: numberedMac(9, 9) }],
  'IPv6 neighbour': [VETH, { kind: 'neighbour', on: VETH.pod, address: address('fe80::1'), at: numberedMac(9, 9) }],
  fdb: [VXLAN, { kind: 'fdb', on: VXLAN.link, mac: numberedMac(9, 9), to: address('192.0.2.9') }],
  route: [VETH, { kind: 'route', on: VETH.host, to: range, table: 254 }],
  'route with everything': [
    VETH,
    { kind: 'address', on: VETH.pod, address: interfaceAddress('10.9.1.2/24') },
    {
      kind: 'route',
      on: VETH.pod,
      to: prefix('0.0.0.0/0'),
      via: address('169.254.1.1'),
      onlink: true,
      source: address('10.9.1.2'),
      mtu: 1300,
      table: 1000,
    },
  ],
  'IPv6 route': [
    VETH,
    { kind: 'route', on: VETH.host, to: prefix('fd01::/64'), via: address('fe80::2'), onlink: true, table: 254 },
  ],
  'route over a tunnel': [
    VXLAN,
    { kind: 'neighbour', on: VXLAN.link, address: address('10.9.0.0'), at: numberedMac(9, 9) },
    { kind: 'route', on: VXLAN.link, to: range, via: address('10.9.0.0'), onlink: true, table: 254 },
  ],
  unreachable: [{ kind: 'unreachable', to: range, table: 254 }],
  'IPv6 unreachable': [{ kind: 'unreachable', to: prefix('fd05::/64'), table: 254 }],
  rule: [
    {
      kind: 'rule',
      family: 'v4',
      priority: 512,
      from: range,
      to: prefix('10.8.0.0/16'),
      iif: 'eth9',
      mark: { value: 0x80, mask: 0xff },
      table: 1000,
    },
  ],
  'IPv6 rule in the pod': [
    { kind: 'rule', netns: 'pod', family: 'v6', priority: 512, from: prefix('fd00::/64'), table: 77 },
  ],
  'sysctl of IPv4': [VETH, { kind: 'sysctl', on: VETH.host, key: 'v4.rp_filter', value: 2 }],
  'sysctl of IPv6 by netlink': [VETH, { kind: 'sysctl', on: VETH.host, key: 'v6.addr_gen_mode', value: 1 }],
  'sysctl of IPv6 in the pod by /proc': [VETH, { kind: 'sysctl', on: VETH.pod, key: 'v6.accept_ra', value: 0 }],
  'local rule': [{ kind: 'local-rule', family: 'v4', priority: 20 }],
  'IPv6 local rule': [{ kind: 'local-rule', family: 'v6', priority: 20 }],
  'host-sysctl': [{ kind: 'host-sysctl', key: 'net.ipv4.ip_forward', value: 1 }],
  tbf: [VETH, { kind: 'tbf', on: VETH.host, rateBits: 12_345_678, burstBits: 1_000_001 }],
  'a fast tbf': [VETH, { kind: 'tbf', on: VETH.host, rateBits: 40_000_000_000, burstBits: 4_000_000_000 }],
  'a whole routed pod': routedPod(1),
};

describe.skipIf(!mayUnshare)('in namespaces', () => {
  let [node, sandbox]: Namespace[] = [];
  let kernel: LinuxKernel;
  beforeEach(() => {
    node = Namespace.make();
    node.run('ip link set lo up'); // before the first address the kernel has no local table, and refuses next hops
    sandbox = Namespace.make();
    kernel = LinuxKernel.open({ netns: node.path, nft: noNft });
  });
  afterEach(async () => {
    await kernel.close();
    node?.close();
    sandbox?.close();
  });

  test.each(Object.entries(KINDS))(
    '%s: made, shown as planned, made no second time, removed, gone',
    async (_, plan) => {
      const path = sandbox?.path;
      const first = await kernel.ensure(plan, path);
      expect(first.failure).toBeUndefined();
      // a setting that had another value existed: it is brought in line, not made
      expect(first.made).toEqual(plan.filter(({ kind }) => kind !== 'host-sysctl' && kind !== 'local-rule'));
      const wanted = plan.map((item) => show(withMac(item)));
      expect((await kernel.observe(plan, path)).map(show)).toEqual(wanted);
      expect(await kernel.ensure(plan, path)).toEqual({ made: [] });
      expect(await kernel.remove([...plan].reverse(), path)).toEqual([]);
      const left = (await kernel.observe(plan, path)).filter((item) => !isSetting(item));
      expect(left).toEqual([]);
      expect(await kernel.remove([...plan].reverse(), path)).toEqual([]);
    },
  );

  test('one after another, an item at a time, is the same as all at once', async () => {
    const plan = routedPod(7);
    for (const item of plan)
      expect(await kernel.ensure([item], sandbox?.path)).toEqual({ made: item.kind === 'sysctl' ? [] : [item] });
    expect((await kernel.observe(plan, sandbox?.path)).map(show)).toEqual(plan.map((item) => show(withMac(item, 7))));
    for (const item of [...plan].reverse()) expect(await kernel.remove([item], sandbox?.path)).toEqual([]);
    expect((await kernel.observe(plan, sandbox?.path)).filter((item) => !isSetting(item))).toEqual([]);
  });

  test.each([
    ['MTU', { ...VETH, mtu: 1200 }, VETH],
    ['MAC of the pod', { ...VETH, podMac: numberedMac(7, 7) }, VETH],
    ['MTU of a bridge', { ...BRIDGE, mtu: 1200 }, BRIDGE],
    ['address under a tunnel', { ...VXLAN, local: address('192.0.2.2') }, VXLAN],
    ['VNI of a tunnel', { ...VXLAN, vni: 9 }, VXLAN],
  ] as [string, Item, Item][])(
    'a link of ours with another %s is brought in line and is not made',
    async (_, before, item) => {
      await kernel.ensure([before], sandbox?.path);
      const { made, failure } = await kernel.ensure([item], sandbox?.path);
      expect(failure).toBeUndefined();
      if (item.kind !== 'vxlan') expect(made).toEqual([]);
      expect((await kernel.observe([item], sandbox?.path)).map(show)).toEqual([show(item)]);
    },
  );

  test.each([
    ['neighbour', { kind: 'neighbour', on: VETH.host, address: address('10.9.1.2'), at: numberedMac(9, 8) }],
    ['route', { kind: 'route', on: VETH.host, to: range, via: address('10.9.1.9'), onlink: true, table: 254 }],
    [
      'IPv6 route',
      { kind: 'route', on: VETH.pod, to: prefix('fd01::/64'), via: address('fe80::7'), onlink: true, table: 254 },
    ],
    ['tbf', { kind: 'tbf', on: VETH.host, rateBits: 1_000_000, burstBits: 100_000 }],
    ['rule', { kind: 'rule', family: 'v4', priority: 512, from: range, table: 1001 }],
    ['fdb', { kind: 'fdb', on: VXLAN.link, mac: numberedMac(9, 9), to: address('192.0.2.8') }],
  ] as [string, Item][])('a %s of ours with other attributes is brought in line', async (_, old) => {
    const item = KINDS_CHANGED[old.kind === 'route' && old.on.netns === 'pod' ? 'route6' : old.kind];
    if (item === undefined) throw new Error(`no change for ${old.kind}`);
    expect((await kernel.ensure([VETH, VXLAN, old], sandbox?.path)).failure).toBeUndefined();
    expect(await kernel.ensure([VETH, VXLAN, item], sandbox?.path)).toEqual({ made: [] });
    expect((await kernel.observe([item], sandbox?.path)).map(show)).toEqual([show(item)]);
  });

  test('a route, a rule and a bridge of somebody else are left alone and in the way', async () => {
    expect((await kernel.ensure([VETH], sandbox?.path)).failure).toBeUndefined();
    node?.run('ip link add berth0 type bridge; ip link add dx type bridge; ip link set dx up');
    node?.run('ip route add 10.9.0.0/16 dev dx; ip rule add from 10.9.0.0/16 lookup 5 priority 512');
    const before = node?.run('ip link show berth0; ip route; ip rule');
    for (const item of [BRIDGE, KINDS['route']?.[1], KINDS_CHANGED['rule']]) {
      if (item === undefined) throw new Error('no such item');
      const { made, failure } = await kernel.ensure([VETH, item], sandbox?.path);
      expect([made, failure?.error.kind, failure?.item]).toEqual([[], 'exists', item]);
      expect(await kernel.remove([item])).toEqual([]);
    }
    expect(node?.run('ip link show berth0; ip route; ip rule')).toBe(before);
  });
});

const KINDS_CHANGED: Readonly<Record<string, Item>> = {
  neighbour: { kind: 'neighbour', on: VETH.host, address: address('10.9.1.2'), at: numberedMac(9, 9) },
  route: { kind: 'route', on: VETH.host, to: range, table: 254 },
  route6: { kind: 'route', on: VETH.pod, to: prefix('fd01::/64'), via: address('fe80::1'), onlink: true, table: 254 },
  tbf: { kind: 'tbf', on: VETH.host, rateBits: 2_000_000, burstBits: 200_000 },
  rule: { kind: 'rule', family: 'v4', priority: 512, from: range, table: 1000 },
  fdb: { kind: 'fdb', on: VXLAN.link, mac: numberedMac(9, 9), to: address('192.0.2.9') },
};

/** A neighbour as the kernel shows it: with the MAC of the link that the plan names. */
function withMac(item: Item, number = 1): Item {
  if (item.kind !== 'neighbour' || typeof item.at === 'string') return item;
  const link = veth(number);
  return { ...item, at: item.at.netns === 'pod' ? link.podMac : link.hostMac };
}
