import { expect, test } from 'vitest';
import { COOLDOWN, Driver, id, rangeOf } from './testing/driver.ts';

const small = [rangeOf('10.0.0.0/29')]; // .2 to .6: five
const dual = [rangeOf('10.0.0.0/29'), rangeOf('fd00::/64')];

test('a wanted address is given by name, and the other family from the pool', () => {
  expect(new Driver(dual).claim('a', { families: ['v4', 'v6'], wanted: ['10.0.0.5'] })).toContain(
    'grant a 10.0.0.5,fd00::2',
  );
});

test('a wanted address of a family nobody asked for is wanted all the same', () => {
  expect(new Driver(dual).claim('a', { families: ['v4'], wanted: ['fd00::77'] })).toContain(
    'grant a 10.0.0.2,fd00::77',
  );
  expect(new Driver(small).claim('a', { families: ['v4'], wanted: ['fd00::77'] })).toEqual([
    'refuse a address-outside',
  ]);
});

test('an address given by name is passed over by those who want any', () => {
  const it = new Driver(small);
  it.claim('a', { wanted: ['10.0.0.2'] });
  it.claim('b', { wanted: ['10.0.0.4'] });
  expect(['c', 'd', 'e'].map((name) => it.claim(name)[1])).toEqual([
    'grant c 10.0.0.3',
    'grant d 10.0.0.5',
    'grant e 10.0.0.6',
  ]);
});

test.each([
  ['10.0.9.9', { why: 'address-outside', address: '10.0.9.9', ranges: ['10.0.0.0/29', 'fd00::/64'] }],
  // the number of 10.0.0.2
  ['::a00:2', { why: 'address-outside', address: '::a00:2', ranges: ['10.0.0.0/29', 'fd00::/64'] }],
  ['10.0.0.0', { why: 'address-reserved', address: '10.0.0.0', reason: 'network' }],
  ['10.0.0.1', { why: 'address-reserved', address: '10.0.0.1', reason: 'gateway' }],
  ['10.0.0.7', { why: 'address-reserved', address: '10.0.0.7', reason: 'broadcast' }],
  ['10.0.0.6', { why: 'address-reserved', address: '10.0.0.6', reason: 'listed' }],
  ['10.0.0.2', { why: 'address-taken', address: '10.0.0.2', holder: id('a') }],
  ['10.0.0.3', { why: 'address-cooling', address: '10.0.0.3', freeInMs: COOLDOWN }],
])('wanting %s is refused with the reason', (wanted, reason) => {
  const it = new Driver([rangeOf('10.0.0.0/29', ['10.0.0.6']), rangeOf('fd00::/64')]);
  it.claim('a');
  it.claim('b');
  it.release('b');
  expect(it.refusal({ wanted: [wanted], patience: 10_000 })).toEqual(reason);
});

test('a wanted address that is free in the very moment in which patience ends comes too late', () => {
  const it = new Driver(small);
  it.claim('a');
  it.release('a');
  expect(it.claim('b', { wanted: ['10.0.0.2'], patience: COOLDOWN })).toEqual(['refuse b address-cooling']);
  expect(it.claim('c', { wanted: ['10.0.0.2'], patience: COOLDOWN + 1 })).toEqual([]);
});

test('two wanted addresses of one family are refused, the same one twice is not', () => {
  const it = new Driver(small);
  expect(it.claim('a', { wanted: ['10.0.0.3', '10.0.0.4'] })).toEqual(['refuse a one-per-family']);
  expect(it.claim('a', { wanted: ['10.0.0.3', '10.0.0.3'] })).toContain('grant a 10.0.0.3');
});

test('a wanted address that cools is waited for, and nobody else gets it meanwhile', () => {
  const it = new Driver(small);
  for (const name of ['a', 'b', 'c', 'd', 'e']) it.claim(name);
  it.release('a');
  it.after(1_000);
  it.release('b');
  expect(it.claim('x', { wanted: ['10.0.0.2'] })).toEqual([]);
  expect(it.claim('y')).toEqual([]);
  expect(it.claim('z', { wanted: ['10.0.0.2'] })).toEqual(['refuse z address-taken']);
  expect(it.after(29_000)).toEqual(['persist x+10.0.0.2', 'grant x 10.0.0.2']);
  expect(it.after(1_000)).toEqual(['persist y+10.0.0.3', 'grant y 10.0.0.3']);
});
