import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { canRun, until } from './node-space.ts';
import { Scene } from './scene.ts';
import { differing } from './standing.ts';

const WITHIN_MS = 1_500; // a second, and what a busy machine needs to look
const peers = [
  { name: 'near', addresses: ['192.0.2.2'], ranges: ['10.70.1.0/24'] },
  { name: 'far', addresses: ['198.51.100.7'], ranges: ['10.70.2.0/24', 'fd70:2::/64'] },
];
const network = { ranges: ['10.70.0.0/24', 'fd70::/64'], cluster: ['10.70.0.0/16'], peers };
/** What the kernel tells of, by what it is. */
const ROUTED: readonly (readonly [string, string])[] = [
  ['link: the host end, and so the pod’s', 'ip link delete HOST'],
  ['link: the pod’s end', 'POD link delete eth0'],
  ['link: the host end set down', 'ip link set HOST down'],
  ['link: the pod’s end set down', 'POD link set eth0 down'],
  ['link: another MTU of the host end', 'ip link set HOST mtu 1300'],
  ['link: the tunnel', 'ip link delete berth-vx'],
  ['link: the tunnel set down', 'ip link set berth-vx down'],
  ['address: the pod’s', 'POD address flush dev eth0 scope global'],
  ['address: the tunnel’s', 'ip address flush dev berth-vx'],
  ['route: to the pod', 'ip route delete IP; ip -6 route flush dev HOST proto 98'],
  ['route: to a peer on our link', 'ip route delete 10.70.1.0/24'],
  ['route: to peers through the tunnel', 'ip route flush dev berth-vx; ip -6 route flush dev berth-vx proto 98'],
  ['route: the closed range', 'ip route delete unreachable 10.70.0.0/24'],
  ['route: the pod’s default', 'POD route delete default; POD -6 route delete default'],
  ['rule: of the pod’s second interface', 'POD rule delete priority 1536'],
  ['neighbour: of the pod', 'ip neighbour flush dev HOST nud permanent'],
  ['neighbour: of the gateway, in the pod', 'POD neighbour flush nud permanent'],
  ['neighbour: another MAC', 'ip neighbour replace IP dev HOST lladdr 02:00:00:00:00:99 nud permanent'],
  ['neighbour: behind the tunnel', 'ip neighbour flush dev berth-vx nud permanent'],
  [
    'forwarding entry of the tunnel',
    'bridge fdb show dev berth-vx | while read mac rest; do bridge fdb del $mac dev berth-vx; done',
  ],
  ['netconf: forwarding of the host end', 'sysctl -qw net.ipv4.conf.HOST.forwarding=0'],
  ['netconf: rp_filter of the host end', 'sysctl -qw net.ipv4.conf.HOST.rp_filter=0'],
  ['netconf: ip_forward', 'sysctl -qw net.ipv4.ip_forward=0'],
  ['netconf: forwarding of IPv6', 'sysctl -qw net.ipv6.conf.all.forwarding=0'],
  ['nftables: an element', 'nft delete element inet berth pods4 { HOST . IP }'],
  ['nftables: host ports', 'nft flush map inet berth ports4'],
  ['nftables: where sources are kept', 'nft flush set inet berth internal4'],
  ['nftables: a chain’s rules', 'nft flush chain inet berth postrouting'],
  ['nftables: the whole table', 'nft delete table inet berth'],
  ['nftables: all tables', 'nft delete table inet berth; nft delete table ip filter; iptables-nft -P FORWARD ACCEPT'],
];

/** The same of what bridge mode has of its own. */
const BRIDGED: readonly (readonly [string, string])[] = [
  ['link: the bridge, with all that is on it', 'ip link delete berth0'],
  ['link: the bridge set down', 'ip link set berth0 down'],
  ['link: another MAC of the bridge', 'ip link set berth0 address 02:00:00:00:00:98'],
  ['link: the host end off the bridge', 'ip link set HOST nomaster'],
  ['link: the host end, and so the pod’s', 'ip link delete HOST'],
  ['address: the gateway’s', 'ip address flush dev berth0'],
  ['address: the pod’s', 'POD address flush dev eth0 scope global'],
  ['route: the pod’s default', 'POD route delete default; POD -6 route delete default'],
  ['netconf: rp_filter of the bridge', 'sysctl -qw net.ipv4.conf.berth0.rp_filter=0'],
  ['nftables: the whole table', 'nft delete table inet berth'],
];

describe.skipIf(!canRun)('bridge: what others delete or change is back within a second', () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await Scene.open({ network: { ...network, peers: [], mode: 'bridge' } }, ['berth0']);
  }, 60_000);
  afterAll(() => scene?.node.close());

  test.each(BRIDGED)('%s', async (_, harm) => {
    expect(await scene.mended(harm)).toBeLessThan(WITHIN_MS);
  });

  test('afterwards all is as it was in the beginning, and nothing failed', () => {
    expect(differing(scene.whole, scene.look())).toBe('');
    expect(scene.node.logged('not repaired')).toEqual([]);
  });
});

describe.skipIf(!canRun)('routed: what others delete or change is back within a second', () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await Scene.open({ network }, ['berth-vx']);
  }, 60_000);
  afterAll(() => scene?.node.close());

  test.each(ROUTED)('%s', async (_, harm) => {
    const { node } = scene;
    const repaired = await node.metric('berth_repaired_items_total');
    const [missing, logged] = [node.logged('missing').length, node.logged('repaired').length];
    expect(await scene.mended(harm)).toBeLessThan(WITHIN_MS);
    await until(1_000, 'it is counted', async () => (await node.metric('berth_repaired_items_total')) > repaired);
    await until(1_000, 'missing is logged', () => node.logged('missing').length > missing);
    await until(1_000, 'repaired is logged', () => node.logged('repaired').length > logged);
  });

  test('afterwards all is as it was in the beginning, and nothing failed', () => {
    expect(differing(scene.whole, scene.look())).toBe('');
    expect(scene.node.logged('not repaired')).toEqual([]);
    expect(scene.node.logged('comparison failed')).toEqual([]);
  });

  test('K11: a FORWARD chain that begins to drop is opened, and again when it is flushed', async () => {
    const { node } = scene;
    const accepts = () => node.sh('iptables-nft -S FORWARD').split('berth: forwards').length - 1;
    for (const harm of ['-P FORWARD DROP', '-F FORWARD']) {
      node.sh(`iptables-nft ${harm}`);
      await until(WITHIN_MS, 'it is open', () => accepts() === 2);
    }
    node.sh('iptables-nft -P FORWARD ACCEPT');
  });

  test('`why` tells what the pod had lost, `status` that all kinds of change are heard', async () => {
    expect((await scene.node.why(scene.pod.ip)).join('\n')).toContain('had lost');
    expect(JSON.parse(await scene.node.ask('GET /v1/status'))).toMatchObject({ repairLimits: [], ready: true });
  });

  test('what is not ours is not touched', async () => {
    const { node } = scene;
    const foreign = `
ip link add foreign0 type bridge; ip link set foreign0 up; ip address add 198.51.100.1/24 dev foreign0
ip route add 203.0.113.0/24 dev up0; ip rule add to 203.0.113.0/24 lookup 77 priority 900
ip neighbour add 192.0.2.77 lladdr 02:00:00:00:00:77 dev up0 nud permanent
nft add table inet foreign; nft add chain inet foreign here; nft add rule inet foreign here counter
POD address add 203.0.113.9/32 dev eth0; POD route add 203.0.113.128/25 dev eth0
POD link add own type bridge; POD rule add from 203.0.113.9 lookup 77 priority 901`;
    const kept = () =>
      node.run(
        'sh',
        '-c',
        scene.words(`ip -o link show foreign0 | cut -d: -f2- ; ip -o -4 address show foreign0
ip route show 203.0.113.0/24; ip rule; ip neighbour show dev up0 nud permanent; nft list table inet foreign
POD -o address show dev eth0 | grep -o 203.0.113.9; POD route show 203.0.113.128/25; POD rule; POD -o link show own`),
      );
    node.run('sh', '-ec', scene.words(foreign));
    const before = kept();
    for (const harm of ['nft delete table inet berth', 'ip route flush proto 98', 'POD route delete default'])
      await scene.mended(harm);
    await node.end('SIGKILL');
    await node.start();
    expect(kept()).toBe(before);
  });

  test('what stands in the place of ours is left, told once, hinders no other repair, and no ADD', async () => {
    const { node } = scene;
    node.sh('ip -n p1 route replace default dev eth0');
    await until(3_000, 'it is told', () => node.logged('not repaired').length > 0);
    const counted = await node.metric('berth_repaired_items_total');
    expect(await scene.mended('ip route delete IP')).toBeLessThan(WITHIN_MS);
    await until(1_000, 'it is counted', async () => (await node.metric('berth_repaired_items_total')) > counted);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(node.logged('not repaired')).toMatchObject([{ item: expect.stringContaining('route 0.0.0.0/0') }]);
    expect(node.ip('-n p1 route show default')).toMatchObject([{ dst: 'default', dev: 'eth0', scope: 'link' }]);
    const { ready, degraded } = JSON.parse(await node.ask('GET /v1/status')) as { ready: boolean; degraded: string[] };
    expect(ready).toBe(true);
    expect(degraded.join()).toContain('1 part of pods’ own network is missing');
    node.sh('ip -n p1 route delete default dev eth0');
    await until(WITHIN_MS, 'ours is back', () => node.sh('ip -n p1 route show default').includes('169.254.1.1'));
  });

  test('a MAC that a plugin behind us gives to the pod stays, and its neighbour on the node follows', async () => {
    const { node, pod } = scene;
    node.sh('ip -n p1 link set eth0 address 02:11:22:33:44:55');
    await until(3_000, 'the neighbour follows', () =>
      node.sh(`ip neighbour show dev ${pod.hostLink} nud permanent`).includes('02:11:22:33:44:55'),
    );
    expect(node.sh('ip -n p1 -o link show dev eth0')).toContain('02:11:22:33:44:55');
  });

  test('the pod goes with everything', async () => {
    const { node, pod } = scene;
    expect(await node.del('p1')).toMatchObject({ exitCode: 0 });
    expect(node.sh('ip -o link show')).not.toContain(pod.hostLink);
    expect(node.elements('pods4')).not.toContain(`${pod.ip} `);
  });
});
