import { expect, test } from 'vitest';
import { census } from './pool.ts';
import { COOLDOWN, Driver, rangeOf } from './testing/driver.ts';

const small = [rangeOf('10.0.0.0/29')]; // .2 to .6: five

test('claims outside of new ranges stay until they are released, and are not given again', () => {
  const it = new Driver(small);
  it.claim('a');
  expect(it.ranges([rangeOf('10.0.1.0/30')])).toEqual([]);
  expect(it.held('a')).toEqual(['10.0.0.2']);
  expect(it.claim('a')).toEqual(['grant a 10.0.0.2']);
  expect(it.release('a')).toEqual([`persist a-10.0.0.2@${it.now + COOLDOWN}`]);
  it.after(COOLDOWN);
  expect(it.pool.slots.size).toBe(0);
  it.claim('b');
  expect(it.held('b')).toEqual(['10.0.1.2']);
  expect(it.claim('c')).toEqual(['refuse c exhausted']);
});

test('an address cools on while its range is away', () => {
  const it = new Driver([rangeOf('10.0.0.0/30')]);
  it.claim('a');
  it.release('a');
  it.ranges([]);
  it.after(10_000);
  it.ranges([rangeOf('10.0.0.0/30')]);
  expect(it.claim('b', { patience: 20_000 })).toEqual(['refuse b exhausted']);
  expect(it.claim('c', { patience: 20_001 })).toEqual([]);
  expect(it.after(20_000)).toContain('grant c 10.0.0.2');
});

test('who waits for a range that goes away is refused, or gets another address of those that came', () => {
  const it = new Driver([rangeOf('10.0.0.0/30')]);
  it.claim('a');
  it.release('a');
  it.claim('b');
  expect(it.ranges([rangeOf('10.0.1.0/30')])).toEqual(['persist b+10.0.1.2', 'grant b 10.0.1.2']);
  const other = new Driver([rangeOf('10.0.0.0/30')]);
  other.claim('a');
  other.release('a');
  other.claim('b');
  expect(other.ranges([])).toEqual(['refuse b no-range']);
});

test('an address that is newly reserved is not given again', () => {
  const it = new Driver([rangeOf('10.0.0.0/30')]);
  it.claim('a');
  it.ranges([rangeOf('10.0.0.0/30', ['10.0.0.2'])]);
  it.release('a', false);
  expect(it.claim('b')).toEqual(['refuse b exhausted']);
});

test('of ranges that overlap the wider counts, of equal ones one', () => {
  const it = new Driver([rangeOf('10.0.0.0/30'), rangeOf('10.0.0.0/29'), rangeOf('10.0.0.0/29')]);
  expect(census(it.pool, it.now)).toMatchObject([{ family: 'v4', usable: 5n }]);
});
