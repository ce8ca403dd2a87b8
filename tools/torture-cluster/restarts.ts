import type { Cluster } from '../cluster/cluster.ts';

const PODS = '/api/v1/pods?labelSelector=app.kubernetes.io%2Fname%20in%20(berth%2Cberth-controller)';
/** What a container that SIGKILL ended is said to have ended with. */
const KILLED = 128 + 9;

/** A pod of Berth as it is used here. */
export interface BerthPod {
  readonly metadata: { readonly name: string };
  readonly status: {
    readonly containerStatuses?: readonly {
      readonly name: string;
      readonly restartCount: number;
      readonly lastState?: { readonly terminated?: { readonly exitCode: number; readonly reason?: string } };
    }[];
  };
}

/** Berth's own pods; none where it was not installed by its manifest. */
export async function berthPods({ plane }: Cluster): Promise<readonly BerthPod[]> {
  return (await plane.api.ask<{ items: readonly BerthPod[] }>('GET', PODS)).items;
}

/** How containers of Berth ended by themselves, when so many of them were killed by SIGKILL. */
export function endedBySelf(pods: readonly BerthPod[], kills: number): readonly string[] {
  const all = pods.flatMap(({ metadata, status }) =>
    (status.containerStatuses ?? []).map((it) => ({ ...it, of: `${it.name} of ${metadata.name}` })),
  );
  const crashed = all.flatMap(({ of, lastState }) => {
    const { exitCode = KILLED, reason = '' } = lastState?.terminated ?? {};
    return exitCode === KILLED ? [] : [`${of}: exit code ${exitCode}, ${reason}`];
  });
  const restarts = all.reduce((sum, { restartCount }) => sum + restartCount, 0);
  return restarts <= kills ? crashed : [...crashed, `${restarts} restarts of containers for ${kills} kills`];
}
