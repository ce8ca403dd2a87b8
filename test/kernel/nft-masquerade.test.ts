import { afterEach, expect, test } from 'vitest';
import { INSIDE, NODE, OUTSIDE, SmallNode } from './small-node.ts';
import { isRoot } from './space.ts';

let here: SmallNode | undefined;

afterEach(async () => {
  await here?.close();
  here = undefined;
});

const onRoot = test.skipIf(!isRoot);

/** Hosts outside that listen, with routes back to the pods, so that an unmasked source gets its answer too. */
async function nodeWithWorld(mode: 'routed' | 'bridge') {
  here = await SmallNode.open(mode);
  const pod = await here.pod(5);
  const { outside } = here;
  outside.ip('route add 10.1.0.0/16 via 192.0.2.1');
  outside.ip('route add fd00::/64 via 2001:db8::1');
  for (const it of [...Object.values(OUTSIDE), ...Object.values(INSIDE)]) {
    await outside.listen('udp', it, 7000);
    await outside.listen('tcp', it, 7000);
  }
  return { here, pod, outside };
}

onRoot.each(['routed', 'bridge'] as const)(
  'K10: in %s mode pods go out as the node, and stay themselves inside',
  async (mode) => {
    const { here: node, pod, outside } = await nodeWithWorld(mode);
    node.make(node.internal(['198.51.100.0/24', '2001:db8:1::/64']));
    for (const protocol of ['tcp', 'udp'] as const) {
      expect(await pod.space.seenAs(protocol, OUTSIDE.v4, 7000)).toBe(NODE.v4);
      expect(await pod.space.seenAs(protocol, OUTSIDE.v6, 7000)).toBe(NODE.v6);
      expect(await pod.space.seenAs(protocol, INSIDE.v4, 7000)).toBe(pod.addresses[0]);
      expect(await pod.space.seenAs(protocol, INSIDE.v6, 7000)).toBe(pod.addresses[1]);
    }
    const own = await node.pod(6);
    for (const it of own.addresses) await own.space.listen('tcp', it, 80);
    expect(await pod.space.seenAs('tcp', own.addresses[0], 80)).toBe(pod.addresses[0]);
    expect(await pod.space.seenAs('tcp', own.addresses[1], 80)).toBe(pod.addresses[1]);
    expect(await outside.seenAs('tcp', own.addresses[0], 80)).toBe(OUTSIDE.v4); // what comes in is never changed
  },
);

onRoot.each([
  ['kept', 20, 20],
  ['hashed', 0, 2],
  ['random', 0, 2],
] as const)('A52: source ports that are to be %s are the own ones of the pod or others', async (ports, least, most) => {
  const { here: node, pod } = await nodeWithWorld('routed');
  node.make([node.ruleset({ enabled: true, ports })]);
  const asked = Array.from({ length: 20 }, (_, i) => 40_000 + i);
  const seen = await Promise.all(asked.map((localPort) => pod.space.ask('tcp', OUTSIDE.v4, 7000, { localPort })));
  expect(seen.every((it) => it.startsWith(`${NODE.v4} `))).toBe(true);
  const own = seen.filter((it, i) => it === `${NODE.v4} ${asked[i]}`).length;
  expect(own).toBeGreaterThanOrEqual(least);
  expect(own).toBeLessThanOrEqual(most); // by chance: one of 64,000
});

onRoot('A52: pods that want the same port towards the same server are both answered, whatever is chosen', async () => {
  const { here: node, pod } = await nodeWithWorld('routed');
  const other = await node.pod(6);
  for (const ports of ['kept', 'hashed', 'random'] as const) {
    node.make([node.ruleset({ enabled: true, ports })]);
    const from = { localPort: 41_000 + ports.length };
    const seen = await Promise.all([pod, other].map(({ space }) => space.ask('udp', OUTSIDE.v4, 7000, from)));
    expect(seen.map((it) => it.split(' ')[0])).toEqual([NODE.v4, NODE.v4]);
    expect(new Set(seen).size).toBe(2);
  }
});

onRoot('K10, A52: a change of what is internal holds from the next connection on', async () => {
  const { here: node, pod } = await nodeWithWorld('routed');
  expect(await pod.space.seenAs('tcp', INSIDE.v4, 7000)).toBe(NODE.v4);
  const wide = node.internal(['198.51.100.0/24']);
  node.make(wide);
  expect(await pod.space.seenAs('tcp', INSIDE.v4, 7000)).toBe(pod.addresses[0]);
  const narrow = node.internal(['198.51.100.128/25']); // inside of what was excepted: takes its place
  node.make(narrow);
  expect(await pod.space.seenAs('tcp', INSIDE.v4, 7000)).toBe(NODE.v4);
  expect(node.nft.observe(wide).map((item) => item.kind === 'element' && item.key[0])).toContain('198.51.100.128/25');
});

onRoot('without masquerading pods are seen as themselves everywhere', async () => {
  const { here: node, pod } = await nodeWithWorld('routed');
  node.make([node.ruleset({ enabled: false, ports: 'kept' })]);
  expect(await pod.space.seenAs('tcp', OUTSIDE.v4, 7000)).toBe(pod.addresses[0]);
});

onRoot('a pod that sends from an address of another pod, or of nobody, is not heard', async () => {
  const { here: node, pod } = await nodeWithWorld('routed');
  await node.pod(6);
  node.make(node.internal(['192.0.2.0/24', '2001:db8::/64']));
  for (const [forged, to] of [
    ['10.1.0.6/32', OUTSIDE.v4],
    ['10.1.0.99/32', OUTSIDE.v4],
    ['fd00::6/128', OUTSIDE.v6],
  ] as const) {
    expect(await pod.space.ask('udp', to, 7000)).not.toBe('nothing');
    const family = forged.includes(':') ? '-6' : '-4';
    pod.space.ip(`address add ${forged} dev eth0${family === '-6' ? ' nodad' : ''}`);
    const via = family === '-6' ? 'default via fe80::1 dev eth0' : 'default via 169.254.1.1';
    pod.space.ip(`${family} route replace ${via} src ${forged.split('/')[0]}`);
    expect(await pod.space.ask('udp', to, 7000, { patienceMs: 400 })).toBe('nothing');
    pod.space.ip(`${family} route replace ${via}`);
    pod.space.ip(`address del ${forged} dev eth0`);
  }
});
