import { expect, test } from 'vitest';
import { type Bearer, instanceIn, instanceOf, nodeOf, type Placed } from './broker.ts';

const admission = { user: 'system:serviceaccount:kube-system:berth', audience: 'berth.dev/controller' };
const bearer: Bearer = {
  authentic: true,
  error: '',
  user: admission.user,
  audiences: ['berth.dev/controller'],
  node: 'node-1',
};

test('a token of an agent speaks for the node that its pod is bound to', () => {
  expect(nodeOf(bearer, admission)).toEqual({ node: 'node-1' });
});

test.for([
  ['has ended', { authentic: false, error: 'token has expired' }, 'unknown-token', /token has expired/],
  ['is for the API server', { audiences: ['https://kubernetes.default.svc'] }, 'unknown-token', /berth\.dev/],
  ['is of another account', { user: 'system:serviceaccount:default:web' }, 'not-an-agent', /default:web is not/],
  ['is of an account of that name elsewhere', { user: 'system:serviceaccount:mine:berth' }, 'not-an-agent', /mine/],
  ['is bound to no pod', { node: '' }, 'no-node', /1\.30/],
] as const)('a token that %s speaks for nobody', ([, part, why, message]) => {
  const refused = nodeOf({ ...bearer, ...part }, admission);
  expect(refused).toMatchObject({ why });
  expect('message' in refused && refused.message).toMatch(message);
});

function nodes(...all: readonly Placed[]) {
  const of = (instance: string) => all.filter(({ providerId }) => instanceIn(providerId) === instance).length;
  return { get: (name: string) => all.find((it) => it.name === name), of };
}

const one = { name: 'node-1', providerId: 'aws:///us-east-1a/i-01' };

test('a node is the instance that its spec.providerID names (A86)', () => {
  expect(instanceOf('node-1', nodes(one))).toEqual({ instance: 'i-01' });
  expect(instanceIn('aws:////i-0aff')).toBe('i-0aff');
});

test.for([
  ['is not there', [], 'no-node'],
  ['says nothing', [{ name: 'node-1', providerId: '' }], 'no-instance'],
  ['is of another cloud', [{ name: 'node-1', providerId: 'gce://project/zone/i-01' }], 'no-instance'],
  ['says what another says', [one, { name: 'node-2', providerId: 'aws:///us-east-1b/i-01' }], 'shared-instance'],
] as const)('a node that %s has no instance', ([, all, why]) => {
  expect(instanceOf('node-1', nodes(...all))).toMatchObject({ why });
});
