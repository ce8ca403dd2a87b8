import { listed } from '../base/words.ts';
import type { Refusal } from './refusal.ts';

/** Refusals of pods that are to have security groups, and so a NIC, of their own. */
type PodNicRefusal = Extract<
  Refusal,
  { readonly why: 'no-pod-nic' | 'pod-nic-limit' | 'not-on-pod-nic' | 'pod-groups-unknown' }
>;

/** As `sentence` of refusal-words.ts. */
export function podNicSentence(refusal: PodNicRefusal): string {
  switch (refusal.why) {
    case 'no-pod-nic':
      return `the pod's own NIC, with ${listed(refusal.groups)}, could not be had: ${refusal.because}`;
    case 'pod-nic-limit':
      return `the pod is to have a NIC of its own, with ${listed(refusal.groups)}, and ${trunk(refusal)}`;
    case 'not-on-pod-nic':
      return `the pod has a NIC of its own, with ${listed(refusal.groups)}, and cannot have ${refusal.what} there`;
    case 'pod-groups-unknown':
      return `whether the pod is to have security groups of its own is not known: ${refusal.because}`;
  }
}

/** As `advice` of refusal-words.ts. */
export function podNicAdvice(refusal: PodNicRefusal): string {
  switch (refusal.why) {
    case 'no-pod-nic':
      return 'the runtime asks again by itself; should it last, see to the groups, the subnet and what the role that asks may do: docs/aws.md, Security groups of single pods';
    case 'pod-nic-limit':
      return refusal.limit === 0
        ? 'let the pod run on a node of a type that has a trunk; a pod that asks for berth.dev/pod-nic is only sent where there is one'
        : 'let the pod run on another node, or take a larger instance type; a pod that asks for berth.dev/pod-nic is only sent where there is one';
    case 'not-on-pod-nic':
      return refusal.inStandard === true ? 'leave it out, or set cloud.podGroups to standard' : 'leave it out';
    case 'pod-groups-unknown':
      return 'the runtime asks again by itself; should it last, see to the way from this node to the API server';
  }
}

function trunk({ limit, held, resting, going }: Extract<PodNicRefusal, { why: 'pod-nic-limit' }>): string {
  if (limit === 0) return "this node's instance type has no trunk, or none that Berth knows of";
  const back = going === 0 ? '' : `, and ${going} are being given back`;
  return `this node's trunk carries ${limit} at most: ${held} are held by pods and ${resting} rest after one${back}`;
}
