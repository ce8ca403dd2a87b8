import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { silent } from '../../src/base/log.ts';
import { internalElements, podElements } from '../../src/core/datapath/elements.ts';
import { nodeRuleset, type RulesetOptions } from '../../src/core/datapath/node-ruleset.ts';
import { show } from '../../src/core/datapath/plan.ts';
import { rulesetText } from '../../src/core/datapath/ruleset-text.ts';
import type { Ruleset, Statement } from '../../src/core/datapath/ruleset.ts';
import { address, prefix } from '../../src/base/ip.ts';
import type { KernelChange } from '../../src/io/kernel/kernel.ts';
import type { NftDoor, NftItem } from '../../src/io/kernel/nft-door.ts';
import { openNft } from '../../src/io/kernel/nft-kernel.ts';
import { has, isRoot, Space } from './space.ts';

const onNft = test.skipIf(!isRoot || !has('nft'));
const spaces: Space[] = [];
const doors: NftDoor[] = [];

afterEach(async () => {
  for (const door of doors.splice(0)) door.close();
  await Promise.all(spaces.splice(0).map((space) => space.close()));
});

async function open(): Promise<{ space: Space; nft: NftDoor }> {
  const space = await Space.open();
  const nft = openNft({ log: silent, netns: space.netns });
  spaces.push(space);
  doors.push(nft);
  return { space, nft };
}

const routed: RulesetOptions = {
  mode: 'routed',
  bridge: 'berth0',
  masquerade: { enabled: true, ports: 'random' },
  checkSources: true,
};
const skeleton: NftItem = { kind: 'ruleset', ruleset: nodeRuleset(routed) };
const elements = [
  ...internalElements(['10.0.0.0/8', '192.0.2.7/32', 'fd00::/8'].map(prefix)),
  ...podElements({
    link: 'bthabc',
    addresses: [address('10.1.0.5'), address('fd00::5')],
    ports: [
      { protocol: 'tcp', hostPort: 8080, containerPort: 80 },
      { protocol: 'udp', hostPort: 53, containerPort: 5353, hostIp: address('192.0.2.1') },
      { protocol: 'sctp', hostPort: 3868, containerPort: 3868, hostIp: address('2001:db8::1') },
    ],
  }),
] as readonly NftItem[];

/** What nft makes of the same ruleset written as text: without handles, which are numbers of the day. */
async function listedByNft(ruleset: Ruleset): Promise<unknown> {
  const space = await Space.open();
  spaces.push(space);
  const file = join(tmpdir(), `berth-${process.pid}-${ruleset.tag}.nft`);
  try {
    writeFileSync(file, rulesetText(ruleset));
    space.run('nft', '-f', file);
  } finally {
    rmSync(file, { force: true });
  }
  return listed(space);
}

function listed(space: Space): unknown {
  const everything = JSON.parse(space.run('nft', '-j', 'list', 'ruleset')) as unknown;
  return JSON.parse(JSON.stringify(everything, (key, value: unknown) => (key === 'handle' ? undefined : value)));
}

/** Every kind of statement, in the forms that the skeleton does not have. */
const everyStatement: Statement[][] = [
  [{ is: 'match', field: 'meta nfproto', op: '==', value: 'ipv6' }, { is: 'notrack' }],
  [
    { is: 'match', field: 'meta l4proto', op: '==', value: 'tcp' },
    { is: 'match', field: 'th dport', op: '==', value: 80 },
    { is: 'counter' },
  ],
  [{ is: 'match', field: 'ip saddr', op: '!=', value: '10.128.0.0/9' }, { is: 'return' }],
  [{ is: 'match', field: 'ip6 daddr', op: '==', value: 'fd00::/64' }, { is: 'accept' }],
  [
    { is: 'match', field: 'iifname', op: '==', value: 'eth0' },
    { is: 'set-mark', which: 'meta', mask: 0x80, value: 0x80 },
  ],
  [
    { is: 'match-bits', field: 'ct mark', mask: 0x80, op: '==', value: 0x80 },
    { is: 'set-mark', which: 'ct', mask: 0xff, value: 0 },
  ],
  [{ is: 'match-bits', field: 'meta mark', mask: 0xf0, op: '!=', value: 0x10 }, { is: 'drop' }],
  [
    { is: 'match', field: 'ct direction', op: '==', value: 'original' },
    { is: 'jump', chain: 'leaf' },
  ],
  [{ is: 'map-mark', which: 'meta', fields: ['ip saddr'], map: 'nic_of4' }],
];

onNft.each([
  ['routed', nodeRuleset(routed)],
  ['bridge', nodeRuleset({ ...routed, mode: 'bridge', masquerade: { enabled: true, ports: 'kept' } })],
  ['with hashed ports', nodeRuleset({ ...routed, masquerade: { enabled: true, ports: 'hashed' } })],
  ['with NICs', nodeRuleset({ ...routed, nicMarks: [0x800, 1, 2] })],
  ['with every statement', withChain(nodeRuleset(routed), everyStatement)],
])('the ruleset %s is what nft makes of its text', async (_, ruleset) => {
  const { space, nft } = await open();
  expect(nft.ensure([{ kind: 'ruleset', ruleset }]).failure).toBeUndefined();
  expect(listed(space)).toEqual(await listedByNft(ruleset));
});

function withChain(ruleset: Ruleset, rules: Statement[][]): Ruleset {
  const base = { type: 'filter', hook: 'prerouting', priority: -150 } as const;
  const chain = { name: 'every', base, rules: rules.map((statements, i) => ({ comment: `rule ${i}`, statements })) };
  return { ...ruleset, tag: 'every', chains: [...ruleset.chains, { name: 'leaf', rules: [] }, chain] };
}

onNft('`nft list table inet berth` reads as reviewed; UPDATE=1 writes it', async () => {
  const { space, nft } = await open();
  expect(nft.ensure([skeleton, ...elements]).made).toHaveLength(1 + elements.length);
  const file = new URL('testdata/nft-list.txt', import.meta.url);
  const text = space.run('nft', '-s', 'list', 'table', 'inet', 'berth');
  if (process.env['UPDATE'] === '1') writeFileSync(file, text);
  expect(text).toBe(readFileSync(file, 'utf8'));
});

onNft('what stands is left alone, and is not made', async () => {
  const { space, nft } = await open();
  nft.ensure([skeleton, ...elements]);
  const before = space.run('nft', '-a', 'list', 'ruleset'); // with handles: nothing was made anew
  expect(nft.ensure([skeleton, ...elements])).toEqual({ made: [] });
  expect(space.run('nft', '-a', 'list', 'ruleset')).toBe(before);
  expect(nft.observe([skeleton, ...elements])).toEqual([skeleton, ...elements]);
});

onNft('another skeleton takes its place with all elements in it, in one transaction', async () => {
  const { space, nft } = await open();
  nft.ensure([skeleton, ...elements]);
  const other: NftItem = { kind: 'ruleset', ruleset: nodeRuleset({ ...routed, mode: 'bridge', checkSources: false }) };
  expect(nft.ensure([other])).toEqual({ made: [] });
  expect(nft.observe([other, ...elements])).toEqual([other, ...elements]);
  expect(nft.inventory().map(show)).toContain(show(other));
  expect(space.run('nft', 'list', 'ruleset')).not.toContain('bth*');
});

onNft.each([
  ['a rule is gone', 'flush chain inet berth ports', 'with other rules in chain ports'],
  ['a rule came first', 'insert rule inet berth ports accept', 'with other rules in chain ports'],
  [
    'a rule is another',
    'replace rule inet berth prerouting handle HANDLE accept',
    'with other rules in chain prerouting',
  ],
  ['a chain drops', 'add chain inet berth output { policy drop; }', 'with another chain output'],
  ['a chain came', 'add chain inet berth stranger', 'with stranger, which is not of it'],
  ['a set came', 'add set inet berth stranger { type ipv4_addr; }', 'with stranger, which is not of it'],
  ['it sleeps', 'add table inet berth { flags dormant; }', 'dormant'],
  [
    'a chain is gone',
    'flush chain inet berth postrouting; delete chain inet berth postrouting',
    'without chain postrouting',
  ],
  [
    'a chain hangs elsewhere',
    'flush chain inet berth output; delete chain inet berth output; add chain inet berth output { type filter hook output priority 5; }',
    'with another chain output',
  ],
])('%s: observe says so, and ensure restores it without a word of "made"', async (_, command, damage) => {
  const { space, nft } = await open();
  nft.ensure([skeleton, ...elements]);
  const handle = /jump ports .*# handle (\d+)/.exec(
    space.run('nft', '-a', 'list', 'chain', 'inet', 'berth', 'prerouting'),
  );
  space.run('nft', command.replace('HANDLE', handle?.[1] ?? ''));
  expect(nft.observe([skeleton]).map(show)).toEqual([`ruleset berth ${damage}`]);
  expect(nft.ensure([skeleton])).toEqual({ made: [] });
  expect(nft.observe([skeleton, ...elements])).toEqual([skeleton, ...elements]);
});

onNft(
  '`nft flush ruleset` is heard, with who did it; observe shows nothing left, and ensure makes all of it again',
  async () => {
    const { space, nft } = await open();
    nft.ensure([skeleton, ...elements]);
    const heard: KernelChange[] = [];
    const stop = nft.watch((change) => heard.push(change));
    space.run('nft', 'flush', 'ruleset');
    await expect
      .poll(() => heard)
      .toEqual([{ kind: 'host', what: 'nftables', by: expect.stringMatching(/^nft \(pid \d+\)$/) }]);
    expect(nft.observe([skeleton, ...elements])).toEqual([]);
    expect(nft.inventory()).toEqual([]);
    expect(nft.ensure([skeleton, ...elements])).toEqual({ made: [skeleton, ...elements] });
    expect(nft.observe([skeleton, ...elements])).toEqual([skeleton, ...elements]);
    stop();
    space.run('nft', 'flush', 'ruleset');
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(heard).toHaveLength(1); // nothing of our own doing, and nothing after the end
  },
);

onNft('what others do in their own tables is not told', async () => {
  const { space, nft } = await open();
  nft.ensure([skeleton]);
  const heard: KernelChange[] = [];
  nft.watch((change) => heard.push(change));
  space.run(
    'nft',
    'add table ip berth; add table inet other; add chain inet other c { type filter hook forward priority 0; }; add rule inet other c accept',
  );
  space.run('nft', 'delete table inet other');
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(heard).toEqual([]);
  nft.ensure(elements);
  space.run('nft', 'flush set inet berth pods4');
  await expect.poll(() => heard.length).toBe(1);
});

onNft('removing the skeleton removes all of it, and once more is success', async () => {
  const { space, nft } = await open();
  nft.ensure([skeleton, ...elements]);
  expect(nft.remove([skeleton])).toEqual([]);
  expect(space.run('nft', 'list', 'ruleset')).toBe('');
  expect(nft.remove([...elements, skeleton])).toEqual([]);
});
