import type { Learnt } from '../../core/cluster/learnt.ts';
import type { AgentConfig } from '../../io/config/agent-config.ts';

/**
 * A configuration with what was learnt of the cluster. The file's own ranges go before those of the Node, and so does
 * its entry of a node before what the cluster tells of it.
 */
export function clusterConfig(file: AgentConfig, { ranges, peers, cluster }: Learnt): AgentConfig {
  if (file.provider !== 'podcidr') return file;
  const { network } = file;
  const written = new Set(network.peers.map(({ name }) => name));
  return {
    ...file,
    network: {
      ...network,
      ranges: network.ranges.length > 0 ? network.ranges : ranges,
      peers: [...network.peers, ...peers.filter(({ name }) => !written.has(name))],
      cluster: [...new Set([...network.cluster, ...cluster])],
    },
  };
}
