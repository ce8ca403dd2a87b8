import { readAnnotations } from './annotations.ts';
import type { Annotations } from './pod-ips.ts';
import { type KubeObject, loose, looseList, text, textsByName } from './object.ts';

/** What is kept of a Pod. */
export interface PodShape {
  readonly namespace: string;
  readonly name: string;
  /** Its uid, and of the mirror of a static pod the one that the runtime knows it by. */
  readonly uids: readonly string[];
  readonly hostNetwork: boolean;
  readonly ended: boolean; //    its containers will never run again
  readonly leaving: boolean; //  it is being deleted
  readonly addressed: boolean; // it has told an address
  readonly annotations: Annotations;
  readonly labels: Readonly<Record<string, string>>;
  readonly serviceAccount: string;
  readonly reservesNic: boolean; // the same of a NIC of its own
  readonly reserves: boolean; //  it asks for an address as a resource, so that the scheduler counts it
}

/** Where the kubelet writes the uid of a static pod. */
const MIRROR = 'kubernetes.io/config.mirror';

/** The resource by which the scheduler counts addresses. */
const ADDRESS = 'berth.dev/address';
/** And the one by which it counts NICs of single pods. */
const POD_NIC = 'berth.dev/pod-nic';

/** Reads a Pod. */
export function readPod({ metadata, spec, status }: KubeObject): PodShape {
  const { phase, podIP, podIPs } = loose(status);
  const annotations = loose(metadata['annotations']);
  const mirror = text(annotations[MIRROR]);
  return {
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    uids: mirror === '' ? [metadata.uid] : [metadata.uid, mirror],
    hostNetwork: loose(spec)['hostNetwork'] === true,
    ended: phase === 'Succeeded' || phase === 'Failed',
    leaving: metadata['deletionTimestamp'] !== undefined,
    addressed: text(podIP) !== '' || looseList(podIPs).length > 0,
    annotations: readAnnotations(annotations),
    labels: textsByName(metadata['labels']),
    serviceAccount: text(loose(spec)['serviceAccountName']),
    reservesNic: asksFor(spec, POD_NIC),
    reserves: asksFor(spec, ADDRESS),
  };
}

/** Of extended resources the API server makes the requests equal to the limits. */
function asksFor(spec: unknown, name: string): boolean {
  return looseList(loose(spec)['containers']).some(
    ({ resources }) => Number(loose(loose(resources)['requests'])[name] ?? 0) > 0,
  );
}
