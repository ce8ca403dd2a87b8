import { expect, test } from 'vitest';
import { refusalNow } from './probe.ts';
import { CloudDriver } from './testing/cloud-driver.ts';
import { Driver, rangeOf } from './testing/driver.ts';
import { limitsOf } from './testing/tiny-cloud.ts';

const of = { families: ['v4'], patienceMs: 20_000 } as const;

test('A22: before the cloud has told, an ADD may wait; with an address it is served; the pool stays as it was', () => {
  const it = new CloudDriver({ limits: limitsOf(1, 4) });
  const before = it.pool;
  expect(refusalNow(it.pool, of, it.now)).toBeUndefined();
  expect(it.pool).toBe(before);
  it.start();
  expect(refusalNow(it.pool, of, it.now)).toBeUndefined();
});

test('A23: no address and none to come: the reason is that of the ADD', () => {
  const it = new CloudDriver({ limits: limitsOf(1, 4) }).start().pods(3).passes(5_000);
  expect(refusalNow(it.pool, of, it.now)).toMatchObject({ why: 'nic-limit' });
  it.remove('p0'); // it cools for 30 s
  expect(refusalNow(it.pool, of, it.now)).toMatchObject({ why: 'nic-limit' });
  expect(refusalNow(it.pool, { ...of, patienceMs: 31_000 }, it.now)).toBeUndefined();
});

test('A23: a node whose cloud denies more is ready while it has addresses, and is no longer when it has none', () => {
  const it = new CloudDriver({ limits: limitsOf(1, 9) }, { targets: { warmAddresses: 1 } }).start();
  it.failures.push('denied', 'denied');
  it.add('a');
  it.passes(1_000);
  expect(refusalNow(it.pool, of, it.now)).toMatchObject({ why: 'cloud-denied' });
});

test('A23: a controller that has been away for as long as an ADD waits: it would wait in vain', () => {
  const it = new CloudDriver({ limits: limitsOf(1, 9) }, { targets: { warmAddresses: 1 } }).start();
  it.failures.push(...Array.from({ length: 40 }, () => 'away' as const));
  it.add('a');
  it.add('b', 60_000);
  it.passes(10_000);
  expect(refusalNow(it.pool, of, it.now)).toBeUndefined();
  it.passes(20_000);
  expect(refusalNow(it.pool, of, it.now)).toMatchObject({ why: 'controller-away', free: 0 });
  it.failures.length = 0;
  it.passes(30_000);
  expect(refusalNow(it.pool, of, it.now)).toBeUndefined();
});

test('A22: a node whose cloud may not be asked what it has is not ready', () => {
  const it = new CloudDriver({ limits: limitsOf(1, 4) });
  it.feed({ kind: 'limits', limits: it.cloud.limits });
  const denied = { kind: 'denied', action: 'DescribeNetworkInterfaces', code: 'x', message: 'not allowed' } as const;
  it.feed({ kind: 'reportFailed', failure: denied, sure: true });
  expect(refusalNow(it.pool, of, it.now)).toMatchObject({ why: 'cloud-denied' });
});

test('A22: what fails and is not needed makes no node unready: metadata tell what it has, and more is on its way', () => {
  const it = new CloudDriver({ limits: limitsOf(1, 9) }, { targets: { warmAddresses: 1 } }).start();
  const denied = { kind: 'denied', action: 'DescribeNetworkInterfaces', code: 'x', message: 'not allowed' } as const;
  for (let i = 0; i < 5; i++) {
    it.feed({ kind: 'reportFailed', failure: denied, sure: true });
    it.passes(10_000);
  }
  it.feed({ kind: 'reportFailed', failure: denied, sure: true });
  it.add('a');
  it.add('b', 60_000);
  expect(it.granted.has('b')).toBe(false);
  expect(refusalNow(it.pool, of, it.now)).toBeUndefined();
});

test('ranges answer as they do to an ADD', () => {
  const it = new Driver([rangeOf('10.0.0.0/30')]);
  expect(refusalNow(it.pool, of, it.now)).toBeUndefined();
  it.claim('a');
  expect(refusalNow(it.pool, of, it.now)).toMatchObject({ why: 'exhausted' });
});
