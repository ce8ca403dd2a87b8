import { expect, test } from 'vitest';
import { type BoundPod, expectedPods, isPodGone, SURE_MS } from './bound.ts';

const flags = { hostNetwork: false, ended: false, leaving: false, addressed: false };

function pod(uid: string, more: Partial<BoundPod> = {}): BoundPod {
  return { namespace: 'web', name: uid, uids: [uid], ...flags, ...more };
}

test('a pod is expected until it has asked', () => {
  expect(expectedPods([pod('a'), pod('b')], new Set(['b']))).toBe(1);
});

test.each(['hostNetwork', 'ended', 'leaving', 'addressed'] as const)('a pod that is %s will not ask', (flag) => {
  expect(expectedPods([pod('a', { [flag]: true })], new Set())).toBe(0);
});

test('a static pod asks by the uid that its mirror names', () => {
  expect(expectedPods([pod('a', { uids: ['a', 'hash'] })], new Set(['hash']))).toBe(0);
});

test('a pod is gone when the cluster knows it no longer, after a minute on record, and never when it was not named', () => {
  const named = { pod: { namespace: 'web', name: 'a', uid: 'a' }, since: 1_000 };
  const now = 1_000 + SURE_MS;
  expect(isPodGone(named, new Set(['b']), now)).toBe(true);
  expect(isPodGone(named, new Set(['a']), now)).toBe(false);
  expect(isPodGone(named, new Set(['b']), now - 1)).toBe(false);
  expect(isPodGone({ since: 0 }, new Set(), now)).toBe(false);
  expect(isPodGone({ ...named, pod: { ...named.pod, uid: '' } }, new Set(), now)).toBe(false);
});
