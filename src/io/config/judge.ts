import { bitsOf, contains, familyOf, lengthOf, overlap, type Prefix } from '../../base/ip.ts';
import { HOST_LINK_PREFIX, LEAST_V6_MTU, VXLAN_LINK } from '../../core/datapath/numbers.ts';
import type { AgentConfig, Peer } from './agent-config.ts';
import type { ConfigProblem } from './config-error.ts';

const SHIM_PATIENCE_MS = 90_000; // how long the CNI executable waits for an answer: native/shim

type Found = readonly ConfigProblem[];

/** What cannot be: keys that are fine each by itself and not together. */
export function contradictions(config: AgentConfig): Found {
  return [
    ...cloudRanges(config),
    ...controllerAccess(config),
    ...nicConfigs(config),
    ...ownRanges(config),
    ...peers(config),
    ...names(config),
    ...mtu(config),
    ...sockets(config),
  ];
}

/** What can be, and is probably not meant. */
export function doubts(config: AgentConfig): Found {
  return [...noRange(config), ...outsideCluster(config), ...idleReserved(config), ...longPatience(config)];
}

/** Addresses come from one place. */
function cloudRanges({ provider, network }: AgentConfig): Found {
  if (provider === 'podcidr') return [];
  const ranges =
    network.ranges.length === 0 ? [] : [{ where: 'network.ranges', says: `is for podcidr, not ${provider}` }];
  const mode = network.mode === 'routed' ? [] : [{ where: 'network.mode', says: `${provider} has only routed` }];
  return [...ranges, ...mode];
}

/** The controller is found in a cluster, by the token of a pod. */
function controllerAccess({ provider, cloud, kubernetes }: AgentConfig): Found {
  if (provider === 'podcidr' || cloud.access === 'node' || kubernetes.access === 'in-cluster') return [];
  return [{ where: 'cloud.access', says: 'controller needs kubernetes.access: in-cluster' }];
}

/** They are objects of a cluster. */
function nicConfigs({ provider, cloud, kubernetes }: AgentConfig): Found {
  if (provider === 'podcidr' || cloud.nicConfigs === 'none' || kubernetes.access !== 'none') return [];
  return [{ where: 'cloud.nicConfigs', says: `${cloud.nicConfigs} needs kubernetes.access` }];
}

function ownRanges({ network: { ranges } }: AgentConfig): Found {
  return ranges.flatMap((range, i) => {
    const other = ranges.slice(0, i).find((it) => overlap(it, range));
    return other === undefined ? [] : [{ where: `network.ranges[${i}]`, says: `${range} overlaps ${other}` }];
  });
}

function peers({ nodeName, network }: AgentConfig): Found {
  const taken = new Map<string, string>();
  const others: { range: Prefix; of: string }[] = network.ranges.map((range) => ({ range, of: 'this node' }));
  return network.peers.flatMap((peer, i) => {
    const where = `network.peers[${i}]`;
    const before = taken.get(peer.name);
    if (before !== undefined) return [{ where: `${where}.name`, says: `${peer.name} is already ${before}` }];
    taken.set(peer.name, where);
    const found = [...twoOfAFamily(peer, where)];
    if (peer.name === nodeName) return found; // the whole cluster's list may stand on each node
    peer.ranges.forEach((range, j) => {
      const clash = others.find((it) => overlap(it.range, range));
      if (clash === undefined) others.push({ range, of: peer.name });
      else found.push({ where: `${where}.ranges[${j}]`, says: `${range} overlaps ${clash.range} of ${clash.of}` });
    });
    return found;
  });
}

function twoOfAFamily(peer: Peer, where: string): ConfigProblem[] {
  const families = new Set(peer.addresses.map(familyOf));
  if (families.size === peer.addresses.length) return [];
  return [{ where: `${where}.addresses`, says: 'two addresses of one family: one of each is enough' }];
}

function names({ network: { bridge } }: AgentConfig): Found {
  if (!bridge.startsWith(HOST_LINK_PREFIX) && bridge !== VXLAN_LINK) return [];
  return [{ where: 'network.bridge', says: `${bridge} is a name that other links of ours bear` }];
}

function mtu({ network: { mtuBytes, ranges } }: AgentConfig): Found {
  if (mtuBytes === 'auto' || mtuBytes >= LEAST_V6_MTU || !ranges.some((it) => familyOf(it) === 'v6')) return [];
  return [{ where: 'network.mtu', says: `IPv6 needs at least ${LEAST_V6_MTU} bytes` }];
}

function sockets({ paths }: AgentConfig): Found {
  if (paths.socket !== paths.adminSocket) return [];
  return [{ where: 'paths.adminSocket', says: 'is the same as paths.socket' }];
}

function noRange({ provider, kubernetes, network: { ranges } }: AgentConfig): Found {
  if (provider !== 'podcidr') return [];
  if (ranges.length === 0 && kubernetes.access !== 'none') return []; // they will be learnt
  const empty = 'no range: every ADD will be refused until there is one';
  if (ranges.length === 0) return [{ where: 'network.ranges', says: empty }];
  return ranges.flatMap((range, i) => {
    const spare = bitsOf(familyOf(range)) - lengthOf(range);
    return spare > 1 ? [] : [{ where: `network.ranges[${i}]`, says: `${range} has room for ${2 ** spare} at most` }];
  });
}

/** Once somebody lists the cluster's ranges, all that we know should be inside. */
function outsideCluster({ network: { cluster, ranges, peers: others } }: AgentConfig): Found {
  if (cluster.length === 0) return [];
  const all = [
    ...ranges.map((range, i) => ({ where: `network.ranges[${i}]`, range })),
    ...others.flatMap((peer, i) =>
      peer.ranges.map((range, j) => ({ where: `network.peers[${i}].ranges[${j}]`, range })),
    ),
  ];
  return all.flatMap(({ where, range }) => {
    const families = cluster.filter((it) => familyOf(it) === familyOf(range));
    if (families.length === 0 || families.some((it) => contains(it, range))) return [];
    return [{ where, says: `${range} is outside of network.cluster (${families.join(', ')})` }];
  });
}

function idleReserved({ network: { ranges, reserved } }: AgentConfig): Found {
  return reserved.flatMap((it, i) => {
    const useful = ranges.some((range) => contains(range, it) || (it.includes('/') && contains(it as Prefix, range)));
    return useful ? [] : [{ where: `network.reserved[${i}]`, says: `${it} is in none of network.ranges` }];
  });
}

function longPatience({ pool: { patienceMs } }: AgentConfig): Found {
  if (patienceMs < SHIM_PATIENCE_MS) return [];
  const says = `the CNI executable gives up after ${SHIM_PATIENCE_MS / 1_000}s: its refusal will not say why`;
  return [{ where: 'pool.patience', says }];
}
