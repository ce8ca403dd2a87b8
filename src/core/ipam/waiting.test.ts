import { expect, test } from 'vitest';
import { freeNow, nextTick } from './pool.ts';
import { COOLDOWN, Driver, id, rangeOf } from './testing/driver.ts';

const small = [rangeOf('10.0.0.0/29')]; // .2 to .6: five
const dual = [rangeOf('10.0.0.0/29'), rangeOf('fd00::/64')];

test('an address is waited for when one cools in time, and granted when it has', () => {
  const it = new Driver([rangeOf('10.0.0.0/30')]);
  it.claim('a');
  it.release('a');
  expect(it.claim('b')).toEqual([]);
  expect(nextTick(it.pool)).toBe(it.now + COOLDOWN);
  expect(it.after(COOLDOWN - 1)).toEqual([]);
  expect(it.after(1)).toEqual(['persist b+10.0.0.2', 'grant b 10.0.0.2']);
  expect(nextTick(it.pool)).toBeUndefined();
});

test('times with fractions are no different', () => {
  const it = new Driver([rangeOf('10.0.0.0/30')]);
  it.claim('a');
  it.release('a');
  it.after(COOLDOWN - 0.25);
  expect(freeNow(it.pool, 'v4', it.now)).toBe(false);
  expect(it.claim('b')).toEqual([]);
  expect(it.after(0.25)).toContain('grant b 10.0.0.2');
});

test('what nothing can cure in time is refused at once: there is no address for each who waits', () => {
  const it = new Driver([rangeOf('10.0.0.0/30')]);
  it.claim('a');
  it.release('a');
  it.after(1_000);
  expect(it.claim('b')).toEqual([]);
  expect(it.refusal()).toMatchObject({ why: 'exhausted', usable: 1n, claimed: 0, cooling: 1, promised: 1 });
});

test('the refusal says when the next address would be free, when that is too late', () => {
  const it = new Driver([rangeOf('10.0.0.0/30')]);
  it.claim('a');
  it.release('a');
  it.after(1_000);
  expect(it.refusal({ patience: 5_000 })).toMatchObject({ cooling: 1, promised: 0, nextFreeInMs: 29_000 });
});

test('an address that is free in the very moment in which patience ends comes too late', () => {
  const it = new Driver([rangeOf('10.0.0.0/30')]);
  it.claim('a');
  it.release('a');
  expect(it.claim('b', { patience: COOLDOWN })).toEqual(['refuse b exhausted']);
  expect(it.claim('c', { patience: COOLDOWN + 1 })).toEqual([]);
});

test('who came first is served first', () => {
  const it = new Driver(small);
  for (const name of ['a', 'b', 'c', 'd', 'e']) it.claim(name);
  it.release('c');
  it.after(100);
  it.release('a');
  for (const name of ['x', 'y']) expect(it.claim(name)).toEqual([]);
  expect(it.after(COOLDOWN)).toEqual(['persist x+10.0.0.4 y+10.0.0.2', 'grant x 10.0.0.4', 'grant y 10.0.0.2']);
});

test('an ADD that is late anyway is refused and gets nothing, though an address is free by now', () => {
  const it = new Driver([rangeOf('10.0.0.0/30')]);
  it.claim('a');
  it.release('a');
  it.claim('b', { patience: 40_000 });
  expect(it.after(41_000)).toEqual(['refuse b too-late']);
  expect(it.claim('c')).toContain('grant c 10.0.0.2');
});

test('an ADD whose patience has ended before it came is refused', () => {
  expect(new Driver(small).claim('a', { patience: 0 })).toEqual(['refuse a too-late']);
});

test('a DEL of an ADD that waits cancels it, and the ADD hears so', () => {
  const it = new Driver([rangeOf('10.0.0.0/30')]);
  it.claim('a');
  it.release('a');
  it.claim('b');
  expect(it.release('b')).toEqual(['refuse b cancelled']);
  expect(it.after(COOLDOWN)).toEqual([]);
  expect(it.claim('c')).toContain('grant c 10.0.0.2');
});

test('what a cancelled ADD was promised goes to those behind it', () => {
  const it = new Driver(small);
  for (const name of ['a', 'b', 'c', 'd', 'e']) it.claim(name);
  it.release('a');
  it.after(10_000);
  it.release('b');
  it.claim('x');
  it.claim('y');
  it.release('x');
  expect(it.after(20_000)).toEqual(['persist y+10.0.0.2', 'grant y 10.0.0.2']);
});

test('an address that comes back unused goes at once to who waits longest', () => {
  const it = new Driver(small);
  for (const name of ['a', 'b', 'c', 'd', 'e']) it.claim(name);
  it.release('a');
  it.release('b');
  it.claim('x');
  it.claim('y');
  expect(it.release('c', false)).toEqual([`persist c-10.0.0.4@0 x+10.0.0.4`, 'grant x 10.0.0.4']);
  expect(it.after(COOLDOWN)).toEqual(['persist y+10.0.0.2', 'grant y 10.0.0.2']);
});

test('a claim that waits for one family does not keep others from theirs', () => {
  const it = new Driver([rangeOf('10.0.0.0/30'), rangeOf('fd00::/64')]);
  it.claim('a');
  it.release('a');
  expect(it.claim('both', { families: ['v4', 'v6'] })).toEqual([]);
  expect(it.claim('six', { families: ['v6'] })).toContain('grant six fd00::3'); // fd00::2 is promised
});

test('those behind do not take from a claim that waits what it needs of the other family', () => {
  const it = new Driver([rangeOf('10.0.0.0/30'), rangeOf('fd00::/126', ['fd00::3'])]); // one of each: fd00::2
  it.claim('a');
  it.release('a');
  expect(it.claim('both', { families: ['v4', 'v6'] })).toEqual([]);
  expect(it.claim('six', { families: ['v6'] })).toEqual(['refuse six exhausted']);
  expect(it.after(COOLDOWN)).toContain('grant both 10.0.0.2,fd00::2');
});

test('more than may wait are refused, those that need not wait are not', () => {
  const it = new Driver(dual, 2);
  for (const name of ['a', 'b', 'c', 'd', 'e']) it.claim(name);
  for (const name of ['a', 'b', 'c']) it.release(name);
  expect(['x', 'y', 'z'].map((name) => it.claim(name))).toEqual([[], [], ['refuse z queue-full']]);
  expect(it.claim('six', { families: ['v6'] })).toContain('grant six fd00::2');
});

test('a claim repeated while it waits keeps its place, and waits for what it asks now', () => {
  const it = new Driver([rangeOf('10.0.0.0/29', ['10.0.0.4/30']), rangeOf('fd00::/64')]); // .2 and .3
  it.claim('a');
  it.claim('b');
  it.release('a');
  it.after(1_000);
  it.release('b');
  it.claim('x', { patience: 35_000 });
  it.claim('y');
  expect(it.claim('x', { families: ['v4', 'v6'] })).toEqual([]);
  expect(it.after(29_000)).toEqual(['persist x+10.0.0.2,fd00::2', 'grant x 10.0.0.2,fd00::2']);
  expect(it.after(1_000)).toEqual(['persist y+10.0.0.3', 'grant y 10.0.0.3']);
});

test('who could not be put on record leaves the queue; the next one stays, keeps his promise, and is served by a tick', () => {
  const it = new Driver(small);
  for (const name of ['a', 'b', 'c', 'd', 'e']) it.claim(name);
  for (const name of ['a', 'b']) it.release(name);
  for (const name of ['x', 'y']) expect(it.claim(name)).toEqual([]);
  it.now += COOLDOWN;
  expect(it.run({ kind: 'forsaken', by: [id('x'), id('nobody')] })).toEqual([]);
  expect(it.pool.waiting.map(({ by }) => by)).toEqual([id('y')]);
  expect(nextTick(it.pool)).toBe(it.now);
  expect(it.after(0)).toEqual(['persist y+10.0.0.3', 'grant y 10.0.0.3']);
  expect(it.claim('z')).toEqual(['persist z+10.0.0.2', 'grant z 10.0.0.2']);
});
