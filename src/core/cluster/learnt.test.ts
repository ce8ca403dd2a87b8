import { expect, test } from 'vitest';
import { address, prefix } from '../../base/ip.ts';
import { lackWords, learn, type Learnt, type NodeFacts, nothingLearnt } from './learnt.ts';

function node(i: number, more: Partial<NodeFacts> = {}): NodeFacts {
  return {
    name: `node-${i}`,
    addresses: [address(`192.0.2.${i}`)],
    ranges: [prefix(`10.244.${i}.0/24`)],
    created: `2026-01-0${i}T00:00:00Z`,
    ...more,
  };
}

function lesson(nodes: readonly NodeFacts[], before: Learnt = nothingLearnt) {
  return learn(nodes, { nodeName: 'node-1', services: [], before });
}

test('K1: its own ranges are those of its Node, of both families', () => {
  const ranges = [prefix('10.244.1.0/24'), prefix('fd00:1::/64')];
  expect(lesson([node(2), node(1, { ranges })])).toMatchObject({ learnt: { ranges }, lack: undefined, doubts: [] });
});

test('K1: a Node without ranges, and none at all, are told apart, and what to do is said', () => {
  expect(lesson([node(1, { ranges: [] })]).lack).toBe('no-range');
  expect(lesson([node(2)]).lack).toBe('no-node');
  expect(lackWords('no-range', 'node-1')).toContain('--allocate-node-cidrs');
  expect(lackWords('no-node', 'node-1')).toContain('BERTH_NODE_NAME');
});

test('K8: all nodes that can be reached are peers, whatever the order they are told in', () => {
  const { learnt } = lesson([node(3), node(1), node(2)]);
  expect(learnt.peers.map(({ name }) => name)).toEqual(['node-1', 'node-2', 'node-3']);
  expect(learnt.peers[2]).toEqual({ name: 'node-3', addresses: ['192.0.2.3'], ranges: ['10.244.3.0/24'] });
  expect(lesson([node(2), node(3), node(1)])).toEqual(lesson([node(3), node(1), node(2)]));
});

test('K9: a node that went is no peer any more', () => {
  const before = lesson([node(1), node(2)]).learnt;
  expect(lesson([node(1)], before).learnt.peers.map(({ name }) => name)).toEqual(['node-1']);
});

test('a node that is gone from the list keeps its own ranges and place: its pods have addresses of them', () => {
  const before = lesson([node(1), node(2)]).learnt;
  expect(lesson([node(2)], before)).toEqual({ learnt: before, lack: undefined, doubts: [] });
});

test('a Node that was registered anew has the ranges it was given anew, or none yet', () => {
  const before = lesson([node(1)]).learnt;
  expect(lesson([node(1, { ranges: [prefix('10.244.9.0/24')] })], before).learnt.ranges).toEqual(['10.244.9.0/24']);
  expect(lesson([node(1, { ranges: [] })], before)).toMatchObject({ learnt: { ranges: [] }, lack: 'no-range' });
});

test('of two nodes that claim one range the later has it, and this node always what is its own', () => {
  const twice = [prefix('10.244.2.0/24')];
  const { learnt, doubts } = lesson([node(1), node(2), node(3, { ranges: twice })]);
  expect(learnt.peers.map(({ ranges }) => ranges)).toEqual([['10.244.1.0/24'], [], ['10.244.2.0/24']]);
  expect(doubts).toEqual(["10.244.2.0/24 of node-2 is node-3's already"]);
  const ours = lesson([node(1), node(2, { ranges: [prefix('10.244.1.0/24')] })]);
  expect(ours.learnt.peers[1]?.ranges).toEqual([]);
});

test('pods keep their own address towards Services and towards nodes whose address is not known yet', () => {
  const services = [prefix('10.96.0.0/16')];
  const { learnt, doubts } = learn([node(1), node(2, { addresses: [] })], {
    nodeName: 'node-1',
    services,
    before: nothingLearnt,
  });
  expect(learnt.cluster).toEqual(['10.96.0.0/16', '10.244.2.0/24']);
  expect(learnt.peers.map(({ name }) => name)).toEqual(['node-1']);
  expect(doubts).toEqual(['no InternalIP: node-2']);
});

test('five thousand nodes are learnt in a moment', () => {
  const nodes = Array.from({ length: 5_000 }, (_, i) =>
    node(1, { name: `node-${i}`, ranges: [prefix(`10.${i >> 8}.${i & 255}.0/24`)] }),
  );
  const began = performance.now();
  expect(lesson(nodes).learnt.peers).toHaveLength(5_000);
  expect(performance.now() - began).toBeLessThan(2_000); // some 20 ms; a square would take minutes
});
