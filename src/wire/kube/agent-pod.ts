import { type KubeObject, loose, looseList, text } from './object.ts';

/** What the controller keeps of an agent's pod. */
export interface AgentPodShape {
  readonly node: string; //   '': not bound to one yet
  readonly ready: boolean; // its probe succeeds, as its kubelet says
}

/** Reads the pod of an agent. */
export function readAgentPod({ spec, status }: KubeObject): AgentPodShape {
  const conditions = looseList(loose(status)['conditions']);
  const ready = conditions.some(({ type, status: is }) => type === 'Ready' && is === 'True');
  return { node: text(loose(spec)['nodeName']), ready };
}
