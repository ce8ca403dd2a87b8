import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Address, address, addressOfNumber, nth, numberOf, rangeAround, sizeOf } from '../../base/ip.ts';
import type { Range } from './event.ts';
import { gatewayOf, reservedReason, runsOf, usableCount } from './ranges.ts';
import { rangeOf } from './testing/driver.ts';

test.each([
  ['10.0.1.0/24', 253n, 'network, gateway and broadcast are never given (K3)'],
  ['10.0.0.0/16', 65_533n, ''],
  ['10.0.1.0/30', 1n, 'the smallest range with all three of them'],
  ['10.0.1.0/31', 2n, 'RFC 3021: a link between two has neither network nor broadcast address'],
  ['10.0.1.7/32', 1n, 'a host'],
  ['fd00::/64', 2n ** 64n - 2n, 'IPv6 has no broadcast address'],
  ['fd00::/126', 2n, ''],
  ['fd00::/127', 2n, 'RFC 6164: a link between two'],
  ['fd00::7/128', 1n, 'a host'],
  ['::/0', 2n ** 128n - 2n, ''],
])('%s has %s usable addresses. %s', (text, count) => {
  expect(usableCount(rangeOf(text))).toBe(count);
});

test.each([
  [rangeOf('10.0.1.0/24', ['10.0.1.9']), 252n, 'a listed address'],
  [rangeOf('10.0.1.0/24', ['10.0.1.128/25']), 126n, 'a listed half, its last address being the broadcast address too'],
  [rangeOf('10.0.1.0/24', ['10.0.1.9', '10.0.1.8/30', '10.0.1.9']), 249n, 'listed twice counts once'],
  [rangeOf('10.0.1.0/24', ['10.0.1.0', '10.0.1.1', '10.0.1.255']), 253n, 'listed although never given anyway'],
  [rangeOf('10.0.1.0/24', ['10.0.0.0/16']), 0n, 'listed as a whole'],
  [rangeOf('10.0.1.0/24', ['10.0.2.9', 'fd00::/8']), 253n, 'listed elsewhere'],
  [rangeOf('fd00::/64', ['fd00::8000:0:0:0/65']), 2n ** 63n - 2n, 'half of a huge range, at no cost'],
  [rangeOf('10.0.1.0/24', [], '10.0.1.254'), 253n, 'another gateway: the first address is free then'],
  [rangeOf('10.0.1.0/24', [], '10.9.9.9'), 254n, 'a gateway outside of the range'],
  [rangeOf('10.0.1.0/31', [], '10.0.1.0'), 1n, 'a gateway named in a range of two'],
  [rangeOf('10.0.1.7/32', [], '10.0.1.7'), 0n, 'a host that is its own gateway'],
])('%# reserved: %o leaves %s, %s', (range, count) => {
  expect(usableCount(range)).toBe(count);
});

test.each([
  ['10.0.1.0/24', '10.0.1.1'],
  ['fd00::/64', 'fd00::1'],
  ['10.0.1.0/30', '10.0.1.1'],
  ['10.0.1.0/31', undefined],
  ['fd00::7/128', undefined],
])('the gateway of %s is %s unless one is named', (text, gateway) => {
  expect(gatewayOf(rangeOf(text))).toBe(gateway);
});

test.each([
  ['10.0.1.0', 'network'],
  ['10.0.1.1', 'gateway'],
  ['10.0.1.2', undefined],
  ['10.0.1.9', 'listed'],
  ['10.0.1.66', 'listed'],
  ['10.0.1.254', undefined],
  ['10.0.1.255', 'broadcast'],
])('%s of 10.0.1.0/24 is reserved as %s', (text, reason) => {
  expect(reservedReason(rangeOf('10.0.1.0/24', ['10.0.1.9', '10.0.1.64/30']), address(text))).toBe(reason);
});

test('the last address of an IPv6 range is given, its first is not', () => {
  expect(reservedReason(rangeOf('fd00::/64'), address('fd00::ffff:ffff:ffff:ffff'))).toBeUndefined();
  expect(reservedReason(rangeOf('fd00::/64'), address('fd00::'))).toBe('network');
});

const small = fc
  .tuple(fc.constantFrom('10.0.1.77', 'fd00::4d'), fc.integer({ min: 0, max: 7 }))
  .map(([of, bits]) => rangeAround(address(of), (of.includes(':') ? 128 : 32) - bits));
const near = (text: Range['prefix'], from: Address) =>
  fc.tuple(fc.integer({ min: -4, max: 130 }), fc.integer({ min: 0, max: 5 })).map(([at, bits]) => {
    const it = addressOfNumber(numberOf(from) + BigInt(at), text.includes(':') ? 'v6' : 'v4');
    return bits === 0 ? it : rangeAround(it, (text.includes(':') ? 128 : 32) - bits);
  });
const anyRange: fc.Arbitrary<Range> = small.chain((text) => {
  const from = nth(text, 0n);
  return fc
    .record({
      reserved: fc.array(near(text, from), { maxLength: 6 }),
      gateway: fc.option(
        near(text, from).filter((it) => !it.includes('/')),
        { nil: undefined },
      ),
    })
    .map(({ reserved, gateway }) => ({
      prefix: text,
      reserved,
      ...(gateway === undefined ? {} : { gateway: gateway as Address }),
    }));
});

test('runs hold exactly the addresses that are not reserved, in order and without touching', () => {
  fc.assert(
    fc.property(anyRange, (range) => {
      const all = Array.from({ length: Number(sizeOf(range.prefix)) }, (_, i) => nth(range.prefix, BigInt(i)));
      const usable = all.filter((it) => reservedReason(range, it) === undefined).map(numberOf);
      const runs = runsOf(range);
      const told = runs.flatMap(({ first, last }) =>
        Array.from({ length: Number(last - first) + 1 }, (_, i) => first + BigInt(i)),
      );
      expect(told).toEqual(usable);
      expect(usableCount(range)).toBe(BigInt(usable.length));
      for (const [i, run] of runs.entries()) expect(run.first > (runs[i - 1]?.last ?? -2n) + 1n).toBe(true);
    }),
    { numRuns: 1_000 },
  );
});
