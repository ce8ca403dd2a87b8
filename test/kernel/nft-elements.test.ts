import { afterEach, expect, test } from 'vitest';
import { silent } from '../../src/base/log.ts';
import { nodeRuleset } from '../../src/core/datapath/node-ruleset.ts';
import { show } from '../../src/core/datapath/plan.ts';
import { KernelError } from '../../src/io/kernel/kernel.ts';
import type { NftDoor, NftItem } from '../../src/io/kernel/nft-door.ts';
import type { ElementItem } from '../../src/io/kernel/nft-element-codec.ts';
import { openNft } from '../../src/io/kernel/nft-kernel.ts';
import { has, isRoot, Space } from './space.ts';

const onRoot = test.skipIf(!isRoot);
const onNft = test.skipIf(!isRoot || !has('nft'));
let space: Space | undefined;
let nft: NftDoor | undefined;

afterEach(async () => {
  nft?.close();
  await space?.close();
});

const ruleset = nodeRuleset({
  mode: 'routed',
  bridge: 'berth0',
  masquerade: { enabled: true, ports: 'kept' },
  checkSources: true,
});
const skeleton: NftItem = { kind: 'ruleset', ruleset };

async function openWithSkeleton(): Promise<{ space: Space; nft: NftDoor }> {
  space = await Space.open();
  nft = openNft({ log: silent, netns: space.netns });
  expect(nft.ensure([skeleton]).failure).toBeUndefined();
  return { space, nft };
}

function element(set: string, key: string, data?: string): ElementItem {
  return { kind: 'element', set, key: key.split(' '), ...(data === undefined ? {} : { data: data.split(' ') }) };
}

function pod(number: number): ElementItem {
  return element('pods4', `bth${number} 10.${number >> 16}.${(number >> 8) & 255}.${number & 255}`);
}

onRoot('what was not there is made, what was is not, also when they come together', async () => {
  const { nft: door } = await openWithSkeleton();
  expect(door.ensure([pod(1), pod(2)])).toEqual({ made: [pod(1), pod(2)] });
  expect(door.ensure([pod(1), pod(3), pod(2), pod(3)])).toEqual({ made: [pod(3)] });
  expect(door.observe([pod(1), pod(4), pod(3)])).toEqual([pod(1), pod(3)]);
  expect(door.remove([pod(3), pod(4), pod(3)])).toEqual([]);
  expect(door.observe([pod(3)])).toEqual([]);
});

onRoot('an element that no set can hold stops there: what came before is made, what comes after is not', async () => {
  const { nft: door } = await openWithSkeleton();
  const cases: [ElementItem, string, RegExp][] = [
    [element('pods4', 'bth1 fd00::1'), 'invalid', /not an IPv4 address/],
    [element('pods4', 'a-name-of-seventeen 10.0.0.1'), 'invalid', /not the name of a link/],
    [element('ports4', 'tcp 80'), 'invalid', /no such map/],
    [element('internal4', '10.0.0.0/8', '10.0.0.1'), 'invalid', /no such map/],
    [element('internal6', '10.0.0.0/8'), 'invalid', /no range/],
    [element('nowhere', '10.0.0.1'), 'absent', /no such set/],
  ];
  for (const [bad, kind, words] of cases) {
    const { made, failure } = door.ensure([pod(1), bad, pod(2)]);
    expect(made).toEqual([pod(1)]);
    expect(failure?.item).toBe(bad);
    expect(failure?.error).toBeInstanceOf(KernelError);
    expect(failure?.error.kind).toBe(kind);
    expect(failure?.error.message).toMatch(words);
    expect(door.observe([pod(1), pod(2)])).toEqual([pod(1)]);
    expect(door.remove([pod(1), bad])).toEqual([]); // it cannot be there
  }
});

onNft('a port that leads elsewhere is brought in line, and was there', async () => {
  const { space: here, nft: door } = await openWithSkeleton();
  const [old, wanted] = [element('ports4', 'tcp 80', '10.0.0.1 80'), element('ports4', 'tcp 80', '10.0.0.2 8080')];
  door.ensure([old]);
  expect(door.observe([wanted])).toEqual([old]);
  expect(door.ensure([pod(1), wanted])).toEqual({ made: [pod(1)] });
  expect(door.observe([old])).toEqual([wanted]);
  expect(here.run('nft', 'list', 'map', 'inet', 'berth', 'ports4')).toContain('tcp . 80 : 10.0.0.2 . 8080');
  expect(door.remove([old])).toEqual([]);
  expect(door.observe([wanted])).toEqual([]);
});

onNft('K10: a range takes the place of those that overlap it, wider or narrower', async () => {
  const { space: here, nft: door } = await openWithSkeleton();
  const ranges = (...all: string[]) => all.map((range) => element('internal4', range));
  const there = () => door.inventory().flatMap((item) => (item.kind === 'element' ? item.key : []));
  expect(door.ensure(ranges('10.0.0.0/8', '10.0.0.0/8', '192.0.2.0/24')).made).toHaveLength(2);
  expect(door.ensure(ranges('10.1.0.0/16', '10.2.0.0/16')).made).toHaveLength(2);
  expect(there()).toEqual(['10.1.0.0/16', '10.2.0.0/16', '192.0.2.0/24']);
  here.run(
    'nft',
    'add element inet berth internal4 { 10.9.0.5-10.9.0.9, 11.0.0.0-255.255.255.255 }'.replace('11.0.0.0', '193.0.0.0'),
  );
  expect(there()).toEqual([
    '10.1.0.0/16',
    '10.2.0.0/16',
    '10.9.0.5-10.9.0.9',
    '192.0.2.0/24',
    '193.0.0.0-255.255.255.255',
  ]);
  expect(door.ensure(ranges('0.0.0.0/0')).made).toHaveLength(1);
  expect(there()).toEqual(['0.0.0.0/0']);
  expect(door.ensure(ranges('0.0.0.0/0')).made).toEqual([]);
  expect(door.remove(ranges('0.0.0.0/0', '10.0.0.0/8'))).toEqual([]);
  expect(there()).toEqual([]);
});

onNft("after somebody took the table away, making fails with the kernel's word, and removing succeeds", async () => {
  const { space: here, nft: door } = await openWithSkeleton();
  door.ensure([pod(1)]);
  here.run('nft', 'flush', 'ruleset');
  const { made, failure } = door.ensure([pod(1)]);
  expect(made).toEqual([]);
  expect(failure?.error).toMatchObject({ kind: 'absent', errno: 'ENOENT' });
  expect(failure?.error.message).toBe('cannot make element bth1 . 10.0.0.1 in pods4: ENOENT');
  expect(door.remove([pod(1)])).toEqual([]);
  expect(door.observe([pod(1)])).toEqual([]);
});

onNft('an element that others add at the same time is not ours to have made', async () => {
  const { space: here, nft: door } = await openWithSkeleton();
  here.run('nft', 'add element inet berth pods4 { "bth1" . 10.0.0.1 }');
  expect(door.ensure([pod(1), pod(2)])).toEqual({ made: [pod(2)] });
});

onRoot('thousands of elements are made, seen and removed, and the order of failure holds in their midst', async () => {
  const { nft: door } = await openWithSkeleton();
  const many = Array.from({ length: 3000 }, (_, i) => pod(i));
  expect(door.ensure(many).made).toEqual(many);
  expect(door.observe(many)).toHaveLength(3000);
  expect(door.inventory()).toHaveLength(3001);
  expect(door.remove(many.slice(1000, 2000))).toEqual([]);
  const broken = [...many.slice(0, 1500), element('nowhere', 'x'), ...many.slice(1500)];
  const { made, failure } = door.ensure(broken);
  expect(made).toEqual(many.slice(1000, 1500));
  expect(failure && show(failure.item)).toBe('element x in nowhere');
  expect(door.remove(many)).toEqual([]);
  expect(door.inventory()).toHaveLength(1);
});
