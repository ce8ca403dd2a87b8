import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DecodeError, Reader, textOf, utf8, Writer } from './bytes.ts';

const KINDS = {
  u8: fc.nat(0xff),
  u16: fc.nat(0xffff),
  u16be: fc.nat(0xffff),
  u32: fc.nat(0xffffffff),
  u32be: fc.nat(0xffffffff),
  i32: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
} as const;
type Kind = keyof typeof KINDS;
const step = fc.oneof(...(Object.keys(KINDS) as Kind[]).map((kind) => fc.tuple(fc.constant(kind), KINDS[kind])));

test('whatever is written is read again, however small the first buffer was', () => {
  fc.assert(
    fc.property(fc.array(step), fc.nat(9), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (steps, capacity, big) => {
      const writer = new Writer(capacity);
      for (const [kind, value] of steps) writer[kind](value);
      writer.u64(big);
      const reader = new Reader(writer.written);
      for (const [kind, value] of steps) expect(reader[kind]()).toBe(value);
      expect(reader.u64()).toBe(big);
      expect(reader.left).toBe(0);
    }),
  );
});

test('little-endian unless said', () => {
  const writer = new Writer();
  writer.u16(0x0102);
  writer.u16be(0x0102);
  writer.u32be(0x01020304);
  expect([...writer.written]).toEqual([2, 1, 1, 2, 1, 2, 3, 4]);
});

test('lengths that are known last are written over, and padding is zeros', () => {
  const writer = new Writer(1);
  writer.u32(0);
  writer.u16(0);
  writer.u8(7);
  writer.align4();
  writer.setU32(0, writer.length);
  writer.setU16(4, 9);
  expect([...writer.written]).toEqual([8, 0, 0, 0, 9, 0, 7, 0]);
});

test('a rewound writer forgets, and its padding is zeros again', () => {
  const writer = new Writer(8);
  writer.run(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8));
  writer.rewind();
  writer.u8(9);
  writer.align4();
  expect([...writer.written]).toEqual([9, 0, 0, 0]);
});

test('reading past the end is refused and tells where', () => {
  const reader = new Reader(Uint8Array.of(1, 2, 3));
  reader.u8();
  expect(() => reader.u32()).toThrow(DecodeError);
  expect(() => reader.u32()).toThrow('4 bytes wanted, 2 left (at byte 1)');
  expect(() => reader.run(-1)).toThrow(DecodeError);
  expect(reader.u16()).toBe(0x0302);
});

test('text passes through UTF-8', () => {
  fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (text) => textOf(utf8(text)) === text));
});
