// containerd 2 with a configuration of CNI 1.1: it asks STATUS, so its NetworkReady is our agent's state.
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Member, makeCluster } from './cluster.ts';
import { provideContainerd2 } from './containerd2.ts';
import { fetchFrom, serve, traces } from './pods.ts';

const isRoot = process.getuid?.() === 0;
const found = isRoot ? provideContainerd2() : { missing: 'needs root' };
const lacks = 'missing' in found ? found.missing : existsSync('/usr/sbin/runc') ? '' : 'needs runc';
const on = 'missing' in found ? 'containerd 2' : `containerd ${found.version}`;

let cluster: Awaited<ReturnType<typeof makeCluster>> | undefined;
let members: readonly Member[] = [];

beforeAll(async () => {
  if (lacks !== '' || 'missing' in found) return;
  const containerd = { folder: found.folder, version: 3 } as const;
  cluster = await makeCluster({ nodes: 2, cniVersion: '1.1.0', containerd });
  members = cluster.members;
}, 120_000);

afterAll(async () => {
  for (const { cri } of members) cri.close();
  await cluster?.end();
}, 60_000);

/** A test that is skipped, saying why, where there is no containerd 2. */
function onContainerd2(name: string, work: (first: Member, second: Member) => Promise<void>): void {
  test(`${on}: ${name}`, { timeout: 120_000 }, async ({ skip }) => {
    skip(lacks !== '', lacks);
    const [first, second] = members;
    if (first === undefined || second === undefined) throw new Error('the cluster has too few nodes');
    await work(first, second);
  });
}

onContainerd2('HTTP goes between all pairs of pods, over IPv4 and IPv6, and nothing stays', async (first, second) => {
  expect(await first.cri.version()).toContain('2.');
  const placed = [first, first, second].map(async (member, i) => ({ member, pod: await serve(member, `web-${i}`) }));
  const pods = await Promise.all(placed);
  for (const from of pods)
    for (const to of pods)
      for (const address of to.pod.addresses)
        await expect
          .poll(() => fetchFrom(from.member, from.pod, address), { timeout: 10_000 }) // its server may still start
          .toBe(to.pod.name);
  expect(pods.every(({ pod }) => pod.addresses.length === 2)).toBe(true);
  for (const { member, pod } of pods) await member.cri.remove(pod.sandbox);
  expect(members.flatMap(traces)).toEqual([]);
});

onContainerd2('a host port leads to the pod from another node', async (first, second) => {
  const pod = await serve(first, 'ported', [{ protocol: 'TCP', hostPort: 18_081, containerPort: 80 }]);
  const client = await serve(second, 'client');
  const page = () => fetchFrom(second, client, first.place.addresses[0] ?? '', 18_081);
  await expect.poll(page, { timeout: 10_000 }).toBe('ported');
  await first.cri.remove(pod.sandbox);
  expect(await page()).not.toBe('ported');
  await second.cri.remove(client.sandbox);
  expect(members.flatMap(traces)).toEqual([]);
});

onContainerd2('NetworkReady is false, in our words, while no agent runs, and true again (C25)', async (first) => {
  const { agent, cri } = first;
  expect(await cri.networkReady()).toEqual({ ready: true, message: '' });
  await agent.kill('SIGKILL');
  const away = await cri.networkReady();
  expect(away.ready).toBe(false);
  expect(away.message).toContain('the berth agent does not answer');
  expect(away.message).toContain('check that the agent runs on this node');
  await agent.start();
  expect(await cri.networkReady()).toEqual({ ready: true, message: '' });
});

onContainerd2('a pod that is started while no agent runs waits for it, and starts', async (first) => {
  await first.agent.kill('SIGKILL');
  const starting = serve(first, 'patient');
  await expect.poll(() => waitingCalls(first), { timeout: 20_000 }).toBeGreaterThan(0);
  await first.agent.start();
  const pod = await starting;
  expect(pod.addresses).toHaveLength(2);
  await first.cri.remove(pod.sandbox);
  expect(traces(first)).toEqual([]);
});

onContainerd2('a pod that is removed while no agent runs is gone when there is one again (C17)', async (first) => {
  const pod = await serve(first, 'left');
  await first.agent.kill('SIGKILL');
  await first.cri.remove(pod.sandbox);
  await first.agent.start(); // it drains the spool before it serves
  expect(traces(first)).toEqual([]);
});

/** How many of the node's processes are the CNI executable. */
function waitingCalls({ node }: Member): number {
  return node
    .run('sh', '-c', 'cat /proc/[0-9]*/comm 2>/dev/null || true')
    .split('\n')
    .filter((it) => it === 'berth-cni').length;
}
