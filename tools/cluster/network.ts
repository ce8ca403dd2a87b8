// The network of a cluster whose nodes have ranges: this very namespace is a router with one switch, and knows no way
// out of the machine.
import { mkdirSync, writeFileSync } from 'node:fs';
import { type Enter, into, run } from '../demo/processes.ts';

/** A machine on the switch. */
export interface Post {
  readonly name: string;
  readonly address: string;
}

const ROUTER = '172.30.0.1';
const BITS = 24;

/** The control plane's, and the workers' one after the other. */
export const CONTROL: Post = { name: 'control', address: '172.30.0.2' };

export function worker(i: number): Post {
  return { name: `node-${i}`, address: `172.30.0.${10 + i}` };
}

/** All pods' addresses, and those of the machines. */
export const PODS = '10.250.0.0/16';

/** Makes the switch in the namespaces we are in, with an own /run so that nobody can take our namespaces away. */
export function makeSwitch(): void {
  run('mount', ['-t', 'tmpfs', 'tmpfs', '/run']);
  mkdirSync('/run/netns', { recursive: true });
  run('ip', ['link', 'set', 'lo', 'up']);
  writeFileSync('/proc/sys/net/ipv4/ip_forward', '1');
  run('ip', ['link', 'add', 'switch', 'type', 'bridge', 'mcast_snooping', '0']);
  run('ip', ['address', 'add', `${ROUTER}/${BITS}`, 'dev', 'switch']);
  run('ip', ['link', 'set', 'switch', 'up']);
}

/** A network namespace with a cable to the switch and a default route through it; the way in. */
export function plug({ name, address }: Post): Enter {
  run('ip', ['netns', 'add', name]);
  run('ip', ['link', 'add', `to-${name}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name]);
  run('ip', ['link', 'set', `to-${name}`, 'master', 'switch', 'up']);
  const there = ['-n', name];
  run('ip', [...there, 'address', 'add', `${address}/${BITS}`, 'dev', 'eth0']);
  run('ip', [...there, 'link', 'set', 'eth0', 'up']);
  run('ip', [...there, 'route', 'add', 'default', 'via', ROUTER]);
  return into(name);
}
