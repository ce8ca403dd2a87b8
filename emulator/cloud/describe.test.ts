import { expect, test } from 'vitest';
import type { View } from './answer.ts';
import { matchesAny } from './filter.ts';
import type { Id } from './nouns.ts';
import type { Filter } from './request.ts';
import { Stage } from './testing/stage.ts';

const filter = (field: string, ...values: readonly string[]): Filter => ({ field, values });
const nicIds = (views: readonly View[]) => views.flatMap((it) => (it.kind === 'nic' ? it.nic.id : []));

test('patterns: a star is any letters, a question mark one, a backslash takes the meaning away', () => {
  const cases: readonly (readonly [string, string, boolean])[] = [
    ['eni-12', 'eni-12', true],
    ['eni-12', 'eni-*', true],
    ['eni-12', '*2', true],
    ['eni-12', '*-*', true],
    ['eni-12', 'eni-1', false],
    ['eni-12', 'eni-??', true],
    ['eni-12', 'eni-?', false],
    ['', '*', true],
    ['a*b', String.raw`a\*b`, true],
    ['axb', String.raw`a\*b`, false],
    ['a?', String.raw`a\?`, true],
    ['ab', String.raw`a\?`, false],
    ['aaaaab', 'a*ab', true],
    ['abcabd', '*ab?', true],
  ];
  for (const [text, pattern, fits] of cases)
    expect([text, pattern, matchesAny(text, [pattern])]).toEqual([text, pattern, fits]);
});

test('filters: any value of each, and all of them', () => {
  const stage = new Stage();
  const vpc = stage.vpc();
  const [here, there] = [stage.subnet(vpc), stage.subnet(vpc, '10.0.1.0/24')];
  const one = stage.nic(here, { tags: { owner: 'berth', node: 'a' } });
  const two = stage.nic(there, { description: 'aws-K8S-i-1' });
  const three = stage.attachedNic(stage.instance(here), here);
  const found = (...filters: readonly Filter[]) => nicIds(stage.views({ do: 'describe', kind: 'nic', filters }));
  expect(found(filter('tag:owner', 'berth'))).toEqual([one.id]);
  expect(found(filter('tag-key', 'node', 'no'))).toEqual([one.id]);
  expect(found(filter('tag:owner', 'someone'))).toEqual([]);
  expect(found(filter('description', 'aws-K8S-*'))).toEqual([two.id]);
  expect(found(filter('state', 'available'), filter('subnet', here.id))).toEqual([one.id]);
  expect(found(filter('address', String(three.addresses[0])))).toEqual([three.id]);
  expect(found(filter('instance', three.attachment?.instance ?? ''), filter('device', '1'))).toEqual([three.id]);
  expect(found(filter('group-name', 'default'), filter('vpc', vpc.id))).toHaveLength(4);
  expect(found(filter('id', one.id, two.id))).toEqual([one.id, two.id].toSorted());
  const odd = stage.fault({ do: 'describe', kind: 'nic', filters: [filter('colour', 'red')] });
  expect(odd).toEqual({ why: 'unknown-filter', field: 'colour', kind: 'nic' });
});

test('pages: each NIC once, in order, until there is no next', () => {
  const stage = new Stage();
  const subnet = stage.subnet(stage.vpc());
  for (let i = 0; i < 25; i++) stage.nic(subnet);
  const seen: Id[] = [];
  let after: string | undefined;
  let pages = 0;
  do {
    const page = after === undefined ? { size: 10 } : { size: 10, after };
    const answer = stage.ask('views', { do: 'describe', kind: 'nic', page });
    expect(answer.views.length).toBeLessThanOrEqual(10);
    seen.push(...nicIds(answer.views));
    after = answer.next;
    pages++;
  } while (after !== undefined);
  expect(pages).toBe(3);
  expect(seen).toEqual([...stage.cloud.nics.keys()]);
});

test('a page that ends with the last one has no next', () => {
  const stage = new Stage();
  const subnet = stage.subnet(stage.vpc());
  for (let i = 0; i < 10; i++) stage.nic(subnet);
  const page = { size: 10 };
  expect(stage.ask('views', { do: 'describe', kind: 'nic', page })).not.toHaveProperty('next');
});

test('with an offset all that fit are counted', () => {
  const stage = new Stage();
  const subnet = stage.subnet(stage.vpc());
  for (let i = 0; i < 7; i++) stage.nic(subnet);
  const answer = stage.ask('views', { do: 'describe', kind: 'nic', page: { size: 3, offset: 5 } });
  expect(answer.total).toBe(7);
  expect(nicIds(answer.views)).toEqual([...stage.cloud.nics.keys()].slice(5));
});

test('an id that is not there is a fault', () => {
  const stage = new Stage();
  const id = 'nic-none' as Id;
  const fault = stage.fault({ do: 'describe', kind: 'nic', ids: [id] });
  expect(fault).toEqual({ why: 'not-found', kind: 'nic', id });
});

test('every kind is described, and is found by its id', () => {
  const stage = new Stage({ jobs: true });
  const vpc = stage.vpc();
  const subnet = stage.subnet(vpc);
  const range = subnet.v4;
  stage.attachedNic(stage.instance(subnet), subnet);
  stage.made('gateway', { do: 'create-gateway', tags: {} });
  stage.made('nat', { do: 'create-nat', subnet: subnet.id, tags: {} });
  stage.ask('reserved', { do: 'reserve-range', subnet: subnet.id, range, use: 'explicit', description: '' });
  const kinds = [
    'vpc',
    'subnet',
    'reservation',
    'group',
    'route-table',
    'gateway',
    'nat',
    'instance',
    'nic',
    'job',
  ] as const;
  for (const kind of kinds) {
    const [view] = stage.views({ do: 'describe', kind });
    expect(view?.kind).toBe(kind);
    const thing = Object.values(view ?? {}).find(
      (it): it is { readonly id: Id } => typeof it === 'object' && 'id' in it,
    );
    const id = thing?.id ?? ('' as Id);
    expect(stage.views({ do: 'describe', kind, filters: [filter('id', id)] })).toContainEqual(view);
    expect(stage.views({ do: 'describe', kind, ids: [id] })).toEqual([view]);
  }
});

test('tags: set on all or none, taken away by key or by key and value, listed', () => {
  const stage = new Stage();
  const vpc = stage.vpc();
  const nic = stage.nic(stage.subnet(vpc), { tags: { a: '1' } });
  const none = { do: 'set-tags', ids: [nic.id, 'vpc-none' as Id], tags: { b: '2' } } as const;
  expect(stage.fault(none)).toEqual({ why: 'not-found', kind: 'vpc', id: 'vpc-none' });
  expect(stage.nicNow(nic.id).tags).toEqual({ a: '1' });
  stage.ask('done', { ...none, ids: [nic.id, vpc.id] });
  const { tags } = stage.ask('tags', { do: 'describe-tags', filters: [filter('key', 'b')] });
  expect(tags).toEqual([
    { resource: nic.id, kind: 'nic', key: 'b', value: '2' },
    { resource: vpc.id, kind: 'vpc', key: 'b', value: '2' },
  ]);
  const first = stage.ask('tags', { do: 'describe-tags', page: { size: 2 } });
  const rest = stage.ask('tags', { do: 'describe-tags', page: { size: 2, after: first.next ?? '' } });
  expect([...first.tags, ...rest.tags]).toHaveLength(3);
  expect(rest).not.toHaveProperty('next');
  stage.ask('done', { do: 'remove-tags', ids: [nic.id], tags: [{ key: 'a', value: 'other' }, { key: 'b' }] });
  expect(stage.nicNow(nic.id).tags).toEqual({ a: '1' });
  stage.ask('done', { do: 'remove-tags', ids: [nic.id], tags: [] });
  expect(stage.nicNow(nic.id).tags).toEqual({});
});
