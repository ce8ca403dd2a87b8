import { execFile } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { GroupRule, Id } from '../../emulator/cloud/nouns.ts';
import { seeded } from '../../src/base/random.ts';
import { FakeKubeClient } from '../../src/io/kube/testing/fake-client.ts';
import { ApiStore } from '../../src/io/kube/testing/api-store.ts';
import { realClock } from '../../src/io/system/clock.ts';
import { POD_SECURITY_GROUPS, SECURITY_GROUP_POLICIES } from '../../src/wire/kube/crd/pod-security-groups.ts';
import { NODES, PODS, type Resource, SERVICE_ACCOUNTS } from '../../src/wire/kube/resource.ts';
import type { Topology } from '../../emulator/server/topology.ts';
import { until } from '../agent/node-space.ts';
import { isRoot } from '../kernel/space.ts';
import { Actor } from './actor.ts';
import { AWS_ENVIRONMENT, AwsRegion } from './aws-region.ts';
import { LiveNode, type LivePod } from './live-node.ts';

// Security groups of single pods with packets: the agent, AWS's SDK, an emulated VPC that judges, and objects of
// Kubernetes. Port 80 is open to everybody in the group of the pod, port 81 to nobody.

const PORT = 8080; // of the node itself
const TOPOLOGY: Topology = {
  zones: ['eu-west-1a'],
  vpcs: [
    {
      name: 'vpc',
      range: '10.0.0.0/16',
      subnets: [{ name: 'a', zone: 'eu-west-1a', range: '10.0.1.0/24' }],
      instances: ['node-1', 'node-2'].map((name) => ({ name, subnet: 'a', type: 'm5.large' })),
    },
  ],
};

let region: AwsRegion;
let store: ApiStore;
let web: Id;
const nodes: LiveNode[] = [];
const actors = new Map<string, Actor>();

const machineOf = (name: string) => {
  const machine = region.emulator.fabric?.machine(region.instance(name));
  if (machine === undefined) throw new Error(`no machine ${name}`);
  return machine;
};
const actor = (name: string) => actors.get(name) ?? expect.fail(`nobody in ${name}`);
const ipOf = (name: string) => region.nics(name)[0]?.addresses[0] ?? expect.fail(`no address of ${name}`);

function make(resource: Resource, name: string, of: { namespace?: string; labels?: object; spec?: object }): void {
  const { namespace, labels = {}, spec = {} } = of;
  const at = namespace === undefined ? { resource } : { resource, namespace };
  store.create(at, { metadata: { name, labels, ...(namespace && { namespace }) }, spec, status: {} });
}

async function open(podGroups: 'strict' | 'standard'): Promise<void> {
  for (const [name, value] of Object.entries(AWS_ENVIRONMENT)) vi.stubEnv(name, value);
  region = await AwsRegion.open({ topology: TOPOLOGY, packets: true });
  store = new ApiStore();
  const vpc = region.nics('node-1')[0]?.vpc ?? ('' as Id);
  const made = region.ask({ do: 'create-group', vpc, name: 'web', description: 'web', tags: {} });
  if (made.is !== 'made' || made.view.kind !== 'group') throw new Error('no group');
  web = made.view.group.id;
  const peer = { range: '0.0.0.0/0' as GroupRule['peer'] extends { range: infer R } ? R : never };
  const rules = [{ protocol: 'tcp', ports: { from: 80, to: 80 }, peer }] as never;
  region.ask({ do: 'add-rules', group: web, way: 'ingress', rules });
  make(POD_SECURITY_GROUPS, 'web', {
    namespace: 'shop',
    spec: { podSelector: { matchLabels: { app: 'web' } }, securityGroups: [web] },
  });
  make(SECURITY_GROUP_POLICIES, 'by-account', {
    namespace: 'bank',
    spec: { serviceAccountSelector: { matchLabels: { pci: 'yes' } }, securityGroups: { groupIds: [web] } },
  });
  make(SERVICE_ACCOUNTS, 'teller', { namespace: 'bank', labels: { pci: 'yes' } });
  for (const name of ['node-1', 'node-2']) make(NODES, name, {});
  for (const name of ['node-1', 'node-2']) nodes.push(await agentOn(name, podGroups));
  for (const name of ['node-1', 'node-2']) actors.set(name, await Actor.open(machineOf(name).entering([]), PORT));
}

async function agentOn(name: string, podGroups: string, directory?: string): Promise<LiveNode> {
  const kube = { client: new FakeKubeClient(store, realClock), random: seeded(1) };
  const config = [
    'network: { tunnel: { use: never } }',
    `cloud: { podGroups: ${podGroups}, podNicIdle: 60s }`,
    'pool: { cooldown: 1s, patience: 15s }',
    'repair: { delay: 1s }',
    '',
  ].join('\n');
  const provider = await region.provider(name);
  const options = directory === undefined ? { config, kube } : { config, kube, directory };
  return LiveNode.open(name, machineOf(name).netns.path, provider, options);
}

/** A pod that the API server knows, through ADD; it answers on 80 and 81. */
async function pod(node: number, name: string, of: { namespace?: string; labels?: object; account?: string } = {}) {
  const { namespace = 'shop', labels = {}, account = 'default' } = of;
  const on = nodes[node] ?? expect.fail('no node');
  make(PODS, name, { namespace, labels, spec: { nodeName: on.name, serviceAccountName: account } });
  const uid = store.get({ resource: PODS, namespace, name }).metadata.uid;
  const args = `IgnoreUnknown=1;K8S_POD_NAMESPACE=${namespace};K8S_POD_NAME=${name};K8S_POD_UID=${uid}`;
  const made = await on.pod(name, [], args);
  await made.space.listen('tcp', made.address, 81);
  return made;
}

const PATIENCE_MS = 1_500; // a lost SYN is sent again after one second
const seen = async (from: LivePod, to: string, port: number) =>
  (await from.space.ask('tcp', to, port, { patienceMs: PATIENCE_MS })).split(' ')[0];
const branches = () => [...region.world.cloud.nics.values()].filter(({ kind }) => kind === 'branch');
const branchOf = ({ address }: LivePod) => branches().find(({ addresses }) => addresses.includes(address as never));

async function close(): Promise<void> {
  for (const it of actors.values()) it.close();
  for (const it of nodes.splice(0)) await it.close();
  await region?.close();
  vi.unstubAllEnvs();
}

describe.skipIf(!isRoot)('strict', { timeout: 60_000 }, () => {
  let [own, plain, other]: LivePod[] = [];
  beforeAll(() => open('strict'), 60_000);
  afterAll(close, 60_000);

  test('A49: a pod that is selected has a NIC of its own with exactly its groups, and others have none', async () => {
    own = await pod(0, 'own', { labels: { app: 'web' } });
    [plain, other] = [await pod(0, 'plain'), await pod(1, 'other')];
    expect(branchOf(own)).toMatchObject({ groups: [web], state: 'in-use' });
    expect(branchOf(plain)).toBeUndefined();
    expect(branches()).toHaveLength(1);
  });

  test('A49 strict: its groups alone decide, on another node as on its own, for pods and for the node itself', async () => {
    if (own === undefined || plain === undefined || other === undefined) return expect.fail('no pods');
    const to = (address: string, port: number) =>
      Promise.all([
        seen(other as LivePod, address, port),
        seen(plain as LivePod, address, port),
        actor('node-1').seen(address, { port }), // the kubelet's probe
      ]);
    expect(await to(own.address, 80)).toEqual([other.address, plain.address, ipOf('node-1')]);
    expect(await to(own.address, 81)).toEqual(['nothing', 'nothing', 'nothing']);
    expect(await seen(other, plain.address, 81)).toBe(other.address); // the node's group lets its members in
  });

  test('A49 strict: what it sends is seen as its own, and needs the leave of the other’s group, its node’s too', async () => {
    if (own === undefined || other === undefined) return expect.fail('no pods');
    const [to, node] = [other.address, ipOf('node-1')];
    const none = await Promise.all([seen(own, to, 80), seen(own, node, PORT)]);
    expect(none).toEqual(['nothing', 'nothing']); // it is no member of the default group
    const peer = { group: web };
    const group = region.nics('node-1')[0]?.groups[0] ?? ('' as Id);
    region.ask({ do: 'add-rules', group, way: 'ingress', rules: [{ protocol: 'tcp', peer }] as never });
    await region.emulator.settled();
    expect(await seen(own, to, 80)).toBe(own.address);
    expect(await seen(own, node, PORT)).toBe(`::ffff:${own.address}`); // it listens for both families
  });

  test('A49: AWS’s SecurityGroupPolicy is read as it is, by the labels of service accounts', async () => {
    const teller = await pod(1, 'teller', { namespace: 'bank', account: 'teller' });
    expect(branchOf(teller)?.groups).toEqual([web]);
    const guest = await pod(1, 'guest', { namespace: 'bank' });
    expect(branchOf(guest)).toBeUndefined();
  });

  test('A49: a NIC rests after its pod, and the next pod with its groups has it without a call that makes one', async () => {
    const first = await pod(0, 'first', { labels: { app: 'web' } });
    const nic = branchOf(first)?.id;
    await nodes[0]?.remove(first);
    await until(10_000, 'it has rested', () => {
      const states = [...(nodes[0]?.agent.parts.branches?.book.branches.values() ?? [])].map(({ state }) => state.is);
      return Promise.resolve(states.includes('free'));
    });
    const made = region.count('CreateNetworkInterface');
    const second = await pod(0, 'second', { labels: { app: 'web' } });
    expect(branchOf(second)?.id).toBe(nic);
    expect(region.count('CreateNetworkInterface')).toBe(made);
    expect(await actor('node-1').seen(second.address, { port: 80 })).toBe(ipOf('node-1'));
  });
});

describe.skipIf(!isRoot)('standard', { timeout: 60_000 }, () => {
  beforeAll(() => open('standard'), 60_000);
  afterAll(close, 60_000);

  test('A49 standard: between the node and its pods no group decides; from elsewhere the pod’s own does', async () => {
    const own = await pod(0, 'own', { labels: { app: 'web' } });
    const [plain, other] = [await pod(0, 'plain'), await pod(1, 'other')];
    expect(await actor('node-1').seen(own.address, { port: 81 })).toBe(ipOf('node-1'));
    expect(await seen(plain, own.address, 81)).toBe(plain.address);
    expect(await seen(own, plain.address, 81)).toBe(own.address);
    expect(await seen(other, own.address, 80)).toBe(other.address);
    const none = await Promise.all([seen(other, own.address, 81), seen(own, other.address, 80)]);
    expect(none).toEqual(['nothing', 'nothing']); // it leaves by its own NIC: no member of their group
  });

  test('A49 standard: a hostPort of the pod answers at the node, where the node’s group lets it in', async () => {
    const on = nodes[0] ?? expect.fail('no node');
    const [namespace, name] = ['shop', 'published'];
    make(PODS, name, { namespace, labels: { app: 'web' }, spec: { nodeName: on.name } });
    const uid = store.get({ resource: PODS, namespace, name }).metadata.uid;
    const args = `K8S_POD_NAMESPACE=${namespace};K8S_POD_NAME=${name};K8S_POD_UID=${uid}`;
    const made = await on.pod(name, [{ hostPort: 8081, containerPort: 81, protocol: 'tcp' }], args);
    await made.space.listen('tcp', made.address, 81);
    expect(branchOf(made)?.groups).toEqual([web]);
    expect(await actor('node-2').seen(ipOf('node-1'), { port: 8081 })).toBe(ipOf('node-2')); // port 81 of the pod
  });
});

describe.skipIf(!isRoot)('strict, and things go wrong', { timeout: 90_000 }, () => {
  beforeAll(() => open('strict'), 60_000);
  afterAll(close, 60_000);

  test('A49: a pod keeps its NIC over a restart of the agent, and what nobody remembers serves others', async () => {
    const own = await pod(0, 'own', { labels: { app: 'web' } });
    const before = branchOf(own)?.id;
    await restart();
    expect(await actor('node-1').seen(own.address, { port: 80 })).toBe(ipOf('node-1'));
    const next = await pod(0, 'next', { labels: { app: 'web' } });
    expect(branchOf(next)?.id).not.toBe(before);
    expect(branchOf(own)?.id).toBe(before);
    await nodes[0]?.remove({ ...own, name: `node-1/own` });
    expect(nodes[0]?.agent.parts.attachments.count).toBe(1);
  });

  test('A49, A56: rules and routes that somebody takes from such a pod are put back, and CHECK says so until then', async () => {
    const on = nodes[0] ?? expect.fail('no node');
    const own = await pod(0, 'mended', { labels: { app: 'web' } });
    const { vlan } = [...on.agent.parts.attachments.all()].find(({ pod: it }) => it?.name === 'mended')?.branch ?? {};
    const table = `${10_000 + (vlan ?? 0)}`;
    expect(await on.check(own)).toBe('');
    await inMachine('node-1', `ip rule del pref 10 table ${table}; ip route flush table ${table}`);
    expect(await on.check(own)).toMatch(new RegExp(`10 iif .* table ${table} is missing`));
    await until(10_000, 'it is mended', async () => (await on.check(own)) === '');
    expect(await actor('node-1').seen(own.address, { port: 80 })).toBe(ipOf('node-1'));
    expect(await inMachine('node-1', 'ip rule')).toMatch(/^10:.*[^]*^20:\s+from all lookup local/m);
    await on.remove(own);
  });

  test('A49: ports of the node are refused in words, and so is the pod that the trunk has no room for', async () => {
    const on = nodes[0] ?? expect.fail('no node');
    make(PODS, 'ports', { namespace: 'shop', labels: { app: 'web' }, spec: { nodeName: on.name } });
    const uid = store.get({ resource: PODS, namespace: 'shop', name: 'ports' }).metadata.uid;
    const args = `K8S_POD_NAMESPACE=shop;K8S_POD_NAME=ports;K8S_POD_UID=${uid}`;
    const refused = on.pod('ports', [{ hostPort: 8081, containerPort: 81, protocol: 'tcp' }], args);
    await expect(refused).rejects.toThrow('cannot have ports of its node there');
    const names = Array.from({ length: 12 }, (_, i) => `many${i}`);
    const came = await Promise.allSettled(names.map((name) => pod(0, name, { labels: { app: 'web' } })));
    const no = came.flatMap((it) => (it.status === 'rejected' ? String(it.reason) : []));
    expect(no.length).toBeGreaterThan(0);
    for (const said of no) expect(said).toMatch(/trunk carries 9 at most/);
    expect(branches().length).toBeLessThanOrEqual(9);
  });

  test('A49: while nobody tells whether a pod is to have groups of its own, it is not let in among the others', async () => {
    const [on] = nodes;
    const nobody = on?.pod('nobody', [], 'K8S_POD_NAMESPACE=shop;K8S_POD_NAME=nobody;K8S_POD_UID=nobody');
    await expect(nobody).rejects.toThrow('whether the pod is to have security groups of its own is not known');
  });
});

/** What a shell in an instance prints. */
function inMachine(name: string, command: string): Promise<string> {
  const [program, ...words] = machineOf(name).entering(['sh', '-c', `exec 2>&1; ${command}`]);
  return new Promise((resolve) => execFile(program, words, (_, stdout) => resolve(stdout.trim())));
}

/** The agent of the first node ends, and another begins with what it knew. */
async function restart(): Promise<void> {
  const [on] = nodes;
  if (on === undefined) return expect.fail('no node');
  const directory = await on.end();
  nodes[0] = await agentOn('node-1', 'strict', directory);
}
