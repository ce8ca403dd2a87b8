/** Where Berth lies in its image. */
export const PREFIX = '/opt/berth';

/** Where the agent's container has the node's folders of the CNI. */
export const HOST_CNI = { executables: '/host/opt/cni/bin', configurations: '/host/etc/cni/net.d' } as const;

/** How much a replica of the controller may keep: 5,000 nodes with 150,000 pods fit. */
export const CONTROLLER_FLAGS = ['--max-old-space-size=512'] as const;

/** As deploy/berth starts the agent, where there is a shell. */
export const AGENT_FLAGS = [
  '--max-semi-space-size=1',
  '--max-old-space-size=96',
  '--no-parallel-scavenge',
  '--v8-pool-size=1',
] as const;
