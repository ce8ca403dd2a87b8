import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { AwsSettings } from '../../src/io/cloud/aws/settings.ts';
import type { Topology } from '../../emulator/server/topology.ts';
import { isRoot } from '../kernel/space.ts';
import { AWS_ENVIRONMENT, AwsRegion } from './aws-region.ts';
import { LiveNode, type LivePod } from './live-node.ts';
import { PORT, Stage } from './stage.ts';

// Agents with the real provider on an emulated region with packets, in each choice of families and units: who is seen
// as whom, and that the VPC drops nothing.

const NODES = ['node-1', 'node-2', 'node-3'] as const;
const QUICK = { delays: { attach: [50, 200], detach: [50, 200], describe: [0, 100], metadata: [0, 200] } } as const;

/** Two zones with a subnet of both families each. */
function topology(type: string): Topology {
  const [a, b] = ['eu-west-1a', 'eu-west-1b'];
  const at = (name: string, subnet: string) => ({ name, subnet, type });
  return {
    zones: [a, b],
    vpcs: [
      {
        name: 'vpc',
        range: '10.0.0.0/16',
        ranges: ['100.64.0.0/16'],
        ipv6: true,
        subnets: [
          { name: 'a', zone: a, range: '10.0.1.0/24' },
          { name: 'b', zone: b, range: '10.0.2.0/24' },
          { name: 'pods-a', zone: a, range: '100.64.1.0/24' },
          { name: 'pods-b', zone: b, range: '100.64.2.0/24' },
        ],
        instances: [at('node-1', 'a'), at('node-2', 'a'), at('node-3', 'b')],
      },
    ],
  };
}

let region: AwsRegion;
let nodes: LiveNode[] = [];

beforeEach(() => {
  for (const [name, value] of Object.entries(AWS_ENVIRONMENT)) vi.stubEnv(name, value);
});
afterEach(async () => {
  for (const node of nodes) await node.close();
  nodes = [];
  await region.close();
  vi.unstubAllEnvs();
});

interface Wanted {
  readonly type: string;
  readonly families: string;
  readonly unit: string;
  readonly pods: number;
  readonly noPrefix?: boolean; // the subnets have none
  readonly apart?: boolean; //    pods' NICs stand in subnets of their own
}

/** So many pods on each of three nodes. */
async function begin(of: Wanted): Promise<readonly LivePod[]> {
  region = await AwsRegion.open({ topology: topology(of.type), manner: { ...QUICK, buckets: {} }, packets: true });
  if (of.noPrefix === true) region.trouble({ kind: 'exhaust', of: 'prefix' });
  const config = `cloud: { families: ${of.families}, unit: ${of.unit}, usePrimary: ${of.apart !== true} }\nnetwork: { tunnel: { use: never } }\n`;
  for (const name of NODES) {
    const machine = region.emulator.fabric?.machine(region.instance(name))?.netns.path ?? '';
    nodes.push(
      await LiveNode.open(
        name,
        machine,
        await region.provider(name, of.apart === true ? { zones: podSubnets() } : {}),
        { config },
      ),
    );
  }
  const names = Array.from({ length: of.pods }, (_, i) => `pod${i}`);
  const pods = await Promise.all(nodes.flatMap((node) => names.map((name) => node.pod(name))));
  region.emulator.fabric?.forgetDrops();
  return pods;
}

/** Custom networking: a subnet for pods in each zone. */
function podSubnets(): AwsSettings['zones'] {
  const at = (name: string) => ({ subnet: region.subnet(name), groups: [] });
  return { 'eu-west-1a': at('pods-a'), 'eu-west-1b': at('pods-b') };
}

/** Every pod asks every other one, by each family. */
async function askAll(pods: readonly LivePod[]): Promise<void> {
  for (const from of pods)
    for (const to of pods)
      for (const [i, address] of to.addresses.entries())
        if (from !== to)
          expect(`${from.name} → ${to.name}: ${await from.space.seenAs('tcp', address, 80)}`).toBe(
            `${from.name} → ${to.name}: ${from.addresses[i]}`,
          );
}

/** As whom somebody in a machine or the world sees a pod. */
async function seenBy(there: string, pod: LivePod): Promise<string> {
  return (await pod.space.seenAs('tcp', there, PORT)).replace(/^::ffff:/, '');
}

function drops(): readonly string[] {
  return (region.emulator.fabric?.drops() ?? []).map(({ sentence }) => sentence);
}

async function people(): Promise<void> {
  const { fabric } = region.emulator;
  if (fabric === undefined) throw new Error('there are no packets');
  await Stage.of(fabric).people('internet', ...NODES.map((name) => region.instance(name)));
}

test.skipIf(!isRoot).each([
  ['single addresses on several NICs', { type: 't3.small', unit: 'address', pods: 5 }],
  ['prefixes', { type: 't3.nano', unit: 'prefix', pods: 5 }],
])(
  'A64: with %s each pod has both families, and is seen as itself by all pods and nodes, with no drop',
  { timeout: 120_000 },
  async (_, of) => {
    const pods = await begin({ ...of, families: '[v4, v6]' });
    expect(pods.map(({ addresses }) => addresses.map((it) => it.includes(':')))).toEqual(pods.map(() => [false, true]));
    await askAll(pods);
    await people();
    for (const pod of pods) {
      for (const name of NODES) {
        const [own] = region.nics(name);
        for (const [i, there] of [own?.addresses[0], own?.addresses6[0]].entries())
          if (there !== undefined) expect(await seenBy(there, pod)).toBe(pod.addresses[i]);
      }
      expect(await seenBy('198.51.100.1', pod)).toBe(region.nics(pod.name.split('/')[0] ?? '')[0]?.publicAddress);
      expect(await seenBy('3fff::1', pod)).toBe(pod.addresses[1]);
    }
    expect(drops()).toEqual([]);
  },
);

test.skipIf(!isRoot)(
  'A63: with IPv6 alone a pod has a /128 of the prefix of its node, no address translation, and no drop',
  { timeout: 120_000 },
  async () => {
    const pods = await begin({ type: 'm5.large', families: '[v6]', unit: 'prefix', pods: 4 });
    for (const [i, name] of NODES.entries()) {
      const [own, ...more] = region.nics(name);
      expect([own?.prefixes6.length, own?.prefixes, more]).toEqual([1, [], []]);
      for (const pod of pods.slice(i * 4, i * 4 + 4)) {
        expect(pod.addresses).toHaveLength(1);
        expect(pod.space.ip('-6 address show dev eth0 scope global')).not.toMatch(/tentative|dadfailed/);
        expect(pod.space.ip('-6 address show dev eth0 scope global')).toContain(`${pod.address}/128`);
      }
    }
    await askAll(pods);
    await people();
    for (const pod of pods) expect(await seenBy('3fff::1', pod)).toBe(pod.address);
    expect(drops()).toEqual([]);
  },
);

test.skipIf(!isRoot)(
  'A35: where no /28 is free, pods of a node that wants prefixes get single addresses, and reach each other',
  { timeout: 120_000 },
  async () => {
    const pods = await begin({ type: 'm5.large', families: '[v4]', unit: 'prefix', pods: 3, noPrefix: true });
    for (const name of NODES)
      expect(region.nics(name).map(({ addresses, prefixes }) => [addresses.length > 3, prefixes.length])).toEqual([
        [true, 0],
      ]);
    await askAll(pods);
    expect(drops()).toEqual([]);
  },
);

test.skipIf(!isRoot)(
  "A47: in subnets of their own, of another range, pods reach pods, nodes and the world, and the nodes' NICs hold none",
  { timeout: 120_000 },
  async () => {
    const pods = await begin({ type: 'm5.large', families: '[v4]', unit: 'address', pods: 3, apart: true });
    expect(pods.every(({ address }) => address.startsWith('100.64.'))).toBe(true);
    for (const name of NODES) expect(region.nics(name)[0]?.addresses).toHaveLength(1);
    await askAll(pods);
    await people();
    for (const pod of pods) {
      for (const name of NODES) expect(await seenBy(region.nics(name)[0]?.addresses[0] ?? '', pod)).toBe(pod.address);
      const own = region.nics(pod.name.split('/')[0] ?? '')[0];
      expect(await seenBy('198.51.100.1', pod)).toBe(own?.publicAddress);
    }
    expect(drops()).toEqual([]);
  },
);
