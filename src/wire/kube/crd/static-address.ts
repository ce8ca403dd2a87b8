import * as z from 'zod';
import { type Address, address } from '../../../base/ip.ts';
import { type KubeObject, loose, text, texts } from '../object.ts';
import type { Resource } from '../resource.ts';
import { readTime, timeText } from '../time.ts';
import type { Definition } from './definition.ts';
import { BERTH_GROUP } from './group.ts';

const owner = z
  .object({ kind: z.string(), name: z.string(), uid: z.string() })
  .describe('The StatefulSet that the pod is of.');

const spec = z
  .object({
    owner,
    retention: z.string().describe('So long the address is kept when the pod is wanted no more: "24h", or "Never".'),
    conflict: z.enum(['retry', 'renew']).describe('When it cannot be had: the pod waits, or gets another.'),
    node: z.string().describe('The one node that may have the address now; empty: none.'),
    next: z.string().describe('Where the pod is: the node above shall let go of the address. Empty: it stays.'),
    unusedSince: z.string().meta({ format: 'date-time' }).optional().describe('Nobody wants the pod since then.'),
  })
  .describe('Who may have the address. The controller writes it.');

const condition = z
  .object({
    type: z.string(),
    status: z.enum(['True', 'False', 'Unknown']),
    reason: z.string(),
    message: z.string(),
    lastTransitionTime: z.string().meta({ format: 'date-time' }),
  })
  .describe('Ready: the address is where it may be, or can be had there.');

const STATES = ['Pending', 'InUse', 'Kept', 'Released', 'Lost'] as const;

const status = z
  .object({
    node: z.string().describe('Who has it; empty: nobody.'),
    addresses: z.array(z.string()).describe('The addresses of the name, IPv4 first.'),
    nic: z.string().describe('Of a cloud: where they are, or were left; empty once they were let go of.'),
    state: z.enum(STATES).describe('Lost: it cannot be had on the node.'),
    message: z.string(),
    conditions: z.array(condition).optional(),
  })
  .describe('What the agent of the node told last.');

export const STATIC_ADDRESSES: Resource = {
  group: BERTH_GROUP,
  version: 'v1alpha1',
  plural: 'staticaddresses',
  kind: 'StaticAddress',
  namespaced: true,
};

/** `kubectl get staticaddresses`: one for each pod that keeps its address, of the pod's name. */
export const STATIC_ADDRESS: Definition = {
  resource: STATIC_ADDRESSES,
  singular: 'staticaddress',
  shortNames: ['sa-ip'],
  about: 'The address of a pod of a StatefulSet, which stays its own.',
  schema: z.object({ spec, status: status.optional() }),
  statusPart: true,
  selectable: ['.spec.node'],
  columns: [
    { name: 'Address', type: 'string', path: '.status.addresses[0]', about: 'The first of its addresses.' },
    { name: 'State', type: 'string', path: '.status.state', about: 'What the node told last.' },
    { name: 'Node', type: 'string', path: '.spec.node', about: 'Who may have it.' },
    { name: 'Retention', type: 'string', path: '.spec.retention', about: 'How long it is kept unused.' },
    { name: 'Unused', type: 'date', path: '.spec.unusedSince', about: 'Since when nobody wants the pod.' },
    { name: 'Next', type: 'string', path: '.spec.next', about: 'Where it is wanted.', priority: 1 },
    { name: 'Message', type: 'string', path: '.status.message', about: 'Why it is lost.', priority: 1 },
    { name: 'Age', type: 'date', path: '.metadata.creationTimestamp', about: 'Since when it is kept.' },
  ],
};

/** What is kept of a StaticAddress. */
export interface StaticAddressShape {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly version: string;
  readonly spec: {
    readonly owner: { readonly kind: string; readonly name: string; readonly uid: string };
    readonly retention: string;
    readonly conflict: 'retry' | 'renew';
    readonly node: string;
    readonly next: string;
    readonly unusedSince: number | undefined;
  };
  readonly status: {
    readonly node: string;
    readonly addresses: readonly Address[];
    readonly nic: string;
    readonly state: (typeof STATES)[number];
    readonly message: string;
  };
}

/** Reads a StaticAddress. What is no address is passed over. */
export function readStaticAddress({ metadata, ...of }: KubeObject): StaticAddressShape {
  const [wanted, told] = [loose(of['spec']), loose(of['status'])];
  const { kind, name, uid } = loose(wanted['owner']);
  const since = text(wanted['unusedSince']);
  return {
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    uid: metadata.uid,
    version: metadata.resourceVersion,
    spec: {
      owner: { kind: text(kind), name: text(name), uid: text(uid) },
      retention: text(wanted['retention']),
      conflict: wanted['conflict'] === 'renew' ? 'renew' : 'retry',
      node: text(wanted['node']),
      next: text(wanted['next']),
      unusedSince: since === '' ? undefined : readTime(since),
    },
    status: {
      node: text(told['node']),
      addresses: texts(told['addresses']).flatMap(addressOf),
      nic: text(told['nic']),
      state: STATES.find((it) => it === told['state']) ?? 'Pending',
      message: text(told['message']),
    },
  };
}

function addressOf(said: string): readonly Address[] {
  try {
    return [address(said)];
  } catch {
    return [];
  }
}

/** The spec as the API server has it. What is undefined is taken away by a merge. */
export function writeStaticSpec({ unusedSince, ...spec }: StaticAddressShape['spec']): object {
  return { ...spec, unusedSince: unusedSince === undefined ? null : timeText(unusedSince) };
}

/** The status as the API server has it, with the condition that tools wait for. `changedAt`: when the state began. */
export function writeStaticStatus(status: StaticAddressShape['status'], changedAt: number): object {
  const { state, message } = status;
  const ready = state === 'InUse' || state === 'Kept' ? 'True' : 'False';
  const condition = { type: 'Ready', status: ready, reason: state, message, lastTransitionTime: timeText(changedAt) };
  return { ...status, conditions: [condition] };
}
