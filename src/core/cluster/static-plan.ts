import type { Millis } from '../../base/clock.ts';
import { ordinalOf, type StaticAddress, type StaticOwner, type StaticSpec } from './static-address.ts';

/** A pod that asks to keep its address. */
export interface StaticPod {
  readonly node: string; // '': not bound yet
  readonly owner: StaticOwner | undefined; // its StatefulSet
  readonly retention: string;
  readonly conflict: 'retry' | 'renew';
}

/** A StatefulSet: the pods that it wants are `start` to `start + replicas - 1` (U39). */
export interface StatefulSetSeen {
  readonly name: string;
  readonly uid: string;
  readonly replicas: number;
  readonly start: number;
}

/** Whether a node can be asked to let go: `silent` and `gone` ones cannot. */
export type NodeSeen = 'there' | 'silent' | 'gone';

/** One name, as the cluster is now. */
export interface StaticSeen {
  readonly name: string; // of the pod
  readonly known: StaticAddress | undefined;
  readonly pod: StaticPod | undefined; // undefined too when it asks for nothing, or has ended
  readonly set: StatefulSetSeen | undefined; // of the pod, else of the record
  readonly holder: NodeSeen; // the node of the record
}

/** What the controller does about it. */
export type StaticAct =
  | { readonly act: 'make'; readonly spec: StaticSpec }
  | { readonly act: 'change'; readonly spec: StaticSpec }
  | { readonly act: 'remove' };

/** The one act there is, and when to look again though nothing changes. */
export interface StaticPlan {
  readonly act?: StaticAct;
  readonly againInMs?: Millis;
}

/**
 * What to do about a name. `retentionMs` of the record; undefined: never given back. The right to the address is with
 * one node at a time, and moves when that node has told that it let go, or nobody can ask it any more: then the cloud
 * takes it away from its NIC.
 */
export function staticPlan(seen: StaticSeen, retentionMs: Millis | undefined, now: Millis): StaticPlan {
  const { known, pod } = seen;
  if (known === undefined) return pod?.owner === undefined || pod.node === '' ? {} : made(pod, pod.owner);
  const wanted = pod?.owner !== undefined;
  if (!wanted && !isWanted(seen)) return unused(seen, known, { retentionMs, now });
  const spec = moved(seen, { ...known.spec, ...(wanted ? askedBy(pod) : {}), unusedSince: undefined });
  return same(spec, known.spec) ? {} : { act: { act: 'change', spec } };
}

function made(pod: StaticPod, owner: StaticOwner): StaticPlan {
  const spec = { ...askedBy(pod), owner, node: pod.node, next: '', unusedSince: undefined };
  return { act: { act: 'make', spec } };
}

function askedBy({ owner, retention, conflict }: StaticPod): Pick<StaticSpec, 'owner' | 'retention' | 'conflict'> {
  return { owner: owner ?? { kind: '', name: '', uid: '' }, retention, conflict };
}

/** Whether the StatefulSet will make a pod of this name. */
function isWanted({ name, set }: StaticSeen): boolean {
  const ordinal = set === undefined ? undefined : ordinalOf(name, set.name);
  if (set === undefined || ordinal === undefined) return false;
  return ordinal >= set.start && ordinal < set.start + set.replicas;
}

/** Kept for its time, from the moment that nobody wanted it; then it is as any other address. */
function unused(
  seen: StaticSeen,
  { spec: before }: StaticAddress,
  { retentionMs, now }: { readonly retentionMs: Millis | undefined; readonly now: Millis },
): StaticPlan {
  const since = before.unusedSince ?? now;
  if (retentionMs !== undefined && since + retentionMs <= now) return { act: { act: 'remove' } };
  const spec = moved(seen, { ...before, unusedSince: since });
  const again = retentionMs === undefined ? {} : { againInMs: since + retentionMs - now };
  return same(spec, before) ? again : { ...again, act: { act: 'change', spec } };
}

/** Who may have it now, and who shall let go. */
function moved({ known, pod, holder }: StaticSeen, spec: StaticSpec): StaticSpec {
  const target = pod?.node ?? '';
  if (holder === 'gone') return { ...spec, node: target, next: '' };
  if (target === '' || target === spec.node) return { ...spec, next: '' };
  const free = spec.node === '' || known?.status.node !== spec.node;
  if (free || holder === 'silent') return { ...spec, node: target, next: '' };
  return { ...spec, next: target };
}

function same(a: StaticSpec, b: StaticSpec): boolean {
  const plain = ({ owner: { kind, name, uid }, retention, conflict, node, next, unusedSince }: StaticSpec) =>
    JSON.stringify([kind, name, uid, retention, conflict, node, next, unusedSince]);
  return plain(a) === plain(b);
}
