import { afterEach, describe, expect, test } from 'vitest';
import { familyOf } from '../../src/base/ip.ts';
import type { PortMapping } from '../../src/core/attachment.ts';
import { INIT, INIT_ACK, SctpSocket } from './raw-sctp.ts';
import { NODE, OUTSIDE, seeBridged, SmallNode } from './small-node.ts';
import { isRoot } from './space.ts';

const ports: readonly PortMapping[] = [
  { protocol: 'sctp', hostPort: 3868, containerPort: 9000 },
  { protocol: 'tcp', hostPort: 8080, containerPort: 80 },
  { protocol: 'udp', hostPort: 5353, containerPort: 53 },
  { protocol: 'tcp', hostPort: 8081, containerPort: 80, hostIp: NODE.v4 },
  { protocol: 'tcp', hostPort: 8082, containerPort: 80, hostIp: NODE.v6 },
];

const pairs = [
  [NODE.v4, OUTSIDE.v4],
  [NODE.v6, OUTSIDE.v6],
] as const;

let here: SmallNode | undefined;

afterEach(async () => {
  await here?.close();
  here = undefined;
});

/** A node with a pod that serves its own ports, and another pod. */
async function nodeWithServer(mode: 'routed' | 'bridge') {
  here = await SmallNode.open(mode);
  const [server, client] = await Promise.all([here.pod(5, ports), here.pod(6)]);
  for (const it of server.addresses) {
    await server.space.listen('tcp', it, 80);
    await server.space.listen('udp', it, 53);
  }
  return { node: here.node, outside: here.outside, small: here, server, client };
}

const onRoot = test.skipIf(!isRoot);

describe.each(['routed', 'bridge'] as const)('%s', (mode) => {
  onRoot(
    'C32: a host port is reached from outside by TCP and UDP, in both families, and the client is seen as itself',
    async () => {
      const { outside } = await nodeWithServer(mode);
      expect(await outside.seenAs('tcp', NODE.v4, 8080)).toBe(OUTSIDE.v4);
      expect(await outside.seenAs('tcp', NODE.v6, 8080)).toBe(OUTSIDE.v6);
      expect(await outside.seenAs('udp', NODE.v4, 5353)).toBe(OUTSIDE.v4);
      expect(await outside.seenAs('udp', NODE.v6, 5353)).toBe(OUTSIDE.v6);
      expect(await outside.ask('tcp', NODE.v4, 8099)).toBe('refused');
    },
  );

  onRoot('C32: an SCTP INIT arrives at the pod, and its answer at the client, each with a right checksum', async () => {
    const { outside, server } = await nodeWithServer(mode);
    for (const [at, self] of pairs) {
      const family = familyOf(at);
      const [ours, theirs] = [new SctpSocket(outside, family), new SctpSocket(server.space, family)];
      ours.send(at, { chunk: INIT, sourcePort: 5000, destinationPort: 3868 });
      expect(await theirs.receive()).toEqual({
        source: self,
        sourcePort: 5000,
        destinationPort: 9000,
        chunk: INIT,
        intact: true,
      });
      theirs.send(self, { chunk: INIT_ACK, sourcePort: 9000, destinationPort: 5000 });
      const answer = { source: at, sourcePort: 3868, destinationPort: 5000, chunk: INIT_ACK, intact: true };
      expect(await ours.receive()).toEqual(answer);
      for (const it of [ours, theirs]) it.close();
    }
  });

  onRoot('C32: it is reached from the node, by 127.0.0.1 and by its own addresses', async () => {
    const { node } = await nodeWithServer(mode);
    expect(await node.seenAs('tcp', '127.0.0.1', 8080)).not.toMatch(/^127|nothing|refused/);
    expect(await node.seenAs('udp', '127.0.0.1', 5353)).not.toMatch(/^127|nothing|refused/);
    expect(await node.seenAs('tcp', NODE.v4, 8080)).toBe(NODE.v4);
    expect(await node.seenAs('tcp', NODE.v6, 8080)).toBe(NODE.v6);
  });

  onRoot('IPv6 ::1 cannot be translated, and is refused at once', async () => {
    const { node } = await nodeWithServer(mode);
    expect(await node.ask('tcp', '::1', 8080)).toBe('refused');
  });

  onRoot('C32: it is reached from another pod, and from the pod itself', async () => {
    const { server, client } = await nodeWithServer(mode);
    // through a bridge the answer would not come back by the node, so there the node speaks for the client
    const seen = mode === 'routed' ? client.addresses : ['10.1.0.1', 'fd00::1'];
    expect(await client.space.seenAs('tcp', NODE.v4, 8080)).toBe(seen[0]);
    expect(await client.space.seenAs('tcp', NODE.v6, 8080)).toBe(seen[1]);
    expect(await client.space.seenAs('udp', NODE.v4, 5353)).toBe(seen[0]);
    expect(await server.space.seenAs('tcp', NODE.v4, 8080)).toMatch(mode === 'routed' ? NODE.v4 : '10.1.0.1');
    expect(await server.space.seenAs('tcp', NODE.v6, 8080)).toMatch(mode === 'routed' ? NODE.v6 : 'fd00::1');
    expect(await server.space.seenAs('udp', NODE.v4, 5353)).not.toMatch(/nothing|refused/);
  });

  onRoot('C32: a host address limits a port to that address', async () => {
    const { outside, node } = await nodeWithServer(mode);
    expect(await outside.seenAs('tcp', NODE.v4, 8081)).toBe(OUTSIDE.v4);
    expect(await outside.ask('tcp', NODE.v6, 8081)).toBe('refused');
    expect(await node.ask('tcp', '127.0.0.1', 8081)).toBe('refused');
    expect(await outside.seenAs('tcp', NODE.v6, 8082)).toBe(OUTSIDE.v6);
    expect(await outside.ask('tcp', NODE.v4, 8082)).toBe('refused');
  });

  onRoot('a port that is taken back is closed for new connections', async () => {
    const { outside, small, server } = await nodeWithServer(mode);
    expect(small.nft.remove([...small.itemsOf(server, ports)].reverse())).toEqual([]);
    expect(await outside.ask('tcp', NODE.v4, 8080)).toBe('refused');
  });

  onRoot('C32: a UDP port that moves to a second pod takes the flows that exist with it', async () => {
    const { outside, small, server, client } = await nodeWithServer(mode);
    for (const it of client.addresses) await client.space.listen('udp', it, 53);
    const ask = (at: string) => outside.ask('udp', at, 5353, { localPort: 4000, patienceMs: 300 }); // one flow
    for (const [at, self] of pairs) expect(await ask(at)).toMatch(self);
    small.nft.remove(small.itemsOf(server, ports));
    await server.space.close();
    small.make(small.itemsOf(client, ports));
    for (const [at] of pairs) expect(await ask(at)).not.toMatch(/^[0-9]/); // what is tracked keeps to the first pod
    for (const family of ['v4', 'v6'] as const)
      await small.nft.forgetFlows({ protocol: 'udp', hostPort: 5353, family });
    for (const [at, self] of pairs) expect(await ask(at)).toMatch(self);
  });

  onRoot('flows through the node to the same port of others are not forgotten', async () => {
    const { outside, node, small, client } = await nodeWithServer(mode);
    await outside.listen('udp', OUTSIDE.v4, 5353);
    expect(await client.space.ask('udp', OUTSIDE.v4, 5353, { localPort: 4001 })).toBe(`${NODE.v4} 4001`);
    expect(await outside.ask('udp', NODE.v4, 5353, { localPort: 4002 })).toMatch(OUTSIDE.v4);
    await small.nft.forgetFlows({ protocol: 'udp', hostPort: 5353, family: 'v4' });
    const left = node.run('conntrack', '-L', '-p', 'udp', '--orig-port-dst', '5353');
    expect(left).toContain('sport=4001');
    expect(left).not.toContain('sport=4002');
  });

  onRoot('CVE-2020-8558: a pod cannot reach what listens on 127.0.0.1 of the node', async () => {
    const { node, client } = await nodeWithServer(mode);
    await node.listen('udp', '127.0.0.1', 9999);
    await node.listen('udp', NODE.v4, 9999);
    expect(await client.space.ask('udp', NODE.v4, 9999)).toMatch(client.addresses[0]); // the way is open
    client.space.sysctl('net.ipv4.conf.eth0.route_localnet=1');
    client.space.ip('address del 127.0.0.1/8 dev lo');
    client.space.ip(`route add 127.0.0.1 via ${mode === 'routed' ? '169.254.1.1' : '10.1.0.1'}`);
    expect(await client.space.ask('udp', '127.0.0.1', 9999, { patienceMs: 400 })).toBe('nothing');
    expect(node.run('nft', 'list', 'chain', 'inet', 'berth', 'from_pods')).toMatch(
      /127.0.0.0\/8 counter packets [1-9]/,
    );
  });
});

onRoot(
  'C32: where br_netfilter shows bridged packets to the rules, ports of pods of the bridge work as well',
  async () => {
    const { node, server, client } = await nodeWithServer('bridge');
    seeBridged(node, true);
    for (const it of [NODE.v4, NODE.v6]) {
      expect(await client.space.ask('tcp', it, 8080)).not.toMatch(/nothing|refused/);
      expect(await server.space.ask('tcp', it, 8080)).not.toMatch(/nothing|refused/);
    }
  },
);
