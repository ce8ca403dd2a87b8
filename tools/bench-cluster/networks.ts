import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Cluster, Worker } from '../cluster/cluster.ts';
import { run } from '../demo/processes.ts';
import { referencePlugins } from '../reference-plugins.ts';

/** Who gives a node's pods their network. The least is a pair of links and an address (native/bench/least.c). */
export type Network = 'berth' | 'bridge' | 'least';

export const NETWORKS: readonly Network[] = ['berth', 'bridge', 'least'];

/** One execution of a plugin, as native/bench/timed.c tells it. */
export interface Timing {
  readonly plugin: string;
  readonly verb: string;
  readonly ms: number;
  readonly pod: string;
}

const [BIN, REAL, LISTS] = ['/opt/cni/bin', '/opt/cni/real', '/etc/cni/net.d'] as const;
const TIMES = '/run/cni-times';

/** The executables of each network's plugins: their time is the network's. */
export const PLUGINS: Readonly<Record<Network, readonly string[]>> = {
  berth: ['berth-cni'],
  bridge: ['bridge', 'portmap'],
  least: ['least'],
};

/** The runtime's own, beside either: it brings up a link that is there, and nothing else. */
export const LOOPBACK = 'loopback';

/** Puts the reference plugins beside Berth on each node, and a clock before each plugin. Answers their version. */
export function prepareNetworks({ workers }: Cluster): string {
  const { directory, version } = referencePlugins();
  const [timed, least] = [compiled('timed'), compiled('least')];
  for (const [i, { node }] of workers.entries()) {
    const at = (folder: string, name: string) => node.outside(join(folder, name));
    mkdirSync(node.outside(REAL));
    for (const name of [...PLUGINS.bridge, 'host-local']) copyFileSync(join(directory, name), at(BIN, name));
    copyFileSync(least, at(BIN, 'least'));
    for (const name of [...Object.values(PLUGINS).flat(), LOOPBACK]) {
      node.run('mv', join(BIN, name), join(REAL, name)); // another file system: no rename from here
      copyFileSync(timed, at(BIN, name));
    }
    node.write(awayOf('bridge'), JSON.stringify(bridgeList(i + 1)));
    node.write(awayOf('least'), JSON.stringify(leastList(i + 1)));
  }
  return version;
}

/** A program of native/bench, built. */
function compiled(name: string): string {
  const program = resolve(`build/bench-${name}`);
  run('cc', ['-O2', '-static', '-o', program, `native/bench/${name}.c`]);
  return program;
}

/** Before Berth's own by name, and so the one that a runtime takes. */
function thereOf(network: Network): string {
  return join(LISTS, `00-${network}.conflist`);
}

/** Of a name with a dot before it a runtime takes no notice. */
function awayOf(network: Network): string {
  return join(LISTS, `.${network}`);
}

/** All nodes' next pods are of this network. A runtime notices within a moment: who wants to be sure tries one. */
export function switchTo(network: Network, workers: readonly Worker[]): void {
  for (const { node } of workers)
    for (const other of NETWORKS) {
      const [away, there] = [node.outside(awayOf(other)), node.outside(thereOf(other))];
      if (other === network && existsSync(away)) renameSync(away, there);
      if (other !== network && existsSync(there)) renameSync(there, away);
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

function leastList(i: number): object {
  return { cniVersion: '1.0.0', name: 'least', plugins: [{ type: 'least', prefix: `10.252.${i}.` }] };
}
