import { expect, test } from 'vitest';
import { address } from '../../base/ip.ts';
import type { StaticAddress, StaticStatus } from './static-address.ts';
import { type StaticLocal, staticMove } from './static-node.ts';

const ip = address('10.0.0.7');

/** A node on whose NIC the name's address is, kept, and given now. */
const here: StaticLocal = {
  ...{ node: 'a', nic: 'eni-a', attached: undefined, kept: [ip], served: true, onNic: true, movable: true },
  ...{ within: true, single: true, idle: false, guest: false, leaving: false, brought: false, refused: undefined },
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

test('another node’s that came by a count is kept, and stays until it is missed', () => {
  const idle = { ...here, kept: undefined, idle: true };
  expect(staticMove(idle, record('b', released), false)).toEqual({ move: 'keep', addresses: [ip] });
  const guest = { ...here, guest: true };
  expect(staticMove(guest, record('b', released), false)).toEqual({ move: 'rest' });
  const missed = record('b', { ...released, state: 'Lost' });
  expect(staticMove(guest, missed, false)).toEqual({ move: 'sendAway', addresses: [ip] });
  expect(staticMove({ ...here, kept: undefined, idle: false }, missed, false)).toMatchObject({ move: 'keep' });
});

test('in a prefix it cannot leave by itself: it is not kept', () => {
  const inPrefix = { ...here, kept: undefined, idle: true, single: false };
  expect(staticMove(inPrefix, record('b', { ...released, state: 'Lost' }), false)).toEqual({ move: 'rest' });
});

test('what was kept for an object of that name that is no more, and is not here, is given back', () => {
  const gone = { ...here, served: false, onNic: false, nic: '' };
  expect(staticMove(gone, record('a', { ...released, addresses: [] }), true)).toEqual({ move: 'giveBack' });
  expect(staticMove(here, record('a', { ...released, addresses: [] }), true)).toEqual({ move: 'grant' });
});
