import { keeperId, type PodName } from '../../core/attachment.ts';
import type { NetworkConfig } from '../../wire/cni/config.ts';
import type { AddRequest } from '../../wire/cni/request.ts';
import { AnnotationError, asksNothing, type PodAsks, readAsks } from '../../wire/kube/annotations.ts';
import { idOf } from './attach.ts';
import type { CniDoors } from './cni-doors.ts';
import { RefusalError } from './pool-runner.ts';
import { podOf } from './wish.ts';

/** What is known of it without its cluster: it has kept an address before. */
const asksToKeep: PodAsks = { ...asksNothing, keep: { retention: '', conflict: 'retry' } };

/**
 * What the pod's annotations ask of its first interface; nothing of an attachment that stands. While its cluster is not
 * heard: nothing (A24), unless the pod may be one that keeps its address; where none ever did, it is not. Throws
 * RefusalError.
 */
export async function asksOf(doors: CniDoors, request: AddRequest, config: NetworkConfig): Promise<PodAsks> {
  const { pods, attachments } = doors;
  const pod = podOf(request);
  if (pods === undefined || pod === undefined) return asksNothing;
  if (attachments.get(idOf(request, config)) !== undefined || attachments.nextOrdinal(request.netns) > 0)
    return asksNothing;
  const annotations = await pods.annotationsOf(pod);
  if (annotations === undefined) {
    if (doors.pool.pool.claims.has(keeperId(pod))) return asksToKeep;
    if (mayKeep(pod) && doors.cluster?.keepers !== false)
      throw new RefusalError({ why: 'pod-unknown', pod: `${pod.namespace}/${pod.name}` });
    return asksNothing;
  }
  try {
    return readAsks(annotations);
  } catch (error) {
    if (!(error instanceof AnnotationError)) throw error;
    const { annotation: name, value, needs } = error;
    throw new RefusalError({ why: 'annotation', name, value, needs }, { cause: error });
  }
}

/**
 * The security groups that the pod is to have of its own, on its first interface; of an attachment that stands nothing
 * is asked. Throws RefusalError while it is not known: a pod that was to be apart is not let in among the others.
 */
export async function groupsFor(
  { podGroups, attachments }: CniDoors,
  request: AddRequest,
  config: NetworkConfig,
): Promise<readonly string[]> {
  const pod = podOf(request);
  if (podGroups === undefined || pod === undefined) return [];
  if (attachments.get(idOf(request, config)) !== undefined || attachments.nextOrdinal(request.netns) > 0) return [];
  return podGroups.groupsOf(pod);
}

/**
 * Whether a pod may be a StatefulSet's: these alone keep addresses, and their names end in a number. So may that of a
 * node, with which the kubelet ends the names of pods from its own files; it knows these by a hash, not by a UUID.
 */
function mayKeep({ name, uid }: PodName): boolean {
  return /-\d+$/.test(name) && uid.includes('-');
}
