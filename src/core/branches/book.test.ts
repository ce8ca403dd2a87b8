import { expect, test } from 'vitest';
import { address } from '../../base/ip.ts';
import { mac } from '../../base/mac.ts';
import type { AttachmentId } from '../attachment.ts';
import type { NicId, Token } from '../ipam/nic.ts';
import { adopted, aged, type Book, type BranchPolicy, EMPTY_BOOK, failed, give, gone, made, nextAge } from './book.ts';
import { reported, stayed, take } from './book.ts';
import type { BranchReport } from './branch.ts';

const policy: BranchPolicy = { cooldownMs: 30, idleMs: 100, most: 2 };
const by = (name: string) => name as AttachmentId;
const token = (name: string) => `${name}@0` as Token;
const nic = (id: string, groups = ['sg-1'], more: Partial<BranchReport> = {}): BranchReport => ({
  id: id as NicId,
  mac: mac('0a:00:00:00:00:01'),
  vlan: 1,
  trunkMac: mac('0a:00:00:00:00:02'),
  subnet: 'subnet-1',
  gateways: [address('10.0.0.1')],
  addresses: [address('10.0.0.9')],
  groups,
  carried: true,
  ...more,
});
const ask = (name: string, groups = ['sg-1']) => ({ by: by(name), token: token(name), groups, v6: false });
const states = ({ branches }: Book) => [...branches].map(([id, { state }]) => `${id} ${state.is}`);

/** A NIC that is made for a pod. */
function withPod(book: Book, name: string, report: BranchReport, now = 0): Book {
  const taken = take(book, ask(name, [...report.groups]), policy);
  if (taken.is !== 'make') throw new Error(`it is ${taken.is}`);
  return made(taken.book, report, { token: token(name), by: by(name), now });
}

test('A49: a NIC rests after its pod, then serves the next one with the same groups, in whatever order', () => {
  const one = withPod(EMPTY_BOOK, 'a', nic('eni-1', ['sg-1', 'sg-2']));
  const resting = give(one, by('a'), { used: true, now: 10, policy });
  expect(take(resting, ask('b', ['sg-2', 'sg-1']), policy).is).toBe('make');
  expect(nextAge(resting, policy)).toBe(40);
  const free = aged(resting, policy, 40).book;
  expect(take(free, ask('b', ['sg-2', 'sg-1']), policy)).toMatchObject({ is: 'held', branch: { id: 'eni-1' } });
  expect(take(free, ask('b', ['sg-2']), policy)).toMatchObject({ is: 'make', first: [] });
  expect(take(free, { ...ask('b', ['sg-1', 'sg-2']), v6: true }, policy).is).toBe('make'); // it has no IPv6 address
});

test('one that never reached the wire needs no rest', () => {
  const book = give(withPod(EMPTY_BOOK, 'a', nic('eni-1')), by('a'), { used: false, now: 10, policy });
  expect(states(book)).toEqual(['eni-1 free']);
});

test('where the trunk is full a free one of other groups goes first, and else the answer is no, with the numbers', () => {
  const two = withPod(withPod(EMPTY_BOOK, 'a', nic('eni-1')), 'b', nic('eni-2', ['sg-2']));
  expect(take(two, ask('c', ['sg-3']), policy)).toEqual({ is: 'full', held: 2, resting: 0, making: 0 });
  const resting = give(two, by('b'), { used: true, now: 0, policy });
  expect(take(resting, ask('c', ['sg-3']), policy)).toMatchObject({ is: 'full', held: 1, resting: 1 });
  const taken = take(aged(resting, policy, 30).book, ask('c', ['sg-3']), policy);
  expect(taken).toMatchObject({ is: 'make', first: ['eni-2'] });
  if (taken.is !== 'make') return;
  expect(take(gone(taken.book, 'eni-2' as NicId), ask('d', ['sg-4']), policy)).toMatchObject({ is: 'full', making: 1 });
  expect(take(gone(failed(taken.book, token('c'), 0), 'eni-2' as NicId), ask('d', ['sg-4']), policy).is).toBe('make');
});

test('one that nobody takes goes after a while; if it cannot go, later', () => {
  const free = give(withPod(EMPTY_BOOK, 'a', nic('eni-1')), by('a'), { used: false, now: 0, policy });
  expect(aged(free, policy, 99).going).toEqual([]);
  const { book, going } = aged(free, policy, 100);
  expect(going).toEqual(['eni-1']);
  expect(take(book, ask('b'), policy).is).toBe('make'); // it is going
  expect(aged(stayed(book, 'eni-1' as NicId, 100), policy, 199).going).toEqual([]);
  expect(states(gone(book, 'eni-1' as NicId))).toEqual([]);
});

test('one that comes when nobody waits for it any more is free', () => {
  const taken = take(EMPTY_BOOK, ask('a'), policy);
  if (taken.is !== 'make') throw new Error(taken.is);
  expect(states(made(taken.book, nic('eni-1'), { token: token('a'), by: undefined, now: 0 }))).toEqual(['eni-1 free']);
});

test('A49: after a restart pods keep theirs, others rest before they are given, what no trunk carries goes', () => {
  const known = adopted([{ by: by('a'), report: nic('eni-1') }]);
  const told = [nic('eni-1', ['sg-1'], { vlan: 7 }), nic('eni-2'), nic('eni-3', [], { carried: false })];
  const young = nic('eni-4', [], { carried: false, createdAt: 1_000_000 });
  const { book, going, lost } = reported(known, [...told, young], { before: known, now: 1_000_010, policy });
  expect(states(book)).toEqual(['eni-1 held', 'eni-2 rests', 'eni-3 going']); // the young one is on its way
  expect(book.branches.get('eni-1' as NicId)?.report.vlan).toBe(7);
  expect([going, lost]).toEqual([['eni-3'], []]);
});

test('one that the cloud no longer tells of is gone, and a pod that has it is told', () => {
  const book = give(withPod(withPod(EMPTY_BOOK, 'a', nic('eni-1')), 'b', nic('eni-2')), by('b'), {
    used: true,
    now: 0,
    policy,
  });
  const now = reported(book, [], { before: book, now: 1, policy });
  expect(states(now.book)).toEqual(['eni-1 held']);
  expect(now.lost).toEqual(['a']);
});

test('A17: the NIC of a pod that was found by its link alone is that pod’s, and given to no other', () => {
  const holderOf = (it: string) => (it === '10.0.0.9' ? by('found') : undefined);
  const { book } = reported(EMPTY_BOOK, [nic('eni-1')], { before: EMPTY_BOOK, now: 0, policy, holderOf });
  expect(states(book)).toEqual(['eni-1 held']);
  expect(states(give(book, by('found'), { used: true, now: 5, policy }))).toEqual(['eni-1 rests']);
});

test('whose free NICs go for others’ groups: one for each pod, though pods ask while the first is still going', () => {
  const many = { ...policy, most: 4 };
  const reports = ['eni-1', 'eni-2', 'eni-3', 'eni-4'].map((id) => nic(id));
  const resting = reported(EMPTY_BOOK, reports, { before: EMPTY_BOOK, now: 0, policy: many }).book;
  let book = aged(resting, many, 30).book;
  for (const name of ['a', 'b', 'c', 'd']) {
    const taken = take(book, ask(name, ['sg-2']), many);
    expect(taken).toMatchObject({ is: 'make', first: [expect.any(String)] });
    if (taken.is === 'make') book = taken.book;
  }
  expect(take(book, ask('e', ['sg-2']), many)).toMatchObject({ is: 'full', making: 4 });
});

test('an ADD that asks again while its first NIC is still being made is counted twice until each is there', () => {
  const [first, again] = [ask('a'), { ...ask('a'), token: token('again') }];
  const one = take(EMPTY_BOOK, first, policy);
  const two = take(one.is === 'make' ? one.book : EMPTY_BOOK, again, policy);
  if (two.is !== 'make') throw new Error(two.is);
  const then = failed(two.book, first.token, 0);
  expect(take(made(then, nic('eni-1'), { ...again, now: 0 }), ask('b'), policy).is).toBe('make');
  const late = made(two.book, nic('eni-1'), { token: first.token, by: undefined, now: 0 });
  expect(take(late, ask('c', ['sg-2']), policy)).toMatchObject({ is: 'make', first: ['eni-1'] });
});

test('A49: a report that is older than what happened since takes nothing back, and lets nothing live again', () => {
  const before = withPod(EMPTY_BOOK, 'a', nic('eni-1'));
  const since = withPod(gone(before, 'eni-1' as NicId), 'b', nic('eni-2'));
  const { book, lost } = reported(since, [nic('eni-1')], { before, now: 0, policy });
  expect([states(book), lost]).toEqual([['eni-2 held'], []]);
});

test('A49: a NIC that may be the one which is just being made is given to nobody but who has it made', () => {
  const taken = take(EMPTY_BOOK, ask('a'), policy);
  if (taken.is !== 'make') throw new Error(taken.is);
  const { book } = reported(taken.book, [nic('eni-1')], { before: taken.book, now: 0, policy });
  const later = aged(book, policy, 30).book;
  expect(take(later, ask('b'), policy).is).toBe('make');
});

test('A49: a NIC that was deleted under its pod is told once, and given to nobody after that pod', () => {
  const one = withPod(EMPTY_BOOK, 'a', nic('eni-1'));
  const first = reported(one, [], { before: one, now: 0, policy });
  const second = reported(first.book, [], { before: first.book, now: 1, policy });
  expect([first.lost, second.lost]).toEqual([['a'], []]);
  expect(states(give(second.book, by('a'), { used: true, now: 2, policy }))).toEqual([]);
  const back = reported(second.book, [nic('eni-1')], { before: second.book, now: 2, policy }).book; // EC2 told late
  expect(states(give(back, by('a'), { used: true, now: 3, policy }))).toEqual(['eni-1 rests']);
});
