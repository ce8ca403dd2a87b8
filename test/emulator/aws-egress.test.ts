import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Prefix, prefix } from '../../src/base/ip.ts';
import type { Id, Nic } from '../../emulator/cloud/nouns.ts';
import type { Topology } from '../../emulator/server/topology.ts';
import { isRoot } from '../kernel/space.ts';
import { AWS_ENVIRONMENT, AwsRegion, idMade } from './aws-region.ts';
import { LiveNode, type LivePod } from './live-node.ts';
import { SkippingClock } from './skipping-clock.ts';
import { PORT, Stage } from './stage.ts';

// One agent with the real provider on an emulated region with packets: what leaves a pod, what answers it, and what
// changes while the agent runs.

const QUICK = { delays: { attach: [50, 200], detach: [50, 200], describe: [0, 0], metadata: [0, 0] } } as const;
const VPC = prefix('10.0.0.0/16');
const MORE = prefix('100.64.0.0/16');
const ASKED_EVERY_MS = 30_000; // the VPC's ranges
const ROUTED = 'tunnel: { use: never }';

/** A node whose NICs have room for three pods each, and a machine beside it. */
const TOPOLOGY: Topology = {
  zones: ['eu-west-1a'],
  vpcs: [
    {
      name: 'vpc',
      range: VPC,
      subnets: [{ name: 'a', zone: 'eu-west-1a', range: '10.0.1.0/24' }],
      instances: [
        { name: 'node-1', subnet: 'a', type: 't3.small' },
        { name: 'beside', subnet: 'a' },
      ],
    },
  ],
};

let region: AwsRegion;
let node: LiveNode;
let stage: Stage;
let clock: SkippingClock; // of the node
let told: readonly Prefix[] | undefined; // what metadata say of the VPC's ranges, as long as a test decides that

beforeEach(async () => {
  if (!isRoot) return;
  for (const [name, value] of Object.entries(AWS_ENVIRONMENT)) vi.stubEnv(name, value);
  told = undefined;
  region = await AwsRegion.open({ topology: TOPOLOGY, manner: { ...QUICK, buckets: {} }, packets: true });
  const { fabric } = region.emulator;
  if (fabric === undefined) throw new Error('there are no packets');
  const provider = await region.provider('node-1');
  const asked = provider.vpcRanges.bind(provider);
  provider.vpcRanges = async () => told ?? asked();
  const machine = fabric.machine(region.instance('node-1'))?.netns.path ?? '';
  clock = new SkippingClock();
  node = await LiveNode.open('node-1', machine, provider, { config: `network: { ${ROUTED} }\n`, clock });
  stage = Stage.of(fabric);
});
afterEach(async () => {
  if (!isRoot) return;
  await node.close();
  await region.close();
  vi.unstubAllEnvs();
});

const drops = () => stage.fabric.drops().map(({ sentence }) => sentence);

/** Five pods, and the one of them that stands on the second NIC. */
async function podOfSecondNic(): Promise<LivePod> {
  const pods = await Promise.all([1, 2, 3, 4, 5].map((i) => node.pod(`pod${i}`)));
  const [, second] = region.nics('node-1');
  const found = pods.find(({ address }) => second?.addresses.includes(address as never));
  if (found === undefined) throw new Error('no pod stands on the second NIC');
  return found;
}

/** A machine in a range that the VPC gets now. Answers its address. */
async function machineInNewRange(): Promise<string> {
  const vpc = region.nics('node-1')[0]?.vpc ?? ('' as Id);
  region.ask({ do: 'add-range', vpc, range: MORE });
  const subnet = idMade(
    region.ask({ do: 'create-subnet', vpc, zone: 'eu-west-1a', v4: prefix('100.64.1.0/24'), tags: {} }),
  );
  const nics = [{ device: 0, subnet }];
  region.ask({ do: 'run-instances', least: 1, most: 1, type: 'm5.large', nics, tags: { Name: 'new' } });
  region.world.pass(60_000);
  await region.emulator.settled();
  await stage.people(region.instance('new'));
  return region.nics('new')[0]?.addresses[0] ?? '';
}

async function seenAs(pod: LivePod, there: string): Promise<string> {
  return (await pod.space.seenAs('tcp', there, PORT)).replace(/^::ffff:/, '');
}

test.skipIf(!isRoot)(
  'A51, A52, A57: what is masqueraded is switched, excepted and followed while the agent runs',
  { timeout: 120_000 },
  async () => {
    told = [VPC];
    const pod = await podOfSecondNic();
    const there = await machineInNewRange();
    const own = region.nics('node-1')[0]?.addresses[0];
    const with_ = (masquerade: string) => node.reconfigure(`network: { ${ROUTED}, masquerade: { ${masquerade} } }\n`);
    expect(await seenAs(pod, there)).toBe(own); // nobody has told of the range yet
    await with_('enabled: false');
    expect(await seenAs(pod, there)).toBe(pod.address);
    await with_('enabled: true');
    expect(await seenAs(pod, there)).toBe(own);
    await with_(`except: [${MORE}]`);
    expect(await seenAs(pod, there)).toBe(pod.address);
    await with_('except: []');
    expect(await seenAs(pod, there)).toBe(own);
    told = undefined; // metadata tell of it from now on
    clock.skip(ASKED_EVERY_MS);
    await expect.poll(() => seenAs(pod, there), { timeout: 10_000 }).toBe(pod.address);
    expect(drops()).toEqual([]);
  },
);

test.skipIf(!isRoot)(
  'A54: a host port is answered by the NIC whose address was asked, to a machine of the VPC and to the internet',
  { timeout: 60_000 },
  async () => {
    await podOfSecondNic();
    await node.pod('ported', [{ hostPort: 8_088, containerPort: 80, protocol: 'tcp' }]);
    const people = [region.instance('beside'), 'internet'] as const;
    await stage.people(...people);
    const nics = region.nics('node-1');
    const open = { protocol: 'tcp', ports: { from: 8_088, to: 8_088 }, peer: { range: prefix('0.0.0.0/0') } } as const;
    for (const group of nics[0]?.groups ?? []) region.ask({ do: 'add-rules', group, way: 'ingress', rules: [open] });
    await region.emulator.settled();
    stage.drops();
    const inside = region.nics('beside')[0]?.addresses[0];
    expect(nics.length).toBeGreaterThan(1);
    for (const nic of nics) {
      const seen = () => stage.seen(region.instance('beside'), nic.addresses[0] ?? '', { port: 8_088 });
      await expect.poll(seen, { timeout: 20_000 }).toBe(inside); // one that came a moment ago is still being set up
    }
    expect(await stage.seen('internet', publicOf(nics[0]), { port: 8_088 })).toBe('198.51.100.1');
    expect(drops()).toEqual([]);
  },
);

test.skipIf(!isRoot)(
  'A58, A66: settings of NICs come back when somebody changes them, and rules of others stay as they are',
  { timeout: 60_000 },
  async () => {
    const run = (command: string) => stage.run(region.instance('node-1'), command);
    await run('ip rule add from 203.0.113.7 lookup 77 priority 900; ip route add 203.0.113.0/24 dev lo table 77');
    await podOfSecondNic();
    const names = (await run("ip -o link | sed -n 's/^[0-9]*: \\(eth[0-9]*\\|ens[0-9]*\\)[:@].*/\\1/p'")).split('\n');
    expect(names.length).toBeGreaterThan(1);
    const settings = (name: string) =>
      run(`cat /proc/sys/net/ipv4/conf/${name}/rp_filter /proc/sys/net/ipv4/conf/${name}/forwarding`);
    for (const name of names) {
      await expect.poll(() => settings(name)).toBe('2\n1');
      await run(`sysctl -qw net.ipv4.conf.${name}.rp_filter=1 net.ipv4.conf.${name}.forwarding=0`);
      await expect.poll(() => settings(name), { timeout: 10_000 }).toBe('2\n1');
    }
    expect(await run('ip rule list priority 900')).toContain('from 203.0.113.7 lookup 77');
    expect(await run('ip route show table 77')).toContain('203.0.113.0/24');
  },
);

function publicOf(nic: Nic | undefined): string {
  return nic?.publicAddress ?? '';
}
