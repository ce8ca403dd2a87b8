import { expect, test } from 'vitest';
import { rankSubnets, type SubnetQuestion } from './subnets.ts';

const subnets = [
  { id: 'own', free: 10, tags: {} },
  { id: 'plain', free: 900, tags: {} },
  { id: 'pods', free: 500, tags: { 'kubernetes.io/role/cni': '1' } },
  { id: 'never', free: 700, tags: { 'kubernetes.io/role/cni': '0' } },
  { id: 'mine', free: 300, tags: { 'kubernetes.io/role/cni': '1', 'cni.networking.k8s.aws/cluster/blue': 'owned' } },
  { id: 'theirs', free: 800, tags: { 'kubernetes.io/role/cni': '1', 'cni.networking.k8s.aws/cluster/red': 'owned' } },
];
const question: SubnetQuestion = { own: 'own', cluster: 'blue', subnets, resting: new Map(), now: 1_000 };

test('tagged subnets and the own one, of which nobody said no, most free first, of this cluster (A46)', () => {
  expect(rankSubnets(question)).toEqual(['pods', 'mine', 'own']);
});

test('the own subnet is not used when it is marked so', () => {
  const marked = [{ id: 'own', free: 10, tags: { 'kubernetes.io/role/cni': '0' } }];
  expect(rankSubnets({ ...question, subnets: marked })).toEqual([]);
});

test('a subnet that was found empty goes last until it has rested, the others as before (A42)', () => {
  const resting = new Map([['pods', 2_000]]);
  expect(rankSubnets({ ...question, resting })).toEqual(['mine', 'own', 'pods']);
  expect(rankSubnets({ ...question, resting, now: 2_000 })).toEqual(['pods', 'mine', 'own']);
});
