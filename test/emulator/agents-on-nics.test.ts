import { expect, test } from 'vitest';
import { address, prefix } from '../../src/base/ip.ts';
import type { Id } from '../../emulator/cloud/nouns.ts';
import { isRoot } from '../kernel/space.ts';
import { LiveCloud, LiveProvider } from './live-cloud.ts';
import { LiveNode, type LivePod } from './live-node.ts';
import { Stage } from './stage.ts';

const VPC = prefix('10.0.0.0/16');

interface Scene {
  readonly live: LiveCloud;
  readonly nodes: readonly LiveNode[];
  readonly primaries: readonly string[];
}

/** Two zones with a subnet each, three instances with public addresses, an agent in each. */
async function scene(live: LiveCloud): Promise<Scene> {
  const vpc = await live.make({ do: 'create-vpc', range: VPC, v6: false, tags: {} });
  const gateway = await live.make({ do: 'create-gateway', tags: {} });
  await live.ask({ do: 'attach-gateway', gateway, vpc });
  const table = live.cloud.vpcs.get(vpc)?.mainTable ?? ('' as Id);
  await live.ask({ do: 'add-route', table, route: { to: prefix('0.0.0.0/0'), by: { kind: 'internet', gateway } } });
  const subnets: Id[] = [];
  for (const [zone, v4] of [
    ['z1', '10.0.1.0/24'],
    ['z2', '10.0.2.0/24'],
  ] as const) {
    const subnet = await live.make({ do: 'create-subnet', vpc, zone, v4: prefix(v4), tags: {} });
    await live.ask({ do: 'modify-subnet', subnet, mapPublic: true });
    subnets.push(subnet);
  }
  const primaries = ['10.0.1.10', '10.0.1.11', '10.0.2.10'];
  const nodes: LiveNode[] = [];
  for (const [i, primary] of primaries.entries()) {
    const subnet = subnets[i === 2 ? 1 : 0] ?? ('' as Id);
    const nics = [{ device: 0, subnet, primary: address(primary) }];
    const id = await live.make({ do: 'run-instances', least: 1, most: 1, type: 'm5.large', nics, tags: {} });
    await live.ask({ do: 'describe', kind: 'instance' });
    const path = live.fabric.machine(id)?.netns.path ?? '';
    nodes.push(await LiveNode.open(`node${i}`, path, new LiveProvider(live, id, [VPC])));
  }
  return { live, nodes, primaries };
}

test.skipIf(!isRoot)(
  'pods on every NIC reach pods, nodes and the world, and the VPC drops nothing (A51, A54, A60)',
  { timeout: 120_000 },
  async () => {
    const live = await LiveCloud.open();
    const nodes: LiveNode[] = [];
    try {
      const made = await scene(live);
      nodes.push(...made.nodes);
      const pods: LivePod[] = [];
      // five a node: one NIC has room for three
      for (const node of nodes) pods.push(...(await Promise.all([1, 2, 3, 4, 5].map((i) => node.pod(`pod${i}`)))));
      expect(new Set(pods.map((pod) => pod.address)).size).toBe(15);
      live.fabric.forgetDrops();
      for (const from of pods)
        for (const to of pods)
          if (from !== to)
            expect(`${from.name} → ${to.name}: ${await from.space.seenAs('tcp', to.address, 80)}`).toBe(
              `${from.name} → ${to.name}: ${from.address}`,
            );
      const people = Stage.of(live.fabric);
      await people.people('internet');
      for (const { name, space } of pods)
        expect(`${name}: ${await space.seenAs('tcp', '198.51.100.1', 8080)}`).not.toMatch(/nothing|refused|10\.0\./);
      expect(live.fabric.drops().map(({ sentence }) => sentence)).toEqual([]);
    } finally {
      for (const node of nodes) await node.close();
      await live.close();
    }
  },
);
