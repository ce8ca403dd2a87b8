import { BlockList, isIP } from 'node:net';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type Address,
  address,
  addressBytes,
  addressIn,
  addressOfBytes,
  addressOfNumber,
  bitsOf,
  contains,
  familyOf,
  hostPrefix,
  interfaceAddress,
  lengthOf,
  nth,
  numberOf,
  offsetIn,
  overlap,
  type Prefix,
  prefix,
  rangeAround,
  sizeOf,
} from './ip.ts';

const MAPPED = 0xffffn << 32n; // ::ffff:0:0/96 is IPv4 in disguise

const v4Number = fc.bigInt({ min: 0n, max: 2n ** 32n - 1n });
const v6Number = fc
  .oneof(
    fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }),
    fc // few groups that are not zero: what "::" is for
      .array(fc.oneof({ weight: 2, arbitrary: fc.constant(0n) }, fc.bigInt({ min: 0n, max: 0xffffn })), {
        minLength: 8,
        maxLength: 8,
      })
      .map((groups) => groups.reduce((sum, group) => (sum << 16n) | group, 0n)),
  )
  .filter((value) => value >> 32n !== 0xffffn);
const v4 = v4Number.map((value) => addressOfNumber(value, 'v4'));
const v6 = v6Number.map((value) => addressOfNumber(value, 'v6'));
const any = fc.oneof(v4, v6);
const range = any.chain((of) =>
  fc
    .integer({ min: 0, max: bitsOf(familyOf(of)) })
    .filter(
      (length) =>
        familyOf(of) === 'v4' ||
        ((numberOf(of) >> (128n - BigInt(length))) << (128n - BigInt(length))) >> 32n !== 0xffffn,
    )
    .map((length) => rangeAround(of, length)),
);

test.each([
  ['10.0.3.17', '10.0.3.17'],
  ['0.0.0.0', '0.0.0.0'],
  ['255.255.255.255', '255.255.255.255'],
  ['::', '::'],
  ['::1', '::1'],
  ['0:0:0:0:0:0:0:0', '::'],
  ['FE80:0:0:0:0:0:0:1', 'fe80::1'],
  ['2001:0db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'], // RFC 5952, 4.2.3: the first of two equal runs
  ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'], // RFC 5952, 4.2.2: one group is no run
  ['2001:db8:0:0:0:1:0:0', '2001:db8::1:0:0'],
  ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
  ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
  ['::2:3:4:5:6:7:8', '0:2:3:4:5:6:7:8'],
  ['1:2:3:4:5:6:0:0', '1:2:3:4:5:6::'],
  ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
  ['::ffff:10.0.3.17', '10.0.3.17'],
  ['::FFFF:a00:311', '10.0.3.17'],
  ['::10.0.3.17', '::a00:311'], // the deprecated "compatible" form is an address of IPv6
])('%s is written %s', (text, canonical) => {
  expect(address(text)).toBe(canonical);
  expect(address(address(text))).toBe(canonical);
});

test.each([
  '',
  '10.0.0',
  '10.0.0.0.0',
  '10.0.0.256',
  '10.0.0.01',
  '10.0.0.1 ',
  '10..0.1',
  '.10.0.0.1',
  '10.0.0.1.',
  '10.0.0.-1',
  '10.0.0.1e1',
  '0x0a.0.0.1',
  '167772161',
  ':',
  ':::',
  '1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:8:9',
  '1:2:3:4::5:6:7:8',
  '1::2::3',
  ':1::2',
  '1::2:',
  '12345::',
  'g::',
  '1.2.3.4::', // a dotted part stands only at the end
  '::1.2.3.4:5',
  '1:2:3:4:5:6:7:1.2.3.4',
  '::1.2.3',
  'fe80::1%eth0', // a zone names a link of one host: not an address that can be given
  '::ffff:10.0.0.256',
  '١.١.١.١',
])('"%s" is no address', (text) => {
  expect(() => address(text)).toThrow(RangeError);
});

test('what the runtime takes for an address is one here too, and nothing else', () => {
  const piece = fc.constantFrom('0', '1', '01', '10', '255', '256', 'a', 'ffff', '12345', '.', ':', '::', 'g', '');
  const text = fc.oneof(
    fc.array(piece, { maxLength: 17 }).map((all) => all.join('')),
    fc.ipV4(),
    fc.ipV6(),
    fc.string(),
  );
  fc.assert(
    fc.property(text, (it) => {
      const taken = (() => {
        try {
          return isIP(address(it)) !== 0;
        } catch {
          return false;
        }
      })();
      expect(taken).toBe(isIP(it) !== 0 && !it.includes('%'));
    }),
    { numRuns: 5_000 },
  );
});

test('canonical text is that of the URL standard, which follows RFC 5952', () => {
  fc.assert(
    fc.property(v6, (it) => {
      expect(`[${it}]`).toBe(new URL(`http://[${it}]`).hostname);
    }),
  );
});

test('numbers, bytes and text are three forms of one address', () => {
  fc.assert(
    fc.property(any, (it) => {
      expect(addressOfNumber(numberOf(it), familyOf(it))).toBe(it);
      expect(addressOfBytes(addressBytes(it))).toBe(it);
      expect(address(it)).toBe(it);
      expect(address(it.toUpperCase())).toBe(it);
    }),
  );
  fc.assert(
    fc.property(v4Number, (value) => {
      expect(numberOf(addressOfNumber(value, 'v4'))).toBe(value);
    }),
  );
  fc.assert(
    fc.property(v6Number, (value) => {
      expect(numberOf(addressOfNumber(value, 'v6'))).toBe(value);
    }),
  );
});

test('mapped numbers and bytes become the IPv4 address they map', () => {
  expect(addressOfNumber(MAPPED + 0x0a000311n, 'v6')).toBe('10.0.3.17');
});

test.each([
  [2n ** 32n, 'v4'],
  [-1n, 'v4'],
  [2n ** 128n, 'v6'],
] as const)('the number %s has no address of %s', (value, family) => {
  expect(() => addressOfNumber(value, family)).toThrow(RangeError);
});

test.each([0, 3, 5, 15, 17])('%s bytes are no address', (length) => {
  expect(() => addressOfBytes(new Uint8Array(length))).toThrow(/4 or 16 bytes/);
});

test.each([
  ['10.0.0.0/16', '10.0.0.0/16'],
  ['0.0.0.0/0', '0.0.0.0/0'],
  ['::/0', '::/0'],
  ['2001:DB8:0::/48', '2001:db8::/48'],
  ['10.0.3.17/32', '10.0.3.17/32'],
  ['::ffff:10.0.0.0/104', '10.0.0.0/8'],
])('the range %s is written %s', (text, canonical) => {
  expect(prefix(text)).toBe(canonical);
  expect(interfaceAddress(text)).toBe(canonical);
});

test.each([
  ['10.0.0.0', /not an address range/],
  ['10.0.0.0/', /not an address range/],
  ['10.0.0.0/33', /not an address range/],
  ['10.0.0.0/08', /not an address range/],
  ['10.0.0.0/+8', /not an address range/],
  ['10.0.0.0/8/8', /not an address range/],
  ['/8', /not an IP address/],
  ['::/129', /not an address range/],
  ['::ffff:10.0.0.0/8', /wider than all of IPv4/],
  ['10.0.3.17/16', /host bits set; the range is 10.0.0.0\/16/],
  ['fd00::1/64', /host bits set; the range is fd00::\/64/],
])('"%s" is no range', (text, message) => {
  expect(() => prefix(text)).toThrow(message);
});

test('an interface address keeps its host bits', () => {
  expect(interfaceAddress('10.0.3.17/24')).toBe('10.0.3.17/24');
  expect(interfaceAddress('FD00::1/64')).toBe('fd00::1/64');
  expect(interfaceAddress('::ffff:10.0.3.17/120')).toBe('10.0.3.17/24');
});

test('a range contains what the runtime says it contains', () => {
  fc.assert(
    fc.property(range, any, (outer, it) => {
      const list = new BlockList();
      const name = (of: Address | Prefix) => (familyOf(of) === 'v4' ? 'ipv4' : 'ipv6');
      list.addSubnet(addressIn(outer), lengthOf(outer), name(outer));
      // The runtime also matches IPv4 against mapped IPv6: here families never mix.
      expect(contains(outer, it)).toBe(familyOf(outer) === familyOf(it) && list.check(it, name(it)));
      expect(contains(outer, rangeAround(it, lengthOf(outer) > bitsOf(familyOf(it)) ? 0 : lengthOf(outer)))).toBe(
        contains(outer, it) || (familyOf(outer) === familyOf(it) && lengthOf(outer) === 0),
      );
    }),
    { numRuns: 1_000 },
  );
});

test('a range contains its first and its last address, and not those beside them', () => {
  fc.assert(
    fc.property(range, (it) => {
      const first = numberOf(addressIn(it));
      const last = first + sizeOf(it) - 1n;
      const at = (value: bigint) => addressOfNumber(value, familyOf(it));
      expect(contains(it, at(first))).toBe(true);
      expect(contains(it, it)).toBe(true);
      if (last >> 32n !== 0xffffn) expect(contains(it, at(last))).toBe(true);
      if (first > 0n && (first - 1n) >> 32n !== 0xffffn) expect(contains(it, at(first - 1n))).toBe(false);
      const whole = 2n ** BigInt(bitsOf(familyOf(it)));
      if (last + 1n < whole && (last + 1n) >> 32n !== 0xffffn) expect(contains(it, at(last + 1n))).toBe(false);
    }),
  );
});

test('two ranges overlap exactly when one of them lies in the other', () => {
  fc.assert(
    fc.property(range, range, (a, b) => {
      const [firstA, firstB] = [numberOf(addressIn(a)), numberOf(addressIn(b))];
      const apart = firstA + sizeOf(a) <= firstB || firstB + sizeOf(b) <= firstA;
      expect(overlap(a, b)).toBe(familyOf(a) === familyOf(b) && !apart);
      expect(overlap(b, a)).toBe(overlap(a, b));
    }),
  );
});

test('nth and offsetIn undo each other, and nth throws outside of the range', () => {
  fc.assert(
    fc.property(range, fc.bigInt({ min: 0n, max: 2n ** 64n }), (it, far) => {
      const offset = far % sizeOf(it);
      fc.pre((numberOf(addressIn(it)) + offset) >> 32n !== 0xffffn);
      expect(offsetIn(it, nth(it, offset))).toBe(offset);
      expect(() => nth(it, sizeOf(it))).toThrow(RangeError);
      expect(() => nth(it, -1n)).toThrow(RangeError);
    }),
  );
});

test('the range around an address has the length asked for and contains it', () => {
  expect(rangeAround(address('10.0.3.17'), 20)).toBe('10.0.0.0/20');
  expect(rangeAround(address('fd00::abcd'), 121)).toBe('fd00::ab80/121');
  fc.assert(
    fc.property(any, fc.nat({ max: 32 }), (it, length) => {
      expect(contains(rangeAround(it, length), it)).toBe(true);
    }),
  );
  for (const length of [-1, 33, 1.5, Number.NaN])
    expect(() => rangeAround(address('10.0.3.17'), length)).toThrow(/no prefix length/);
});

test('the prefix of one host holds one address', () => {
  expect(hostPrefix(address('10.0.3.17'))).toBe('10.0.3.17/32');
  expect(hostPrefix(address('fd00::1'))).toBe('fd00::1/128');
  expect(sizeOf(prefix('fd00::1/128'))).toBe(1n);
  expect(sizeOf(prefix('fd00::/64'))).toBe(2n ** 64n);
});
