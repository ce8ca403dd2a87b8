import { type KubeObject, loose } from './object.ts';

/** What is kept of a StatefulSet: the pods that it wants, by their ordinals. */
export interface StatefulSetShape {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly replicas: number;
  readonly start: number; // spec.ordinals.start
}

/** Reads a StatefulSet. Without `replicas` it wants one. */
export function readStatefulSet({ metadata, spec }: KubeObject): StatefulSetShape {
  const { replicas, ordinals } = loose(spec);
  const { start } = loose(ordinals);
  return {
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    uid: metadata.uid,
    replicas: typeof replicas === 'number' ? replicas : 1,
    start: typeof start === 'number' ? start : 0,
  };
}
