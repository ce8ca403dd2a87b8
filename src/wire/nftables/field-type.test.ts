import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DecodeError } from '../../base/bytes.ts';
import { decodeFields, encodeFields, typeBytes, typeNumber, typesOfNumber, type FieldType } from './field-type.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

test('fields of a concatenation stand in registers of four bytes, a field alone has its own length', () => {
  expect(hex(encodeFields(['inet_proto', 'inet_service'], ['tcp', '8080']))).toBe('060000001f900000');
  expect(hex(encodeFields(['inet_service'], ['8080']))).toBe('1f90');
  expect(hex(encodeFields(['ifname', 'ipv4_addr'], ['bthabc', '10.1.0.5']))).toBe(
    '627468616263000000000000000000000a010005',
  );
  expect(typeBytes(['ipv6_addr', 'inet_proto', 'inet_service'])).toBe(24);
});

test('type numbers are those that nft prints by, and back', () => {
  expect(typeNumber(['ipv4_addr', 'inet_proto', 'inet_service'])).toBe(0x730d);
  expect(typesOfNumber(0x0a47)).toEqual(['ifname', 'ipv4_addr']);
  expect(typesOfNumber(0)).toBeUndefined();
  expect(typesOfNumber(9)).toBeUndefined(); // ether_addr
});

test.each<[FieldType, string]>([
  ['ipv4_addr', 'fd00::1'],
  ['ipv6_addr', '10.1.0.5'],
  ['inet_service', '65536'],
  ['inet_service', 'http'],
  ['inet_proto', '256'],
  ['inet_proto', ''],
  ['ifname', ''],
  ['ifname', 'sixteen-letters!'],
  ['ipv4_addr', '10.1.0'],
])('%s is not "%s"', (type, text) => {
  expect(() => encodeFields([type], [text])).toThrow(RangeError);
});

test('as many fields as the type has', () => {
  expect(() => encodeFields(['inet_proto', 'inet_service'], ['tcp'])).toThrow(RangeError);
  expect(() => decodeFields(['inet_proto', 'inet_service'], new Uint8Array(7))).toThrow(DecodeError);
});

test('every value is read as it was written', () => {
  const field = fc.oneof(
    fc.record({ type: fc.constant('ipv4_addr' as const), text: fc.ipV4() }),
    fc.record({ type: fc.constant('inet_proto' as const), text: fc.constantFrom('tcp', 'udp', 'sctp', '47') }),
    fc.record({ type: fc.constant('inet_service' as const), text: fc.integer({ min: 0, max: 65535 }).map(String) }),
    fc.record({ type: fc.constant('mark' as const), text: fc.integer({ min: 0, max: 0xffffffff }).map(String) }),
    fc.record({ type: fc.constant('ifname' as const), text: fc.stringMatching(/^[a-z0-9]{1,15}$/) }),
    fc.record({
      type: fc.constant('ipv6_addr' as const),
      text: fc.constantFrom('::', '::1', 'fd00::5', '2001:db8:1:2:3:4:5:6', '::ffff:10.1.0.5'),
    }),
  );
  fc.assert(
    fc.property(fc.array(field, { minLength: 1, maxLength: 5 }), (fields) => {
      const types = fields.map(({ type }) => type);
      const texts = fields.map(({ text }) => text);
      expect(decodeFields(types, encodeFields(types, texts))).toEqual(texts);
      expect(typesOfNumber(typeNumber(types))).toEqual(types);
    }),
  );
});
