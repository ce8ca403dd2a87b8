import { expect, test } from 'vitest';
import { address } from '../../base/ip.ts';
import type { StaticAddress, StaticStatus } from './static-address.ts';
import { type StaticLocal, staticMove } from './static-node.ts';

const ip = address('10.0.0.7');

/** A node on whose NIC the name's address is, kept, and given now. */
const here: StaticLocal = {
  ...{ node: 'a', nic: 'eni-a', attached: undefined, kept: [ip], served: true, onNic: true, movable: true },
  ...{ within: true, inPrefix: false, idle: false, guest: false, leaving: false, brought: false, refused: undefined },
};

function record(node: string, status: Partial<StaticStatus>): StaticAddress {
  const owner = { kind: 'StatefulSet', name: 'web', uid: 's' };
  const spec = { owner, retention: '1h', conflict: 'retry', node, next: '', unusedSince: undefined } as const;
  const told: StaticStatus = { node: 'a', addresses: [ip], nic: 'eni-a', state: 'Kept', message: '', ...status };
  return { namespace: 'web', name: 'web-0', uid: 'u', version: '1', spec, status: told };
}

const released = { node: '', nic: '', state: 'Released' } as const;

test('what the record says is on this NIC is given; what came back by itself the cloud confirms first', () => {
  expect(staticMove(here, record('a', {}), true)).toEqual({ move: 'grant' });
  const back = record('a', { nic: '' });
  expect(staticMove(here, back, true)).toEqual({ move: 'bring', addresses: [ip], from: '' });
  expect(staticMove({ ...here, brought: true }, back, true)).toEqual({ move: 'grant' });
});

test('what was to leave, and may have left, is brought before it is given here again', () => {
  const doubted = { ...here, leaving: true };
  expect(staticMove(doubted, record('a', {}), true)).toEqual({ move: 'bring', addresses: [ip], from: 'eni-a' });
  expect(staticMove({ ...doubted, brought: true }, record('a', {}), true)).toEqual({ move: 'grant' });
});

test('what may have left and has its right here is brought though no pod asks: else nobody would ever know', () => {
  const doubted = { ...here, leaving: true };
  expect(staticMove(doubted, record('a', {}), false)).toEqual({ move: 'bring', addresses: [ip], from: 'eni-a' });
  expect(staticMove(here, record('a', {}), false)).toEqual({ move: 'rest' });
});

test('what may have left is no first address of a new object of its name', () => {
  const anew = record('a', { ...released, addresses: [] });
  expect(staticMove({ ...here, leaving: true }, anew, true)).toEqual({ move: 'giveBack' });
});

test('another node’s that came by a count is kept, and stays until it is missed', () => {
  const idle = { ...here, kept: undefined, idle: true };
  expect(staticMove(idle, record('b', released), false)).toEqual({ move: 'keep', addresses: [ip] });
  const guest = { ...here, guest: true };
  expect(staticMove(guest, record('b', released), false)).toEqual({ move: 'rest' });
  const missed = record('b', { ...released, state: 'Lost' });
  expect(staticMove(guest, missed, false)).toEqual({ move: 'sendAway', addresses: [ip] });
  expect(staticMove({ ...here, kept: undefined, idle: false }, missed, false)).toMatchObject({ move: 'keep' });
});

test('what was let go of and came back by a count, before the right has moved, is nobody else’s', () => {
  const asked = record('a', released);
  const left = { ...asked, spec: { ...asked.spec, next: 'b' } };
  expect(staticMove(here, left, false)).toEqual({ move: 'rest' });
  expect(staticMove({ ...here, kept: undefined, idle: true }, left, false)).toEqual({ move: 'keep', addresses: [ip] });
  expect(staticMove({ ...here, onNic: false, served: false }, left, false)).toEqual({ move: 'forget' });
  expect(staticMove(here, record('b', released), false)).toEqual({ move: 'sendAway', addresses: [ip] });
});

test('in a prefix another node’s is kept as by itself: so the prefix can go when it is missed', () => {
  const inPrefix = { ...here, kept: undefined, idle: true, inPrefix: true };
  expect(staticMove(inPrefix, record('b', released), false)).toEqual({ move: 'keep', addresses: [ip] });
  const missed = record('b', { ...released, state: 'Lost' });
  expect(staticMove({ ...inPrefix, kept: [ip], guest: true }, missed, false)).toMatchObject({ move: 'sendAway' });
});

test('what lies in a prefix of this very NIC is brought out of it before a pod has it: from there it could not move', () => {
  const inPrefix = { ...here, inPrefix: true, served: false };
  expect(staticMove(inPrefix, record('a', {}), true)).toEqual({ move: 'bring', addresses: [ip], from: 'eni-a' });
});

test('a name whose address a NIC has as its own by now is let go of: that node has it no more', () => {
  const own = { ...here, nic: '', onNic: false, served: false };
  const asked = { ...record('a', {}) };
  const left = { ...asked, spec: { ...asked.spec, next: 'b' } };
  expect(staticMove(own, left, false)).toMatchObject({ move: 'tell', status: { node: '', state: 'Released' } });
});

test('what was kept for an object of that name that is no more, and is not here, is given back', () => {
  const gone = { ...here, served: false, onNic: false, nic: '' };
  expect(staticMove(gone, record('a', { ...released, addresses: [] }), true)).toEqual({ move: 'giveBack' });
  expect(staticMove(here, record('a', { ...released, addresses: [] }), true)).toEqual({ move: 'grant' });
});
