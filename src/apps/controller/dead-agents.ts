import type { Millis } from '../../base/clock.ts';
import { verdictOn } from '../../core/cluster/dead-agents.ts';
import { NOT_READY_TAINT } from '../../core/cluster/node-word.ts';
import { taintPatch } from '../../wire/kube/own-node.ts';
import { NODES } from '../../wire/kube/resource.ts';
import type { ReconcilerDoors } from './doors.ts';
import { KeyIndex } from './key-index.ts';
import { type Reconciler, watching } from './reconciler.ts';
import type { Sources } from './sources.ts';

/**
 * Keeps pods away from nodes whose agent has been dead for a while (A23): with the taint that the agent takes away when
 * it serves again. Whether an agent is well its kubelet tells, by the pod that it is: no heartbeat is written.
 */
export function deadAgentsReconciler({ client, clock, log }: ReconcilerDoors, sources: Sources): Reconciler {
  const { nodes, agents } = sources;
  const since = new Map<string, Millis>(); // by node, of the steady clock of whoever leads
  const readyOn = new KeyIndex(agents, ({ node, ready }) => (ready ? node : ''));
  const agentsOf = (name: string) => {
    if (readyOn.keys(name).size > 0) return 'ready';
    return agents.size > 0 ? 'away' : 'unknown';
  };
  return {
    name: 'dead-agents',
    atOnce: 4,
    watches: [
      watching(nodes, ({ key }) => [key]),
      watching(agents, (change) => [change.kind === 'removed' ? change.before.node : change.now.node]),
    ],
    began: () => since.clear(),
    reconcile: async (name) => {
      const of = { agents: agentsOf(name), since: since.get(name) } as const;
      const verdict = verdictOn(nodes.get(name), of, clock.steady());
      if (verdict.since === undefined) since.delete(name);
      else since.set(name, verdict.since);
      if (verdict.taint) {
        const at = { resource: NODES, name };
        const patch = taintPatch(await client.get(at), NOT_READY_TAINT, 'NoSchedule');
        if (patch !== undefined) await client.patch(at, 'merge', patch);
        log.warn('agent away', { node: name, taint: NOT_READY_TAINT });
      }
      return verdict.againInMs === undefined ? undefined : { againInMs: verdict.againInMs };
    },
  };
}
