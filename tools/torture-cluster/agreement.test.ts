import { expect, test } from 'vitest';
import { disagreements, type NodeView } from './agreement.ts';

const quiet: NodeView = { name: 'n', api: ['a'], journal: ['a'], kernel: ['a'], links: 1, spooled: 0 };

test('who says the same agrees', () => {
  expect(disagreements([quiet])).toEqual([]);
  const dual = ['10.0.0.1', 'fd00::1'];
  expect(disagreements([{ ...quiet, api: dual, journal: dual, kernel: dual }])).toEqual([]);
});

test.each<[string, Partial<NodeView>, string]>([
  ['an address that no pod has is on record', { api: [] }, 'n: the journal has a, and the API has not'],
  ['a pod is not on record', { journal: [], kernel: [], links: 0 }, 'n: the API has a, and the journal has not'],
  ['a route is left', { api: [], journal: [] }, 'n: the kernel has a, and the journal has not'],
  ['a pod has no route', { kernel: [], links: 0 }, 'n: the journal has a, and the kernel has not'],
  ['a link is left', { links: 2 }, 'n: 2 links of pods for 1 routes'],
  ['a DEL waits', { spooled: 1 }, 'n: 1 DELs wait'],
])('told: %s', (_, wrong, said) => {
  expect(disagreements([{ ...quiet, ...wrong }])).toContain(said);
});

test('told: an address of two pods, on two nodes', () => {
  expect(disagreements([quiet, { ...quiet, name: 'm' }])).toEqual(["a is two pods'"]);
});

test('told: what the cloud has and the agent does not know, and NICs of nobody', () => {
  const pods = { api: ['10.0.0.5'], journal: ['10.0.0.5'], kernel: ['10.0.0.5'] };
  const of = (told: readonly string[], known: number, loose: readonly string[] = []) =>
    disagreements([
      { ...quiet, ...pods, cloud: { told: new Map([['eni-1', told]]), known: new Map([['eni-1', known]]), loose } },
    ]);
  expect(of(['10.0.0.5', '10.0.0.6'], 2)).toEqual([]);
  expect(of(['10.0.0.0/28'], 16)).toEqual([]);
  expect(of(['10.0.0.5', '10.0.0.6'], 1)).toEqual(['n: eni-1 has 2 addresses in the cloud, and 1 by the agent']);
  expect(of(['10.0.0.6'], 1)).toEqual(['n: a pod has 10.0.0.5, which the cloud has on no NIC of the node']);
  expect(of(['10.0.0.5'], 1, ['eni-9'])).toEqual(['eni-9 is attached to nobody']);
});
