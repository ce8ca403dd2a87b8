import { afterEach, describe, expect, test } from 'vitest';
import { address, familyOf, interfaceAddress } from '../../src/base/ip.ts';
import type { NodeDatapath } from '../../src/core/datapath/node-plan.ts';
import { PlannedNode } from './planned-node.ts';
import { isRoot, join, Space } from './space.ts';

const open: { close(): Promise<void> }[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((it) => it.close()));
});

async function node(number: number): Promise<PlannedNode> {
  const made = await PlannedNode.open(number);
  open.push(made);
  return made;
}

async function space(): Promise<Space> {
  const made = await Space.open();
  open.push(made);
  return made;
}

const onRoot = test.skipIf(!isRoot);

describe.each(['routed', 'bridge'] as const)('%s', (mode) => {
  onRoot('pods reach each other and the node, both ways and in both families, as soon as they are made', async () => {
    const here = await node(1);
    // no node is without
    for (const it of ['192.0.2.1/32', '2001:db8::1/128']) here.space.ip(`address add ${it} dev lo`);
    await here.plan({ mode });
    const [a, b] = [await here.sandbox(), await here.sandbox()];
    const [first, second] = [await here.attach(a, 5), await here.attach(b, 6)];
    for (const [i, there] of second.addresses.entries()) {
      await b.listen('tcp', there, 80);
      expect(await a.seenAs('tcp', there, 80)).toBe(first.addresses[i]);
      expect((await here.space.ask('tcp', there, 80)).split(' ')).toHaveLength(2);
    }
  });

  onRoot('the second interface of a sandbox answers through itself, and survives the first (C12)', async () => {
    const here = await node(1);
    await here.plan({ mode });
    const [a, b] = [await here.sandbox(), await here.sandbox()];
    const client = await here.attach(b, 7);
    const first = await here.attach(a, 5);
    const second = await here.attach(a, 6, { ifname: 'net1', ordinal: 1 });
    for (const it of [...first.addresses, ...second.addresses]) {
      await a.listen('tcp', it, 80);
      expect(await b.seenAs('tcp', it, 80)).toBe(client.addresses[familyOf(it) === 'v4' ? 0 : 1]);
    }
    await here.detach(a, first);
    for (const it of second.addresses) expect(await b.seenAs('tcp', it, 80)).not.toBe('nothing');
  });
});

type Underlay = 'IPv4' | 'IPv6';

/** A node's address, and its router's, on one leg. */
function leg(number: number, underlay: Underlay) {
  const base = underlay === 'IPv4' ? `192.0.${number}.` : `2001:db8:${number}::`;
  return { node: `${base}7`, router: `${base}1`, length: underlay === 'IPv4' ? 24 : 64 };
}

/** Two nodes, each behind its own leg of a router: they share no link. */
async function apart(underlay: Underlay) {
  const [left, right, router] = [await node(1), await node(2), await space()];
  router.sysctl('net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1');
  for (const [it, number] of [
    [left, 1],
    [right, 2],
  ] as const) {
    const ends = leg(number, underlay);
    const sure = underlay === 'IPv4' ? '' : ' nodad';
    join(it.space, 'uplink', router, `leg${number}`);
    it.space.ip(`address add ${ends.node}/${ends.length} dev uplink${sure}`);
    router.ip(`address add ${ends.router}/${ends.length} dev leg${number}${sure}`);
    it.space.ip(`route add default via ${ends.router}`);
  }
  return { left, right };
}

/** What a node on a leg is told of itself and the other. */
function facts(number: 1 | 2, underlay: Underlay, other: PlannedNode): Partial<NodeDatapath> {
  const [mine, theirs] = [leg(number, underlay), leg(3 - number, underlay)];
  const peer = { name: 'other', addresses: [address(theirs.node)], ranges: other.ranges };
  const uplink = { name: 'uplink', mtuBytes: 1500, addresses: [interfaceAddress(`${mine.node}/${mine.length}`)] };
  return { peers: [peer], uplink };
}

describe.each([
  ['routed', 'IPv4', 1450],
  ['bridge', 'IPv4', 1450],
  ['routed', 'IPv6', 1430],
] as const)('%s, nodes that share no link but %s', (mode, underlay, mtu) => {
  onRoot('pods reach each other under their own addresses, and nodes reach pods (K8)', async () => {
    const { left, right } = await apart(underlay);
    await left.plan({ mode, ...facts(1, underlay, right) });
    await right.plan({ mode, ...facts(2, underlay, left) });
    const [a, b] = [await left.sandbox(), await right.sandbox()];
    const [first, second] = [await left.attach(a, 5), await right.attach(b, 6)];
    for (const [i, there] of second.addresses.entries()) {
      await b.listen('tcp', there, 80);
      expect(await a.seenAs('tcp', there, 80)).toBe(first.addresses[i]);
      expect((await left.space.ask('tcp', there, 80)).split(' ')).toHaveLength(2);
    }
    expect(a.ip('link show eth0')).toContain(`mtu ${mtu}`);
  });
});

onRoot('nodes on one link speak directly, pods keep their addresses, and see the other node itself (K8)', async () => {
  const [left, right] = [await node(1), await node(2)];
  join(left.space, 'uplink', right.space, 'uplink');
  for (const [it, host] of [
    [left, 1],
    [right, 2],
  ] as const)
    it.space.ip(`address add 192.0.2.${host}/24 dev uplink`);
  for (const [it, host, other] of [
    [left, 1, right],
    [right, 2, left],
  ] as const) {
    const uplink = { name: 'uplink', mtuBytes: 1500, addresses: [interfaceAddress(`192.0.2.${host}/24`)] };
    const peer = { name: 'other', addresses: [address(`192.0.2.${3 - host}`)], ranges: other.ranges.slice(0, 1) };
    await it.plan({ uplink, peers: [peer] });
  }
  const [a, b] = [await left.sandbox(), await right.sandbox()];
  const [first, second] = [await left.attach(a, 5), await right.attach(b, 6)];
  await b.listen('tcp', second.addresses[0], 80);
  await right.space.listen('tcp', '192.0.2.2', 81);
  expect(await a.seenAs('tcp', second.addresses[0], 80)).toBe(first.addresses[0]);
  expect(await a.seenAs('tcp', '192.0.2.2', 81)).toBe(first.addresses[0]);
  expect(await left.space.seenAs('tcp', second.addresses[0], 80)).toBe('192.0.2.1');
});

onRoot('an address that no pod has is refused at once instead of circling', async () => {
  const here = await node(1);
  await here.plan();
  const a = await here.sandbox();
  await here.attach(a, 5);
  expect(await a.ask('tcp', '10.1.1.99', 80)).toMatch(/EHOSTUNREACH|ENETUNREACH/);
});
