import { expect, test } from 'vitest';
import { address } from '../../base/ip.ts';
import type { CloudErrorKind } from '../ipam/nic.ts';
import type { Decision, Deed } from '../why/decision.ts';
import { type Notice, noticeOf } from './notice.ts';
import { emptyBook, noted, type NoticeBook, type Telling, untold } from './notice-book.ts';

const pod = { namespace: 'web', name: 'a', uid: 'u' };
const decision = (deed: Deed): Decision => ({ at: 1, about: { pod, addresses: [address('10.0.0.5')] }, ...deed });

test('A71: a refusal is a warning with the sentence of why, and a reason for machines', () => {
  const refusal = { why: 'cloud-denied', action: 'AssignPrivateIpAddresses', message: 'no', againInMs: 1_000 } as const;
  expect(noticeOf(decision({ kind: 'refused', refusal }))).toEqual({
    pod,
    type: 'Warning',
    reason: 'CloudDenied',
    message: expect.stringContaining('web/a was refused: the cloud denies AssignPrivateIpAddresses: no'),
  });
});

test('A11: no address left has the reason NoAddress, whoever has none', () => {
  const refusals = [
    { why: 'no-range', family: 'v4' },
    { why: 'subnet-empty', family: 'v4', claimed: 1, cooling: 0, againInMs: 1_000 },
    { why: 'nic-limit', family: 'v4', nics: 1, limit: 1, slots: 3, serving: 1, claimed: 3, cooling: 0 },
  ] as const;
  for (const refusal of refusals) expect(noticeOf(decision({ kind: 'refused', refusal }))?.reason).toBe('NoAddress');
});

test('A71: what the cloud denies the node, has no more of or throttles is told of the node, though no pod waits', () => {
  const reason = (kind: CloudErrorKind) => {
    const failure = { kind, action: 'AssignPrivateIpAddresses', code: 'X', message: 'no' };
    return noticeOf({ at: 1, about: {}, kind: 'denied', failure });
  };
  expect(reason('denied')).toMatchObject({ pod: undefined, type: 'Warning', reason: 'CloudDenied' });
  expect(reason('denied')?.message).toBe('the node asked the cloud in vain: AssignPrivateIpAddresses: no');
  expect(reason('throttled')?.reason).toBe('CloudThrottled');
  expect(reason('exhausted')?.reason).toBe('NoAddress');
  expect(reason('busy')).toBeUndefined();
});

test('what went well, and an ADD that nobody waits for any more, are no news', () => {
  expect(noticeOf(decision({ kind: 'attached', ms: 3, again: false }))).toBeUndefined();
  expect(noticeOf(decision({ kind: 'waited', readyInMs: 500 }))).toBeUndefined();
  expect(noticeOf(decision({ kind: 'waited', readyInMs: 20_000 }))?.reason).toBe('AddressCooling');
  expect(noticeOf(decision({ kind: 'refused', refusal: { why: 'cancelled', waitedMs: 1 } }))).toBeUndefined();
});

test('a message is no longer than Kubernetes takes', () => {
  const cause = 'x'.repeat(5_000);
  expect(noticeOf(decision({ kind: 'failed', cause, left: [] }))?.message).toHaveLength(1_024);
});

const notice = (name: string, reason = 'NoAddress'): Notice => ({
  pod: { namespace: 'web', name, uid: name },
  type: 'Warning',
  reason,
  message: '',
});

/** Notices one after another, each at its time. */
function told(notices: readonly (readonly [number, Notice])[]): { book: NoticeBook; tellings: readonly Telling[] } {
  const tellings: Telling[] = [];
  let book = emptyBook;
  for (const [at, it] of notices) {
    const after = noted(book, it, at);
    book = after.book;
    if (after.telling !== undefined) tellings.push(after.telling);
  }
  return { book, tellings };
}

test('the same again is one Event with its count, told less and less often', () => {
  const { tellings } = told(Array.from({ length: 600 }, (_, i) => [1_000_000 + i * 1_000, notice('a')]));
  expect(tellings.map(({ count, again }) => [count, again])).toEqual([
    [1, false],
    [11, true],
    [31, true],
    [71, true],
    [151, true],
    [311, true],
  ]);
  expect(new Set(tellings.map(({ firstAt }) => firstAt))).toEqual(new Set([1_000_000]));
});

test('another pod and another reason are Events of their own', () => {
  const { tellings } = told([
    [1, notice('a')],
    [2, notice('b')],
    [3, notice('a', 'CloudDenied')],
  ]);
  expect(tellings.map(({ again }) => again)).toEqual([false, false, false]);
});

test('what was silent for an hour begins anew: its Event is gone', () => {
  const { tellings } = told([
    [1, notice('a')],
    [3_700_000, notice('a')],
  ]);
  expect(tellings.map(({ count, again }) => [count, again])).toEqual([
    [1, false],
    [1, false],
  ]);
});

test('a flood is told in part; what was left out is told when it happens again', () => {
  const flood = Array.from({ length: 200 }, (_, i) => [1_000, notice(`p${i}`)] as const);
  const { tellings, book } = told(flood);
  expect(tellings).toHaveLength(25);
  expect(noted(book, notice('p199'), 2_500).telling).toMatchObject({ count: 2, firstAt: 1_000, again: false });
});

test('a book stays small however many pods come and go', () => {
  const { book } = told(Array.from({ length: 5_000 }, (_, i) => [i, notice(`p${i}`)]));
  expect(book.entries.size).toBe(1_024);
});

test('what did not arrive is told as the first the next time', () => {
  const { book, tellings } = told([[1, notice('a')]]);
  const [first] = tellings;
  expect(noted(untold(book, first?.key ?? ''), notice('a'), 2).telling).toMatchObject({ again: false });
});
