import * as z from 'zod';
import type { KubeObject } from '../object.ts';
import type { Resource } from '../resource.ts';
import { BERTH_GROUP } from './group.ts';
import { type Definition, typeOf } from './definition.ts';

/** What a node's agent tells of its addresses, by family. */
const family = z
  .object({
    family: z.enum(['v4', 'v6']),
    config: z.string().optional().describe('The NICConfig that its NICs stand by; absent: none.'),
    held: z.string().describe('Addresses that the node holds for pods: decimal, an IPv6 range has many.'),
    used: z.int().describe('Claimed by pods.'),
    free: z.string().describe('Ready to be given now.'),
    cooling: z.int().describe('Given back a moment ago, and resting.'),
    coming: z.int().describe('Asked of the cloud, or on a NIC that is being set up.'),
    waiting: z.int().describe('Pods that wait for an address.'),
  })
  .describe('The addresses of one family, and of one NICConfig where there are such.');

const nic = z
  .object({
    id: z.string(),
    device: z.int(),
    subnet: z.string(),
    state: z.string().describe('ready, preparing, unsure, leaving or others.'),
    used: z.int(),
    free: z.int(),
    cooling: z.int(),
  })
  .describe('One NIC of the node.');

const refusal = z
  .object({
    at: z.string().meta({ format: 'date-time' }).describe('When: RFC 3339.'),
    why: z.string().describe('A word: the label of berth_refusals_total.'),
    says: z.string().describe('The sentence of `berth why`.'),
    pod: z.string().optional().describe('namespace/name.'),
  })
  .describe('The last ADD that was refused.');

const status = z
  .object({
    version: z.string().describe('Of the agent.'),
    provider: z.string().describe('Where addresses come from.'),
    ready: z.boolean().describe('Whether an ADD now would be served.'),
    problems: z.array(z.string()).describe('Why the node is not well, in sentences.'),
    nics: z.int().describe('NICs attached.'),
    used: z.int().describe('Addresses claimed by pods; of two families the scarcer.'),
    free: z.string().describe('Ready to be given to pods that ask for no NICConfig; of two families the scarcer.'),
    cooling: z.int().describe('Addresses that rest.'),
    families: z.array(family),
    nicList: z.array(nic),
    lastRefusal: refusal.optional(),
  })
  .describe("What the node's agent told last.");

/** The status of a BerthNode. */
export type BerthNodeStatus = z.output<typeof status>;

export const BERTH_NODES: Resource = {
  group: BERTH_GROUP,
  version: 'v1alpha1',
  plural: 'berthnodes',
  kind: 'BerthNode',
  namespaced: false,
};

/** `kubectl get berthnodes`: one for each Node, of its name. The node's agent writes it, the controller removes it. */
export const BERTH_NODE: Definition = {
  resource: BERTH_NODES,
  singular: 'berthnode',
  shortNames: ['bn'],
  about: 'The addresses of one node, as its agent tells them.',
  schema: z.object({ status: status.optional() }),
  statusPart: true,
  columns: [
    { name: 'Ready', type: 'boolean', path: '.status.ready', about: 'Whether an ADD now would be served.' },
    { name: 'NICs', type: 'integer', path: '.status.nics', about: 'NICs attached.' },
    { name: 'Used', type: 'integer', path: '.status.used', about: 'Addresses claimed by pods.' },
    { name: 'Free', type: 'string', path: '.status.free', about: 'Addresses ready to be given.' },
    { name: 'Cooling', type: 'integer', path: '.status.cooling', about: 'Addresses that rest.' },
    { name: 'Last-Refusal', type: 'string', path: '.status.lastRefusal.why', about: 'Why an ADD was refused last.' },
    { name: 'Refused', type: 'date', path: '.status.lastRefusal.at', about: 'When that was.' },
    { name: 'Provider', type: 'string', path: '.status.provider', about: 'Where addresses come from.', priority: 1 },
    { name: 'Version', type: 'string', path: '.status.version', about: 'Of the agent.', priority: 1 },
    { name: 'Age', type: 'date', path: '.metadata.creationTimestamp', about: 'Since when there is an agent.' },
  ],
};

/** What the controller keeps of a BerthNode. */
export interface BerthNodeShape {
  readonly name: string;
  readonly uid: string;
}

/** Reads a BerthNode as far as the controller wants to know it. */
export function readBerthNode({ metadata: { name, uid } }: KubeObject): BerthNodeShape {
  return { name, uid };
}

/** What is applied so that there is one. */
export function writeBerthNode(name: string): object {
  return { ...typeOf(BERTH_NODE), metadata: { name } };
}

/** What is applied to its status. */
export function writeBerthNodeStatus(name: string, told: BerthNodeStatus): object {
  return { ...writeBerthNode(name), status: told };
}

/** The status of a BerthNode; undefined: its agent has told none, or what it told is none. */
export function readBerthNodeStatus(object: KubeObject): BerthNodeStatus | undefined {
  const { data } = status.safeParse(object['status']);
  return data;
}
