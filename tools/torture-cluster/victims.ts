import type { Random } from '../../src/base/random.ts';
import type { Cluster, Worker } from '../cluster/cluster.ts';

/** Ends one by SIGKILL. Resolves with how it comes again; undefined: there was none to kill. */
export type Kill = () => Promise<(() => void) | undefined>;

/** Whoever pods and their addresses hang on. */
export interface Victims {
  readonly turns: readonly Kill[]; //  one of each kind, on any node
  readonly agents: readonly Kill[]; // each node's
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
    return { turns: [programs(['berth-agent'], any), ...turns], agents };
  }
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

/** Berth's process of a kind, on the first of the nodes that has one. */
function container(command: string, on: () => readonly Node[]): Kill {
  return async () => (on().some((node) => killed(node, command)) ? () => {} : undefined);
}

function killed(node: Node, command: string): boolean {
  try {
    node.run('pkill', '-KILL', '-f', `lib/berth.mjs [${command[0]}]${command.slice(1)}`);
    return true;
  } catch {
    return false; // pkill found none
  }
}
