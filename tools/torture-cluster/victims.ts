import type { Random } from '../../src/base/random.ts';
import type { Cluster, Worker } from '../cluster/cluster.ts';

/** Ends one by SIGKILL. Resolves with how it comes again; undefined: there was none to kill. */
export type Kill = () => Promise<(() => void) | undefined>;

/** Whoever pods and their addresses hang on. */
export interface Victims {
  readonly turns: readonly Kill[]; //  one of each kind, on any node
  readonly agents: readonly Kill[]; // each node's
  readonly containers: () => number; // of Berth's, so many were killed so far
}

/** Who there is to kill in a cluster. What the manifest made its kubelet starts again. */
export function victims(
  { control, workers }: Cluster,
  { installed, random }: { readonly installed: 'manifest' | 'process'; readonly random: Random },
): Victims {
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
    return { turns: [programs(['berth-agent'], any), ...turns], agents, containers: () => 0 };
  }
  let killed = 0;
  const container = (command: string, on: () => readonly Node[]): Kill => {
    return async () => {
      const count = killFirst(on(), command);
      killed += count;
      return count > 0 ? () => {} : undefined;
    };
  };
  const agents = nodes.map((node) => container('agent', () => [node]));
  // two replicas on three nodes: the next node has one
  const controller = container('controller', () => nodes.toSorted(() => random.fraction() - 0.5));
  return { turns: [container('agent', () => [any()]), controller, ...turns], agents, containers: () => killed };
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

/** Kills Berth's process of a kind on the first of the nodes that has one; how many there were. */
function killFirst(nodes: readonly Node[], command: string): number {
  for (const node of nodes) {
    const count = killOn(node, command);
    if (count > 0) return count;
  }
  return 0;
}

function killOn(node: Node, command: string): number {
  try {
    return Number(node.run('pkill', '-KILL', '--count', '-f', `lib/berth.mjs [${command[0]}]${command.slice(1)}`));
  } catch {
    return 0; // pkill found none
  }
}
