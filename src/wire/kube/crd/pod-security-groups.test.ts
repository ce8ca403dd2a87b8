import { expect, test } from 'vitest';
import { readObject } from '../object.ts';
import { definitionObject } from './definition.ts';
import {
  POD_SECURITY_GROUPS_DEFINITION,
  readPodSecurityGroups,
  readSecurityGroupPolicy,
} from './pod-security-groups.ts';

const object = (spec: object) => readObject({ metadata: { name: 'web', namespace: 'shop', uid: 'u' }, spec });
const labels = { app: 'web' };
const expressions = [{ key: 'tier', operator: 'NotIn', values: ['back'] }];

test('A49: objects of ours and of AWS say the same in different words', () => {
  const podSelector = { matchLabels: labels, matchExpressions: expressions };
  const ours = readPodSecurityGroups(object({ podSelector, securityGroups: ['sg-1', 'sg-2'] }));
  const theirs = readSecurityGroupPolicy(object({ podSelector, securityGroups: { groupIds: ['sg-1', 'sg-2'] } }));
  expect(ours).toEqual({
    kind: 'PodSecurityGroups',
    namespace: 'shop',
    name: 'web',
    pods: { labels, expressions },
    groups: ['sg-1', 'sg-2'],
  });
  expect(theirs).toEqual({ ...ours, kind: 'SecurityGroupPolicy' });
});

test('a selector that is not there and one that is empty are two things; what nobody knows is passed over', () => {
  const all = { labels: {}, expressions: [] };
  expect(readSecurityGroupPolicy(object({ serviceAccountSelector: {} }))).toMatchObject({ serviceAccounts: all });
  expect(readPodSecurityGroups(object({ podSelector: {} })).serviceAccounts).toBeUndefined();
  const odd = { matchLabels: { a: 1 }, matchExpressions: [{ key: 'a', operator: 'Gt', values: ['1'] }] };
  expect(readPodSecurityGroups(object({ podSelector: odd })).pods).toEqual(all);
});

test('the definition lets labels be called anything', () => {
  expect(JSON.stringify(definitionObject(POD_SECURITY_GROUPS_DEFINITION))).toContain(
    '"matchLabels":{"type":"object","additionalProperties":{"type":"string"}}',
  );
});
