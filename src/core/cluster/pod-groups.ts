import { fitsLabels, type Labels, type LabelSelector } from './label-selector.ts';

/** An object that gives pods of its namespace security groups of their own. */
export interface GroupPolicy {
  readonly kind: 'PodSecurityGroups' | 'SecurityGroupPolicy';
  readonly namespace: string;
  readonly name: string;
  readonly pods?: LabelSelector; //            absent: whatever the pod's labels are
  readonly serviceAccounts?: LabelSelector; // absent: whatever its service account's are
  readonly groups: readonly string[];
}

/** A pod as policies look at it. */
export interface GroupedPod {
  readonly namespace: string;
  readonly labels: Labels;
  readonly serviceAccount: Labels | undefined; // its labels; undefined: nobody knows
}

/**
 * The security groups of all policies that a pod fits, each once, in order; none: it has those of its node. A policy
 * that selects by nothing, or names no group, is passed over, as AWS's controller does. 'unknown': it hangs on the
 * labels of a service account that nobody knows.
 */
export function groupsOfPod(policies: readonly GroupPolicy[], pod: GroupedPod): readonly string[] | 'unknown' {
  const groups = new Set<string>();
  for (const policy of policies) {
    if (policy.namespace !== pod.namespace || !isMeant(policy)) continue;
    if (policy.pods !== undefined && !fitsLabels(policy.pods, pod.labels)) continue;
    if (policy.serviceAccounts !== undefined) {
      if (pod.serviceAccount === undefined) return 'unknown';
      if (!fitsLabels(policy.serviceAccounts, pod.serviceAccount)) continue;
    }
    for (const group of policy.groups) groups.add(group);
  }
  return [...groups].toSorted();
}

/** Whether some policy of a namespace asks for labels of service accounts. */
export function asksForAccounts(policies: readonly GroupPolicy[], namespace: string): boolean {
  return policies.some((it) => it.namespace === namespace && it.serviceAccounts !== undefined && isMeant(it));
}

function isMeant({ pods, serviceAccounts, groups }: GroupPolicy): boolean {
  return groups.length > 0 && (pods !== undefined || serviceAccounts !== undefined);
}
