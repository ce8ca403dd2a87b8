import fc from 'fast-check';
import { expect, test } from 'vitest';
import { localMac, mac, macBytes, macOfBytes } from './mac.ts';

const sixBytes = fc.uint8Array({ minLength: 6, maxLength: 6 });

test.each([
  ['0A:58:0a:01:00:05', '0a:58:0a:01:00:05'],
  ['0A-58-0A-01-00-05', '0a:58:0a:01:00:05'],
])('%s is written %s', (text, canonical) => {
  expect(mac(text)).toBe(canonical);
});

test.each(['', '0a:58:0a:01:00', '0a:58:0a:01:00:05:06', '0a:58:0a:01:00:5', '0a:58:0a:01:00:0g', '0a580a010005'])(
  '"%s" is no MAC address',
  (text) => {
    expect(() => mac(text)).toThrow(RangeError);
  },
);

test('bytes and text are two forms of one MAC', () => {
  fc.assert(
    fc.property(sixBytes, (bytes) => {
      expect(macBytes(macOfBytes(bytes))).toEqual(bytes);
      expect(mac(macOfBytes(bytes))).toBe(macOfBytes(bytes));
    }),
  );
  expect(() => macOfBytes(new Uint8Array(8))).toThrow(/6 bytes, not 8/);
});

test('a local MAC is unicast and locally administered, and keeps the other 46 bits', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (bits) => {
      const [first = 0, ...rest] = macBytes(localMac(bits));
      expect(first & 0b11).toBe(0b10);
      const value = rest.reduce((sum, byte) => (sum << 8n) | BigInt(byte), BigInt(first));
      expect(value | (0b11n << 40n)).toBe((bits & 0xffff_ffff_ffffn) | (0b11n << 40n));
    }),
  );
});
