import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { has } from '../kernel/space.ts';
import { canRun, until } from './node-space.ts';
import { Scene } from './scene.ts';
import { differing } from './standing.ts';

// What the kernel tells nobody of is found by the comparison of everything: every 30 s, here every second.

const WITHIN_MS = 3_000; // one interval, the comparison itself, and what a busy machine needs to look
const repair = { interval: '1s', delay: '50ms' };
const network = { ranges: ['10.74.0.0/24', 'fd74::/64'] };

const ROUTED: readonly (readonly [string, string])[] = [
  ['route_localnet of a pod with host ports', 'sysctl -qw net.ipv4.conf.HOST.route_localnet=0'],
  ['addr_gen_mode of the host end', 'sysctl -qw net.ipv6.conf.HOST.addr_gen_mode=0'],
  ['lo of a pod set down', 'NETNS ip link set lo down'],
  ['what the pod receives is shaped no more', 'tc qdisc delete dev HOST root'],
  ['what the pod sends is shaped no more', 'NETNS tc qdisc delete dev eth0 root'],
];
const BRIDGED: readonly (readonly [string, string])[] = [
  ['hairpin of the port', 'bridge link set dev HOST hairpin off'],
  ['accept_ra in the pod', 'NETNS sysctl -qw net.ipv6.conf.eth0.accept_ra=2'],
  ['route_localnet of the bridge', 'sysctl -qw net.ipv4.conf.berth0.route_localnet=0'],
];

describe.skipIf(!canRun).each([
  { mode: 'routed', harms: ROUTED, links: [] },
  { mode: 'bridge', harms: BRIDGED, links: ['berth0'] },
])('$mode: what nobody is told of is back with the next comparison', ({ mode, harms, links }) => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await Scene.open({ network: { ...network, mode }, repair }, links);
  }, 60_000);
  afterAll(() => scene?.node.close());

  test.each(harms)('%s', async (_, harm) => {
    const repaired = scene.node.logged('repaired').length;
    await scene.mended(harm, WITHIN_MS);
    await until(1_000, 'it is told', () => scene.node.logged('repaired').length > repaired);
  });

  test.skipIf(!has('iptables-legacy'))('K11: the FORWARD chain of iptables-legacy', async () => {
    const { node } = scene;
    const accepts = () => node.sh('iptables-legacy -S FORWARD').split('berth: forwards').length - 1;
    for (const harm of ['-P FORWARD DROP', '-F FORWARD']) {
      node.sh(`iptables-legacy ${harm}`);
      await until(WITHIN_MS, 'it is open', () => accepts() === 2);
    }
    node.sh('iptables-legacy -P FORWARD ACCEPT');
  });

  test('afterwards all is as it was in the beginning, and nothing failed', () => {
    expect(differing(scene.whole, scene.look())).toBe('');
    expect(scene.node.logged('not repaired')).toEqual([]);
    expect(scene.node.logged('comparison failed')).toEqual([]);
  });
});

describe.skipIf(!canRun || !has('setpriv'))('an agent that may not hear its pods', () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await Scene.open({ network, repair }, []);
    await scene.node.end();
    await scene.node.start(['setpriv', '--bounding-set', '-net_broadcast', '--inh-caps', '-net_broadcast']);
  }, 60_000);
  afterAll(() => scene?.node.close());

  test('says so in log and status', async () => {
    const status = JSON.parse(await scene.node.ask('GET /v1/status')) as { repairLimits: string[]; ready: boolean };
    expect(status.repairLimits).toEqual([expect.stringContaining('found by the comparison every 1 s only')]);
    expect(status.ready).toBe(true);
    await until(1_000, 'it is logged', () => scene.node.logged('pods not heard').length > 0);
    expect(scene.node.logged('pods not heard')).toHaveLength(1);
  });

  test('finds what changes in them by the comparison, and the rest at once', async () => {
    await scene.mended('POD route delete default', WITHIN_MS);
    expect(await scene.mended('ip route delete IP')).toBeLessThan(1_500);
  });
});
