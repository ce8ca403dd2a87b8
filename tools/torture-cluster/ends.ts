import { until } from '../../test/runtime/node.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { kubectlOf } from '../cluster/kubectl.ts';

const LIMIT_MS = 60_000;
const PODS = '/api/v1/pods?labelSelector=app.kubernetes.io%2Fname%20in%20(berth%2Cberth-controller)';
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

/** What ended by itself while a cluster is tortured: programs, which are started again, and Berth's containers. */
export class Ends {
  readonly restarted: string[] = []; // programs, each time
  readonly #cluster: Cluster;
  readonly #killed = new Set<string>(); //           Berth's containers that were meant to end, by their IDs
  readonly #containers = new Map<string, string>(); // those that ended by themselves

  /** From now on programs are kept running. */
  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    for (const node of [cluster.control, ...cluster.workers.map((worker) => worker.node)])
      node.supervise((program, said) => this.restarted.push(`${program} of ${node.name}: ${said}`));
  }

  /** That container is killed: however its runtime says that it ended, it was meant to. */
  killed(containerID: string): void {
    this.#killed.add(containerID);
  }

  /**
   * Each container's last end is told until its next one: to be read more often than they are killed. Resolves with the
   * number of Berth's pods that were read; none while the API server is away, or where Berth is not in pods.
   */
  async look(): Promise<number> {
    const ask = this.#cluster.plane.api.ask<{ items: readonly BerthPod[] }>('GET', PODS);
    const { items } = await ask.catch(() => ({ items: [] }));
    for (const [id, { told, logs }] of crashesIn(items, this.#killed)) {
      if (this.#containers.has(id)) continue;
      const kubectl = kubectlOf(this.#cluster);
      const said = await kubectl(['logs', '--previous', '--tail=5', ...logs]).catch(() => 'its log is gone');
      this.#containers.set(id, `${told}; its log ends so:\n${said}`);
    }
    return items.length;
  }

  /** Throws when a part of Berth ended by itself, as a program or, where it is `inPods`, as a container. */
  async judge(inPods: boolean): Promise<void> {
    if (inPods)
      await until(LIMIT_MS, 'the API server tells how containers of Berth ended', async () => (await this.look()) > 0);
    const own = this.restarted.filter((told) => told.startsWith('berth-'));
    const all = [...own, ...this.#containers.values()];
    if (all.length > 0) throw new Error(`Berth has ended by itself: ${all.join('; ')}`);
  }
}

/** How a container ended, and which log that is, in kubectl's words. */
export interface End {
  readonly told: string;
  readonly logs: readonly string[];
}

/**
 * By the containers' IDs; `killed` are the IDs of those that were meant to end. What is said of an end cannot tell: of
 * a container that ended while its runtime was away the exit code may be lost (255, Unknown).
 */
export function crashesIn(pods: readonly BerthPod[], killed: ReadonlySet<string>): ReadonlyMap<string, End> {
  const crashes = new Map<string, End>();
  for (const { metadata, status } of pods)
    for (const { name, lastState } of status.containerStatuses ?? []) {
      const { containerID = '', exitCode, reason = '' } = lastState?.terminated ?? {};
      const id = containerID.slice(containerID.indexOf('://') + '://'.length);
      if (exitCode === undefined || killed.has(id) || NEVER_RAN.includes(reason)) continue;
      const told = `${name} of ${metadata.name}: exit code ${exitCode}, ${reason}`;
      crashes.set(containerID, { told, logs: ['-n', metadata.namespace, metadata.name, '-c', name] });
    }
  return crashes;
}
