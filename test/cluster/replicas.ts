import { vi } from 'vitest';
import type { StandingCluster } from './standing.ts';

const MINE = "-f 'lib/berth.mjs [c]ontroller'";
const HANDED_ON_MS = 30_000; // longer than a lease that nobody gave back

interface ReplicaObject {
  readonly metadata: { readonly name: string; readonly deletionTimestamp?: string };
  readonly spec: { readonly nodeName: string };
}

/** The replicas of the controller in a cluster that Berth was installed in by its manifest. */
export class ReplicasInCluster {
  readonly #cluster: StandingCluster;

  constructor(cluster: StandingCluster) {
    this.#cluster = cluster;
  }

  /** Node by replica, without those that are to end. */
  nodes(): ReadonlyMap<string, string> {
    const label = 'app.kubernetes.io/name=berth-controller';
    const said = this.#cluster.kubectl(['-n', 'kube-system', 'get', 'pods', '-l', label, '-o', 'json']);
    const { items } = JSON.parse(said) as { readonly items: readonly ReplicaObject[] };
    const staying = items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    return new Map(staying.map(({ metadata, spec }) => [metadata.name, spec.nodeName]));
  }

  /** Who holds the lease; empty for a moment when it was given back. */
  holder(): string {
    const path = 'jsonpath={.spec.holderIdentity}';
    return this.#cluster.kubectl(['-n', 'kube-system', 'get', 'lease', 'berth-controller', '-o', path]);
  }

  /** The replica that leads; after a rollout it waits for one that stays. */
  leader(): Promise<{ readonly replica: string; readonly node: string }> {
    const find = () => {
      const replica = this.holder();
      const node = this.nodes().get(replica);
      if (node === undefined) throw new Error(`"${replica}" holds the lease, no replica that stays`);
      return { replica, node };
    };
    return vi.waitFor(find, { timeout: HANDED_ON_MS, interval: 200 });
  }

  /** Sends a signal to the replica on a node. */
  signal(node: string, signal: 'STOP' | 'CONT' | 'KILL'): void {
    this.#cluster.onNode(node, `pkill -${signal} ${MINE}`);
  }
}
