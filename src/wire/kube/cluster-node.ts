import { type KubeObject, loose, looseList, text } from './object.ts';

/** What the controller keeps of a Node. */
export interface ClusterNodeShape {
  readonly name: string;
  readonly uid: string;
  readonly ready: boolean; // its kubelet says so, and is heard
  readonly provider: string; // spec.providerID: "aws:///eu-west-1a/i-0123"; '': none yet
}

/** Reads a Node as the controller sees it. */
export function readClusterNode({ metadata, spec, status }: KubeObject): ClusterNodeShape {
  const conditions = looseList(loose(status)['conditions']);
  const ready = conditions.find(({ type }) => type === 'Ready')?.['status'] === 'True';
  return { name: metadata.name, uid: metadata.uid, ready, provider: text(loose(spec)['providerID']) };
}
