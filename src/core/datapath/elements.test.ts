import fc from 'fast-check';
import { expect, test } from 'vitest';
import { address, addressOfNumber, overlap, prefix, rangeAround, type Prefix } from '../../base/ip.ts';
import { internalElements, podElements } from './elements.ts';
import { show } from './plan.ts';

const addresses = [address('10.1.0.5'), address('fd00::5')];
const ports = [{ protocol: 'tcp', hostPort: 8080, containerPort: 80 } as const];

test('a pod may speak through its link with its own addresses, and with ports come back to itself as the node', () => {
  expect(podElements({ link: 'bthx', addresses, ports }).map(show)).toEqual([
    'element bthx . 10.1.0.5 in pods4',
    'element bthx . fd00::5 in pods6',
    'element 10.1.0.5 . 10.1.0.5 in hairpin4',
    'element fd00::5 . fd00::5 in hairpin6',
    'element tcp . 8080 : 10.1.0.5 . 80 in ports4',
    'element tcp . 8080 : fd00::5 . 80 in ports6',
  ]);
  expect(podElements({ link: 'bthx', addresses, ports: [] })).toHaveLength(2);
});

test('ranges are internal once, in order, and those that no router takes always are', () => {
  const ranges = ['10.2.0.0/16', '10.0.0.0/8', '10.2.0.0/16', 'fd00::/8', '0.0.0.0/1'].map(prefix);
  expect(internalElements(ranges).map(show)).toEqual([
    'element 0.0.0.0/1 in internal4',
    'element 169.254.0.0/16 in internal4',
    'element 224.0.0.0/4 in internal4',
    'element 255.255.255.255/32 in internal4',
    'element fd00::/8 in internal6',
    'element fe80::/10 in internal6',
    'element ff00::/8 in internal6',
  ]);
});

test('whatever ranges are given, no two elements overlap and every range is covered', () => {
  const range = fc
    .tuple(fc.integer({ min: 0, max: 32 }), fc.integer({ min: 0, max: 0xffffffff }))
    .map(([length, number]) => rangeAround(addressOfNumber(BigInt(number), 'v4'), length));
  fc.assert(
    fc.property(fc.array(range, { maxLength: 12 }), (ranges) => {
      const kept = internalElements(ranges).map((item) => (item.kind === 'element' ? item.key[0] : '') as Prefix);
      expect(kept.some((a, i) => kept.some((b, j) => i !== j && overlap(a, b)))).toBe(false);
      expect(ranges.every((wanted) => kept.some((it) => overlap(it, wanted)))).toBe(true);
    }),
  );
});

test('the ranges of five thousand nodes are put in order in a moment', () => {
  const ranges = Array.from({ length: 5_000 }, (_, i) => prefix(`10.${i >> 8}.${i & 255}.0/24`));
  const began = performance.now();
  expect(internalElements(ranges).length).toBeGreaterThan(5_000);
  expect(performance.now() - began).toBeLessThan(2_000); // some 30 ms; each with each took 20 s
});
