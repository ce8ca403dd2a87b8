import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addressOfNumber } from '../../base/ip.ts';
import { type ElementItem, overlap, type SetShape, spanOf } from './nft-element-codec.ts';
import { NftRanges } from './nft-ranges.ts';

const shape: SetShape = { name: 'internal4', key: ['ipv4_addr'], interval: true };

function range(first: number, last: number): ElementItem {
  const text = (number: number) => addressOfNumber(BigInt(number), 'v4');
  return { kind: 'element', set: 'internal4', key: [`${text(first)}-${text(last)}`] };
}

const ends = fc.uniqueArray(fc.nat({ max: 60 }), { maxLength: 20 }).map((all) => all.sort((a, b) => a - b));

test('those that meet a range are those that overlap it, whatever stands where', () => {
  const asked = fc.tuple(fc.nat({ max: 60 }), fc.nat({ max: 10 }));
  fc.assert(
    fc.property(ends, asked, fc.boolean(), (points, [first, length], turned) => {
      const there = points.flatMap((at, i) => (i % 2 === 0 ? [range(at, points[i + 1] ?? at)] : []));
      const item = range(first, first + length);
      const meeting = there.filter((one) => overlap(spanOf(shape, one), spanOf(shape, item)));
      const ranges = new NftRanges(shape, turned ? there.toReversed() : there);
      expect(ranges.meeting(item)).toEqual(meeting);
    }),
    { numRuns: 2_000 },
  );
});
