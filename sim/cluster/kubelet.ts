import type { ApiStore } from '../../src/io/kube/testing/api-store.ts';
import { type KubeObject, loose, text } from '../../src/wire/kube/object.ts';
import { PODS } from '../../src/wire/kube/resource.ts';
import type { Node } from '../cloud/cluster.ts';
import { askDelete, newPod } from '../moves.ts';
import type { PodOf, Sandbox } from '../runtime.ts';

/** One look of a node's kubelet: pods that are bound here get a sandbox, and those of others are taken away. */
export function tendNode(of: { readonly store: ApiStore; readonly node: Node; readonly still: boolean }): void {
  const { store, node, still } = of;
  const { runtime } = node.run.parts;
  const pods = store
    .list({ resource: PODS, fields: `spec.nodeName=${node.name}` }, { limit: 0 })
    .items.map((it) => [it.metadata.uid, it] as const);
  const bound = new Map(pods);
  const served = new Set<string>();
  for (const sandbox of runtime.sandboxes.values()) {
    const uid = sandbox.wants.pod?.uid;
    if (uid === undefined || sandbox.gone) continue;
    if (tendSandbox(node, sandbox, bound.get(uid))) served.add(uid);
  }
  const held = new Set(
    [...runtime.sandboxes.values()].flatMap(({ gone, wants }) => (gone ? [] : (wants.pod?.uid ?? []))),
  );
  for (const pod of bound.values()) {
    const { uid, name, namespace = '', deletionTimestamp } = pod.metadata;
    if (deletionTimestamp !== undefined) {
      if (!held.has(uid)) store.remove({ resource: PODS, namespace, name }, { uid });
    } else if (!served.has(uid) && !still) newPod(node.run, { pod: podOf(pod) });
  }
}

/** Whether it serves its pod, or is about to. Of a pod that is gone, or that was refused, it is taken away. */
function tendSandbox({ run }: Node, sandbox: Sandbox, pod: KubeObject | undefined): boolean {
  const { runtime } = run.parts;
  const wanted = pod !== undefined && pod.metadata['deletionTimestamp'] === undefined;
  const asks = (kind: 'add' | 'del') => runtime.callsOf(sandbox, kind).length > 0;
  const leaving = sandbox.delAskedAt !== undefined;
  if (wanted && !leaving && (sandbox.told !== undefined || asks('add'))) return true;
  if (!asks('del')) askDelete(run, sandbox);
  return false;
}

function podOf({ metadata }: KubeObject): PodOf {
  const { name, namespace = '', uid } = metadata;
  const keeps = text(loose(metadata['annotations'])['berth.dev/static-address']) === 'true';
  return { name, namespace, uid, keeps };
}
