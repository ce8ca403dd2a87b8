import { KubeError } from '../../io/kube/client.ts';
import { BERTH_NODES } from '../../wire/kube/crd/berth-node.ts';
import { NODES } from '../../wire/kube/resource.ts';
import type { ReconcilerDoors } from './doors.ts';
import { type Reconciler, watching } from './reconciler.ts';
import type { Sources } from './sources.ts';

/** Removes the BerthNode of a Node that is gone. One that comes back has its own written anew by its agent. */
export function berthNodesReconciler({ client, log }: ReconcilerDoors, { nodes, berthNodes }: Sources): Reconciler {
  const isLeft = (name: string) => nodes.get(name) === undefined && berthNodes.get(name) !== undefined;
  return {
    name: 'berth-nodes',
    atOnce: 4,
    watches: [
      watching(nodes, ({ kind, key }) => (kind === 'removed' ? [key] : [])),
      watching(berthNodes, ({ kind, key }) => (kind === 'added' ? [key] : [])),
    ],
    reconcile: async (name) => {
      const told = berthNodes.get(name);
      if (told === undefined || !isLeft(name)) return undefined;
      try {
        await client.get({ resource: NODES, name }); // our copy may be late
        return { againInMs: 5_000 };
      } catch (error) {
        if (!(error instanceof KubeError) || error.kind !== 'absent') throw error;
      }
      await client.remove({ resource: BERTH_NODES, name }, { uid: told.uid });
      log.info('node gone', { node: name });
      return undefined;
    },
  };
}
