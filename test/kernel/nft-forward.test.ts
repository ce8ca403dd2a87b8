import { afterEach, expect, test } from 'vitest';
import { prefix } from '../../src/base/ip.ts';
import { silent, type LogFields, type Logger } from '../../src/base/log.ts';
import type { KernelChange } from '../../src/io/kernel/kernel.ts';
import type { NftDoor } from '../../src/io/kernel/nft-door.ts';
import type { ForwardItem } from '../../src/io/kernel/nft-forward.ts';
import { openNft } from '../../src/io/kernel/nft-kernel.ts';
import { OUTSIDE, SmallNode } from './small-node.ts';
import { has, isRoot, Space } from './space.ts';

const onNft = test.skipIf(!isRoot || !has('nft'));
const onIptables = test.skipIf(!isRoot || !has('iptables-nft'));
const onLegacy = test.skipIf(!isRoot || !has('iptables-legacy'));
const open: { close(): unknown }[] = [];

afterEach(async () => {
  for (const it of open.splice(0).reverse()) await it.close();
});

const v4: ForwardItem = { kind: 'forward-accept', family: 'v4', range: prefix('10.1.0.0/16') };
const odd: ForwardItem = { kind: 'forward-accept', family: 'v4', range: prefix('10.128.0.0/9') };
const v6: ForwardItem = { kind: 'forward-accept', family: 'v6', range: prefix('fd00::/64') };

async function openSpace(log: Logger = silent): Promise<{ space: Space; nft: NftDoor }> {
  const space = await Space.open();
  const nft = openNft({ log, netns: space.netns });
  open.push(space, nft);
  return { space, nft };
}

onNft("K11: pods are reached and reach where FORWARD drops, in iptables' chains and in a firewall's own", async () => {
  const node = await SmallNode.open('routed');
  open.push(node);
  const pod = await node.pod(5);
  const { outside } = node;
  outside.ip('route add 10.1.0.0/16 via 192.0.2.1');
  outside.ip('route add fd00::/64 via 2001:db8::1');
  for (const it of [OUTSIDE.v4, OUTSIDE.v6]) await outside.listen('tcp', it, 7000);
  for (const it of pod.addresses) await pod.space.listen('tcp', it, 80);
  for (const family of ['ip', 'ip6', 'inet'])
    node.node.run(
      'nft',
      `add table ${family} filter; add chain ${family} filter FORWARD { type filter hook forward priority 0; policy drop; }`,
    );
  const quick = { patienceMs: 400 };
  expect(await pod.space.ask('tcp', OUTSIDE.v4, 7000, quick)).toBe('nothing');
  node.make([v4, v6]);
  for (const it of [OUTSIDE.v4, OUTSIDE.v6]) expect(await pod.space.ask('tcp', it, 7000)).not.toBe('nothing');
  for (const it of pod.addresses) expect(await outside.ask('tcp', it, 80)).not.toBe('nothing');
  node.nft.remove([v4, v6]);
  for (const it of pod.addresses) expect(await outside.ask('tcp', it, 80, quick)).toBe('nothing');
});

onIptables('iptables-nft lists its chain with our rules first, as its own, and keeps working', async () => {
  const { space, nft } = await openSpace();
  for (const command of ['-P FORWARD DROP', '-A FORWARD -i eth7 -j ACCEPT'])
    space.run('iptables-nft', ...command.split(' '));
  space.run('ip6tables-nft', '-P', 'FORWARD', 'DROP');
  expect(nft.ensure([v4, odd, v6])).toEqual({ made: [v4, odd, v6] });
  const comment = (side: string, range: string) => `-m comment --comment "berth: forwards ${side} ${range}" -j ACCEPT`;
  expect(space.run('iptables-nft', '-S', 'FORWARD').trim().split('\n')).toEqual([
    '-P FORWARD DROP',
    `-A FORWARD -d 10.128.0.0/9 ${comment('to', '10.128.0.0/9')}`,
    `-A FORWARD -s 10.128.0.0/9 ${comment('from', '10.128.0.0/9')}`,
    `-A FORWARD -d 10.1.0.0/16 ${comment('to', '10.1.0.0/16')}`,
    `-A FORWARD -s 10.1.0.0/16 ${comment('from', '10.1.0.0/16')}`,
    '-A FORWARD -i eth7 -j ACCEPT',
  ]);
  expect(space.run('ip6tables-nft', '-S', 'FORWARD')).toContain('-A FORWARD -s fd00::/64');
  expect(space.run('iptables-nft', '-vnL', 'FORWARD')).toMatch(/0 +0 ACCEPT .* 10.1.0.0\/16/); // with its counters
  space.run('iptables-nft', '-A', 'FORWARD', '-i', 'eth8', '-j', 'ACCEPT');
  space.run('sh', '-c', 'iptables-nft-save | iptables-nft-restore'); // makes all rules anew
  expect(nft.ensure([v4, odd])).toEqual({ made: [] });
  expect(nft.remove([v4, odd])).toEqual([]);
  expect(space.run('iptables-nft', '-S', 'FORWARD')).not.toContain('berth');
});

onIptables('a flushed FORWARD is heard, observed and mended; a second ensure makes nothing', async () => {
  const { space, nft } = await openSpace();
  space.run('iptables-nft', '-P', 'FORWARD', 'DROP');
  nft.ensure([v4]);
  expect(nft.ensure([v4])).toEqual({ made: [] });
  expect(nft.observe([v4, v6])).toEqual([v4, v6]); // nobody drops IPv6
  expect(nft.inventory()).toEqual([v4]);
  const heard: KernelChange[] = [];
  nft.watch((change) => heard.push(change));
  space.run('iptables-nft', '-F', 'FORWARD');
  await expect.poll(() => heard).toMatchObject([{ what: 'nftables', by: expect.stringContaining('iptables') }]);
  expect(nft.observe([v4])).toEqual([]);
  expect(nft.ensure([v4])).toEqual({ made: [v4] });
  space.run('ip6tables-nft', '-P', 'FORWARD', 'DROP'); // a chain begins to drop
  await expect.poll(() => heard.length).toBe(2);
  expect(nft.observe([v6])).toEqual([]);
});

onNft('a chain that accepts, or is not there, needs no rule; removing touches no rule of others', async () => {
  const { space, nft } = await openSpace();
  expect(nft.ensure([v4])).toEqual({ made: [] });
  space.run(
    'nft',
    'add table ip filter; add chain ip filter FORWARD { type filter hook forward priority 0; policy accept; }',
  );
  space.run(
    'nft',
    'add rule ip filter FORWARD ip saddr 10.1.0.0/16 counter accept comment "forwards from 10.1.0.0/16"',
  );
  expect(nft.ensure([v4])).toEqual({ made: [] });
  expect(nft.observe([v4])).toEqual([v4]);
  space.run('nft', 'add chain ip filter FORWARD { policy drop; }');
  expect(nft.observe([v4])).toEqual([]);
  nft.ensure([v4]);
  space.run('nft', 'add chain ip filter FORWARD { policy accept; }');
  expect(nft.inventory()).toEqual([v4]);
  expect(nft.remove([v4, odd])).toEqual([]);
  // of others, though it looks like ours
  expect(space.run('nft', 'list', 'ruleset').match(/accept comment/g)).toHaveLength(1);
});

onLegacy('K11: where the legacy tables drop, iptables-legacy is told, once', async () => {
  const { space, nft } = await openSpace();
  const list = () => space.run('iptables-legacy', '-S', 'FORWARD').trim().split('\n');
  space.run('iptables-legacy', '-P', 'FORWARD', 'DROP');
  expect(nft.ensure([v4]).failure).toBeUndefined();
  expect(nft.ensure([v4]).failure).toBeUndefined();
  expect(list()).toHaveLength(3);
  expect(list()[1]).toBe('-A FORWARD -d 10.1.0.0/16 -m comment --comment "berth: forwards to 10.1.0.0/16" -j ACCEPT');
  expect(nft.remove([v4])).toEqual([]);
  expect(list()).toEqual(['-P FORWARD DROP']);
});

onLegacy('K11: legacy tables that begin to drop, or lose our rules, are found by the next look', async () => {
  const { space, nft } = await openSpace();
  nft.ensure([v4]);
  await nft.refresh([v4]);
  expect(nft.observe([v4])).toEqual([v4]);
  const spoil: (readonly string[])[] = [
    ['-P', 'FORWARD', 'DROP'],
    ['-F', 'FORWARD'],
    ['-D', 'FORWARD', '1'],
  ];
  for (const words of spoil) {
    space.run('iptables-legacy', ...words);
    await nft.refresh([v4]);
    expect(nft.observe([v4])).toEqual([]);
    expect(nft.ensure([v4]).failure).toBeUndefined();
    expect(nft.observe([v4])).toEqual([v4]);
    await nft.refresh([v4]);
    expect(nft.observe([v4])).toEqual([v4]);
  }
});

onLegacy(
  'where the legacy tables are in use and their program is not found, the log says so and the node goes on',
  async () => {
    const warnings: [string, LogFields | undefined][] = [];
    const { space, nft } = await openSpace({ ...silent, warn: (event, fields) => warnings.push([event, fields]) });
    space.run('iptables-legacy', '-P', 'FORWARD', 'DROP');
    const path = process.env['PATH'];
    process.env['PATH'] = '/nowhere';
    try {
      expect(nft.ensure([v4]).failure).toBeUndefined();
    } finally {
      process.env['PATH'] = path;
    }
    expect(warnings).toEqual([
      ['legacy-forward-unclear', { range: '10.1.0.0/16', reason: expect.stringContaining('ENOENT') }],
    ]);
  },
);
