import type { Millis } from '../../base/clock.ts';
import { type KubeObject, loose, looseList, text } from './object.ts';
import { timeText } from './time.ts';

/** What an agent looks at of its own Node, besides what it keeps of every Node. */
export interface OwnNodeShape {
  readonly taints: readonly string[]; // their keys
  readonly resources: Readonly<Record<string, number>>; // of status.capacity, those of our domain
  readonly conditions: readonly ConditionShape[];
}

export interface ConditionShape {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
}

/** A condition to write. */
export interface ConditionWords extends ConditionShape {
  readonly message: string;
}

const DOMAIN = 'berth.dev/';
/** Those that the kubelet writes again and again are not kept. */
const KUBELETS = ['MemoryPressure', 'DiskPressure', 'PIDPressure', 'Ready'];

/** Reads an agent's own Node. */
export function readOwnNode({ spec, status }: KubeObject): OwnNodeShape {
  const { capacity, conditions } = loose(status);
  const ours = Object.entries(loose(capacity)).filter(([name]) => name.startsWith(DOMAIN));
  return {
    taints: looseList(loose(spec)['taints']).map(({ key }) => text(key)),
    resources: Object.fromEntries(ours.map(([name, count]) => [name, Number(count)])),
    conditions: looseList(conditions)
      .map(({ type, status: is, reason }) => ({ type: text(type), status: text(is), reason: text(reason) }))
      .filter(({ type }) => !KUBELETS.includes(type)),
  };
}

/**
 * A merge patch that takes a taint away from a Node, whatever its effect, or gives it one; refused when the Node is
 * another by now, for its taints are one list to the API. Undefined: it is so already.
 */
export function taintPatch(node: KubeObject, key: string, effect: 'NoSchedule' | undefined): object | undefined {
  const taints = looseList(loose(node['spec'])['taints']);
  if (taints.some((it) => it['key'] === key) === (effect !== undefined)) return undefined;
  const others = taints.filter((it) => it['key'] !== key);
  const { resourceVersion } = node.metadata;
  return {
    metadata: { resourceVersion },
    spec: { taints: effect === undefined ? others : [...others, { key, effect }] },
  };
}

/** A strategic merge patch of a Node's status: these conditions, so much of these resources, all else as it is. */
export function writeNodeStatus(
  conditions: readonly ConditionWords[],
  resources: Readonly<Record<string, number>>,
  now: Millis,
): object {
  const at = timeText(now);
  const told = conditions.map((it) => ({ ...it, lastHeartbeatTime: at, lastTransitionTime: at }));
  const counts = Object.fromEntries(Object.entries(resources).map(([name, count]) => [name, String(count)]));
  return {
    status: {
      ...(told.length === 0 ? {} : { conditions: told }),
      ...(Object.keys(counts).length === 0 ? {} : { capacity: counts, allocatable: counts }),
    },
  };
}
