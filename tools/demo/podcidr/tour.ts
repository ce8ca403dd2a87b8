import { agentReady, type DemoAgent, startAgent, stopAgent } from '../agent.ts';
import { into, Talker } from '../processes.ts';
import { doing } from '../table.ts';
import { buildFabric, type DemoNode, NODES, OUTSIDE } from './fabric.ts';
import { type DemoPod, startPod, stopPod } from './pods.ts';
import { showCommands, showEgress, showMatrix, showPods, showRefusal, showRepair } from './scenes.ts';

const PODS_PER_NODE = 2;

/** Three nodes with ranges of their own, in the namespaces we are in. Ends after `ended`, where that is given. */
export async function podcidrTour(folder: string, ended?: Promise<void>): Promise<void> {
  await doing('a fabric: two switches, a router, three nodes, a host outside', buildFabric);
  const outside = await Talker.start(into(OUTSIDE.name), 'tools/demo/pod.ts');
  const agents = await doing('three agents', () => startAgents(folder));
  const pods: DemoPod[] = [];
  await doing(`${PODS_PER_NODE * agents.length} pods`, async () => {
    for (const [i, agent] of agents.entries())
      for (let k = 1; k <= PODS_PER_NODE; k++) pods.push(await startPod(nodeOf(i), agent, `${agent.name}-pod${k}`));
  });
  const [first] = pods;
  if (first === undefined) throw new Error('the demo has no pods');
  showPods(pods);
  await showMatrix(pods);
  await showEgress(first);
  await showRefusal(first);
  await showRepair(first);
  if (ended !== undefined) {
    showCommands(agents, first);
    await ended;
  }
  await doing('everything taken down', async () => {
    for (const pod of pods) stopPod(pod);
    outside.stop();
    await Promise.all(agents.map(stopAgent));
  });
}

/** Resolves when all are ready. */
async function startAgents(folder: string): Promise<readonly DemoAgent[]> {
  const agents = NODES.map((node) =>
    startAgent({ name: node.name, folder, enter: into(node.name), config: configOf(node) }),
  );
  for (const agent of agents) await agentReady(agent);
  return agents;
}

/** What a user would write for this node: its own ranges, the cluster's, and the other nodes. */
function configOf(node: DemoNode): object {
  const peers = NODES.filter((other) => other !== node);
  return {
    network: {
      mode: 'routed',
      ranges: node.ranges,
      cluster: ['10.77.0.0/16', 'fd77::/16'],
      peers: peers.map(({ name, addresses, ranges }) => ({ name, addresses, ranges })),
    },
  };
}

function nodeOf(i: number): DemoNode {
  const node = NODES[i];
  if (node === undefined) throw new RangeError(`there is no node ${i}`);
  return node;
}
