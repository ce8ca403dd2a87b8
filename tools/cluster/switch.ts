import { mkdirSync, writeFileSync } from 'node:fs';
import { type Enter, into, run } from '../demo/processes.ts';
import type { Ground, Post } from './ground.ts';

const PODS = ['10.250.0.0/16', 'fd25::/48'] as const;
/** In the first subnet. */
const CONTROL: Post = { name: 'control', addresses: ['172.30.0.2', 'fd30::2'] };
/** The router's routes for what the control plane sends. */
const OF_CONTROL = ['table', '100'] as const;

/**
 * Nodes with ranges of their own, in one subnet or in turn in several, a switch each. The namespaces that we are in
 * become their router, which knows no way out of this machine, and pods' ranges only for the control plane's packets:
 * between nodes of two subnets there is no way for pods but a tunnel. They get an own /run, so that nobody can take our
 * network namespaces away.
 */
export function switchGround({ workers, subnets }: { readonly workers: number; readonly subnets: number }): Ground {
  run('mount', ['-t', 'tmpfs', 'tmpfs', '/run']);
  mkdirSync('/run/netns', { recursive: true });
  run('ip', ['link', 'set', 'lo', 'up']);
  for (const forwarding of ['ipv4/ip_forward', 'ipv6/conf/all/forwarding']) setting(forwarding, '1');
  for (const links of ['all', 'default']) setting(`ipv4/conf/${links}/rp_filter`, '0'); // pods answer the control plane
  for (let i = 0; i < subnets; i++) addSwitch(i);
  for (const address of CONTROL.addresses)
    run('ip', [...family(address), 'rule', 'add', 'from', address, ...OF_CONTROL]);
  const posts = Array.from({ length: workers }, (_, i) => workerPost(i + 1, i % subnets));
  return { control: CONTROL, workers: posts, pods: PODS, splits: true, agent: {}, enter: plug, teach };
}

function setting(name: string, value: string): void {
  writeFileSync(`/proc/sys/net/${name}`, value);
}

/** A switch and the router's addresses on it. */
function addSwitch(subnet: number): void {
  const link = switchOf(subnet);
  run('ip', ['link', 'add', link, 'type', 'bridge', 'mcast_snooping', '0']);
  addAddresses([], link, addressesIn(subnet, 1));
  run('ip', ['link', 'set', link, 'up']);
}

function workerPost(i: number, subnet: number): Post {
  return { name: `node-${i}`, addresses: addressesIn(subnet, 10 + i) };
}

function addressesIn(subnet: number, host: number): readonly [string, string] {
  return [`172.30.${subnet}.${host}`, subnet === 0 ? `fd30::${host}` : `fd30:${subnet}::${host}`];
}

function subnetOf({ addresses: [v4] }: Post): number {
  return Number(v4.split('.')[2]);
}

function switchOf(subnet: number): string {
  return `switch-${subnet}`;
}

/** A network namespace with a cable to its switch and default routes through it; the way in. */
function plug(post: Post): Enter {
  const { name, addresses } = post;
  const subnet = subnetOf(post);
  run('ip', ['netns', 'add', name]);
  run('ip', ['link', 'add', `to-${name}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name]);
  run('ip', ['link', 'set', `to-${name}`, 'master', switchOf(subnet), 'up']);
  const there = ['-n', name];
  addAddresses(there, 'eth0', addresses);
  run('ip', [...there, 'link', 'set', 'eth0', 'up']);
  for (const router of addressesIn(subnet, 1)) run('ip', [...there, 'route', 'add', 'default', 'via', router]);
  return into(name);
}

/** IPv6 without duplicate address detection: a kubelet wants to be called at once. */
function addAddresses(there: readonly string[], link: string, addresses: readonly string[]): void {
  for (const address of addresses) {
    const how = address.includes(':') ? [`${address}/64`, 'dev', link, 'nodad'] : [`${address}/24`, 'dev', link];
    run('ip', [...there, 'address', 'add', ...how]);
  }
}

/** What the control plane sends to pods goes by the router to their node. */
function teach(range: string, { addresses }: Post): void {
  const via = addresses.find((address) => address.includes(':') === range.includes(':'));
  if (via !== undefined) run('ip', ['route', 'add', range, 'via', via, ...OF_CONTROL]);
}

function family(address: string): readonly string[] {
  return address.includes(':') ? ['-6'] : [];
}
