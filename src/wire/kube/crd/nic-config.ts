import * as z from 'zod';
import { type KubeObject, loose, text, texts } from '../object.ts';
import type { Resource } from '../resource.ts';
import type { Definition } from './definition.ts';
import { BERTH_GROUP } from './group.ts';

const spec = z
  .object({
    subnet: z.string().min(1).describe("The subnet of the NICs, of the node's zone."),
    securityGroups: z
      .array(z.string())
      .max(16)
      .optional()
      .describe('Their security groups. Absent: as NICs have that no NICConfig is asked for.'),
  })
  .describe('Where NICs stand that are made by it. A change holds for those that are made from then on.');

export const NIC_CONFIGS: Resource = {
  group: BERTH_GROUP,
  version: 'v1alpha1',
  plural: 'nicconfigs',
  kind: 'NICConfig',
  namespaced: false,
};

/** AWS's own kind, which says the same: "CNI custom networking", Amazon EKS User Guide. */
export const ENI_CONFIGS: Resource = {
  group: 'crd.k8s.amazonaws.com',
  version: 'v1alpha1',
  plural: 'eniconfigs',
  kind: 'ENIConfig',
  namespaced: false,
};

/** `kubectl get nicconfigs`: one for each place that pods' NICs may stand in. */
export const NIC_CONFIG: Definition = {
  resource: NIC_CONFIGS,
  singular: 'nicconfig',
  shortNames: ['nicconf'],
  about: "Where pods' NICs stand: of the nodes that name it, and of the pods that ask for it.",
  schema: z.object({ spec }),
  statusPart: false,
  columns: [
    { name: 'Subnet', type: 'string', path: '.spec.subnet', about: 'Of the NICs.' },
    { name: 'Groups', type: 'string', path: '.spec.securityGroups', about: 'Of the NICs; empty: the usual ones.' },
    { name: 'Age', type: 'date', path: '.metadata.creationTimestamp', about: 'Since when it is there.' },
  ],
};

/** What is kept of a NICConfig or ENIConfig. */
export interface NicConfigShape {
  readonly name: string;
  readonly subnet: string; // '': it says none, and is as if it were not there
  readonly groups: readonly string[];
}

/** Reads either. */
export function readNicConfig({ metadata, ...of }: KubeObject): NicConfigShape {
  const { subnet, securityGroups } = loose(of['spec']);
  return { name: metadata.name, subnet: text(subnet).trim(), groups: texts(securityGroups) };
}

/** What Berth's own kind and AWS's say together: of one name, Berth's own. */
export function nicConfigsOf(
  own: Iterable<NicConfigShape>,
  others: Iterable<NicConfigShape>,
): readonly NicConfigShape[] {
  const named = new Map([...others, ...own].flatMap((it) => (it.subnet === '' ? [] : [[it.name, it] as const])));
  return [...named.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** The annotation or label of a Node that names its NICConfig. */
export const NODE_NIC_CONFIG = 'berth.dev/nic-config';
/** The label by which somebody else than the operator names it: aws-node looks there first. */
const EXTERNAL = 'vpc.amazonaws.com/externalEniConfig';
/** What a Node uses that names none, as with aws-node. */
export const DEFAULT_NIC_CONFIG = 'default';

/**
 * The NICConfig that a Node names, in aws-node's order: Berth's own name first, then the label for others, then the
 * key, as an annotation before a label.
 */
export function nodeNicConfig({ metadata }: KubeObject, key: string): string {
  const [annotations, labels] = [loose(metadata['annotations']), loose(metadata['labels'])];
  const said = [annotations[NODE_NIC_CONFIG], labels[NODE_NIC_CONFIG], labels[EXTERNAL], annotations[key], labels[key]];
  return said.map(text).find((it) => it !== '') ?? DEFAULT_NIC_CONFIG;
}
