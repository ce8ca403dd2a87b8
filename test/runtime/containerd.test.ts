// containerd as a kubelet drives it, with Berth as its CNI: pods on three nodes, over IPv4 and IPv6, and what happens
// when parts die.
import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Member, makeCluster } from './cluster.ts';
import { until } from './node.ts';
import { fetchFrom, serve, traces } from './pods.ts';

const isRoot = process.getuid?.() === 0;
const hasContainerd = spawnSync('containerd', ['--version']).status === 0;

let cluster: Awaited<ReturnType<typeof makeCluster>> | undefined;
let members: readonly Member[] = [];

beforeAll(async () => {
  if (!isRoot || !hasContainerd) return;
  cluster = await makeCluster({ nodes: 3, cniVersion: '1.0.0', containerd: { version: 2 } });
  members = cluster.members;
}, 120_000);

afterAll(async () => {
  for (const { cri } of members) cri.close();
  await cluster?.end();
}, 60_000);

const onContainerd = test.skipIf(!isRoot || !hasContainerd);

onContainerd(
  'K8: HTTP goes between all pairs of pods on three nodes, over IPv4 and IPv6',
  async () => {
    const pods = await Promise.all(
      members.flatMap((member, i) => [0, 1].map(async (n) => ({ member, pod: await serve(member, `web-${i}-${n}`) }))),
    );
    for (const from of pods)
      for (const to of pods)
        for (const address of to.pod.addresses)
          expect(await fetchFrom(from.member, from.pod, address), `${from.pod.name} to ${address}`).toBe(to.pod.name);
    expect(pods.every(({ pod }) => pod.addresses.length === 2)).toBe(true);
    for (const { member, pod } of pods) await member.cri.remove(pod.sandbox);
    expect(members.flatMap(traces)).toEqual([]);
  },
  180_000,
);

onContainerd(
  'a host port leads to the pod from another node, and is gone with the sandbox',
  async () => {
    const [first, second] = members;
    if (first === undefined || second === undefined) throw new Error('the cluster has too few nodes');
    const pod = await serve(first, 'ported', [{ protocol: 'TCP', hostPort: 18_080, containerPort: 80 }]);
    const client = await serve(second, 'client');
    const page = () => fetchFrom(second, client, first.place.addresses[0] ?? '', 18_080);
    await expect.poll(page, { timeout: 10_000 }).toBe('ported'); // its server may still be starting
    await first.cri.remove(pod.sandbox);
    expect(await page()).not.toBe('ported');
    await second.cri.remove(client.sandbox);
    expect(members.flatMap(traces)).toEqual([]);
  },
  120_000,
);

onContainerd(
  'pods keep their network while containerd is killed and restarted, and are removed afterwards',
  async () => {
    const [member] = members;
    if (member === undefined) throw new Error('the cluster has no node');
    const pods = [await serve(member, 'stay-1'), await serve(member, 'stay-2')] as const;
    await member.containerd.kill();
    await member.containerd.start();
    await until(30_000, 'the network is ready again', async () => (await member.cri.networkReady()).ready);
    await expect.poll(() => fetchFrom(member, pods[0], pods[1].addresses[0] ?? ''), { timeout: 10_000 }).toBe('stay-2');
    for (const pod of pods) await member.cri.remove(pod.sandbox);
    expect(traces(member)).toEqual([]);
  },
  120_000,
);

onContainerd(
  'the agent is killed and restarted under load: every pod starts, every pod goes, nothing stays',
  async () => {
    const [member] = members;
    if (member === undefined) throw new Error('the cluster has no node');
    let over = false;
    const churn = Array.from({ length: 3 }, async (_, lane) => {
      let count = 0;
      while (!over || count < 4) {
        const pod = await serve(member, `churn-${lane}-${count++}`);
        expect(pod.addresses).toHaveLength(2);
        await member.cri.remove(pod.sandbox);
      }
      return count;
    });
    for (let i = 0; i < 4; i++) {
      await new Promise((resolve) => setTimeout(resolve, 700));
      await member.agent.kill('SIGKILL');
      await member.agent.start();
    }
    over = true;
    const counts = await Promise.all(churn);
    expect(Math.min(...counts)).toBeGreaterThanOrEqual(4);
    await until(10_000, 'the spool is drained', () => traces(member).length === 0);
  },
  180_000,
);
