import { expect, test } from 'vitest';
import { callsOf, type CallTold, emptyLedger, type Ledger, medianMs, noted, REMEMBERED } from './ledger.ts';

const ok: CallTold = { action: 'DescribeNetworkInterfaces', urgency: 'refill', ms: 40, outcome: 'ok', code: '' };

/** One call each second. */
function ledgerOf(calls: readonly CallTold[]): Ledger {
  return calls.reduce((ledger, told, i) => noted(ledger, told, i * 1_000), emptyLedger);
}

test('calls are counted by action, outcome and urgency, in the order of their first', () => {
  const ledger = ledgerOf([
    ok,
    { ...ok, action: 'AssignPrivateIpAddresses', urgency: 'pod', ms: 200 },
    { ...ok, outcome: 'throttled', code: 'RequestLimitExceeded', ms: 5 },
    { ...ok, ms: 90 },
  ]);
  expect(ledger.map(({ action }) => action)).toEqual(['DescribeNetworkInterfaces', 'AssignPrivateIpAddresses']);
  expect(ledger[0]).toMatchObject({
    outcomes: { ok: 2, throttled: 1 },
    urgencies: { refill: 3 },
    maxMs: 90,
    lastAt: 3_000,
    lastFailure: { at: 2_000, code: 'RequestLimitExceeded' },
  });
  expect(ledger.map((it) => [callsOf(it), callsOf(it, 'throttled')])).toEqual([
    [3, 1],
    [1, 0],
  ]);
});

test('the median is of the last calls alone, the longest of all', () => {
  const slow = { ...ok, ms: 10_000 };
  const [early] = ledgerOf([slow, ok, ok]);
  expect(early && [medianMs(early), early.maxMs]).toEqual([40, 10_000]);
  const [even] = ledgerOf([slow, ok]);
  expect(even && medianMs(even)).toBe(40);
  const many = ledgerOf([...Array<CallTold>(REMEMBERED).fill(slow), ...Array<CallTold>(REMEMBERED).fill(ok)]);
  expect(many[0] && [medianMs(many[0]), many[0].recent.length, callsOf(many[0])]).toEqual([
    40,
    REMEMBERED,
    2 * REMEMBERED,
  ]);
});

test('a ledger is a value', () => {
  const before = noted(emptyLedger, ok, 1);
  noted(before, ok, 2);
  expect([emptyLedger.length, before[0] && callsOf(before[0])]).toEqual([0, 1]);
});
