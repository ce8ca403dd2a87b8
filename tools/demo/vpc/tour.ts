import { resolve as absolute } from 'node:path';
import { stopAgent } from '../agent.ts';
import { run, Talker } from '../processes.ts';
import { doing } from '../table.ts';
import { burst } from './burst.ts';
import { DemoCloud } from './cloud.ts';
import { DemoNode, type DemoPod } from './nodes.ts';
import {
  showCommands,
  showDrop,
  showDrySubnet,
  showEgress,
  showLostNic,
  showMatrix,
  showNoDrops,
  showPods,
} from './scenes.ts';

const PODS = 30;

/** Three instances of an emulated VPC, in the namespaces we are in. Ends after `ended`, where that is given. */
export async function vpcTour(folder: string, ended?: Promise<void>): Promise<void> {
  run('ip', ['link', 'set', 'lo', 'up']); // the emulator's own ports
  const cloud = await doing('a VPC: two zones, a subnet in each, three instances', () => DemoCloud.start(folder));
  const outside = await Talker.start(cloud.into('internet'), absolute(import.meta.dirname, '../pod.ts'));
  const nodes = await doing('three agents: instance, role and NICs by metadata and EC2 API', () =>
    Promise.all(cloud.nodes.map((name) => DemoNode.start(cloud, name, folder))),
  );
  const [, second, third] = nodes;
  if (second === undefined || third === undefined) throw new Error('the demo has three nodes');
  console.log(`${PODS} pods at once:`);
  const pods: DemoPod[] = [...(await burst(cloud, nodes, PODS))];
  await showPods(cloud, pods);
  await showMatrix(pods);
  await showEgress(cloud, pods);
  await showNoDrops(cloud);
  showDrop(cloud);
  pods.push(...(await showDrySubnet(cloud, third)));
  await showLostNic(cloud, second, pods);
  if (ended !== undefined) {
    showCommands(folder, cloud, pods);
    await ended;
  }
  await doing('everything taken down', async () => {
    await Promise.all(pods.map((pod) => pod.node.delete(pod)));
    outside.stop();
    for (const node of nodes) node.stopRuntime();
    await Promise.all(nodes.map(({ agent }) => stopAgent(agent)));
    await cloud.stop();
  });
}
