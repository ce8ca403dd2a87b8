import { afterEach, expect, test } from 'vitest';
import { type Address, address, type Prefix, prefix } from '../../src/base/ip.ts';
import { agrees, difference } from '../../src/core/datapath/difference.ts';
import { type NicDatapath, nicMark, nicPlan } from '../../src/core/datapath/nic-plan.ts';
import type { Plan } from '../../src/core/datapath/plan.ts';
import { apply } from '../../src/io/kernel/execute.ts';
import { PlannedNode } from './planned-node.ts';
import { has, isRoot, join, Space } from './space.ts';

// A node with two NICs in one subnet, as EC2 makes them, and a router that stands for the VPC. It lets through what
// each NIC may send, and counts what it may not.
//   node eth0 10.0.1.10 ─ f0 ┐
//        eth1 10.0.1.20 ─ f1 ┴ router 10.0.9.9 (of the VPC), 198.51.100.9 (the world)      pods 10.1.1.x are eth1's

const onNft = test.skipIf(!isRoot || !has('nft'));
const open: { close(): Promise<void> }[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((it) => it.close()));
});

const V6_ROUTER = address('fe80:ec2::1');
const PODS: readonly Prefix[] = [prefix('10.1.1.0/28'), prefix('fd01:1::/80')];
const PRIMARY: NicDatapath = { card: 0, device: 0, link: 'eth0', own: [address('10.0.1.10')], gateways: [], units: [] };
const SECOND: NicDatapath = {
  card: 0,
  device: 1,
  link: 'eth1',
  own: [address('10.0.1.20')],
  gateways: [address('10.0.1.1'), V6_ROUTER],
  units: PODS,
};

interface Scene {
  readonly node: PlannedNode;
  readonly router: Space;
  readonly nics: Plan;
}

async function scene(masquerade: boolean, external: readonly Prefix[] = []): Promise<Scene> {
  const [node, router] = [await PlannedNode.open(1), await Space.open()];
  open.push(node, router);
  wire(node.space, router);
  await node.plan({
    ranges: [],
    cluster: [prefix('10.0.0.0/16'), prefix('10.1.0.0/16'), prefix('fd01::/16')],
    masquerade: { enabled: masquerade, except: [], ports: 'kept', families: ['v4'] },
    nics: { families: ['v4', 'v6'], marks: [PRIMARY, SECOND].map(nicMark), external },
    mtuBytes: 1500,
  });
  const nics = [...nicPlan(PRIMARY), ...nicPlan(SECOND)];
  await apply(node.kernel, nics);
  return { node, router, nics };
}

/** The router knows of every address at which NIC it is, as a VPC does. */
function wire(node: Space, router: Space): void {
  router.sysctl('net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1');
  for (const [link, leg] of [
    ['eth0', 'f0'],
    ['eth1', 'f1'],
  ] as const) {
    join(node, link, router, leg);
    router.ip(`address add 10.0.1.1/32 dev ${leg}`);
    router.ip(`address add ${V6_ROUTER}/64 dev ${leg} nodad`);
  }
  node.ip('address add fe80::10/64 dev eth0 nodad');
  node.ip('address add fe80::20/64 dev eth1 nodad');
  node.ip('address add 10.0.1.10/24 dev eth0');
  node.ip('address add fd01:0:1::10/128 dev eth0 nodad');
  node.ip('route add default via 10.0.1.1');
  node.ip(`route add default via ${V6_ROUTER} dev eth0`);
  for (const [to, leg] of [
    ['10.0.1.10', 'f0'],
    ['10.0.1.20', 'f1'],
  ])
    router.ip(`route add ${to} dev ${leg}`);
  for (const own of ['10.0.9.9', '198.51.100.9']) router.ip(`address add ${own}/32 dev lo`);
  for (const own of ['fd01:9::9', '2001:db8::9']) router.ip(`address add ${own}/128 dev lo nodad`);
  router.ip('route add 10.1.1.0/28 via 10.0.1.20 dev f1 onlink');
  router.ip('route add fd01:1::/80 via fe80::20 dev f1');
  router.ip('route add fd01:0:1::10/128 via fe80::10 dev f0');
  router.run('nft', 'add table inet vpc');
  router.run('nft', 'add chain inet vpc check { type filter hook prerouting priority -300; }');
  router.run('nft', 'add rule inet vpc check iifname f0 ip saddr != 10.0.1.10 counter drop');
  router.run('nft', 'add rule inet vpc check iifname f1 ip saddr != { 10.0.1.20, 10.1.1.0/28 } counter drop');
  router.run('nft', 'add rule inet vpc check iifname f0 ip6 saddr fd01:1::/80 counter drop');
}

/** Packets that the VPC would have thrown away. */
function dropped(router: Space): number {
  const found = router.run('nft', 'list table inet vpc').matchAll(/counter packets (\d+)/g);
  return [...found].reduce((sum, [, count]) => sum + Number(count), 0);
}

async function pod({ node }: Scene, host: number): Promise<{ space: Space; addresses: readonly [Address, Address] }> {
  const space = await node.sandbox();
  return { space, addresses: (await node.attach(space, host)).addresses };
}

onNft('a pod of a second NIC speaks through it in the VPC, and through the node’s own to the world (A51)', async () => {
  const here = await scene(true);
  const { space, addresses } = await pod(here, 5);
  const { router } = here;
  for (const own of ['10.0.9.9', '198.51.100.9', 'fd01:9::9', '2001:db8::9']) await router.listen('tcp', own, 80);
  expect(await space.seenAs('tcp', '10.0.9.9', 80)).toBe(addresses[0]);
  expect(await space.seenAs('tcp', '198.51.100.9', 80)).toBe('10.0.1.10');
  expect(await space.seenAs('tcp', 'fd01:9::9', 80)).toBe(addresses[1]);
  expect(await space.seenAs('tcp', '2001:db8::9', 80)).toBe(addresses[1]); // no NAT in IPv6 (A63)
  expect(dropped(router)).toBe(0);
});

onNft('without masquerading the world sees the pod, through its own NIC (A51)', async () => {
  const here = await scene(false);
  const { space, addresses } = await pod(here, 5);
  await here.router.listen('tcp', '198.51.100.9', 80);
  expect(await space.seenAs('tcp', '198.51.100.9', 80)).toBe(addresses[0]);
  expect(dropped(here.router)).toBe(0);
});

onNft.each([
  ['listed as external', [prefix('203.0.113.0/24')]],
  ['not listed', []],
] as const)(
  'A53: a range to which only the node has a way, %s: pods of other NICs reach it just when it is',
  async (_, external) => {
    const here = await scene(false, external);
    const office = await Space.open();
    open.push(office);
    join(here.node.space, 'ext0', office, 'eth0');
    here.node.space.ip('address add 192.0.2.1/30 dev ext0');
    here.node.space.ip('route add 203.0.113.0/24 via 192.0.2.2');
    for (const line of ['address add 192.0.2.2/30 dev eth0', 'address add 203.0.113.9/32 dev lo', 'link set lo up'])
      office.ip(line);
    office.ip('route add 10.1.1.0/28 via 192.0.2.1');
    await office.listen('tcp', '203.0.113.9', 80);
    const { space, addresses } = await pod(here, 5);
    const [seen] = (await space.ask('tcp', '203.0.113.9', 80, { patienceMs: external.length > 0 ? 4_000 : 700 })).split(
      ' ',
    );
    expect(seen === addresses[0]).toBe(external.length > 0);
  },
);

onNft('pods of one node reach each other and the node, whatever their NIC', async () => {
  const here = await scene(true);
  const [a, b] = [await pod(here, 5), await pod(here, 6)];
  await b.space.listen('tcp', b.addresses[0], 80);
  expect(await a.space.seenAs('tcp', b.addresses[0], 80)).toBe(a.addresses[0]);
  await here.node.space.listen('tcp', '10.0.1.10', 81);
  expect(await a.space.seenAs('tcp', '10.0.1.10', 81)).toBe(a.addresses[0]);
  expect(await here.node.space.seenAs('tcp', b.addresses[0], 80)).toBe('10.0.1.10');
  expect(dropped(here.router)).toBe(0);
});

onNft('what came in by a NIC is answered by it: to the pod itself, and through a host port (A54)', async () => {
  const here = await scene(true);
  const { space, addresses } = await pod(here, 5);
  await space.listen('tcp', addresses[0], 80);
  expect(await here.router.seenAs('tcp', addresses[0], 80)).not.toBe('nothing');
  const web = await here.node.sandbox();
  const ported = await here.node.attach(web, 7, { ports: [{ protocol: 'tcp', hostPort: 8080, containerPort: 80 }] });
  await web.listen('tcp', ported.addresses[0], 80);
  for (const node of ['10.0.1.10', '10.0.1.20'])
    expect(await here.router.seenAs('tcp', node, 8080), node).toMatch(/^(10\.0\.1\.1|10\.0\.9\.9|198\.51\.100\.9)$/);
  expect(dropped(here.router)).toBe(0);
});

onNft('what is taken away of a NIC is seen, and comes back (A56)', async () => {
  const { node, nics } = await scene(true);
  const seen = async () => difference(nics, await node.kernel.observe(nics));
  expect(agrees(await seen())).toBe(true);
  node.space.ip('rule del priority 1536');
  node.space.ip('route flush table 4001');
  node.space.run('nft', 'flush map inet berth nic_of4');
  const { missing } = await seen();
  expect(missing.map(({ kind }) => kind).sort()).toEqual(['element', 'route', 'route', 'rule']);
  await apply(node.kernel, missing);
  expect(agrees(await seen())).toBe(true);
});
