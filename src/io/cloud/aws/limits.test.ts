import { expect, test } from 'vitest';
import { knownLimits } from './limits.ts';

test.each([
  ['t3.nano', 2, 2],
  ['t3.small', 3, 4],
  ['t3.medium', 3, 6],
  ['t3.large', 3, 12],
  ['t3a.small', 2, 4],
  ['m5.large', 3, 10],
  ['m5.xlarge', 4, 15],
  ['m5.4xlarge', 8, 30],
  ['m5.24xlarge', 15, 50],
  ['c5.large', 3, 10],
  ['c5.4xlarge', 8, 30],
  ['c5.9xlarge', 8, 30],
  ['c5.18xlarge', 15, 50],
  ['r5.2xlarge', 4, 15],
  ['m6i.32xlarge', 15, 50],
  ['m7g.medium', 2, 4],
  ['c7i.48xlarge', 15, 50],
  ['t2.small', 3, 4],
  ['m4.large', 2, 10],
  ['hpc7g.16xlarge', 4, 50],
])('%s has %i NICs of %i addresses, as its vendor says (A39)', (type, nics, slots) => {
  expect(knownLimits(type)).toMatchObject({ nics, slotsV4: slots });
});

test('an old hypervisor knows no prefixes, and an unknown type is not guessed', () => {
  expect(knownLimits('m4.large')?.prefixes).toBe(false);
  expect(knownLimits('m5.large')?.prefixes).toBe(true);
  expect(knownLimits('z99.huge')).toBeUndefined();
});
