import type { Random } from '../../src/base/random.ts';
import type { Cluster, Worker } from '../cluster/cluster.ts';

/** Ends one by SIGKILL. Resolves with how it comes again; undefined: there was none to kill. */
export type Kill = () => Promise<(() => void) | undefined>;

/** Whoever pods and their addresses hang on. */
export interface Victims {
  readonly turns: readonly Kill[]; //  one of each kind, on any node
  readonly agents: readonly Kill[]; // each node's
}

export interface VictimsOptions {
  readonly installed: 'manifest' | 'process';
  readonly random: Random;
  readonly killed: (containerID: string) => void;
}

/**
 * Who there is to kill in a cluster. What the manifest made its kubelet starts again; `killed` hears the ID of each
 * container that was ended so.
 */
export function victims({ control, workers }: Cluster, options: VictimsOptions): Victims {
  const { installed, random } = options;
  const nodes = workers.map(({ node }) => node);
  const any = () => nodes[Math.floor(random.fraction() * nodes.length)] ?? control;
  const turns = [
    programs(['containerd'], any),
    programs(['kubelet'], any),
    programs(['kube-apiserver'], () => control),
    programs(['kubelet', 'containerd'], any), // the kubelet, begun first, ends until its runtime answers
  ];
  if (installed === 'process') {
    const agents = nodes.map((node) => programs(['berth-agent'], () => node));
    return { turns: [programs(['berth-agent'], any), ...turns], agents };
  }
  const container = (command: string, on: () => readonly Node[]): Kill => killContainer(command, on, options.killed);
  const agents = nodes.map((node) => container('agent', () => [node]));
  // two replicas on three nodes: the next node has one
  const controller = container('controller', () => nodes.toSorted(() => random.fraction() - 0.5));
  return { turns: [container('agent', () => [any()]), controller, ...turns], agents };
}

type Node = Worker['node'];

/** What the cluster's maker started, at the same time on one node; started anew in this order. */
function programs(names: readonly string[], on: () => Node): Kill {
  return async () => {
    const node = on();
    await Promise.all(names.map((name) => node.kill(name)));
    return () => {
      for (const name of names) node.again(name);
    };
  };
}

/** Berth's container of a kind, on the first of the nodes that has one. */
function killContainer(command: string, on: () => readonly Node[], killed: VictimsOptions['killed']): Kill {
  return async () => {
    for (const node of on()) {
      const ids = killedOn(node, command);
      for (const id of ids) killed(id);
      if (ids.length > 0) return () => {};
    }
    return undefined;
  };
}

/** The IDs of the containers that were killed on a node: a container's cgroup bears its ID. */
function killedOn(node: Node, command: string): readonly string[] {
  const pattern = `lib/berth.mjs [${command[0]}]${command.slice(1)}`; // which does not match itself
  const script = 'for pid in $(pgrep -f "$0"); do tail -n 1 /proc/$pid/cgroup && kill -KILL $pid; done; true';
  return node.run('sh', '-c', script, pattern).match(/[0-9a-f]{64}/g) ?? [];
}
