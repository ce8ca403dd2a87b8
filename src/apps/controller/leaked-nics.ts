import type { ReconcilerDoors } from './doors.ts';
import { always, type Reconciler, watching } from './reconciler.ts';
import type { Sources } from './sources.ts';

/** Its only key. */
const CLUSTER = 'cluster';

/**
 * Deletes NICs that agents of this cluster made and nobody has any more: one sweeper for all nodes. Looks from time to
 * time, and when a node is gone, whose NICs stay behind when it did not end in order.
 */
export function leakedNicsReconciler(
  { cloud, config, log }: ReconcilerDoors,
  { nodes }: Sources,
): readonly Reconciler[] {
  const { intervalMs, atMost } = config.leaked;
  if (cloud === undefined || atMost === 0) return [];
  const gone = watching(nodes, ({ kind }) => (kind === 'removed' ? [CLUSTER] : []));
  return [
    {
      name: 'leaked-nics',
      atOnce: 1,
      watches: [always(CLUSTER), gone],
      reconcile: async () => {
        const nics = await cloud.collectLeaked(config.replica, atMost);
        if (nics.length > 0) log.warn('leaked NICs deleted', { nics });
        return { againInMs: nics.length < atMost ? intervalMs : 0 };
      },
    },
  ];
}
