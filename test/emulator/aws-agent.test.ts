import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { Nic } from '../../emulator/cloud/nouns.ts';
import type { Mishap, Scope } from '../../emulator/cloud/trouble.ts';
import { address as parsed, prefix } from '../../src/base/ip.ts';
import type { PoolFamily, PoolReply } from '../../src/wire/agent/cloud.ts';
import { until } from '../agent/node-space.ts';
import { has, isRoot } from '../kernel/space.ts';
import { Actor } from './actor.ts';
import { AwsRegion } from './aws-region.ts';
import { TWO_ZONES } from './aws-topologies.ts';
import { CloudNode } from './cloud-node.ts';
import { Talk } from './talk.ts';

// The agent as a process and the CNI executable, each as it is installed, on an emulated region of AWS with packets:
// what a node lives through, from a burst of pods to a NIC that somebody takes away.

const canRun = isRoot && has('ip') && has('nft') && existsSync('build/berth-cni');
const PORT = 8080;
const INTERNET = '198.51.100.1'; // somebody beyond the gateway
const NAMES = ['node-1', 'node-2', 'node-3'] as const;
const DELAYS = { attach: [200, 500], detach: [200, 500], describe: [0, 300], metadata: [100, 600] } as const;

let region: AwsRegion;
const nodes = new Map<string, CloudNode>();
const ips = new Map<string, string>(); // of pods, by "node/pod"
const somebody = new Map<string, Actor>();

const node = (name: string): CloudNode => nodes.get(name) ?? fail(`no ${name}`);
const ip = (pod: string): string => ips.get(pod) ?? fail(`no pod ${pod}`);
const actor = (name: string): Actor => somebody.get(name) ?? fail(`nobody in ${name}`);
const fail = (what: string): never => {
  throw new Error(what);
};
const drops = () => (region.emulator.fabric?.drops() ?? []).map(({ sentence }) => sentence);

/** Attaches pods at once, and keeps their addresses. */
async function burst(name: string, pods: readonly string[]): Promise<void> {
  const given = await Promise.all(pods.map((pod) => node(name).pod(pod)));
  for (const [i, pod] of pods.entries()) ips.set(`${name}/${pod}`, given[i] ?? '');
}

/** The NIC that holds a pod's address. */
function nicOf(pod: string): Nic {
  const name = pod.split('/')[0] ?? '';
  const holds = ({ addresses }: Nic) => addresses.some((it) => it === ip(pod));
  return region.nics(name).find(holds) ?? fail(`no NIC of ${name} holds ${pod}`);
}

/** Something goes wrong for calls of a node, until the test ends. */
function trouble(what: Mishap, scope: Scope = {}): void {
  region.trouble(what, { scope });
  onTestFinished(() => {
    region.calm(what.kind);
  });
}

/** What stands of Berth in a node, as the programs of others print it. */
function standing(name: string): Promise<string> {
  return node(name).run('ip rule; ip route show table all proto 98; nft -nn list table inet berth | grep -v counter');
}

async function poolOf(name: string): Promise<PoolFamily> {
  const { families } = JSON.parse(await node(name).ask('GET /v1/pool')) as PoolReply;
  return families[0] ?? fail('no pool');
}

/** Whether EC2 itself, not metadata alone, has told what a node has. */
async function isTold(name: string): Promise<boolean> {
  return (await node(name).ask('GET /v1/pool')).includes('"sureAt"');
}

async function open(): Promise<void> {
  region = await AwsRegion.open({ topology: TWO_ZONES, manner: { delays: DELAYS }, packets: true });
  for (const name of NAMES) {
    const machine = region.emulator.fabric?.machine(region.instance(name)) ?? fail(`no machine ${name}`);
    const door = { pid: machine.pid, enter: machine.entering([]) };
    nodes.set(name, new CloudNode(name, door, { pool: { cooldown: '2s', patience: '12s' } }));
  }
  await Promise.all([...nodes.values()].map((it) => it.start()));
  await Promise.all([...nodes.values()].map((it) => it.ready()));
}

beforeAll(async () => {
  if (canRun) await open();
}, 60_000);
afterAll(async () => {
  for (const it of somebody.values()) it.close();
  for (const it of nodes.values()) await it.close();
  await region?.close();
}, 60_000);

describe.skipIf(!canRun)('a region of two zones, three instances, and the agent in each', () => {
  test('A30, A37: a burst on one node gets VPC addresses, on more NICs than one', async () => {
    const many = Array.from({ length: 12 }, (_, i) => `p${i}`);
    await Promise.all([burst('node-1', many), burst('node-2', ['p0', 'p1']), burst('node-3', ['p0', 'p1'])]);
    expect(new Set(ips.values()).size).toBe(16);
    expect(new Set(many.map((pod) => nicOf(`node-1/${pod}`).id)).size).toBeGreaterThan(1);
  }, 60_000);

  test('A1, A51: pods on every NIC, nodes and the internet reach each other, and the VPC drops nothing', async () => {
    const second = [...ips.keys()].filter((it) => it.startsWith('node-1') && nicOf(it).attachment?.device !== 0);
    const first = [...ips.keys()].filter((it) => it.startsWith('node-1') && nicOf(it).attachment?.device === 0);
    const chosen = [...first.slice(0, 2), ...second.slice(0, 2), 'node-2/p0', 'node-3/p0'];
    for (const pod of chosen) {
      const [name = '', of = ''] = pod.split('/');
      somebody.set(pod, await node(name).somebody(of, PORT));
    }
    for (const name of NAMES) {
      somebody.set(name, await node(name).somebody('', PORT));
      ips.set(name, region.nics(name)[0]?.addresses[0] ?? '');
    }
    region.emulator.fabric?.forgetDrops();
    const seen: Record<string, string> = {};
    const wanted: Record<string, string> = {};
    for (const from of [...chosen, ...NAMES])
      for (const to of [...chosen, ...NAMES]) {
        if (from === to) continue;
        seen[`${from} → ${to}`] = await actor(from).seen(ip(to));
        wanted[`${from} → ${to}`] = ip(from);
      }
    expect(seen).toEqual(wanted);
    expect(drops()).toEqual([]);
  }, 60_000);

  test('A45: an address that somebody takes away is not believed to be gone at once', async () => {
    const address = ip('node-2/p1');
    region.ask({ do: 'unassign', nic: nicOf('node-2/p1').id, addresses: [parsed(address)] });
    await node('node-2').end('SIGTERM'); // metadata are asked at the start, and every minute
    await node('node-2').start();
    await until(20_000, 'EC2 itself has told', () => isTold('node-2'));
    expect(node('node-2').logged('taken from outside')).toEqual([]);
  }, 30_000);

  test('A51, A54, A61: the internet sees the node; a hostPort answers by the NIC at which it was asked', async () => {
    const [own, other] = region.nics('node-1');
    if (own?.publicAddress === undefined || other === undefined) return fail('no public address, or no second NIC');
    const { publicAddress: published } = own;
    const group = own.groups[0] ?? fail('no group');
    const anybody = { protocol: 'tcp', peer: { range: prefix('0.0.0.0/0') } } as const;
    region.ask({ do: 'add-rules', group, way: 'ingress', rules: [anybody] });
    await region.emulator.settled();
    const world = region.emulator.fabric?.machine('internet') ?? fail('no internet');
    somebody.set('internet', await Actor.open(world.entering([]), PORT));
    const portMappings = [{ hostPort: 9_090, containerPort: PORT, protocol: 'tcp' }];
    ips.set('node-1/web', await node('node-1').pod('web', { runtimeConfig: { portMappings } }));
    somebody.set('node-1/web', await node('node-1').somebody('web', PORT));
    expect(nicOf('node-1/web').attachment?.device).not.toBe(0);
    region.emulator.fabric?.forgetDrops();
    for (const pod of [...somebody.keys()].filter((it) => it.startsWith('node-1/')))
      expect(`${pod}: ${await actor(pod).seen(INTERNET)}`).toBe(`${pod}: ${published}`);
    for (const from of ['node-2', 'node-2/p0', 'node-3/p0'])
      for (const at of [own.addresses[0], other.addresses[0]])
        expect(`${from} at ${at}: ${await actor(from).seen(at ?? '', { port: 9_090 })}`).toBe(
          `${from} at ${at}: ${ip(from)}`,
        );
    expect(await actor('internet').seen(published, { port: 9_090 })).toBe(INTERNET);
    expect(drops()).toEqual([]);
  }, 30_000);

  test('A19, A24: killed and started again while the API hangs: no packet lost, warm addresses given', async () => {
    const [name, first, second] = ['node-1', 'node-1/p0', 'node-1/web'];
    const before = await standing(name);
    trouble({ kind: 'hang' }, { instance: region.instance(name) });
    const talking = [first, second].map((pod) => new Talk(actor(pod), { as: ip(pod), to: ip('node-3/p0') }));
    await node(name).end('SIGKILL');
    await node(name).start();
    await node(name).ready();
    expect(await standing(name)).toBe(before);
    await burst(name, ['warm']);
    for (const { sent, lost } of await Promise.all(talking.map((it) => it.stop()))) {
      expect(lost).toBe(0);
      expect(sent).toBeGreaterThan(100);
    }
    expect(node(name).logged('taken from outside')).toEqual([]);
  }, 60_000);

  test('A43: metadata without a NIC take nothing from its pods, nor does a restart then', async () => {
    const nic = nicOf('node-1/web').id;
    trouble({ kind: 'hide', viewer: 'metadata', nic });
    const before = await standing('node-1');
    const talking = new Talk(actor('node-1/web'), { as: ip('node-1/web'), to: ip('node-3/p0') });
    await node('node-1').end('SIGTERM');
    await node('node-1').start();
    await until(20_000, 'EC2 itself has told', () => isTold('node-1'));
    expect(await standing('node-1')).toBe(before);
    expect((await talking.stop()).lost).toBe(0);
    expect(await actor('node-3/p0').seen(ip('node-1/web'))).toBe(ip('node-3/p0'));
    expect(node('node-1').logged('taken from outside')).toEqual([]);
  }, 40_000);

  test('A71: calls that are denied: warm pods start, then the missing permission is named; allowed again, it goes on', async () => {
    const it = node('node-3');
    trouble({ kind: 'deny' }, { instance: region.instance('node-3') });
    const { free } = await poolOf('node-3');
    expect(free).toBeGreaterThan(0);
    await burst(
      'node-3',
      Array.from({ length: free }, (_, i) => `warm${i}`),
    );
    const refused = await it.add('refused');
    expect(refused).toMatchObject({ exitCode: 1 });
    expect(refused.says).toMatch(/the role that asks needs ec2:\w+/);
    expect(await it.why('node-3-refused')).toMatch(/the role that asks needs ec2:\w+/);
    expect(await it.metric('berth_refusals_total', 'cloud-denied')).toBeGreaterThan(0);
    region.calm('deny');
    await until(30_000, 'it is asked again', async () => (await it.add('refused')).exitCode === 0);
  }, 60_000);

  test('A11, A42: a subnet that runs dry refuses with its name, in the CNI error and in berth why', async () => {
    const it = node('node-2');
    const subnet = region.subnet('a');
    trouble({ kind: 'exhaust', of: 'address' }, { subnet, instance: region.instance('node-2') });
    const { free } = await poolOf('node-2');
    const answers = await Promise.all(Array.from({ length: free + 2 }, (_, i) => it.add(`dry${i}`)));
    const refused = answers.filter(({ exitCode }) => exitCode !== 0);
    expect(refused).toHaveLength(2);
    expect(refused[0]?.says).toContain(subnet);
    const pod = `node-2-dry${answers.findIndex(({ exitCode }) => exitCode !== 0)}`;
    expect(await it.why(pod)).toContain(subnet);
    expect(await it.metric('berth_refusals_total', 'subnet-empty')).toBe(2);
    expect(await it.metric('berth_cloud_troubles', 'exhausted')).toBeGreaterThan(0);
  }, 40_000);

  test('A44, A45: an address and a NIC that somebody takes away are told to their pods, and given to nobody', async () => {
    const [address, nic] = [ip('node-2/p1'), nicOf('node-1/web').id];
    const cut = [...ips].filter(([pod]) => pod.startsWith('node-1/') && nicOf(pod).id === nic).map(([, it]) => it);
    region.ask({ do: 'detach-nic', of: { nic }, force: true });
    for (const name of ['node-1', 'node-2'])
      await until(75_000, `${name} is sure`, () => node(name).logged('taken from outside').length > 0);
    expect(await node('node-2').why(address)).toContain('from outside');
    expect(await node('node-2').metric('berth_taken_total', 'address')).toBe(1);
    expect(await node('node-1').metric('berth_taken_total', 'nic')).toBe(1);
    for (const it of cut) expect(await node('node-1').why(it)).toContain(`${nic} was detached from outside`);
    const after = await Promise.all(['a0', 'a1', 'a2'].map((pod) => node('node-1').pod(pod)));
    expect(after.filter((it) => cut.includes(it))).toEqual([]);
    region.emulator.fabric?.forgetDrops();
    somebody.set('node-1/a0', await node('node-1').somebody('a0', PORT));
    expect(await actor('node-1/a0').seen(ip('node-3/p0'))).toBe(after[0]);
    expect(drops()).toEqual([]);
  }, 90_000);
});
