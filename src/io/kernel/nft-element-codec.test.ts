import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addressOfNumber } from '../../base/ip.ts';
import { typeNumber } from '../../wire/nftables/field-type.ts';
import { SET_FLAG } from '../../wire/nftables/set.ts';
import { decodeElements, encodeElement, overlap, shapeOf, spanOf, type SetShape } from './nft-element-codec.ts';

const v4: SetShape = { name: 'internal4', key: ['ipv4_addr'], interval: true };
const v6: SetShape = { name: 'internal6', key: ['ipv6_addr'], interval: true };
const map: SetShape = {
  name: 'ports4',
  key: ['inet_proto', 'inet_service'],
  data: ['ipv4_addr', 'inet_service'],
  interval: false,
};

const hex = (value: Uint8Array | undefined) => Buffer.from(value ?? []).toString('hex');
const spelled = (shape: SetShape, key: string) =>
  encodeElement(shape, { key: [key] }).map((it) => `${hex(it.key?.value)}${it.flags === 1 ? ' end' : ''}`);

test('a range is its first address and the first behind it; the last one of all has none behind it', () => {
  expect(spelled(v4, '10.0.0.0/8')).toEqual(['0a000000', '0b000000 end']);
  expect(spelled(v4, '192.0.2.7')).toEqual(['c0000207', 'c0000208 end']);
  expect(spelled(v4, '10.0.0.1-10.0.0.9')).toEqual(['0a000001', '0a00000a end']);
  expect(spelled(v4, '240.0.0.0/4')).toEqual(['f0000000']);
  expect(spelled(v4, '0.0.0.0/0')).toEqual(['00000000']);
  expect(spelled(v6, 'fe80::/10')).toEqual([`fe80${'0'.repeat(28)}`, `fec0${'0'.repeat(28)} end`]);
});

test('ranges are read in order, whatever order the kernel tells them in, as prefixes where they are', () => {
  const told = ['10.0.0.0/8', '11.0.0.0/8', '192.0.2.1-192.0.2.4', '255.255.255.255/32']
    .flatMap((key) => encodeElement(v4, { key: [key] }))
    .reverse();
  const ranges = decodeElements(v4, told).map(({ key }) => key[0]);
  expect(ranges).toEqual(['10.0.0.0/8', '11.0.0.0/8', '192.0.2.1-192.0.2.4', '255.255.255.255/32']);
});

test('every range is read as it was written', () => {
  const span = fc
    .tuple(fc.bigInt(0n, 0xffffffffn), fc.bigInt(0n, 0xffffffffn))
    .map(([a, b]) => (a < b ? { first: a, last: b } : { first: b, last: a }));
  fc.assert(
    fc.property(span, ({ first, last }) => {
      const key = [`${addressOfNumber(first, 'v4')}-${addressOfNumber(last, 'v4')}`];
      const [read, ...more] = decodeElements(v4, encodeElement(v4, { key }));
      expect(more).toEqual([]);
      expect(read && spanOf(v4, read)).toEqual({ first, last });
    }),
  );
});

test('ranges overlap when they share an address, neighbours do not', () => {
  const span = (text: string) => spanOf(v4, { key: [text] });
  expect(overlap(span('10.0.0.0/8'), span('10.255.255.255'))).toBe(true);
  expect(overlap(span('10.0.0.0/8'), span('11.0.0.0/8'))).toBe(false);
});

test('an element of a map has its data, of a set none, and nothing else fits', () => {
  const item = { kind: 'element' as const, set: 'ports4', key: ['tcp', '80'], data: ['10.0.0.1', '8080'] };
  expect(decodeElements(map, encodeElement(map, item))).toEqual([item]);
  expect(() => encodeElement(map, { key: ['tcp', '80'] })).toThrow(RangeError);
  expect(() => encodeElement(v4, { key: ['10.0.0.0/8'], data: ['1'] })).toThrow(RangeError);
  expect(() => encodeElement(v4, { key: ['fd00::/8'] })).toThrow(RangeError);
  expect(() => encodeElement(v4, { key: ['10.0.0.0/8', 'x'] })).toThrow(RangeError);
});

test("the shape of a set is read from the numbers the kernel keeps; of others' types there is none", () => {
  const ports = { family: 1, name: 'ports4', flags: SET_FLAG.map };
  const [keyType, dataType] = [typeNumber(['inet_proto', 'inet_service']), typeNumber(['ipv4_addr', 'inet_service'])];
  expect(shapeOf({ ...ports, keyType, dataType })).toEqual(map);
  expect(shapeOf({ family: 1, name: 'internal4', flags: SET_FLAG.interval, keyType: 7 })).toEqual(v4);
  expect(shapeOf({ ...ports, keyType, dataType: 0xffffff00 })).toBeUndefined(); // a map of verdicts
  expect(shapeOf({ family: 1, name: 'macs', flags: 0, keyType: 9 })).toBeUndefined();
  expect(shapeOf({ family: 1, name: 'pairs', flags: SET_FLAG.interval, keyType })).toBeUndefined();
});
