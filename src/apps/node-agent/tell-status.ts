import type { Decision } from '../../core/why/decision.ts';
import type { Agent } from './agent.ts';
import { berthNodeView } from './berth-node-view.ts';
import { StatusRunner } from './status-runner.ts';

/** From now on the agent tells its BerthNode, where it is of a cluster and shall. Answers its end. */
export function tellStatus({ parts }: Pick<Agent, 'parts'>, version: string): () => void {
  const { doors, cluster, history } = parts;
  const { kube, clock, log, config } = doors;
  if (kube === undefined || cluster === undefined || !config.kubernetes.status) return () => {};
  let refused: Decision | undefined;
  history.tellOn((decision) => {
    if (decision.kind === 'refused' && decision.refusal.why !== 'cancelled') refused = decision;
  });
  const runner = new StatusRunner({
    ...{ ...kube, clock, log, nodeName: config.nodeName },
    nodeUid: () => cluster.uid,
    status: () => berthNodeView(parts, { version, refused }),
  });
  runner.start();
  return () => runner.stop();
}
