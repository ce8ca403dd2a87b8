import { expect, test } from 'vitest';
import { fitsLabels, type LabelExpression, type LabelSelector } from './label-selector.ts';
import { asksForAccounts, type GroupPolicy, groupsOfPod } from './pod-groups.ts';

const selector = (labels: LabelSelector['labels'], ...expressions: LabelExpression[]) => ({ labels, expressions });
const policy = (groups: readonly string[], of: Partial<GroupPolicy>): GroupPolicy => ({
  kind: 'PodSecurityGroups',
  namespace: 'shop',
  name: groups.join(),
  groups,
  ...of,
});
const web = { namespace: 'shop', labels: { app: 'web', tier: 'front' }, serviceAccount: { team: 'blue' } };

test('A49: a pod has the groups of every policy of its namespace that it fits, each once', () => {
  const policies = [
    policy(['sg-2', 'sg-1'], { pods: selector({ app: 'web' }) }),
    policy(['sg-2', 'sg-3'], { serviceAccounts: selector({ team: 'blue' }), kind: 'SecurityGroupPolicy' }),
    policy(['sg-4'], { pods: selector({ app: 'db' }) }),
    policy(['sg-5'], { pods: selector({ app: 'web' }), serviceAccounts: selector({ team: 'red' }) }),
    policy(['sg-6'], { pods: selector({}), namespace: 'other' }),
  ];
  expect(groupsOfPod(policies, web)).toEqual(['sg-1', 'sg-2', 'sg-3']);
  expect(groupsOfPod(policies, { ...web, namespace: 'other' })).toEqual(['sg-6']);
  expect(groupsOfPod(policies, { ...web, labels: {}, serviceAccount: {} })).toEqual([]);
});

test('a policy without a selector or without groups means nobody, and one with an empty selector means all', () => {
  expect(groupsOfPod([policy(['sg-1'], {}), policy([], { pods: selector({}) })], web)).toEqual([]);
  expect(groupsOfPod([policy(['sg-1'], { pods: selector({}) })], web)).toEqual(['sg-1']);
});

test('what hangs on a service account that nobody knows is not guessed', () => {
  const policies = [policy(['sg-1'], { serviceAccounts: selector({ team: 'blue' }) })];
  const unknown = { ...web, serviceAccount: undefined };
  expect(groupsOfPod(policies, unknown)).toBe('unknown');
  expect(asksForAccounts(policies, 'shop')).toBe(true);
  expect(asksForAccounts(policies, 'other')).toBe(false);
  const other = [policy(['sg-1'], { pods: selector({ app: 'db' }), serviceAccounts: selector({}) })];
  expect(groupsOfPod(other, unknown)).toEqual([]); // its own labels tell already
});

test.each<[LabelExpression['operator'], readonly string[], boolean, boolean]>([
  ['In', ['web', 'api'], true, false],
  ['NotIn', ['web'], false, true],
  ['Exists', [], true, false],
  ['DoesNotExist', [], false, true],
])('%s of a label: as Kubernetes has it, with the label and without', (operator, values, withIt, without) => {
  const of = selector({}, { key: 'app', operator, values });
  expect([fitsLabels(of, { app: 'web' }), fitsLabels(of, {})]).toEqual([withIt, without]);
});

test('a label is what the pod says, and nothing that every object of the language has', () => {
  const of: LabelSelector = { labels: {}, expressions: [{ key: 'constructor', operator: 'Exists', values: [] }] };
  expect([fitsLabels(of, {}), fitsLabels(of, { constructor: 'x' })]).toEqual([false, true]);
});
