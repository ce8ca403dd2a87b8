import { expect, test } from 'vitest';
import { address } from '../../base/ip.ts';
import { mac } from '../../base/mac.ts';
import type { AttachmentId } from '../attachment.ts';
import type { NicId, Token } from '../ipam/nic.ts';
import { adopted, aged, type Book, type BranchPolicy, EMPTY_BOOK, failed, give, gone, made, nextAge } from './book.ts';
import { prepare, stayed, take } from './book.ts';
import type { BranchReport } from './branch.ts';
import { reported } from './reported.ts';

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
  return made(taken.book, report, { token: token(name), now });
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
  expect(take(two, ask('c', ['sg-3']), policy)).toEqual({ is: 'full', held: 2, resting: 0, going: 0, making: 0 });
  const resting = give(two, by('b'), { used: true, now: 0, policy });
  expect(take(resting, ask('c', ['sg-3']), policy)).toMatchObject({ is: 'full', held: 1, resting: 1 });
  const taken = take(aged(resting, policy, 30).book, ask('c', ['sg-3']), policy);
  expect(taken).toMatchObject({ is: 'make', first: ['eni-2'] });
  if (taken.is !== 'make') return;
  expect(take(gone(taken.book, 'eni-2' as NicId), ask('d', ['sg-4']), policy)).toMatchObject({ is: 'full', making: 1 });
  expect(
    take(
      gone(failed(taken.book, { token: token('c'), now: 0, open: false }), 'eni-2' as NicId),
      ask('d', ['sg-4']),
      policy,
    ).is,
  ).toBe('make');
});

test('one that nobody takes goes after a while; if it cannot go, later', () => {
  const free = give(withPod(EMPTY_BOOK, 'a', nic('eni-1')), by('a'), { used: false, now: 0, policy });
  expect(aged(free, policy, 99).going).toEqual([]);
  const { book, going } = aged(free, policy, 100);
  expect(going).toEqual(['eni-1']);
  expect(take(book, ask('b'), policy).is).toBe('make'); // it is going
  expect(aged(stayed(book, 'eni-1' as NicId, { now: 100, open: false }), policy, 199).going).toEqual([]);
  expect(states(gone(book, 'eni-1' as NicId))).toEqual([]);
});

test('A49: one that may have been deleted is given to nobody, and deleted again, or for a pod that needs its place', () => {
  const free = give(withPod(EMPTY_BOOK, 'a', nic('eni-1')), by('a'), { used: false, now: 0, policy });
  const open = stayed(aged(free, policy, 100).book, 'eni-1' as NicId, { now: 100, open: true });
  expect(take(open, ask('b'), policy)).toMatchObject({ is: 'make', first: [] });
  expect(nextAge(open, policy)).toBe(60_100);
  expect(aged(open, policy, 60_099).going).toEqual([]);
  const later = aged(open, policy, 60_100);
  expect([later.going, nextAge(later.book, policy)]).toEqual([['eni-1'], undefined]);
  const unseen = reported(later.book, [], { before: later.book, now: 60_100, policy }).book;
  expect(states(unseen)).toEqual(['eni-1 going']); // its deletion is under way, and tells what came of it
  expect(states(reported(open, [], { before: open, now: 200, policy }).book)).toEqual([]); // it was carried out
  const refused = stayed(later.book, 'eni-1' as NicId, { now: 60_100, open: false });
  expect(states(refused)).toEqual(['eni-1 going']); // the first try may be carried out yet
  const one = { ...policy, most: 1 };
  const taken = take(open, ask('b'), one);
  expect(taken).toMatchObject({ is: 'make', first: ['eni-1'] });
  if (taken.is !== 'make') return;
  expect(nextAge(taken.book, one)).toBeUndefined(); // whoever makes another deletes it
  const left = failed(taken.book, { token: token('b'), now: 200, open: false }); // before that was tried
  expect([states(left), nextAge(left, one)]).toEqual([['eni-1 going'], 60_200]);
});

test('A49: one that its trunk does not carry is given to nobody, though it could not be deleted', () => {
  const bare = reported(EMPTY_BOOK, [nic('eni-1', ['sg-1'], { carried: false })], {
    ...{ before: EMPTY_BOOK, now: 1_000_000, policy },
  });
  const left = stayed(bare.book, 'eni-1' as NicId, { now: 1_000_000, open: false });
  expect(states(left)).toEqual(['eni-1 free']);
  expect(take(left, ask('a'), policy)).toMatchObject({ is: 'make', first: [] });
  expect(prepare(left, ask('a'), { pods: 1, policy })).toBeDefined();
  expect(aged(left, policy, 1_000_100).going).toEqual(['eni-1']);
});

test('one that comes when nobody waits for it any more is free', () => {
  const taken = take(EMPTY_BOOK, ask('a'), policy);
  if (taken.is !== 'make') throw new Error(taken.is);
  const given = give(taken.book, by('a'), { used: false, now: 0, policy });
  expect(states(made(given, nic('eni-1'), { token: token('a'), now: 0 }))).toEqual(['eni-1 free']);
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

test('A49: one that was made a moment ago, and that the cloud does not show yet, is its pod’s, and free for the next', () => {
  const young = { createdAt: 1_000 };
  const one = withPod(EMPTY_BOOK, 'a', nic('eni-1', ['sg-1'], young));
  const two = give(withPod(one, 'b', nic('eni-2', ['sg-1'], young)), by('b'), { used: false, now: 1_000, policy });
  const soon = reported(two, [], { before: two, now: 60_999, policy });
  expect([states(soon.book), soon.lost, soon.lookMs]).toEqual([['eni-1 held', 'eni-2 free'], [], 60_000]);
  const late = reported(soon.book, [], { before: soon.book, now: 61_000, policy });
  expect([states(late.book), late.lost, late.lookMs]).toEqual([['eni-1 held'], ['a'], undefined]);
});

test('A49: one that nobody here knew is looked at twice before a pod gets it: an earlier agent may have had it deleted', () => {
  const found = reported(EMPTY_BOOK, [nic('eni-1')], { before: EMPTY_BOOK, now: 0, policy });
  expect([states(found.book), found.lookMs]).toEqual([['eni-1 rests'], 10_000]);
  expect(states(aged(found.book, policy, 19_999).book)).toEqual(['eni-1 rests']);
  const gone = reported(found.book, [], { before: found.book, now: 10_000, policy });
  expect(states(gone.book)).toEqual([]);
});

test('A49: one that the cloud showed and shows no more is given to nobody until it is shown again, however young', () => {
  const young = nic('eni-1', ['sg-1'], { createdAt: 0 });
  const { book } = reported(EMPTY_BOOK, [young], { before: EMPTY_BOOK, now: 1_000, policy });
  const free = aged(book, policy, 30_000).book;
  const unseen = reported(free, [], { before: free, now: 30_000, policy });
  expect([states(unseen.book), unseen.lookMs]).toEqual([['eni-1 rests'], 10_000]);
  const gone = reported(unseen.book, [], { before: unseen.book, now: 60_000, policy });
  expect(states(gone.book)).toEqual([]);
});

test('A49: of a NIC that no trunk seems to carry any more the cloud is asked again soon', () => {
  const one = withPod(EMPTY_BOOK, 'a', nic('eni-1'));
  const told = reported(one, [nic('eni-1', ['sg-1'], { carried: false })], { before: one, now: 1_000_000, policy });
  expect([states(told.book), told.lookMs]).toEqual([['eni-1 held'], 60_000]);
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
  let book = aged(resting, many, 20_000).book;
  for (const name of ['a', 'b', 'c', 'd']) {
    const taken = take(book, ask(name, ['sg-2']), many);
    expect(taken).toMatchObject({ is: 'make', first: [expect.any(String)] });
    if (taken.is === 'make') book = taken.book;
  }
  expect(take(book, ask('e', ['sg-2']), many)).toMatchObject({ is: 'full', making: 4 });
});

test('an ADD that asks again while its first NIC is still being made waits for that one, and for no second', () => {
  const first = take(EMPTY_BOOK, ask('a'), policy);
  if (first.is !== 'make') throw new Error(first.is);
  const other = take(first.book, ask('b'), policy);
  expect(other.is).toBe('make'); // the one that is being made is of a
  const given = give(first.book, by('a'), { used: false, now: 0, policy });
  const again = take(given, { ...ask('a'), token: token('again') }, policy);
  expect(again).toMatchObject({ is: 'comes', token: token('a') });
  if (again.is !== 'comes') return;
  expect(states(made(again.book, nic('eni-1'), { token: token('a'), now: 0 }))).toEqual(['eni-1 held']);
});

/** A try that may have been carried out. */
function doubtful(name: string): Book {
  const taken = take(EMPTY_BOOK, ask(name), policy);
  if (taken.is !== 'make') throw new Error(taken.is);
  const given = give(taken.book, by(name), { used: false, now: 0, policy });
  return failed(given, { token: token(name), now: 0, open: true });
}

test('A49: what may have been made is asked for again by its token, and takes no room from others', () => {
  const book = doubtful('a');
  expect(take(book, ask('b', ['sg-2']), policy)).toMatchObject({ is: 'make', token: token('b') });
  const again = take(book, ask('b'), policy);
  expect(again).toMatchObject({ is: 'make', token: token('a') });
  if (again.is !== 'make') return;
  expect(states(made(again.book, nic('eni-1'), { token: token('a'), now: 0 }))).toEqual(['eni-1 held']);
  expect(take(book, { ...ask('b'), v6: true }, policy)).toMatchObject({ token: token('b') });
});

test('A49: a report tells what came of it: there it is free at once, and what was never made is forgotten in time', () => {
  const book = doubtful('a');
  const there = reported(book, [nic('eni-1', ['sg-1'], { token: token('a') })], { before: book, now: 1, policy });
  expect([states(there.book), there.book.making.size]).toEqual([['eni-1 free'], 0]);
  const soon = reported(book, [], { before: book, now: 59_999, policy });
  expect([soon.lookMs, soon.book.making.size]).toEqual([60_000, 1]);
  const late = reported(book, [], { before: book, now: 60_000, policy });
  expect([late.lookMs, late.book.making.size]).toEqual([undefined, 0]);
  const bare = nic('eni-1', ['sg-1'], { token: token('a'), carried: false, createdAt: 0 });
  const told = (now: number) => reported(book, [bare], { before: book, now, policy });
  expect(told(59_999).book.making.size).toBe(1); // it may be carried yet
  expect(told(60_000)).toMatchObject({ going: ['eni-1'], book: { making: new Map() } });
});

test('A49: a NIC that was made by another token than those that are asked for now rests, whatever its groups', () => {
  const taken = take(EMPTY_BOOK, ask('a'), policy);
  if (taken.is !== 'make') throw new Error(taken.is);
  const [own, other] = [token('a'), token('z')].map((it, i) => nic(`eni-${i}`, ['sg-1'], { token: it }));
  const told = reported(taken.book, own && other ? [own, other] : [], { before: taken.book, now: 0, policy });
  expect(states(told.book)).toEqual(['eni-1 rests']);
});

test('A49: as many are made ahead as pods will ask for, as long as there is room that is nobody’s', () => {
  const ahead = (book: Book, name: string, pods: number, groups?: string[]) =>
    prepare(book, ask(name, groups), { pods, policy });
  const one = ahead(EMPTY_BOOK, 'a', 1)?.book ?? EMPTY_BOOK;
  expect(one.making.size).toBe(1);
  expect(ahead(one, 'b', 1)).toBeUndefined();
  const two = ahead(one, 'b', 2)?.book ?? EMPTY_BOOK;
  expect(two.making.size).toBe(2);
  expect(ahead(two, 'c', 3)).toBeUndefined(); // the trunk carries two
  const came = made(two, nic('eni-1'), { token: token('a'), now: 0 });
  expect(states(came)).toEqual(['eni-1 free']);
  expect(ahead(came, 'd', 1, ['sg-2'])).toBeUndefined(); // it is not taken from those who will ask
  const taken = take(came, ask('x'), policy);
  expect(taken.is === 'held' && take(taken.book, ask('y'), policy)).toMatchObject({ is: 'comes', token: token('b') });
});

test('A47, A49: a NIC of another subnet than the NICConfig says serves no pod', () => {
  const place = { name: 'zone-a', subnet: 'subnet-2', groups: [] };
  const free = give(withPod(EMPTY_BOOK, 'a', nic('eni-1')), by('a'), { used: false, now: 0, policy });
  expect(take(free, { ...ask('b'), place }, policy).is).toBe('make');
  expect(take(free, { ...ask('b'), place: { ...place, subnet: 'subnet-1' } }, policy).is).toBe('held');
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
