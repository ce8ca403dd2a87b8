import { type KubeObject, loose, text } from './object.ts';

/** What the controller keeps of a Node. */
export interface ClusterNodeShape {
  readonly name: string;
  readonly uid: string;
  readonly provider: string; // spec.providerID: "aws:///eu-west-1a/i-0123"; '': none yet
}

/** Reads a Node as the controller sees it. */
export function readClusterNode({ metadata, spec }: KubeObject): ClusterNodeShape {
  return { name: metadata.name, uid: metadata.uid, provider: text(loose(spec)['providerID']) };
}
