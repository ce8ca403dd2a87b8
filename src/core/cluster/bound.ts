import type { Millis } from '../../base/clock.ts';
import type { PodName } from '../attachment.ts';

/** A pod that is bound to this node. */
export interface BoundPod {
  readonly namespace: string;
  readonly name: string;
  readonly uids: readonly string[]; // all by which a runtime may know it; the first is the API's own
  readonly hostNetwork: boolean;
  readonly ended: boolean;
  readonly leaving: boolean;
  readonly addressed: boolean;
}

/**
 * So long an attachment must be on record before it counts that the API knows of no such pod: the kubelet may hear of
 * a pod a while before we do.
 */
export const SURE_MS: Millis = 60_000;

/** How many pods will ask for an address, and have neither one nor asked: the runtime comes about a second later. */
export function expectedPods(pods: Iterable<BoundPod>, known: ReadonlySet<string>): number {
  let count = 0;
  for (const pod of pods) if (willAsk(pod) && !pod.uids.some((uid) => known.has(uid))) count++;
  return count;
}

/** Whether its runtime will ask for an address, if it has not. */
export function willAsk({ hostNetwork, ended, leaving, addressed }: Omit<BoundPod, 'uids'>): boolean {
  return !hostNetwork && !ended && !leaving && !addressed;
}

/**
 * Whether the cluster knows of no pod that an attachment is of. Nobody can tell of one whose pod the runtime did not
 * name.
 */
export function isPodGone(
  of: { readonly pod?: PodName | undefined; readonly since: Millis },
  uids: ReadonlySet<string>,
  now: Millis,
): boolean {
  return of.pod !== undefined && of.pod.uid !== '' && now - of.since >= SURE_MS && !uids.has(of.pod.uid);
}
