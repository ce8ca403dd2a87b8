import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DeleteLanes, laneCount } from '../../src/io/kernel/delete-lanes.ts';
import { Netns } from '../../src/io/kernel/netns.ts';
import { mayUnshare, Namespace } from './namespace.ts';

const PORT = 0x40000777;

describe.skipIf(!mayUnshare)('in namespaces', () => {
  let node: Namespace;
  let netns: Netns;
  beforeEach(() => {
    node = Namespace.make();
    netns = Netns.open(node.path);
  });
  afterEach(() => {
    netns.close();
    node.close();
  });
  const open = (lanes: number) => new DeleteLanes({ netns, port: PORT, lanes });

  /** Makes veths and returns the indexes of their first ends. */
  function veths(count: number, first = 0): number[] {
    const names = Array.from({ length: count }, (_, i) => first + i);
    node.run(`(${names.map((i) => `echo link add a${i} type veth peer name b${i}`).join('; ')}) | ip -batch -`);
    const index = new Map(node.ip('link').map((link) => [link['ifname'], Number(link['ifindex'])]));
    return names.map((i) => index.get(`a${i}`) ?? 0);
  }
  const left = () => node.ip('link show type veth').map((link) => link['ifname']);

  test('a removal is answered by the notice, before the request is through', async () => {
    const lanes = open(15); // as many as removals: none waits for another's request
    const times: number[] = [];
    for (const index of veths(15)) {
      const start = performance.now();
      await lanes.remove(index);
      times.push(performance.now() - start);
      expect(node.ip('link').some((link) => link['ifindex'] === index)).toBe(false);
    }
    await lanes.close();
    const median = times.sort((a, b) => a - b)[7] ?? Number.POSITIVE_INFINITY;
    expect(median).toBeLessThan(12); // the request itself lasts 16 to 24 ms: it waits for all CPUs
  });

  test('an absent link is success, and asking twice at once is one removal', async () => {
    const lanes = open(2);
    await lanes.remove(123_456);
    const [index = 0] = veths(1);
    await Promise.all([lanes.remove(index), lanes.remove(index)]);
    expect(left()).toEqual([]);
    await lanes.close();
  });

  test('when the lanes are full links go in groups, and links that nobody asked for stay', async () => {
    const lanes = open(2);
    const all = veths(60);
    const start = performance.now();
    await Promise.all(all.slice(0, 50).map((index) => lanes.remove(index)));
    const took = performance.now() - start;
    expect(left().length).toBe(20);
    await lanes.close();
    expect(took).toBeLessThan(50 * 10); // two lanes, one link at a time, would take 25 times 20 ms
  });

  test('a link that cannot be deleted is a rejection', async () => {
    const lanes = open(1);
    await expect(lanes.remove(1)).rejects.toMatchObject({ kind: 'unsupported', errno: 'EOPNOTSUPP' });
    await lanes.close();
  });

  test('when notices are lost the return of the request is the answer', async () => {
    const lanes = open(1);
    const [index = 0] = veths(1);
    const removal = lanes.remove(index);
    node.run('ip link add x type veth peer name y');
    const flood = 'i=0; while [ $i -lt 12000 ]; do echo "link set x mtu $((1400 + i % 2))"; i=$((i + 1)); done';
    node.run(`(${flood}) | ip -batch -`); // nothing is read here meanwhile
    await removal;
    expect(node.ip('link').some((link) => link['ifindex'] === index)).toBe(false);
    const [again = 0] = veths(1, 1);
    await lanes.remove(again); // and notices are heard again
    await lanes.close();
  });

  test('closing waits for what is on its way', async () => {
    const lanes = open(4);
    const removals = veths(3).map((index) => lanes.remove(index));
    await lanes.close();
    await Promise.all(removals);
    expect(left()).toEqual([]);
  });
});

test.each([
  [undefined, 2],
  ['4', 2],
  ['1', 1],
  ['24', 20],
  ['48', 40],
  ['nonsense', 2],
  ['100000', 200],
])('UV_THREADPOOL_SIZE %s carries %i lanes', (size, lanes) => {
  expect(laneCount(size)).toBe(lanes);
});
