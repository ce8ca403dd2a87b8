import type { ApiStore } from '../../src/io/kube/testing/api-store.ts';
import { loose, text } from '../../src/wire/kube/object.ts';
import { PODS, STATEFUL_SETS } from '../../src/wire/kube/resource.ts';

export const NAMESPACE = 'web';

/** A StatefulSet. `retention`: of its pods' addresses; undefined: they keep none. */
export interface SetWish {
  readonly name: string;
  readonly replicas: number;
  readonly retention?: string;
}

/** Pods that StatefulSets lack are made, those that they want no more are to go. */
export function tendSets(store: ApiStore): void {
  for (const { metadata, spec } of store.list({ resource: STATEFUL_SETS }, { limit: 0 }).items) {
    const replicas = Number(loose(spec)['replicas']);
    const retention = text(loose(spec)['retention']);
    const wanted = new Set(Array.from({ length: replicas }, (_, i) => `${metadata.name}-${i}`));
    const there = store
      .list({ resource: PODS }, { limit: 0 })
      .items.filter((it) => setOf(it.metadata.name) === metadata.name);
    for (const pod of there)
      if (!wanted.has(pod.metadata.name) && pod.metadata['deletionTimestamp'] === undefined)
        store.patch({ resource: PODS, namespace: NAMESPACE, name: pod.metadata.name }, 'merge', {
          metadata: { deletionTimestamp: 'now' },
        });
    const names = new Set(there.map((it) => it.metadata.name));
    for (const name of wanted)
      if (!names.has(name)) make(store, { name, set: metadata.name, uid: metadata.uid, retention });
  }
}

/** "web" of "web-0". */
export function setOf(pod: string): string {
  return pod.slice(0, pod.lastIndexOf('-'));
}

function make(
  store: ApiStore,
  {
    name,
    set,
    uid,
    retention,
  }: { readonly name: string; readonly set: string; readonly uid: string; readonly retention: string },
): void {
  const keeps = { 'berth.dev/static-address': 'true', 'berth.dev/retention': retention };
  const annotations = retention === '' ? {} : keeps;
  const ownerReferences = [{ kind: 'StatefulSet', name: set, uid, controller: true }];
  const metadata = { name, namespace: NAMESPACE, annotations, ownerReferences };
  store.create({ resource: PODS, namespace: NAMESPACE }, { metadata, spec: {}, status: { phase: 'Pending' } });
}
