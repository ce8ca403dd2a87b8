import { berthNodesReconciler } from './berth-nodes.ts';
import { deadAgentsReconciler } from './dead-agents.ts';
import { leakedNicsReconciler } from './leaked-nics.ts';
import type { ReconcilerDoors } from './doors.ts';
import type { Reconciler } from './reconciler.ts';
import type { Sources } from './sources.ts';
import { staticAddressesReconciler } from './static-addresses.ts';

/** Everything that the controller sees to. */
export function reconcilersOf(doors: ReconcilerDoors, sources: Sources): readonly Reconciler[] {
  return [
    berthNodesReconciler(doors, sources),
    staticAddressesReconciler(doors, sources),
    deadAgentsReconciler(doors, sources),
    ...leakedNicsReconciler(doors, sources),
  ];
}
