import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Nic } from '../../emulator/cloud/nouns.ts';
import { has, isRoot } from '../kernel/space.ts';
import type { Actor } from './actor.ts';
import { AwsRegion } from './aws-region.ts';
import { TWO_ZONES } from './aws-topologies.ts';
import { CloudNode } from './cloud-node.ts';

// The agent as a process and the CNI executable, each as it is installed, on an emulated region of AWS with packets:
// what a node lives through, from a burst of pods to a NIC that somebody takes away.

const canRun = isRoot && has('ip') && has('nft') && existsSync('build/berth-cni');
const PORT = 8080;
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
});
