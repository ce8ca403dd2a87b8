import { address, interfaceAddress, prefix } from '../../base/ip.ts';
import { attachmentId } from '../../core/attachment.ts';
import { type NodeDatapath, nodePlan } from '../../core/datapath/node-plan.ts';
import type { Item, LinkRef, Plan } from '../../core/datapath/plan.ts';
import { hostLinkName, type PodDatapath, podMacs, podPlan } from '../../core/datapath/pod-plan.ts';

// The plans that the cases of the kernel's door are played with: real ones, of a node without an uplink.

const node: NodeDatapath = {
  nodeName: 'scene',
  mode: 'routed',
  bridge: 'cni0',
  ranges: [prefix('10.0.3.0/24'), prefix('fd00:3::/64')],
  cluster: [prefix('10.0.0.0/16')],
  masquerade: { enabled: true, except: [], ports: 'kept' },
  checkSources: true,
  peers: [],
  tunnel: { use: 'auto', vni: 4077, port: 4789 },
  forwardAccept: false,
  mtuBytes: 'auto',
  uplink: undefined,
};

export const routedNode: Plan = nodePlan(node);
export const bridgeNode: Plan = nodePlan({ ...node, mode: 'bridge' });

const far = {
  name: 'far',
  addresses: [address('198.51.100.9')],
  ranges: [prefix('10.0.5.0/24'), prefix('fd00:5::/64')],
};

/** A node with a tunnel. It ends at an address of the bridge, the only one that a bare namespace can have. */
export function tunnelNode(more: Partial<NodeDatapath> = {}): Plan {
  const uplink = { name: 'cni0', mtuBytes: 1500, addresses: [interfaceAddress('10.0.3.1/24')] };
  return nodePlan({ ...node, mode: 'bridge', uplink, peers: [far], ...more });
}

/**
 * Node plans as one configuration after the other could ask for them: each step alters, adds and takes away something
 * else.
 */
export const nodeHistory: readonly Plan[] = [
  nodePlan(node),
  nodePlan({ ...node, cluster: [prefix('10.0.0.0/12')], masquerade: { ...node.masquerade, enabled: false } }),
  nodePlan({ ...node, mode: 'bridge' }),
  tunnelNode(),
  tunnelNode({ mtuBytes: 1400, peers: [{ ...far, ranges: [prefix('10.0.5.0/24'), prefix('10.0.6.0/24')] }] }),
  tunnelNode({ tunnel: { use: 'auto', vni: 7, port: 8472 }, forwardAccept: true }),
  tunnelNode({ peers: [{ ...far, addresses: [address('10.0.3.9')] }] }), // now on our link
  nodePlan({ ...node, ranges: [prefix('10.0.3.0/24')] }),
];

/** The n-th pod's plan, dual stack: by default routed, with a port of the host and a rate. */
export function podOf(n: number, more: { ifname?: string; ordinal?: number; mode?: 'routed' | 'bridge' } = {}): Plan {
  const { ifname = 'eth0', ordinal = 0, mode = 'routed' } = more;
  const id = attachmentId({ network: 'pods', containerId: `c${n}`, ifname });
  const addresses = [address(`10.0.3.${n}`), address(`fd00:3::${n}`)];
  const bridged: (PodDatapath & { mode: 'bridge' })['addresses'] = [
    { address: interfaceAddress(`10.0.3.${n}/24`), gateway: address('10.0.3.1') },
    { address: interfaceAddress(`fd00:3::${n}/64`), gateway: address('fd00:3::1') },
  ];
  return podPlan({
    id,
    ifname,
    hostLink: hostLinkName(id),
    ...podMacs(id),
    mtuBytes: 1450,
    ordinal,
    ports: [{ protocol: 'tcp', hostPort: 8000 + n, containerPort: 80 }],
    bandwidth: { ingress: { rateBits: 80_000_000, burstBits: 800_000 } },
    ...(mode === 'routed' ? { mode, addresses } : { mode, bridge: 'cni0', addresses: bridged }),
  });
}

/** The first item of a kind. */
export function one<K extends Item['kind']>(plan: Plan, kind: K): Item & { kind: K } {
  const found = plan.find((item): item is Item & { kind: K } => item.kind === kind);
  if (found === undefined) throw new Error(`scene: the plan has no ${kind}`);
  return found;
}

export function hostLinkOf(plan: Plan): LinkRef {
  return one(plan, 'veth').host;
}
