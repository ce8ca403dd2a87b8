import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Netns } from '../../src/io/kernel/netns.ts';
import { Place } from '../../src/io/kernel/place.ts';
import {
  readAddresses,
  readForwarding,
  readLinks,
  readNeighbours,
  readRoutes,
  readRules,
} from '../../src/io/kernel/readings.ts';
import { tableOf } from '../../src/wire/rtnetlink/route.ts';
import { mayUnshare, Namespace } from './namespace.ts';

// A namespace as somebody may have it, read by our codec and by `ip -j`: the two must say the same.
const MESS = `
  ip link set lo up
  ip link add a0 mtu 1400 address 02:00:00:00:00:01 type veth peer name b0
  ip link set a0 up; ip link set b0 up; ip link set a0 alias 'with a name'
  ip link add br0 type bridge; ip link add c0 type veth peer name d0; ip link set c0 master br0; ip link set br0 up
  ip link add vx0 type vxlan id 42 local 192.0.2.1 dstport 4789 nolearning; ip link set vx0 up
  ip addr add 192.0.2.1/24 brd + dev a0; ip addr add 10.0.0.1 peer 10.0.0.2/32 dev a0; ip addr add 10.5.0.1/16 dev br0
  ip addr add 2001:db8::1/64 dev a0 nodad; ip addr add 2001:db8::2/128 dev lo
  ip route add default via 192.0.2.254; ip route add 198.51.100.0/24 dev a0 proto 98 mtu 1300 src 192.0.2.1
  ip route add 10.9.0.0/16 via 192.0.2.7 table 1000 metric 7; ip route add unreachable 10.8.0.0/16 metric 4000
  ip route add blackhole 10.7.0.0/16; ip route add 10.6.0.0/16 nexthop via 192.0.2.8 nexthop via 192.0.2.9
  ip -6 route add default via 2001:db8::fe dev a0; ip -6 route add fd00::/8 dev a0 table 77
  ip rule add from 10.0.0.0/8 to 10.9.0.0/16 iif a0 fwmark 0x80/0xff lookup 1000 priority 512
  ip rule add not from 10.1.0.0/16 lookup main suppress_prefixlength 0 priority 600
  ip -6 rule add from 2001:db8::/64 lookup 77 priority 700
  ip neigh add 192.0.2.50 lladdr 02:00:00:00:00:50 dev a0; ip neigh add 2001:db8::50 lladdr 02:00:00:00:00:51 dev a0
  bridge fdb add 02:00:00:00:00:52 dev vx0 dst 192.0.2.99
`;

type Line = Readonly<Record<string, unknown>>;
/** Fields as one line; for those that a side leaves out, "-". */
const line = (...fields: readonly unknown[]) =>
  fields.map((field) => (field === undefined ? '-' : JSON.stringify(field))).join(' ');
const sorted = (lines: readonly string[]) => [...lines].sort();

describe.skipIf(!mayUnshare)('in a namespace', () => {
  let node: Namespace;
  let place: Place;
  beforeEach(() => {
    node = Namespace.make();
    node.run(MESS);
    place = Place.open(Netns.open(node.path), 0x40000123);
  });
  afterEach(() => {
    place.close();
    place.netns.close();
    node.close();
  });
  const nameOf = (index: number | undefined) => readLinks(place).find((link) => link.index === index)?.name;

  test('links', () => {
    const ours = readLinks(place).map((link) =>
      line(link.name, link.index, link.mtu, link.mac, link.alias, link.kind?.kind, nameOf(link.master)),
    );
    const theirs = node.ip('-d link').map((link: Line) => {
      const kind = (link['linkinfo'] as Line | undefined)?.['info_kind'];
      const rest = [link['address'], link['ifalias'], kind, link['master']];
      return line(link['ifname'], link['ifindex'], link['mtu'], ...rest);
    });
    expect(sorted(ours)).toEqual(sorted(theirs));
    expect(ours.length).toBe(7);
  });

  test('addresses', () => {
    const ours = readAddresses(place).map((one) => `${nameOf(one.index)} ${one.local ?? one.address}/${one.length}`);
    const theirs = node
      .ip('addr')
      .flatMap((link: Line) =>
        (link['addr_info'] as Line[]).map((one) => `${link['ifname']} ${one['local']}/${one['prefixlen']}`),
      );
    expect(sorted(ours)).toEqual(sorted(theirs));
    expect(ours).toContain('a0 10.0.0.1/32');
  });

  test('routes of all tables', () => {
    const tables = new Map<unknown, number>([
      [undefined, 254],
      ['main', 254],
      ['local', 255],
      ['default', 253],
    ]);
    const ours = readRoutes(place).map((route) => {
      const to = route.length === 0 ? 'default' : route.destination;
      return line(
        to,
        route.gateway,
        nameOf(route.outIndex),
        tableOf(route),
        route.priority ?? 0,
        route.metrics?.mtu ?? 0,
        route.preferredSource,
      );
    });
    const theirs = [...node.ip('route show table all'), ...node.ip('-6 route show table all')].map((route: Line) => {
      const table = tables.get(route['table']) ?? Number(route['table']);
      const metrics = (route['metrics'] as Line[] | undefined)?.[0]?.['mtu'] ?? 0;
      const to = String(route['dst']).replace(/\/\d+$/, '');
      return line(to, route['gateway'], route['dev'], table, route['metric'] ?? 0, metrics, route['prefsrc']);
    });
    expect(sorted(ours)).toEqual(sorted([...new Set(theirs)]));
    expect(ours).toContain(line('198.51.100.0', undefined, 'a0', 254, 0, 1300, '192.0.2.1'));
  });

  test('rules', () => {
    const tables = new Map<unknown, number>([
      ['main', 254],
      ['local', 255],
      ['default', 253],
    ]);
    const ours = readRules(place).map((rule) =>
      line(rule.priority ?? 0, rule.source ?? 'all', rule.destination, rule.inName, rule.mark ?? 0, tableOf(rule)),
    );
    const theirs = [...node.ip('rule'), ...node.ip('-6 rule')].map((rule: Line) => {
      const table = tables.get(rule['table']) ?? Number(rule['table']);
      return line(rule['priority'], rule['src'], rule['dst'], rule['iif'], Number(rule['fwmark'] ?? 0), table);
    });
    expect(sorted(ours)).toEqual(sorted(theirs));
    expect(ours).toContain(line(512, '10.0.0.0', '10.9.0.0', 'a0', 128, 1000));
  });

  test('neighbours and forwarding entries', () => {
    const index = readLinks(place).find(({ name }) => name === 'a0')?.index ?? 0;
    const ours = readNeighbours(place, index)
      .filter(({ state }) => state === 0x80)
      .map((one) => `${one.destination} ${one.mac}`);
    const theirs = node.ip('neigh show dev a0 nud permanent').map((one: Line) => `${one['dst']} ${one['lladdr']}`);
    expect(sorted(ours)).toEqual(sorted(theirs));
    expect(ours.length).toBe(2);
    const vxlan = readLinks(place).find(({ name }) => name === 'vx0')?.index ?? 0;
    const forwarding = readForwarding(place, vxlan).map((one) => `${one.mac} ${one.destination}`);
    const entries = JSON.parse(node.run('bridge -j fdb show dev vx0')).map(
      (one: Line) => `${one['mac']} ${one['dst']}`,
    );
    expect(sorted(forwarding)).toEqual(sorted(entries));
  });
});
