import { mkdirSync, writeFileSync } from 'node:fs';
import { type Enter, into, run } from '../demo/processes.ts';
import type { Ground, Post } from './ground.ts';

const ROUTER = ['172.30.0.1', 'fd30::1'] as const;
const PODS = ['10.250.0.0/16', 'fd25::/48'] as const;
const CONTROL: Post = { name: 'control', addresses: ['172.30.0.2', 'fd30::2'] };

/**
 * Nodes with ranges of their own on one switch. The namespaces that we are in become its router, which knows no way out
 * of this machine, and get an own /run, so that nobody can take our network namespaces away.
 */
export function switchGround(workers: number): Ground {
  run('mount', ['-t', 'tmpfs', 'tmpfs', '/run']);
  mkdirSync('/run/netns', { recursive: true });
  run('ip', ['link', 'set', 'lo', 'up']);
  for (const family of ['ipv4/ip_forward', 'ipv6/conf/all/forwarding']) writeFileSync(`/proc/sys/net/${family}`, '1');
  run('ip', ['link', 'add', 'switch', 'type', 'bridge', 'mcast_snooping', '0']);
  addAddresses([], 'switch', ROUTER);
  run('ip', ['link', 'set', 'switch', 'up']);
  const posts = Array.from({ length: workers }, (_, i) => workerPost(i + 1));
  return { control: CONTROL, workers: posts, pods: PODS, splits: true, agent: {}, enter: plug };
}

function workerPost(i: number): Post {
  return { name: `node-${i}`, addresses: [`172.30.0.${10 + i}`, `fd30::${10 + i}`] };
}

/** A network namespace with a cable to the switch and default routes through it; the way in. */
function plug({ name, addresses }: Post): Enter {
  run('ip', ['netns', 'add', name]);
  run('ip', ['link', 'add', `to-${name}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name]);
  run('ip', ['link', 'set', `to-${name}`, 'master', 'switch', 'up']);
  const there = ['-n', name];
  addAddresses(there, 'eth0', addresses);
  run('ip', [...there, 'link', 'set', 'eth0', 'up']);
  for (const router of ROUTER) run('ip', [...there, 'route', 'add', 'default', 'via', router]);
  return into(name);
}

/** IPv6 without duplicate address detection: a kubelet wants to be called at once. */
function addAddresses(there: readonly string[], link: string, addresses: readonly string[]): void {
  for (const address of addresses) {
    const how = address.includes(':') ? [`${address}/64`, 'dev', link, 'nodad'] : [`${address}/24`, 'dev', link];
    run('ip', [...there, 'address', 'add', ...how]);
  }
}
