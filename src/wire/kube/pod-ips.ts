import { type Address, hostPrefix } from '../../base/ip.ts';

/** The annotations of a pod that are read, by name: the rest is not kept. */
export type Annotations = Readonly<Record<string, string>>;

/** Annotations by which a pod's addresses are told before the kubelet tells them, and how each writes them. */
const FORMS = {
  'berth.dev/pod-ips': (addresses: readonly Address[]) => addresses.join(','),
  'vpc.amazonaws.com/pod-ips': (addresses: readonly Address[]) => addresses.join(','), // ANNOTATE_POD_IP of AWS
  'cni.projectcalico.org/podIP': (addresses: readonly Address[]) => addresses.slice(0, 1).map(hostPrefix).join(','),
  'cni.projectcalico.org/podIPs': (addresses: readonly Address[]) => addresses.map(hostPrefix).join(','),
} as const satisfies Readonly<Record<string, (addresses: readonly Address[]) => string>>;

/** One of these annotations. */
export type PodIpsName = keyof typeof FORMS;

export const POD_IPS_NAMES = Object.keys(FORMS) as [PodIpsName, ...PodIpsName[]];

/** Annotations to write; null: to take away. */
export type AnnotationPatch = Readonly<Record<string, string | null>>;

/** What differs between the annotations of a pod and its addresses; undefined: nothing. */
export function podIpsDue(
  names: readonly PodIpsName[],
  addresses: readonly Address[],
  now: Annotations,
): AnnotationPatch | undefined {
  const due = names.flatMap((name) => {
    const wanted = addresses.length === 0 ? null : FORMS[name](addresses);
    return wanted === (now[name] ?? null) ? [] : [[name, wanted] as const];
  });
  return due.length === 0 ? undefined : Object.fromEntries(due);
}

/** A merge patch of a pod, which is refused when the pod of that name is another by now. */
export function writeAnnotations(uid: string, annotations: AnnotationPatch): object {
  return { metadata: { uid, annotations } };
}
