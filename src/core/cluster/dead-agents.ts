import type { Millis } from '../../base/clock.ts';

/** So long a node must be without an agent that is ready before pods are kept away: a rollout takes less. */
export const DEAD_MS: Millis = 60_000;

/** A node, as far as its agent is concerned. */
export interface NodeFacts {
  readonly served: boolean; //  an agent has told of itself on the Node: one belongs there
  readonly ready: boolean; //   the kubelet is; else Kubernetes keeps pods away by itself
  readonly tainted: boolean;
}

/** What to do for a node. `since`: from when on it has had no agent, by one steady clock; undefined: it has. */
export interface Verdict {
  readonly since: Millis | undefined;
  readonly taint: boolean;
  readonly againInMs: Millis | undefined;
}

/**
 * Whether pods must be kept away from a node (A23). `agents`: whether an agent of that node is ready; `unknown` where
 * the cluster has none that we could see, since they are no pods. After the taint the time begins anew: an agent that
 * works and is not called ready takes it away, and the two must not write by turns.
 */
export function verdictOn(
  node: NodeFacts | undefined,
  of: { readonly agents: 'ready' | 'away' | 'unknown'; readonly since: Millis | undefined },
  now: Millis,
): Verdict {
  if (node === undefined || of.agents !== 'away' || !node.served || !node.ready || node.tainted) return FINE;
  const since = of.since ?? now;
  const left = since + DEAD_MS - now;
  return left > 0 ? { since, taint: false, againInMs: left } : { since: undefined, taint: true, againInMs: DEAD_MS };
}

const FINE: Verdict = { since: undefined, taint: false, againInMs: undefined };
