import type { InformerDoors } from '../../io/kube/informer.ts';
import { BERTH_NODES, type BerthNodeShape, readBerthNode } from '../../wire/kube/crd/berth-node.ts';
import { type ClusterNodeShape, readClusterNode } from '../../wire/kube/cluster-node.ts';
import { NODES } from '../../wire/kube/resource.ts';
import { Source } from './source.ts';

/** The cluster as the controller sees it: one copy of each kind, followed where somebody wants it. */
export interface Sources {
  readonly nodes: Source<ClusterNodeShape>;
  readonly berthNodes: Source<BerthNodeShape>;
}

/** Nothing is asked yet. */
export function openSources(doors: InformerDoors): Sources {
  return {
    nodes: new Source(doors, { resource: NODES }, readClusterNode),
    berthNodes: new Source(doors, { resource: BERTH_NODES }, readBerthNode),
  };
}

/** All of them, whatever they are of. */
export function everySource(sources: Sources): readonly Source<unknown>[] {
  return Object.values(sources) as Source<unknown>[];
}
