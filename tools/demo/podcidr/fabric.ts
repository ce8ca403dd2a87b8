// The network between the demo's nodes: this very namespace is a router with two switches and a link to the outside.
//   n1 172.30.1.11 ─┐
//   n2 172.30.1.12 ─┤ sw1 172.30.1.1 ═ router ═ sw2 172.30.2.1 ├─ n3 172.30.2.13
//                              │ out 192.0.2.1 ── outside 192.0.2.10 (RFC 5737)
// The router knows the nodes and the outside, and no pod: a pod is heard of through routes or a tunnel of Berth, or
// not at all.
import { mkdirSync, writeFileSync } from 'node:fs';
import { into, run } from '../processes.ts';

export interface DemoNode {
  readonly name: string;
  readonly switch: 'sw1' | 'sw2';
  readonly addresses: readonly [string, string]; // IPv4, IPv6
  readonly ranges: readonly [string, string];
}

export const NODES: readonly DemoNode[] = [
  { name: 'n1', switch: 'sw1', addresses: ['172.30.1.11', 'fd30:1::11'], ranges: ['10.77.1.0/24', 'fd77:1::/64'] },
  { name: 'n2', switch: 'sw1', addresses: ['172.30.1.12', 'fd30:1::12'], ranges: ['10.77.2.0/24', 'fd77:2::/64'] },
  { name: 'n3', switch: 'sw2', addresses: ['172.30.2.13', 'fd30:2::13'], ranges: ['10.77.3.0/24', 'fd77:3::/64'] },
];

export const OUTSIDE = { name: 'outside', addresses: ['192.0.2.10', '2001:db8::10'] } as const;

/** Probes for duplicate addresses: without them a new link speaks IPv6 at once instead of after two seconds. */
const DAD = 'net/ipv6/conf/default/dad_transmits';

/** The router's own addresses on each switch. */
const SWITCHES = {
  sw1: ['172.30.1.1', 'fd30:1::1'],
  sw2: ['172.30.2.1', 'fd30:2::1'],
  out: ['192.0.2.1', '2001:db8::1'],
} as const;

/** Makes switches, nodes and the outside in the namespace we are in. */
export function buildFabric(): void {
  run('mount', ['-t', 'tmpfs', 'tmpfs', '/run']);
  mkdirSync('/run/netns', { recursive: true });
  run('ip', ['link', 'set', 'lo', 'up']);
  writeFileSync('/proc/sys/net/ipv4/ip_forward', '1');
  writeFileSync('/proc/sys/net/ipv6/conf/all/forwarding', '1');
  writeFileSync(`/proc/sys/${DAD}`, '0');
  for (const [name, addresses] of Object.entries(SWITCHES)) {
    run('ip', ['link', 'add', name, 'type', 'bridge', 'mcast_snooping', '0']);
    addAddresses([], name, addresses);
    run('ip', ['link', 'set', name, 'up']);
  }
  for (const node of NODES) plug(node.name, node.switch, node.addresses);
  plug(OUTSIDE.name, 'out', OUTSIDE.addresses);
}

/** A namespace with one cable to a switch, and its default routes through it. */
function plug(name: string, toSwitch: keyof typeof SWITCHES, addresses: readonly string[]): void {
  run('ip', ['netns', 'add', name]);
  run(...into(name)('sh', ['-c', `echo 0 > /proc/sys/${DAD}`]));
  run('ip', ['link', 'add', `to-${name}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name]);
  run('ip', ['link', 'set', `to-${name}`, 'master', toSwitch, 'up']);
  const there = ['-n', name];
  run('ip', [...there, 'link', 'set', 'lo', 'up']);
  addAddresses(there, 'eth0', addresses);
  run('ip', [...there, 'link', 'set', 'eth0', 'up']);
  for (const gateway of SWITCHES[toSwitch]) run('ip', [...there, 'route', 'add', 'default', 'via', gateway]);
}

/** IPv6 without duplicate address detection: the demo does not wait for it. */
function addAddresses(there: readonly string[], link: string, addresses: readonly string[]): void {
  for (const address of addresses) {
    const v6 = address.includes(':');
    const suffix = v6 ? ['nodad'] : [];
    run('ip', [...there, 'address', 'add', `${address}/${v6 ? 64 : 24}`, 'dev', link, ...suffix]);
  }
}
