import { expect, test } from 'vitest';
import type { CloudErrorKind } from './nic.ts';
import { CloudDriver } from './testing/cloud-driver.ts';
import { limitsOf } from './testing/tiny-cloud.ts';

const small = limitsOf(2, 11);

/** A driver at rest, whose next calls fail so. */
function failing(...kinds: CloudErrorKind[]): CloudDriver {
  const it = new CloudDriver({ limits: small }, { targets: { warmAddresses: 1 } }).start();
  it.failures.push(...kinds);
  return it;
}

const asks = (it: CloudDriver) => it.asked.slice(1);

test('A41: throttled calls are asked again by the same token, later each time, and the pod waits for it', () => {
  const it = failing('throttled', 'throttled', 'throttled');
  it.pods(3).passes(30_000);
  expect(it.granted.size).toBe(3);
  expect(new Set(asks(it).map(({ intent }) => intent.token)).size).toBe(1);
  const gaps = asks(it).flatMap(({ at }, i, all) => (i === 0 ? [] : [at - (all[i - 1]?.at ?? 0)]));
  expect(gaps).toHaveLength(3);
  for (const [i, gap] of gaps.entries()) {
    expect(gap).toBeGreaterThanOrEqual(1_000 * 2 ** i);
    expect(gap).toBeLessThanOrEqual(1_250 * 2 ** i + 400);
  }
});

test('what is asked again on two nodes is not asked in the same moment', () => {
  const again = (owner: string) => {
    const it = new CloudDriver({ limits: small }, { owner }).start();
    it.failures.push('throttled');
    it.pods(3).passes(5_000);
    return asks(it)[1]?.at;
  };
  expect(new Set(['a', 'b', 'c', 'd'].map(again)).size).toBe(4);
});

test('A42: a dry subnet refuses at once, with its name, the numbers and when it is asked again', () => {
  const it = new CloudDriver({ limits: limitsOf(1, 11) }, { targets: { warmAddresses: 1 } }).start();
  it.cloud.dry = true;
  it.pods(3).passes(2_000);
  expect(it.granted.size).toBe(1);
  expect(it.refusals.get('p2')).toMatchObject({ why: 'subnet-empty', subnet: 'subnet-a', claimed: 1, cooling: 0 });
  const calls = it.asked.length;
  for (let i = 0; i < 50; i++) it.add(`again${i}`, 1_000);
  it.passes(20_000);
  expect(it.asked.length).toBe(calls); // not for every ADD
  it.cloud.dry = false;
  it.passes(30_000).pods(3).passes(2_000);
  expect(it.granted.size).toBe(3);
});

test('A42: where the subnet of a NIC is dry, a NIC in another subnet is tried', () => {
  const it = failing('exhausted');
  it.pods(3).passes(10_000);
  expect(asks(it).map(({ intent }) => intent.kind)).toEqual(['assign', 'createNic']);
  expect(it.granted.size).toBe(3);
});

test('a denied call names what is missing, and the other kinds of calls go on', () => {
  const it = failing('denied');
  it.pods(3).passes(10_000);
  expect(asks(it).map(({ intent }) => intent.kind)).toEqual(['assign', 'createNic']);
  const all = failing('denied', 'denied');
  all.pods(3).passes(1_000);
  expect([...all.refusals.values()].map(({ why }) => why)).toEqual(['cloud-denied', 'cloud-denied']);
  all.passes(60_000).pods(3).passes(5_000); // allowed meanwhile
  expect(all.granted.size).toBe(3);
});

test('a cloud that does not answer: warm addresses are given, who waits is told so, and it recovers by itself', () => {
  const it = failing(...Array.from({ length: 8 }, () => 'unknown' as const));
  it.add('warm');
  expect(it.granted.has('warm')).toBe(true);
  it.add('p1', 10_000);
  it.passes(12_000);
  expect(it.refusals.get('p1')).toMatchObject({ why: 'cloud-failing' });
  it.passes(120_000).pods(3).passes(10_000);
  expect([it.granted.size, it.failures.length]).toEqual([4, 0]);
});

test('a controller that is away: warm addresses are given, and who waits is told since when and what is left', () => {
  const it = failing(...Array.from({ length: 4 }, () => 'away' as const));
  it.add('warm');
  expect(it.granted.has('warm')).toBe(true);
  it.add('p1', 3_000);
  it.passes(5_000);
  expect(it.refusals.get('p1')).toMatchObject({ why: 'controller-away', family: 'v4', free: 0 });
  it.passes(120_000).pods(2).passes(10_000);
  expect([it.granted.size, it.failures.length]).toEqual([3, 0]);
});

test('an outcome that stays unknown is given up after six tries, and the API tells what came of it', () => {
  const it = failing(...Array.from({ length: 6 }, () => 'unknown' as const));
  it.pods(2).passes(200_000);
  const tokens = new Map<string, number>();
  for (const { intent } of asks(it)) tokens.set(intent.token, (tokens.get(intent.token) ?? 0) + 1);
  expect(Math.max(...tokens.values())).toBe(6);
  expect(it.settled).toContain([...tokens.keys()][0]);
});

test('a NIC that is gone when it is asked does not stop the node: the API is asked, and another is made', () => {
  const it = failing('gone');
  it.pods(3).passes(20_000);
  expect(it.granted.size).toBe(3);
});

test('an answer that brings nothing is not asked for again and again', () => {
  const it = new CloudDriver({ limits: limitsOf(1, 11) }, { targets: { warmAddresses: 1 } });
  const { cloud } = it;
  cloud.carryOut = ({ token }) => ({ kind: 'assigned', token, given: { addresses: [], prefixes: [] } });
  it.start().passes(600_000);
  expect(it.asked.length).toBeLessThan(10);
});

test('NICs full: refused at once with the numbers', () => {
  const it = new CloudDriver({ limits: limitsOf(2, 4) }).start().pods(6).passes(10_000);
  it.pods(7);
  expect([it.granted.size, it.refusals.get('p6')]).toEqual([
    6,
    { why: 'nic-limit', family: 'v4', nics: 2, limit: 2, slots: 3, serving: 2, claimed: 6, cooling: 0 },
  ]);
});

test('before anybody has told what the node has, an ADD waits, and is refused as starting', () => {
  const it = new CloudDriver({ limits: small });
  it.add('early', 2_000);
  expect([it.granted.size, it.refusals.size]).toEqual([0, 0]);
  it.passes(10);
  it.passes(2_500);
  expect(it.refusals.get('early')).toMatchObject({ why: 'starting' });
  const other = new CloudDriver({ limits: small });
  other.add('early', 20_000);
  other.start();
  expect(other.granted.has('early')).toBe(true);
});

test('what the node has is told to nobody, as the role may not ask: an ADD is refused at once, with the reason', () => {
  const it = new CloudDriver({ limits: small });
  it.feed({ kind: 'limits', limits: it.cloud.limits });
  const denied = { kind: 'denied', action: 'DescribeNetworkInterfaces', code: 'x', message: 'not allowed' } as const;
  it.feed({ kind: 'reportFailed', failure: denied, sure: true });
  it.add('p0', 60_000);
  expect(it.refusals.get('p0')).toMatchObject({ why: 'cloud-denied', action: 'DescribeNetworkInterfaces' });
  it.passes(60_000); // allowed meanwhile
  it.add('p1', 60_000);
  it.passes(5_000);
  expect(it.granted.has('p1')).toBe(true);
});

test('who waited for a call that fails is told of that call, not of one for another NICConfig', () => {
  const placing = { own: undefined, known: [{ name: 'blue', subnet: 'subnet-blue', groups: [] }] };
  const it = new CloudDriver({ limits: limitsOf(3, 4) }, { targets: { warmAddresses: 1 }, placing }).start();
  it.pods(4).passes(5_000);
  expect(it.cloud.report().map(({ addresses }) => addresses.length)).toEqual([3, 2]);
  it.failures.push('busy', 'busy', 'busy', 'exhausted', 'busy', 'exhausted'); // the last: of x0's
  it.add('warm');
  it.add('waits', 3_000);
  it.passes(2_400);
  it.add('x0', 60_000, { config: 'blue' });
  it.passes(1_000);
  expect(['x0', 'waits'].map((name) => it.refusals.get(name)?.why)).toEqual(['subnet-empty', 'cloud-failing']);
});

test('no more is asked for than max-pods: who comes then is told so, and how many there are', () => {
  const it = new CloudDriver({ limits: small }, { maxPods: 4 }).start().pods(4).passes(5_000);
  it.add('p4');
  it.passes(1_000);
  expect(it.refusals.get('p4')).toEqual({ why: 'max-pods', family: 'v4', maxPods: 4, claimed: 4, cooling: 0 });
});

test('max-pods is not blamed where what the node holds cannot be used: the NIC is not set up', () => {
  const it = new CloudDriver({ limits: small }, { maxPods: 4 }).start().pods(2).passes(5_000);
  it.feed({ kind: 'nicGone', nic: it.nic(0) });
  it.add('p4', 2_000);
  it.passes(3_000);
  expect(it.refusals.get('p4')?.why).not.toBe('max-pods');
});

const unanswered = { kind: 'unknown', action: 'metadata', code: 'Metadata', message: 'no answer' } as const;

test('metadata that fail are in nobody’s way: addresses are asked for, and the API tells what is attached', () => {
  const it = new CloudDriver({ limits: limitsOf(1, 11) }).start().passes(70_000);
  it.feed({ kind: 'reportFailed', failure: unanswered, sure: false });
  it.pods(5).passes(5_000);
  expect(it.granted.size).toBe(5);
  expect(it.pool.cloud?.report.sureAt).toBeGreaterThan(1_070_000 - 1);
});

test('while nobody tells what the instance may have, an ADD is refused with the reason', () => {
  const it = new CloudDriver({ limits: small });
  it.passes(1_000);
  const denied = { kind: 'denied', action: 'DescribeInstanceTypes', code: 'x', message: 'not allowed' } as const;
  it.feed({ kind: 'limitsFailed', failure: denied });
  it.pods(30).passes(61_000);
  const refused = [...it.refusals.values()];
  expect(refused[0]).toMatchObject({ why: 'cloud-denied', message: 'not allowed' });
  it.start();
  expect(it.pool.cloud?.troubles).toEqual([]);
});
