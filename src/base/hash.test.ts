import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hash64, hashName } from './hash.ts';

// draft-eastlake-fnv, appendix C: test vectors of FNV-1a, 64 bit.
test.each([
  ['', 0xcbf29ce484222325n],
  ['a', 0xaf63dc4c8601ec8cn],
  ['b', 0xaf63df4c8601f1a5n],
  ['foobar', 0x85944171f73967e8n],
])('the hash of "%s" is the published one', (text, hash) => {
  expect(hash64(text)).toBe(hash);
});

test('the hash is FNV-1a over code units, also of long and foreign texts', () => {
  const slowly = (text: string) =>
    Array.from({ length: text.length }, (_, i) => BigInt(text.charCodeAt(i))).reduce(
      (hash, unit) => ((hash ^ unit) * 0x100000001b3n) & 0xffffffffffffffffn,
      0xcbf29ce484222325n,
    );
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 120 }), (text) => {
      expect(hash64(text)).toBe(slowly(text));
    }),
  );
});

test('a name has the length asked for, of letters and digits an interface may have', () => {
  fc.assert(
    fc.property(fc.string(), fc.integer({ min: 1, max: 12 }), (text, length) => {
      expect(hashName(text, length)).toMatch(new RegExp(`^[a-z2-7]{${length}}$`));
      expect(hashName(text, 12).startsWith(hashName(text, length))).toBe(true);
    }),
  );
  expect(() => hashName('x', 13)).toThrow(RangeError);
});

test('twenty thousand attachments have twenty thousand names', () => {
  const names = new Set(
    Array.from({ length: 20_000 }, (_, i) => hashName(`berth/${i.toString(16).padStart(64, '0')}/eth0`, 12)),
  );
  expect(names.size).toBe(20_000);
});
