import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Agent, agentConfig, agentOf, type Place } from './agent.ts';
import { Cri } from './cri.ts';
import { type Containerd, startContainerd, TestNode, until } from './node.ts';

/** A node with an agent and a runtime. */
export interface Member {
  readonly place: Place;
  readonly node: TestNode;
  readonly containerd: Containerd;
  readonly cri: Cri;
  readonly agent: Agent;
}

export interface ClusterSpec {
  readonly nodes: number;
  readonly cniVersion: '1.0.0' | '1.1.0';
  readonly containerd: { readonly folder?: string; readonly version: 2 | 3 };
}

const READY_MS = 20_000;

/**
 * Nodes on one switch, each with containerd and an agent, the conflist written when the agent is ready. End it with
 * `end`.
 */
export async function makeCluster(
  spec: ClusterSpec,
): Promise<{ members: readonly Member[]; end: () => Promise<void> }> {
  const nodes: TestNode[] = [];
  const end = async () => {
    for (const node of nodes) await node.end();
  };
  try {
    const fabric = await makeFabric();
    nodes.push(fabric);
    const places = Array.from({ length: spec.nodes }, (_, i) => placeOf(i + 1));
    const members: Member[] = [];
    for (const place of places) {
      const node = await TestNode.make(place.name);
      nodes.push(node);
      plug(fabric, node, place);
      members.push(await startMember(node, place, places, spec));
    }
    return { members, end };
  } catch (error) {
    await end();
    throw error;
  }
}

/** Where the i-th node stands. */
export function placeOf(i: number): Place {
  return {
    name: `n${i}`,
    addresses: [`172.31.0.1${i}`, `fd31::1${i}`],
    ranges: [`10.78.${i}.0/24`, `fd78:${i}::/64`],
  };
}

/** A fabric: a switch that nodes are plugged into. */
export async function makeFabric(): Promise<TestNode> {
  const fabric = await TestNode.make('fabric');
  fabric.run('ip', 'link', 'add', 'sw', 'type', 'bridge', 'mcast_snooping', '0');
  fabric.run('ip', 'link', 'set', 'sw', 'up');
  return fabric;
}

/** A cable from the node's eth0 to the switch. */
export function plug(fabric: TestNode, node: TestNode, place: Place): void {
  const add = [
    'ip',
    'link',
    'add',
    `to-${place.name}`,
    'type',
    'veth',
    'peer',
    'name',
    'eth0',
    'netns',
    String(node.pid),
  ];
  const { status, stderr } = spawnSync('nsenter', ['-t', String(fabric.pid), '--net', '--', ...add], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`cannot plug ${place.name} in: ${stderr}`);
  fabric.run('ip', 'link', 'set', `to-${place.name}`, 'master', 'sw', 'up');
  for (const address of place.addresses)
    node.run(
      'ip',
      'address',
      'add',
      address.includes(':') ? `${address}/64` : `${address}/24`,
      'dev',
      'eth0',
      ...(address.includes(':') ? ['nodad'] : []),
    );
  node.run('ip', 'link', 'set', 'eth0', 'up');
}

async function startMember(node: TestNode, place: Place, places: readonly Place[], spec: ClusterSpec): Promise<Member> {
  const netDir = join(node.folder, 'net.d');
  const binDir = join(node.folder, 'bin');
  mkdirSync(binDir, { recursive: true });
  copyFileSync('build/berth-cni', join(binDir, 'berth-cni'));
  copyFileSync('/usr/lib/cni/loopback', join(binDir, 'loopback')); // containerd calls it for every sandbox, besides the network's plugins
  const config = join(node.folder, 'agent.yaml');
  writeFileSync(config, JSON.stringify(agentConfig(node, place, places)));
  const agent = agentOf(node, config);
  await agent.start();
  // the executable finds the agent at its standard places: /run is the node's own, the spool is told by environment
  const containerd = await startContainerd(node, netDir, binDir, {
    ...spec.containerd,
    env: { BERTH_SPOOL: join(node.folder, 'spool') },
  });
  const plugin = { type: 'berth-cni', capabilities: { portMappings: true, bandwidth: true, dns: true } };
  writeFileSync(join(netDir, '.tmp'), JSON.stringify({ cniVersion: spec.cniVersion, name: 'pods', plugins: [plugin] }));
  node.run('mv', join(netDir, '.tmp'), join(netDir, '10-berth.conflist'));
  const cri = new Cri(containerd.socket);
  await until(READY_MS, `the network of ${place.name} is ready`, async () => (await cri.networkReady()).ready);
  return { place, node, containerd, cri, agent };
}
