import * as z from 'zod';
import { type KubeObject, loose, looseList, text, texts, textsByName } from '../object.ts';
import type { Resource } from '../resource.ts';
import type { Definition } from './definition.ts';
import { BERTH_GROUP } from './group.ts';

const expression = z.object({
  key: z.string(),
  operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']),
  values: z.array(z.string()).optional(),
});

const selector = (about: string) =>
  z
    .object({
      matchLabels: z.record(z.string(), z.string()).optional(),
      matchExpressions: z.array(expression).optional(),
    })
    .optional()
    .describe(about);

const spec = z
  .object({
    podSelector: selector('Labels of the pods. Empty: all of the namespace.'),
    serviceAccountSelector: selector("Labels of the pods' service accounts. With both selectors, both must fit."),
    securityGroups: z.array(z.string()).min(1).max(16).describe('Their ids: the cloud allows five for a NIC.'),
  })
  .describe('Which pods, and which groups. A pod has those of all objects that it fits, from when it is made.');

export const POD_SECURITY_GROUPS: Resource = {
  group: BERTH_GROUP,
  version: 'v1alpha1',
  plural: 'podsecuritygroups',
  kind: 'PodSecurityGroups',
  namespaced: true,
};

/** AWS's own kind, "Security groups for pods", Amazon EKS User Guide: read as it is, where the cluster has it. */
export const SECURITY_GROUP_POLICIES: Resource = {
  group: 'vpcresources.k8s.aws',
  version: 'v1beta1',
  plural: 'securitygrouppolicies',
  kind: 'SecurityGroupPolicy',
  namespaced: true,
};

/** `kubectl get podsecuritygroups`: which pods have security groups of their own. */
export const POD_SECURITY_GROUPS_DEFINITION: Definition = {
  resource: POD_SECURITY_GROUPS,
  singular: 'podsecuritygroups',
  shortNames: ['psg'],
  about: 'Security groups of the cloud that pods of the namespace have instead of those of their node.',
  schema: z.object({ spec }),
  statusPart: false,
  columns: [
    { name: 'Groups', type: 'string', path: '.spec.securityGroups', about: 'The groups that pods get.' },
    { name: 'Pods', type: 'string', path: '.spec.podSelector.matchLabels', about: 'Labels of the pods.' },
    {
      name: 'Accounts',
      type: 'string',
      path: '.spec.serviceAccountSelector.matchLabels',
      about: 'Labels of their service accounts.',
      priority: 1,
    },
    { name: 'Age', type: 'date', path: '.metadata.creationTimestamp', about: 'Since when.' },
  ],
};

/** What is kept of an object that gives pods groups. */
export interface PodGroupsShape {
  readonly kind: 'PodSecurityGroups' | 'SecurityGroupPolicy';
  readonly namespace: string;
  readonly name: string;
  readonly pods?: SelectorShape;
  readonly serviceAccounts?: SelectorShape;
  readonly groups: readonly string[];
}

/** A LabelSelector; what Kubernetes would refuse is passed over. */
export interface SelectorShape {
  readonly labels: Readonly<Record<string, string>>;
  readonly expressions: readonly {
    readonly key: string;
    readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
    readonly values: readonly string[];
  }[];
}

export function readPodSecurityGroups(object: KubeObject): PodGroupsShape {
  return readAny('PodSecurityGroups', object, texts(loose(object['spec'])['securityGroups']));
}

export function readSecurityGroupPolicy(object: KubeObject): PodGroupsShape {
  const { groupIds } = loose(loose(object['spec'])['securityGroups']);
  return readAny('SecurityGroupPolicy', object, texts(groupIds));
}

function readAny(
  kind: PodGroupsShape['kind'],
  { metadata, ...of }: KubeObject,
  groups: readonly string[],
): PodGroupsShape {
  const { podSelector, serviceAccountSelector } = loose(of['spec']);
  return {
    kind,
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    ...(podSelector === undefined ? {} : { pods: readSelector(podSelector) }),
    ...(serviceAccountSelector === undefined ? {} : { serviceAccounts: readSelector(serviceAccountSelector) }),
    groups,
  };
}

const OPERATORS = ['In', 'NotIn', 'Exists', 'DoesNotExist'] as const;

function readSelector(value: unknown): SelectorShape {
  const { matchLabels, matchExpressions } = loose(value);
  return {
    labels: textsByName(matchLabels),
    expressions: looseList(matchExpressions).flatMap(({ key, operator, values }) => {
      const known = OPERATORS.find((it) => it === operator);
      return known === undefined ? [] : [{ key: text(key), operator: known, values: texts(values) }];
    }),
  };
}
