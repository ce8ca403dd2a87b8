import { type KubeObject, loose, looseList, text } from './object.ts';

/** What the controller keeps of a Node. */
export interface ClusterNodeShape {
  readonly name: string;
  readonly uid: string;
  readonly ready: boolean; // its kubelet says so, and is heard
  readonly provider: string; // spec.providerID: "aws:///eu-west-1a/i-0123"; '': none yet
  readonly served: boolean; //  an agent has told of itself
  readonly tainted: boolean; // with the taint of nodes without an agent
}

const TAINT = 'node.berth.dev/not-ready';

/** Reads a Node as the controller sees it. */
export function readClusterNode({ metadata, spec, status }: KubeObject): ClusterNodeShape {
  const conditions = looseList(loose(status)['conditions']);
  return {
    name: metadata.name,
    uid: metadata.uid,
    provider: text(loose(spec)['providerID']),
    served: conditions.some(({ reason }) => text(reason).startsWith('Berth')),
    ready: conditions.some(({ type, status: is }) => type === 'Ready' && is === 'True'),
    tainted: looseList(loose(spec)['taints']).some(({ key }) => key === TAINT),
  };
}
