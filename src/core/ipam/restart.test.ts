import { expect, test } from 'vitest';
import { emptyMemory, remember } from '../memory/fold.ts';
import type { MemoryRecord } from '../memory/record.ts';
import type { Address } from '../../base/ip.ts';
import { attachmentName, keeperId } from '../attachment.ts';
import { adopt } from './adopt.ts';
import type { CloudPolicy } from './cloud.ts';
import { isSending, sendingToken } from './keep.ts';
import type { Intent, NicId, Token } from './nic.ts';
import { blockOf } from './slots.ts';
import { CloudDriver, POLICY } from './testing/cloud-driver.ts';
import { COOLDOWN, id } from './testing/driver.ts';
import { limitsOf } from './testing/tiny-cloud.ts';

/** A driver whose pool is adopted from these records, with the cloud as it is. */
function restarted(
  before: CloudDriver,
  records: readonly MemoryRecord[],
  more: Partial<CloudPolicy> = {},
): CloudDriver {
  const it = new CloudDriver({ limits: before.cloud.limits });
  Object.assign(it, { cloud: before.cloud, now: before.now });
  const policy = { cooldownMs: COOLDOWN, waitingLimit: 100, cloud: { ...POLICY, ...more } };
  it.pool = adopt(records.reduce(remember, emptyMemory), { policy, ranges: [] }, it.now).pool;
  return it;
}

const token = 'node-7@999' as Token;
const intends = (intent: Intent): MemoryRecord => ({ kind: 'intent', intent, at: 999 });
const claims = (address: Address): MemoryRecord => {
  const record = { netns: '', ports: [], ordinal: 0, plan: [], result: '', since: 0 };
  return {
    kind: 'claim',
    attachment: { id: id('held'), name: attachmentName(id('held')), addresses: [address], ...record },
  };
};

test('A26: a NIC whose creation was asked for before a crash is asked for again by its token: one NIC', () => {
  const before = new CloudDriver({ limits: limitsOf(3, 5) }).start();
  const intent: Intent = { kind: 'createNic', token, spec: { count: 2, unit: 'address', family: 'v4' } };
  before.cloud.carryOut(intent); // done, and the answer lost
  const it = restarted(before, [intends(intent)]).start();
  expect(it.asked.map((ask) => ask.intent.token)).toContain(token);
  expect([it.cloud.nics.size, it.settled]).toEqual([2, expect.arrayContaining([token])]);
});

test('A26: what was being given back is given back, and not to a pod', () => {
  const before = new CloudDriver({ limits: limitsOf(1, 8) }).start().pods(5).passes(5_000);
  const what = before.cloud.report()[0]?.addresses.slice(0, 2) ?? [];
  const intent: Intent = { kind: 'unassign', token, nic: 'eni-0' as NicId, what };
  const it = restarted(before, [intends(intent)]);
  it.start().pods(3);
  expect(what.some((address) => it.pool.slots.has(address))).toBe(false);
  it.passes(5_000);
  expect(what.some((address) => it.cloud.holds(address))).toBe(false);
});

test('A26: what an assign brought whose answer was lost is told by the API and used', () => {
  const before = new CloudDriver({ limits: limitsOf(1, 8) }).start();
  const intent: Intent = { kind: 'assign', token, nic: 'eni-0' as NicId, unit: 'address', family: 'v4', count: 3 };
  before.cloud.carryOut(intent);
  const it = restarted(before, [intends(intent)]).start();
  it.pods(5);
  expect([it.granted.size, it.asked, it.settled]).toEqual([5, [], []]); // a second crash must not forget it
  it.passes(61_000);
  expect(it.settled).toContain(token);
});

test('A26: what may have given more than it answered stays on record until the API must have told of all', () => {
  const lost = new CloudDriver({ limits: limitsOf(1, 8) });
  const doubtful = new CloudDriver({ limits: limitsOf(1, 8) });
  lost.failures.push('unknown'); // answered by the second try
  const { cloud } = doubtful;
  const carryOut = cloud.carryOut.bind(cloud);
  cloud.carryOut = (intent) => {
    const answer = carryOut(intent);
    return answer.kind === 'assigned' ? { ...answer, given: { ...answer.given, doubtful: true } } : answer;
  };
  for (const it of [lost, doubtful]) {
    it.start().pods(3).passes(10_000);
    const [first] = it.asked.map(({ intent }) => intent.token);
    expect([it.granted.size, it.settled.includes(first ?? '')]).toEqual([3, false]);
    it.passes(65_000);
    expect(it.settled).toContain(first);
  }
});

test('A26: what was being given back, and no longer counted to its NIC, is given to no pod when the API tells of it', () => {
  const before = new CloudDriver({ limits: limitsOf(1, 8) }).start().pods(5).passes(5_000);
  const seen = before.cloud.report();
  const what = seen[0]?.addresses.slice(0, 2) ?? [];
  const withdrawn = seen.map((nic) => ({ ...nic, addresses: nic.addresses.slice(2) }));
  const intent: Intent = { kind: 'unassign', token, nic: 'eni-0' as NicId, what };
  before.cloud.carryOut(intent);
  const it = restarted(before, [intends(intent), { kind: 'nics', nics: withdrawn }]);
  it.failures.push('throttled', 'throttled');
  it.seen = () => seen; // late
  it.start().pods(6);
  expect(what.filter((address) => it.pool.slots.has(address))).toEqual([]);
  expect(it.log.filter((line) => line.includes(' found '))).toEqual([]);
});

test('what was given back a moment before the restart is not taken up from metadata that lag', () => {
  const before = new CloudDriver({ limits: limitsOf(1, 8) }).start().pods(3).passes(5_000);
  const seen = before.cloud.report();
  const what = seen[0]?.addresses.slice(0, 2) ?? [];
  const intent: Intent = { kind: 'unassign', token, nic: 'eni-0' as NicId, what };
  before.cloud.carryOut(intent);
  const settled: MemoryRecord = { kind: 'settled', tokens: [token], at: before.now };
  const it = restarted(before, [intends(intent), settled]);
  it.seen = () => seen;
  it.start().pods(5).passes(5_000);
  for (const held of it.pool.slots.keys()) expect(it.cloud.holds(held)).toBe(true);
});

test('A24, A26: what was given back, and given anew before the restart, is ours from the beginning', () => {
  const before = new CloudDriver({ limits: limitsOf(1, 8) }).start().pods(3).passes(5_000);
  const seen = before.cloud.report();
  const what = seen[0]?.addresses.slice(0, 2) ?? [];
  const intent: Intent = { kind: 'unassign', token, nic: 'eni-0' as NicId, what };
  const settled: MemoryRecord = { kind: 'settled', tokens: [token], at: before.now };
  const it = restarted(before, [intends(intent), settled, { kind: 'nics', nics: seen }], { foreign: 'ignore' });
  it.feed({ kind: 'nicReady', nic: 'eni-0' as NicId });
  expect(what.filter((address) => blockOf(it.pool, address) === undefined)).toEqual([]);
  it.start().passes(700_000);
  expect(it.log.filter((line) => / (found|lost) /.test(line))).toEqual([]);
});

test('what the cloud refused to take back and a pod got is not given back, though the record still says so', () => {
  const before = new CloudDriver({ limits: limitsOf(1, 8) }).start().pods(2).passes(5_000);
  const [held] = before.pool.claims.values();
  const [kept] = held ?? [];
  const rest = before.cloud.report().flatMap((nic) => nic.addresses.filter((it) => !before.pool.slots.has(it)));
  if (kept === undefined || rest.length === 0) throw new Error('nothing is held, or nothing is free');
  const intent: Intent = { kind: 'unassign', token, nic: 'eni-0' as NicId, what: [kept, ...rest] };
  const it = restarted(before, [intends(intent), claims(kept), { kind: 'nics', nics: before.cloud.report() }]);
  it.start();
  expect([it.cloud.holds(kept), it.cloud.holds(rest[0] ?? kept)]).toEqual([true, false]);
  expect(it.settled).toContain(token);
});

test('A24: what is warm is given after a restart before the cloud has told anything', () => {
  const before = new CloudDriver({ limits: limitsOf(1, 8) }).start().pods(1).passes(5_000);
  const it = restarted(before, [{ kind: 'nics', nics: before.cloud.report() }]);
  it.feed({ kind: 'nicReady', nic: 'eni-0' as NicId });
  it.add('warm');
  expect(it.granted.has('warm')).toBe(true);
});

test("A19, A43: what was assigned just before a restart, and the API does not tell of yet, stays its pod's", () => {
  const before = new CloudDriver({ limits: limitsOf(1, 8) }).start();
  const late = before.cloud.report().map((nic) => ({ ...nic, addresses: [] })); // as the API tells for a while
  before.pods(1);
  const [first] = before.pool.claims.values();
  const [pods] = first ?? [];
  if (pods === undefined) throw new Error('no pod has an address');
  const it = restarted(before, [claims(pods), { kind: 'nics', nics: before.cloud.report() }]);
  it.seen = () => late;
  it.start().passes(45_000);
  expect(it.log.filter((line) => line.includes(' lost '))).toEqual([]);
  it.seen = () => it.cloud.report();
  it.passes(60_000);
  expect(it.pool.slots.get(pods)).toMatchObject({ state: 'claimed' });
});

test('A26: what an assign brought before a crash is ours, though the API tells of it late and others are ignored', () => {
  const before = new CloudDriver({ limits: limitsOf(1, 8) }).start();
  const late = before.cloud.report();
  const intent: Intent = { kind: 'assign', token, nic: 'eni-0' as NicId, unit: 'address', family: 'v4', count: 3 };
  before.cloud.carryOut(intent);
  const it = restarted(before, [intends(intent), { kind: 'nics', nics: late }], { foreign: 'ignore' });
  it.seen = () => late;
  it.start().passes(20_000);
  it.seen = () => it.cloud.report();
  it.passes(120_000);
  const trusts = [...(it.pool.cloud?.nics[0]?.holds.values() ?? [])].map(({ trust }) => trust);
  expect(trusts).not.toContain('foreign');
  it.cloud.carryOut({ ...intent, token: 'others@1' as Token, count: 1 }); // long after: another's
  it.passes(700_000);
  expect(it.log.filter((line) => line.includes(' found '))).toHaveLength(1);
});

test('that a name’s address was to leave is not asked again after a restart, while the name keeps it; else it is given back', () => {
  const before = new CloudDriver({ limits: limitsOf(1, 8) }).start().pods(5).passes(5_000);
  const [kept] = before.cloud.report()[0]?.addresses ?? [];
  if (kept === undefined) throw new Error('no address');
  const intent: Intent = { kind: 'unassign', token: sendingToken(kept, 999), nic: 'eni-0' as NicId, what: [kept] };
  expect(isSending(intent)).toBe(true);
  const keeps: MemoryRecord = { kind: 'kept', by: keeperId({ namespace: 'db', name: 'web-0' }), addresses: [kept] };
  const named = restarted(before, [keeps, intends(intent)]).start();
  expect([named.settled, named.cloud.holds(kept)]).toEqual([[], true]);
  const forgotten = restarted(before, [intends(intent)]).start();
  expect([forgotten.settled, forgotten.cloud.holds(kept)]).toEqual([[intent.token], false]);
});

test('an answer that was long under way does not bring back what has left its NIC since', () => {
  const before = new CloudDriver({ limits: limitsOf(3, 5) }).start();
  const intent: Intent = { kind: 'createNic', token, spec: { count: 2, unit: 'address', family: 'v4' } };
  before.cloud.carryOut(intent);
  const it = restarted(before, [intends(intent)]);
  const nics = it.cloud.report();
  const made = nics.find(({ device }) => device === 1);
  const [gone, stays] = made?.addresses ?? [];
  if (made === undefined || gone === undefined || stays === undefined) throw new Error('no NIC was made');
  it.feed({ kind: 'reported', nics, sure: true, asOf: it.now });
  it.feed({ kind: 'sentAway', nic: made.id, what: gone });
  it.feed({ kind: 'nicCreated', token, nic: made });
  const held = it.pool.cloud?.nics.find(({ report }) => report.id === made.id)?.holds;
  expect([held?.has(gone), held?.has(stays)]).toEqual([false, true]);
});
