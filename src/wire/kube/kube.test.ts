import { expect, test } from 'vitest';
import { readFailure } from './failure.ts';
import { readObject, readPage } from './object.ts';
import { readNode, readServiceRanges } from './node.ts';
import { readPod } from './pod.ts';
import { collectionPath, LEASES, NODES, objectPath, PODS, queryText } from './resource.ts';
import { cutLines, readWatchLine } from './watch.ts';

const meta = (more: object = {}) => ({ name: 'x', uid: 'u', resourceVersion: '7', ...more });

test('paths of core and named groups, of all namespaces, one, an object, and a part of it', () => {
  expect(collectionPath({ resource: PODS })).toBe('/api/v1/pods');
  expect(collectionPath({ resource: PODS, namespace: 'web' })).toBe('/api/v1/namespaces/web/pods');
  expect(objectPath({ resource: NODES, name: 'n', part: 'status' })).toBe('/api/v1/nodes/n/status');
  const lease = objectPath({ resource: LEASES, namespace: 'kube-system', name: 'berth' });
  expect(lease).toBe('/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/berth');
  expect(queryText({ a: 'b=c', d: undefined, e: 5, f: true })).toBe('a=b%3Dc&e=5&f=true');
});

test('a node: internal addresses, one of each family, and its ranges; what is none is passed over', () => {
  const node = readObject({
    metadata: meta({ creationTimestamp: '2026-01-01T00:00:00Z' }),
    spec: { podCIDR: '10.1.0.0/24', podCIDRs: ['10.1.0.0/24', 'fd00::/64', 'nonsense'], unschedulable: true },
    status: {
      addresses: [
        { type: 'Hostname', address: 'x' },
        { type: 'InternalIP', address: '192.0.2.1' },
        { type: 'InternalIP', address: '192.0.2.2' },
        { type: 'InternalIP', address: '2001:DB8::1' },
        { type: 'ExternalIP', address: '198.51.100.1' },
      ],
    },
  });
  expect(readNode(node)).toEqual({
    name: 'x',
    uid: 'u',
    addresses: ['192.0.2.1', '2001:db8::1'],
    ranges: ['10.1.0.0/24', 'fd00::/64'],
    cordoned: true,
    created: '2026-01-01T00:00:00Z',
  });
  const bare = readNode(readObject({ metadata: meta(), spec: { podCIDR: '10.1.0.0/24' } }));
  expect(bare).toMatchObject({ ranges: ['10.1.0.0/24'], addresses: [], cordoned: false });
  expect(readServiceRanges(readObject({ metadata: meta(), spec: { cidrs: ['10.96.0.0/16'] } }))).toEqual([
    '10.96.0.0/16',
  ]);
});

test('a pod: what decides whether it will ask for an address', () => {
  const plain = { namespace: 'web', name: 'x', uids: ['u'], hostNetwork: false, ended: false, leaving: false };
  const pod = (more: object) => readPod(readObject({ metadata: meta({ namespace: 'web' }), ...more }));
  const none = { annotations: {}, labels: {}, serviceAccount: '' };
  expect(pod({})).toEqual({ ...plain, ...none, addressed: false, reserves: false, reservesNic: false });
  expect(pod({ spec: { hostNetwork: true } }).hostNetwork).toBe(true);
  const asks = { containers: [{}, { resources: { requests: { 'berth.dev/address': '1' } } }] };
  expect(pod({ spec: asks }).reserves).toBe(true);
  expect(pod({ status: { phase: 'Failed' } }).ended).toBe(true);
  expect(pod({ status: { podIP: '10.0.0.1' } }).addressed).toBe(true);
  expect(pod({ metadata: meta({ deletionTimestamp: 'now' }) }).leaving).toBe(true);
});

test('the mirror of a static pod is known by the uid that the runtime has, too', () => {
  const metadata = meta({ annotations: { 'kubernetes.io/config.mirror': 'hash' } });
  expect(readPod(readObject({ metadata })).uids).toEqual(['u', 'hash']);
});

test('a page tells from where to go on; an empty token is the end', () => {
  const page = { metadata: { resourceVersion: '9', continue: 'abc' }, items: [{ metadata: meta() }] };
  expect(readPage(page)).toMatchObject({ resourceVersion: '9', more: 'abc', items: [{ metadata: { name: 'x' } }] });
  expect(readPage({ metadata: { resourceVersion: '9', continue: '' }, items: null })).toEqual({
    items: [],
    resourceVersion: '9',
    more: undefined,
  });
  expect(() => readPage({ kind: 'Status' })).toThrow('without metadata.resourceVersion');
  expect(() => readPage({ ...page, items: [{}] })).toThrow('without metadata.name');
});

test('what a watch tells, line by line', () => {
  const line = (type: string, object: object) => readWatchLine(JSON.stringify({ type, object }));
  expect(line('ADDED', { metadata: meta() })).toMatchObject({ kind: 'added', object: { metadata: { name: 'x' } } });
  expect(line('MODIFIED', { metadata: meta() })).toMatchObject({ kind: 'changed' });
  expect(line('DELETED', { metadata: meta() })).toMatchObject({ kind: 'removed' });
  expect(line('BOOKMARK', { metadata: { resourceVersion: '12' } })).toEqual({
    kind: 'bookmark',
    resourceVersion: '12',
  });
  expect(line('ERROR', { reason: 'Expired', code: 410, message: 'too old' })).toEqual({
    kind: 'failed',
    failure: { kind: 'expired', message: 'too old', retryAfterMs: undefined },
  });
  expect(() => readWatchLine('{"type":"ADD')).toThrow('no JSON');
  expect(() => line('OTHER', {})).toThrow('unknown');
});

test('lines are cut wherever the network cuts', () => {
  const text = 'one\n\ntwo\nthr';
  for (let at = 0; at <= text.length; at++) {
    const first = cutLines('', text.slice(0, at));
    const second = cutLines(first.rest, text.slice(at));
    expect([...first.lines, ...second.lines]).toEqual(['one', 'two']);
    expect(second.rest).toBe('thr');
  }
});

test.each([
  [{ reason: 'Conflict', code: 409 }, 409, 'conflict'],
  [{ reason: 'AlreadyExists', code: 409 }, 409, 'exists'],
  [{ reason: 'Expired', code: 410 }, 200, 'expired'],
  [undefined, 401, 'unauthenticated'],
  [undefined, 502, 'failing'],
  [{ reason: 'InternalError', code: 500 }, 500, 'failing'],
  [{ reason: 'Timeout', code: 504 }, 504, 'late'],
  [undefined, 418, 'invalid'],
  [{ reason: 'NotFound', code: 404, details: { name: 'web-0', kind: 'staticaddresses' } }, 404, 'absent'],
  [{ reason: 'NotFound', code: 404, details: {} }, 404, 'unserved'],
  [undefined, 404, 'unserved'],
])('a refusal %j with HTTP %d is %s', (status, code, kind) => {
  expect(readFailure(status, { code }).kind).toBe(kind);
});

test('when to ask again is told in the header, or in the Status', () => {
  expect(readFailure(undefined, { code: 429, retryAfter: '3' }).retryAfterMs).toBe(3_000);
  expect(readFailure({ details: { retryAfterSeconds: 2 } }, { code: 429 }).retryAfterMs).toBe(2_000);
  expect(readFailure(undefined, { code: 429, retryAfter: 'later' }).retryAfterMs).toBeUndefined();
});
