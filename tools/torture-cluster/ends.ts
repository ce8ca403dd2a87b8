import type { Cluster } from '../cluster/cluster.ts';
import { kubectlOf } from '../cluster/kubectl.ts';

const PODS = '/api/v1/pods?labelSelector=app.kubernetes.io%2Fname%20in%20(berth%2Cberth-controller)';
/** What a container that SIGKILL ended is said to have ended with. */
const KILLED = 128 + 9;
/** What is said of containers that never ran, or that nobody knows of, when their runtime was killed. */
const NEVER_RAN = ['StartError', 'ContainerCannotRun', 'ContainerStatusUnknown'];

/** A pod of Berth as it is used here. */
export interface BerthPod {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly status: {
    readonly containerStatuses?: readonly {
      readonly name: string;
      readonly lastState?: {
        readonly terminated?: { readonly containerID?: string; readonly exitCode: number; readonly reason?: string };
      };
    }[];
  };
}

/** How containers of Berth ended otherwise than by SIGKILL. None where it was not installed by its manifest. */
export class BerthEnds {
  readonly #ends = new Map<string, string>();

  /**
   * Each container's last end is told until its next one: to be read more often than they are killed. Resolves with the
   * number of pods that were read; none while the API server is away.
   */
  async look(cluster: Cluster): Promise<number> {
    const ask = cluster.plane.api.ask<{ items: readonly BerthPod[] }>('GET', PODS);
    const { items } = await ask.catch(() => ({ items: [] }));
    for (const [id, { told, logs }] of crashesIn(items)) {
      if (this.#ends.has(id)) continue;
      const said = await kubectlOf(cluster)(['logs', '--previous', '--tail=5', ...logs]).catch(() => 'its log is gone');
      this.#ends.set(id, `${told}; its log ends so:\n${said}`);
    }
    return items.length;
  }

  get told(): readonly string[] {
    return [...this.#ends.values()];
  }
}

/** How a container ended, and which log that is, in kubectl's words. */
export interface End {
  readonly told: string;
  readonly logs: readonly string[];
}

/** By the containers' IDs. */
export function crashesIn(pods: readonly BerthPod[]): ReadonlyMap<string, End> {
  const crashes = new Map<string, End>();
  for (const { metadata, status } of pods)
    for (const { name, lastState } of status.containerStatuses ?? []) {
      const { containerID = '', exitCode = KILLED, reason = '' } = lastState?.terminated ?? {};
      if ((exitCode === KILLED && reason !== 'OOMKilled') || NEVER_RAN.includes(reason)) continue;
      const told = `${name} of ${metadata.name}: exit code ${exitCode}, ${reason}`;
      crashes.set(containerID, { told, logs: ['-n', metadata.namespace, metadata.name, '-c', name] });
    }
  return crashes;
}
