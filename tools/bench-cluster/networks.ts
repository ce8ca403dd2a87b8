import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Cluster, Worker } from '../cluster/cluster.ts';
import { run } from '../demo/processes.ts';
import { referencePlugins } from '../reference-plugins.ts';

/** Who gives a node's pods their network. */
export type Network = 'berth' | 'bridge';

export const NETWORKS: readonly Network[] = ['berth', 'bridge'];

/** One execution of a plugin, as native/bench/timed.c tells it. */
export interface Timing {
  readonly plugin: string;
  readonly verb: string;
  readonly ms: number;
  readonly pod: string;
}

const [BIN, REAL, LISTS] = ['/opt/cni/bin', '/opt/cni/real', '/etc/cni/net.d'] as const;
const TIMES = '/run/cni-times';
const OURS = ['bridge', 'portmap'];

/** Before Berth's own by name, and so the one that a runtime takes; with a dot before it, it takes no notice. */
const [AWAY, THERE] = [join(LISTS, '.bridge'), join(LISTS, '00-bridge.conflist')] as const;

/** The executables of each network's plugins: their time is the network's. */
export const PLUGINS: Readonly<Record<Network, readonly string[]>> = { berth: ['berth-cni'], bridge: OURS };

/** The runtime's own, beside either: it brings up a link that is there, and nothing else. */
export const LOOPBACK = 'loopback';

/** Puts the reference plugins beside Berth on each node, and a clock before each plugin. Answers their version. */
export function prepareNetworks({ workers }: Cluster): string {
  const { directory, version } = referencePlugins();
  const timed = resolve('build/bench-timed');
  run('cc', ['-O2', '-static', '-o', timed, 'native/bench/timed.c']);
  for (const [i, { node }] of workers.entries()) {
    const at = (folder: string, name: string) => node.outside(join(folder, name));
    mkdirSync(node.outside(REAL));
    for (const name of [...OURS, 'host-local']) copyFileSync(join(directory, name), at(BIN, name));
    for (const name of [...OURS, ...PLUGINS.berth, LOOPBACK]) {
      node.run('mv', join(BIN, name), join(REAL, name)); // another file system: no rename from here
      copyFileSync(timed, at(BIN, name));
    }
    node.write(AWAY, JSON.stringify(bridgeList(i + 1)));
  }
  return version;
}

/** All nodes' next pods are of this network. A runtime notices within a moment: who wants to be sure tries one. */
export function switchTo(network: Network, workers: readonly Worker[]): void {
  for (const { node } of workers) {
    const [away, there] = [node.outside(AWAY), node.outside(THERE)];
    if (network === 'bridge' && existsSync(away)) renameSync(away, there);
    if (network === 'berth' && existsSync(there)) renameSync(there, away);
  }
}

/** Every execution of a plugin on these nodes so far. */
export function timingsOf(workers: readonly Worker[]): readonly Timing[] {
  return workers.flatMap(({ node }) => {
    const file = node.outside(TIMES);
    const lines = existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : [];
    return lines.map(timing);
  });
}

/** One line of the file. */
export function timing(line: string): Timing {
  const [plugin = '', verb = '', us = '', pod = ''] = line.split(' ');
  return { plugin, verb, ms: Number(us) / 1_000, pod };
}

/** The usual bridge with its IPAM and host ports, and without masquerading: the least that it can do. */
function bridgeList(i: number): object {
  const ipam = { type: 'host-local', ranges: [[{ subnet: `10.251.${i}.0/24` }]], routes: [{ dst: '0.0.0.0/0' }] };
  const bridge = { type: 'bridge', bridge: 'cni0', isGateway: true, ipam };
  const plugins = [bridge, { type: 'portmap', capabilities: { portMappings: true } }];
  return { cniVersion: '1.0.0', name: 'bridge', plugins };
}
