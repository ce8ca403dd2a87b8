import fc from 'fast-check';
import { expect, test } from 'vitest';
import { byNumber, byText, SortedMap } from './sorted-map.ts';

const key = fc.integer({ min: 0, max: 60 });
const change = fc.oneof(fc.record({ set: key, to: fc.integer() }), fc.record({ drop: key }));

test('a sorted map says what a Map says after the same changes, in the order of its keys', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 300 }), (changes) => {
      let mine = SortedMap.empty<number, number>(byNumber);
      const model = new Map<number, number>();
      for (const it of changes) {
        if ('set' in it) {
          mine = mine.set(it.set, it.to);
          model.set(it.set, it.to);
        } else {
          mine = mine.delete(it.drop);
          model.delete(it.drop);
        }
      }
      const sorted = [...model].sort(([a], [b]) => a - b);
      expect([...mine]).toEqual(sorted);
      expect([...mine.keys()]).toEqual(sorted.map(([k]) => k));
      expect([...mine.values()]).toEqual(sorted.map(([, v]) => v));
      expect(mine.size).toBe(model.size);
      expect(mine.first()).toEqual(sorted[0]);
      for (let k = -1; k <= 61; k++) {
        expect(mine.get(k)).toBe(model.get(k));
        expect(mine.has(k)).toBe(model.has(k));
        expect(mine.countBefore(k)).toBe(sorted.filter(([other]) => other < k).length);
      }
    }),
    { numRuns: 300 },
  );
});

test('a change leaves the map it was made from as it was', () => {
  fc.assert(
    fc.property(fc.uniqueArray(key), key, (keys, other) => {
      const map = keys.reduce((all, k) => all.set(k, k), SortedMap.empty<number, number>(byNumber));
      const before = [...map];
      map.set(other, -1);
      map.delete(other);
      expect([...map]).toEqual(before);
    }),
  );
});

test('deleting what is not there gives the same map', () => {
  const map = SortedMap.empty<string, number>(byText).set('a', 1).set('c', 3);
  expect(map.delete('b')).toBe(map);
});

test('forEach tells every entry in order, with the map', () => {
  const map = SortedMap.empty<string, number>(byText).set('b', 2).set('a', 1);
  const told: unknown[] = [];
  map.forEach((value, k, of) => {
    told.push([k, value, of === map]);
  });
  expect(told).toEqual([
    ['a', 1, true],
    ['b', 2, true],
  ]);
});

// A tree that degenerates into a list is still a correct map: only its comparisons tell.
test.each([
  ['rising', (i: number) => i],
  ['falling', (i: number) => -i],
  ['inwards', (i: number) => (i % 2 === 0 ? i : -i)],
])('no key is further than 2.5 log2 n comparisons away after %s keys came and half of them went', (_, keyAt) => {
  let compared = 0;
  const counting = (a: number, b: number) => {
    compared++;
    return a - b;
  };
  let map = SortedMap.empty<number, number>(counting);
  for (let i = 0; i < 20_000; i++) map = map.set(keyAt(i), i);
  for (let i = 0; i < 10_000; i++) map = map.delete(keyAt(i));
  let worst = 0;
  for (let i = 10_000; i < 20_000; i += 7) {
    compared = 0;
    expect(map.get(keyAt(i))).toBe(i);
    worst = Math.max(worst, compared);
  }
  expect(worst).toBeLessThanOrEqual(Math.ceil(2.5 * Math.log2(10_000)));
});

test('from a key on, there or not, come the entries that a walk over all would give then', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(60), { maxLength: 80 }), fc.integer({ min: -1, max: 61 }), (keys, start) => {
      let map = SortedMap.empty<number, string>(byNumber);
      for (const key of keys) map = map.set(key, String(key));
      expect([...map.from(start)]).toEqual([...map].filter(([key]) => key >= start));
    }),
    { numRuns: 200 },
  );
});

interface Side {
  readonly left: Side | undefined;
  readonly right: Side | undefined;
  readonly size: number;
}

/** Whether no side of any node weighs more than three times the other, and every node counts right. */
function isBalanced(side: Side | undefined): boolean {
  if (side === undefined) return true;
  const [left, right] = [(side.left?.size ?? 0) + 1, (side.right?.size ?? 0) + 1];
  const even = left <= 3 * right && right <= 3 * left && side.size === left + right - 1;
  return even && isBalanced(side.left) && isBalanced(side.right);
}

test('the tree stays balanced, whatever comes and goes', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 300 }), (changes) => {
      let map = SortedMap.empty<number, number>(byNumber);
      for (const it of changes) map = 'set' in it ? map.set(it.set, it.to) : map.delete(it.drop);
      expect(isBalanced((map as unknown as { readonly root: Side | undefined }).root)).toBe(true);
    }),
    { numRuns: 300 },
  );
});
