import type { StandingCluster } from './standing.ts';

const MINE = "-f 'lib/berth.mjs [c]ontroller'";

/** The replicas of the controller in a cluster that Berth was installed in by its manifest. */
export class ReplicasInCluster {
  readonly #cluster: StandingCluster;

  constructor(cluster: StandingCluster) {
    this.#cluster = cluster;
  }

  /** Node by replica. */
  nodes(): ReadonlyMap<string, string> {
    const path = '{range .items[*]}{.metadata.name} {.spec.nodeName} {end}';
    const label = 'app.kubernetes.io/name=berth-controller';
    const words = this.#cluster.kubectl(['-n', 'kube-system', 'get', 'pods', '-l', label, '-o', `jsonpath=${path}`]);
    const found = [...words.matchAll(/(\S+) (\S+)/g)];
    return new Map(found.map(([, name = '', node = '']) => [name, node]));
  }

  /** Who holds the lease. */
  leader(): string {
    const path = 'jsonpath={.spec.holderIdentity}';
    return this.#cluster.kubectl(['-n', 'kube-system', 'get', 'lease', 'berth-controller', '-o', path]);
  }

  /** Sends a signal to the replica on a node. */
  signal(node: string, signal: 'STOP' | 'CONT' | 'KILL'): void {
    this.#cluster.onNode(node, `pkill -${signal} ${MINE}`);
  }
}
