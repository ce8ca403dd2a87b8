import type { InformerDoors } from '../../io/kube/informer.ts';
import { BERTH_NODES, type BerthNodeShape, readBerthNode } from '../../wire/kube/crd/berth-node.ts';
import { type ClusterNodeShape, readClusterNode } from '../../wire/kube/cluster-node.ts';
import { readStaticAddress, STATIC_ADDRESSES, type StaticAddressShape } from '../../wire/kube/crd/static-address.ts';
import { ENI_CONFIGS, NIC_CONFIGS, type NicConfigShape, readNicConfig } from '../../wire/kube/crd/nic-config.ts';
import {
  POD_SECURITY_GROUPS,
  type PodGroupsShape,
  readPodSecurityGroups,
  readSecurityGroupPolicy,
  SECURITY_GROUP_POLICIES,
} from '../../wire/kube/crd/pod-security-groups.ts';
import { type AgentPodShape, readAgentPod } from '../../wire/kube/agent-pod.ts';
import { NODES, PODS, STATEFUL_SETS } from '../../wire/kube/resource.ts';
import { readStatefulSet, type StatefulSetShape } from '../../wire/kube/stateful-set.ts';
import { type NOT_STATIC, readStaticPod, type StaticPodShape } from '../../wire/kube/static-pod.ts';
import { Source } from './source.ts';

/** What the manifest gives the agents' pods. */
const AGENT_LABEL = 'app.kubernetes.io/name=berth';

/** The cluster as the controller sees it: one copy of each kind, followed where somebody wants it. */
export interface Sources {
  readonly nodes: Source<ClusterNodeShape>;
  readonly berthNodes: Source<BerthNodeShape>;
  readonly staticAddresses: Source<StaticAddressShape>;
  readonly staticPods: Source<StaticPodShape | typeof NOT_STATIC>;
  readonly statefulSets: Source<StatefulSetShape>;
  readonly agents: Source<AgentPodShape>; // those of the DaemonSet
  readonly nicConfigs: Source<NicConfigShape>;
  readonly podSecurityGroups: Source<PodGroupsShape>;
  readonly securityGroupPolicies: Source<PodGroupsShape>; // AWS's as well
  readonly eniConfigs: Source<NicConfigShape>; // AWS's; their definition may not be installed
}

/** Nothing is asked yet. */
export function openSources(doors: InformerDoors, namespace: string): Sources {
  const agents = { resource: PODS, namespace, labels: AGENT_LABEL };
  return {
    nodes: new Source(doors, { resource: NODES }, readClusterNode),
    berthNodes: new Source(doors, { resource: BERTH_NODES }, readBerthNode),
    staticAddresses: new Source(doors, { resource: STATIC_ADDRESSES }, readStaticAddress),
    staticPods: new Source(doors, { resource: PODS }, readStaticPod),
    statefulSets: new Source(doors, { resource: STATEFUL_SETS }, readStatefulSet),
    agents: new Source(doors, agents, readAgentPod),
    nicConfigs: new Source(doors, { resource: NIC_CONFIGS }, readNicConfig),
    podSecurityGroups: new Source(doors, { resource: POD_SECURITY_GROUPS }, readPodSecurityGroups),
    securityGroupPolicies: new Source(doors, { resource: SECURITY_GROUP_POLICIES }, readSecurityGroupPolicy, {
      mayBeUnknown: true,
    }),
    eniConfigs: new Source(doors, { resource: ENI_CONFIGS }, readNicConfig, { mayBeUnknown: true }),
  };
}

/** All of them, whatever they are of. */
export function everySource(sources: Sources): readonly Source<unknown>[] {
  return Object.values(sources) as Source<unknown>[];
}
