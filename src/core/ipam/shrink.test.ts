import { expect, test } from 'vitest';
import { seeded } from '../../base/random.ts';
import { CloudDriver } from './testing/cloud-driver.ts';
import { limitsOf } from './testing/tiny-cloud.ts';

const large = limitsOf(3, 10, true);
const huge = limitsOf(15, 50, true);

const gives = (it: CloudDriver) => it.asked.filter(({ intent }) => /^(unassign|deleteNic)$/.test(intent.kind)).length;

test.each([
  ['the demand alone', {}],
  ['WARM_IP_TARGET=1', { warmAddresses: 1 }],
  ['WARM_IP_TARGET=1 and MINIMUM_IP_TARGET=10', { warmAddresses: 1, minimumAddresses: 10 }],
])('A29: one pod more and one less for ten minutes: two unassign calls at most, with %s', (_, targets) => {
  const it = new CloudDriver({ limits: huge }, { targets }).start().pods(20).passes(600_000);
  const before = [gives(it), it.asked.length];
  for (let i = 0; i < 20; i++) {
    it.add(`x${i}`);
    it.passes(15_000);
    it.remove(`x${i}`);
    it.passes(15_000);
  }
  expect(gives(it) - (before[0] ?? 0)).toBeLessThanOrEqual(2);
  expect(it.asked.length - (before[1] ?? 0)).toBeLessThanOrEqual(4);
});

test('A37: from nothing to everything and back, the NICs are as few as before', () => {
  const it = new CloudDriver({ limits: limitsOf(4, 15) }).start();
  expect(it.cloud.nics.size).toBe(1);
  it.pods(56).passes(20_000);
  expect([it.cloud.nics.size, it.granted.size]).toEqual([4, 56]);
  it.pods(0).passes(600_000);
  expect([it.cloud.nics.size, it.shape]).toEqual([1, [2]]);
});

test('A36: 100 pods in prefixes, a random 70 die and the others are replaced once: all but one too many come free', () => {
  const random = seeded(36);
  const it = new CloudDriver({ limits: huge }, { unit: 'prefix' }).start().pods(100).passes(20_000);
  const names = [...it.granted].sort(() => random.fraction() - 0.5);
  for (const name of names.slice(0, 70)) it.remove(name);
  it.passes(60_000);
  for (const [i, name] of names.slice(70).entries()) {
    it.add(`new${i}`);
    it.passes(2_000);
    it.remove(name);
    it.passes(2_000);
  }
  it.passes(600_000);
  const ideal = Math.ceil(30 / 16);
  expect(it.granted.size).toBe(30);
  expect(it.shape[0]).toBeLessThanOrEqual(ideal + 1);
});

test('cooling addresses are not given back', () => {
  const it = new CloudDriver({ limits: huge }, { targets: { warmAddresses: 1 } }).start().pods(20).passes(600_000);
  it.pods(0);
  it.passes(29_000);
  expect(gives(it)).toBe(0);
  it.passes(300_000);
  expect(it.shape).toEqual([1]);
});

test('what is young is not given back', () => {
  const it = new CloudDriver({ limits: huge }, { targets: { warmAddresses: 1 } }).start();
  it.feed({ kind: 'expected', pods: 20 });
  it.passes(1_000);
  it.feed({ kind: 'expected', pods: 0 });
  it.passes(59_000);
  expect(gives(it)).toBe(0);
});

test('nothing is given back while anything is unsure', () => {
  const it = new CloudDriver({ limits: large }, { unit: 'prefix', targets: { warmAddresses: 1 } }).start();
  it.pods(40).passes(600_000).pods(1);
  it.feed({ kind: 'nicGone', nic: it.nic(0) });
  it.seen = (sure) => (sure ? [] : it.cloud.report());
  it.passes(9_000);
  expect(gives(it)).toBe(0);
});

test('what is being given back is not given to a pod, and its slot is not counted on before it is gone', () => {
  const it = new CloudDriver({ limits: limitsOf(1, 11) }, { targets: { warmAddresses: 1 } }).start();
  it.pods(10).passes(600_000).pods(0);
  while (gives(it) === 0) it.passes(100);
  it.pods(10).passes(10_000);
  expect(it.granted.size).toBe(10);
  for (const held of it.pool.slots.keys()) expect(it.cloud.holds(held)).toBe(true);
});

test('A88: a node that is held gives what it has, and neither asks for more nor gives anything back', () => {
  const it = new CloudDriver({ limits: large }).start().pods(12).passes(20_000);
  const { shape } = it;
  const calls = it.asked.length;
  const { cloud } = it.pool;
  if (cloud === undefined) throw new Error('a pool without a cloud');
  it.pool = { ...it.pool, cloud: { ...cloud, policy: { ...cloud.policy, hold: true } } };
  it.pods(30).passes(60_000);
  const held = sum(it.shape);
  expect([it.granted.size, [...it.refusals.values()][0]?.why]).toEqual([held, 'held']);
  it.pods(0).passes(3_600_000);
  expect([it.shape, it.asked.length]).toEqual([shape, calls]);
  it.pods(5).passes(1_000);
  expect(it.granted.size).toBe(5);
});

test('A88: a cordoned node neither grows nor shrinks, says so, and does both again when it is uncordoned', () => {
  const it = new CloudDriver({ limits: large }).start().pods(12).passes(20_000);
  const { shape } = it;
  const calls = it.asked.length;
  it.feed({ kind: 'cordoned', cordoned: true });
  it.pods(30).passes(60_000);
  expect(it.granted.size).toBe(sum(shape));
  expect([...it.refusals.values()][0]).toMatchObject({ why: 'held', cordoned: true });
  it.pods(0).passes(3_600_000);
  expect([it.shape, it.asked.length]).toEqual([shape, calls]);
  it.feed({ kind: 'cordoned', cordoned: false });
  it.passes(3_600_000);
  expect(sum(it.shape)).toBeLessThan(sum(shape));
  it.pods(20).passes(60_000);
  expect(it.granted.size).toBe(20);
});

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, one) => all + one, 0);
}
