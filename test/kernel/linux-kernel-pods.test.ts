import { readdirSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { address, interfaceAddress, prefix } from '../../src/base/ip.ts';
import { isSetting } from '../../src/core/datapath/identity.ts';
import { type Item, type Plan, show } from '../../src/core/datapath/plan.ts';
import { LinuxKernel } from '../../src/io/kernel/linux-kernel.ts';
import { mayUnshare, Namespace } from './namespace.ts';
import { noNft } from './no-nft.ts';
import { host, numberedMac, pod, routedPod, veth } from './routed-pod.ts';

const descriptors = () => readdirSync('/proc/self/fd').length;

describe.skipIf(!mayUnshare)('in namespaces', () => {
  let node: Namespace;
  let sandbox: Namespace;
  let kernel: LinuxKernel;
  beforeEach(() => {
    node = Namespace.make();
    node.run('ip link set lo up');
    sandbox = Namespace.make();
    kernel = LinuxKernel.open({ netns: node.path, nft: noNft, poolSize: '12' });
  });
  afterEach(async () => {
    await kernel.close();
    node.close();
    sandbox.close();
  });

  test('iproute2 sees in a routed pod what the plan says', async () => {
    expect((await kernel.ensure(routedPod(3), sandbox.path)).failure).toBeUndefined();
    const { podMac, hostMac, alias } = veth(3);
    const [inHost] = node.ip('-d link show bth3');
    expect(inHost).toMatchObject({
      address: hostMac,
      mtu: 1400,
      ifalias: alias,
      operstate: 'UP',
      inet6_addr_gen_mode: 'none',
    });
    expect(inHost).toMatchObject({ num_tx_queues: 1, num_rx_queues: 1, linkinfo: { info_kind: 'veth' } });
    expect(sandbox.ip('link show eth0')).toMatchObject([{ address: podMac, mtu: 1400, operstate: 'UP' }]);
    const addresses = sandbox.ip('addr show eth0')[0]?.['addr_info'] as object[];
    expect(addresses.slice(0, 2)).toMatchObject([
      { local: '10.1.0.3', prefixlen: 32 },
      { local: 'fd00::4', prefixlen: 128, nodad: true },
    ]);
    expect(sandbox.ip('route')).toMatchObject([
      { dst: 'default', gateway: '169.254.1.1', flags: ['onlink'] },
      { dst: '169.254.1.1', scope: 'link' },
    ]);
    expect(node.ip('route')).toMatchObject([{ dst: '10.1.0.3', dev: 'bth3', protocol: '98', scope: 'link' }]);
    expect(node.ip('-6 route')).toMatchObject([{ dst: 'fd00::4', dev: 'bth3', protocol: '98' }]);
    expect(node.ip('neigh')).toMatchObject([
      { dst: '10.1.0.3', lladdr: podMac, state: ['PERMANENT'] },
      { dst: 'fd00::4', lladdr: podMac, state: ['PERMANENT'] },
    ]);
    const conf = (name: string) => node.run(`cat /proc/sys/net/ipv4/conf/bth3/${name}`).trim();
    expect([conf('forwarding'), conf('route_localnet')]).toEqual(['1', '1']);
  });

  test('two pods reach each other through the node, over both families', async () => {
    // more than one packet: the host end's queue opens a moment after its carrier came
    using second = Namespace.make();
    await kernel.ensure([{ kind: 'host-sysctl', key: 'net.ipv4.ip_forward', value: 1 }]);
    await kernel.ensure([{ kind: 'host-sysctl', key: 'net.ipv6.conf.all.forwarding', value: 1 }]);
    await kernel.ensure(routedPod(1), sandbox.path);
    await kernel.ensure(routedPod(2), second.path);
    sandbox.run('busybox ping -c 5 -i 0.2 -W 1 10.1.0.2');
    sandbox.run('busybox ping -6 -c 5 -i 0.2 -W 1 fd00::3');
  });

  test('a name taken in the pod is a failure that says where, and nothing is made', async () => {
    sandbox.run('ip link add eth0 type bridge');
    const { made, failure } = await kernel.ensure(routedPod(1), sandbox.path);
    expect([made, failure?.item.kind, failure?.error.kind]).toEqual([[], 'veth', 'exists']);
    expect(failure?.error.message).toBe(`the pod's namespace ${sandbox.path} already has a link eth0 (bridge)`);
    expect(node.ip('link show type veth')).toEqual([]);
  });

  test('C11: a second ADD into a pod whose name is taken by another attachment of ours harms nothing of the first', async () => {
    await kernel.ensure(routedPod(1), sandbox.path);
    const before = sandbox.run('ip -d addr; ip route; ip neigh');
    const { made, failure } = await kernel.ensure(routedPod(2), sandbox.path);
    expect([made, failure?.error.kind]).toEqual([[], 'exists']);
    expect(sandbox.run('ip -d addr; ip route; ip neigh')).toBe(before);
  });

  test('a name taken in the host is a failure that says where, and nothing is made', async () => {
    node.run('ip link add bth1 type veth peer name other');
    const { made, failure } = await kernel.ensure(routedPod(1), sandbox.path);
    expect([made, failure?.error.kind]).toEqual([[], 'exists']);
    expect(failure?.error.message).toBe('the host already has a link bth1 (veth), not the end of one in this pod');
    expect(sandbox.ip('link').length).toBe(1);
  });

  test('a refusal in the middle: what was made is told, also what the kernel made after it, and can be taken back', async () => {
    const bad: Item = {
      kind: 'route',
      on: host('bth1'),
      to: prefix('10.5.0.0/16'),
      via: address('224.0.0.1'),
      table: 254,
    };
    const plan: Plan = routedPod(1).flatMap((item) =>
      item.kind === 'neighbour' && item.on.netns === 'host' ? [item, bad] : [item],
    );
    const { made, failure } = await kernel.ensure(plan, sandbox.path);
    expect(failure?.item).toBe(bad);
    expect(failure?.error).toMatchObject({
      kind: 'invalid',
      errno: 'ENETUNREACH',
      said: 'Nexthop has invalid gateway',
    });
    expect(failure?.error.message).toContain('route 10.5.0.0/16 via 224.0.0.1 on host:bth1');
    const shown = new Set((await kernel.observe(plan, sandbox.path)).map((item) => item.kind));
    expect(made.map(({ kind }) => kind)).toContain('veth');
    expect(shown.has('route')).toBe(true);
    expect(await kernel.remove([...made].reverse(), sandbox.path)).toEqual([]);
    expect(node.ip('link show type veth')).toEqual([]);
    expect(sandbox.ip('link').length).toBe(1);
  });

  test('a refusal in the pod: the veth was made and is told', async () => {
    const bad: Item = {
      kind: 'route',
      on: pod('eth0'),
      to: prefix('10.5.0.0/16'),
      via: address('10.6.0.1'),
      table: 254,
    };
    const { made, failure } = await kernel.ensure([...routedPod(1), bad], sandbox.path);
    expect([made, failure?.item]).toEqual([routedPod(1), bad]);
    expect(await kernel.remove([...made].reverse(), sandbox.path)).toEqual([]);
  });

  test('a link that nobody made is a failure of the first item on it', async () => {
    const item: Item = { kind: 'address', on: host('nowhere'), address: interfaceAddress('10.5.0.1/16') };
    const { made, failure } = await kernel.ensure([
      { kind: 'unreachable', to: prefix('10.5.0.0/16'), table: 254 },
      item,
    ]);
    expect([made.length, failure?.item, failure?.error.kind]).toEqual([1, item, 'absent']);
  });

  test('indexes that are taken are stepped over, and nothing stays on the links that have them', async () => {
    await kernel.ensure(routedPod(1), sandbox.path);
    const index = Number(node.ip('link show bth1')[0]?.['ifindex']);
    node.run(`ip link add tk0 index ${index + 2} type bridge; ip link set tk0 up`);
    using second = Namespace.make();
    second.run(`ip link add tk1 index ${index + 5} type bridge; ip link add tk2 index ${index + 6} type bridge`);
    expect(await kernel.ensure(routedPod(2), second.path)).toEqual({ made: routedPod(2) });
    expect((await kernel.observe(routedPod(2), second.path)).length).toBe(routedPod(2).length);
    expect(node.run('ip neigh show dev tk0; ip route show dev tk0; ip -6 route show dev tk0 proto 98')).toBe('');
  });

  test('200 pods made and removed leave no link, no route and no descriptor', async () => {
    const pods = Array.from({ length: 200 }, () => Namespace.make());
    await kernel.remove(routedPod(999), sandbox.path);
    const before = descriptors();
    for (const [i, one] of pods.entries())
      expect((await kernel.ensure(routedPod(i), one.path)).failure).toBeUndefined();
    expect(node.ip('link show type veth').length).toBe(200);
    const lanes = 10;
    expect(descriptors()).toBeLessThanOrEqual(before + lanes);
    const removals = pods.map((one, i) => kernel.remove([...routedPod(i)].reverse(), one.path));
    for (const removal of removals) expect(await removal).toEqual([]);
    expect(node.ip('link show type veth')).toEqual([]);
    expect(node.run('ip route; ip -6 route; ip neigh')).toBe('');
    expect(pods.filter((one) => one.ip('link').length !== 1)).toEqual([]);
    expect(descriptors()).toBeLessThanOrEqual(before + lanes);
    for (const one of pods) one.close();
  }, 60_000);

  test('the same name and address can be made again as soon as they are removed, 60 times', async () => {
    const plan = routedPod(1);
    for (let round = 0; round < 60; round++) {
      expect(await kernel.ensure(plan, sandbox.path)).toEqual({
        made: plan.filter((item) => round === 0 || !isSetting(item) || item.kind === 'sysctl'),
      });
      expect(await kernel.remove([...plan].reverse(), sandbox.path)).toEqual([]);
      expect((await kernel.observe(plan, sandbox.path)).filter((item) => !isSetting(item))).toEqual([]);
    }
  });

  test('a sandbox that vanished took its links along: nothing is left, nothing is shown, removing is success', async () => {
    const gone = Namespace.make();
    const { path } = gone;
    await kernel.ensure(routedPod(1), path);
    expect(kernel.sandboxExists(path)).toBe(true);
    gone.close();
    await expect.poll(() => node.ip('link show type veth').length, { timeout: 5000 }).toBe(0);
    expect(kernel.sandboxExists(path)).toBe(false);
    expect(await kernel.observe(routedPod(1), path)).toEqual([]);
    expect(await kernel.remove([...routedPod(1)].reverse(), path)).toEqual([]);
    const { made, failure } = await kernel.ensure(routedPod(1), path);
    expect([made, failure?.item.kind, failure?.error.kind]).toEqual([[], 'veth', 'absent']);
  });

  test('a veth whose host end was renamed goes all the same', async () => {
    await kernel.ensure(routedPod(1), sandbox.path);
    node.run('ip link set bth1 down; ip link set bth1 name sly');
    expect(await kernel.remove([...routedPod(1)].reverse(), sandbox.path)).toEqual([]);
    expect(sandbox.ip('link').length).toBe(1);
  });

  test('an end that is down is no veth that serves; made again it is up, with all that went with it', async () => {
    const plan = routedPod(1);
    await kernel.ensure(plan, sandbox.path);
    sandbox.run('ip link set eth0 down');
    const shown = new Set((await kernel.observe(plan, sandbox.path)).map(show));
    expect(shown.has(show(veth(1)))).toBe(false);
    const { made, failure } = await kernel.ensure(plan, sandbox.path);
    expect(failure).toBeUndefined();
    expect([...new Set(made.map(({ kind }) => kind))].sort()).toEqual(['address', 'neighbour', 'route']);
    expect((await kernel.observe(plan, sandbox.path)).length).toBe(plan.length);
  });

  test('the inventory has what bears our mark, and the uplinks what does not', async () => {
    node.run('ip link add up0 type veth peer name far; ip link set up0 up; ip addr add 192.0.2.1/24 dev up0');
    node.run('ip route add default via 192.0.2.254');
    const bridge: Item = { kind: 'bridge', link: host('berth0'), mtu: 1400, mac: numberedMac(3, 1) };
    const unreachable: Item = { kind: 'unreachable', to: prefix('10.5.0.0/16'), table: 254 };
    await kernel.ensure([bridge, unreachable]);
    await kernel.ensure(routedPod(1), sandbox.path);
    const lines = (await kernel.inventory()).map(show);
    const { hostMac } = veth(1);
    expect(lines).toContain(`veth pod: 00:00:00:00:00:00 <-> host:bth1 ${hostMac} mtu 1400`);
    for (const item of [bridge, unreachable]) expect(lines).toContain(show(item));
    expect(lines.filter((line) => line.startsWith('route'))).toEqual([
      'route 10.1.0.1/32 on host:bth1',
      'route fd00::2/128 on host:bth1',
    ]);
    const [uplink, ...others] = (await kernel.hostLinks()).filter(({ name }) => name !== 'far');
    expect(others).toEqual([]);
    expect(uplink).toMatchObject({
      name: 'up0',
      mtuBytes: 1500,
      up: true,
      addresses: ['192.0.2.1/24'],
      defaultRoute: ['v4'],
    });
    expect(uplink?.acceptRa).toBe(1);
  });

  test('namespaces are told apart', async () => {
    const places = [node.path, sandbox.path, '/nowhere', '/etc/passwd'];
    expect(places.map((path) => kernel.namespaceAt(path))).toEqual(['host', 'other', 'none', 'none']);
    expect(places.map((path) => kernel.sandboxExists(path))).toEqual([true, true, false, false]);
    await kernel.ensure(routedPod(1), sandbox.path);
    expect(await kernel.macOf(pod('eth0'), sandbox.path)).toBe(veth(1).podMac);
    expect(await kernel.macOf(host('bth1'))).toBe(veth(1).hostMac);
    expect(await kernel.macOf(host('nowhere'))).toBeUndefined();
    expect(await kernel.macOf(pod('eth0'), '/nowhere')).toBeUndefined();
  });

  test('many calls at once for different pods do not mix', async () => {
    const pods = Array.from({ length: 30 }, () => Namespace.make());
    await Promise.all(pods.map((one, i) => kernel.ensure(routedPod(i), one.path)));
    const removed = pods.flatMap((one, i) =>
      i % 2 === 0 ? [kernel.remove([...routedPod(i)].reverse(), one.path)] : [],
    );
    const shown = await Promise.all(pods.map((one, i) => kernel.observe(routedPod(i), one.path)));
    await Promise.all(removed);
    expect(shown.filter((_, i) => i % 2 === 1).every((plan) => plan.length === routedPod(1).length)).toBe(true);
    expect(node.ip('link show type veth').length).toBe(15);
    for (const one of pods) one.close();
  });
});
