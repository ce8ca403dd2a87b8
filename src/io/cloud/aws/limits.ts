import type { NicLimits } from '../../../core/ipam/nic.ts';

// "IP addresses per network interface per instance type", Amazon EC2 User Guide. Within a generation the numbers follow
// the size; a type that is not told here is asked of DescribeInstanceTypes.

type Shape = readonly [nics: number, slots: number];

const NITRO_SIZES: Readonly<Record<string, Shape>> = {
  medium: [2, 4],
  large: [3, 10],
  xlarge: [4, 15],
  '2xlarge': [4, 15],
  '4xlarge': [8, 30],
  '8xlarge': [8, 30],
  '9xlarge': [8, 30],
  '12xlarge': [8, 30],
  '16xlarge': [15, 50],
  '18xlarge': [15, 50],
  '24xlarge': [15, 50],
  '32xlarge': [15, 50],
  '48xlarge': [15, 50],
  metal: [15, 50],
};
const NITRO = 'm5 m5a m5d c5d r5 r5a r5d m6i m6a c6i c6a r6i r6a m7i m7a c7i c7a r7i r7a m6g c6g r6g m7g c7g r7g'.split(
  ' ',
);

const OTHERS: Readonly<Record<string, Shape>> = {
  't3.nano': [2, 2],
  't3.micro': [2, 2],
  't3.small': [3, 4],
  't3.medium': [3, 6],
  't3.large': [3, 12],
  't3.xlarge': [4, 15],
  't3.2xlarge': [4, 15],
  't3a.nano': [2, 2],
  't3a.micro': [2, 2],
  't3a.small': [2, 4],
  't3a.medium': [3, 6],
  't3a.large': [3, 12],
  't3a.xlarge': [4, 15],
  't3a.2xlarge': [4, 15],
  't4g.nano': [2, 2],
  't4g.micro': [2, 2],
  't4g.small': [3, 4],
  't4g.medium': [3, 6],
  't4g.large': [3, 12],
  't4g.xlarge': [4, 15],
  't4g.2xlarge': [4, 15],
  'c5.large': [3, 10],
  'c5.xlarge': [4, 15],
  'c5.2xlarge': [4, 15],
  'c5.4xlarge': [8, 30],
  'c5.9xlarge': [8, 30],
  'c5.12xlarge': [8, 30],
  'c5.18xlarge': [15, 50],
  'c5.24xlarge': [15, 50],
  'c5.metal': [15, 50],
  'hpc7g.16xlarge': [4, 50],
};

/** Before Nitro: no prefixes. */
const XEN: Readonly<Record<string, Shape>> = {
  't2.nano': [2, 2],
  't2.micro': [2, 2],
  't2.small': [3, 4],
  't2.medium': [3, 6],
  't2.large': [3, 12],
  'm4.large': [2, 10],
  'm4.xlarge': [4, 15],
  'm4.2xlarge': [4, 15],
  'm4.4xlarge': [8, 30],
  'c4.large': [3, 10],
  'c4.xlarge': [4, 15],
  'c4.2xlarge': [4, 15],
  'c4.4xlarge': [8, 30],
  'r4.large': [3, 10],
  'r4.xlarge': [4, 15],
};

/** What an instance type may have, or undefined for one that is not told here (A39). */
export function knownLimits(type: string): NicLimits | undefined {
  const [family = '', size = ''] = type.split('.');
  const nitro = OTHERS[type] ?? (NITRO.includes(family) ? NITRO_SIZES[size] : undefined);
  const shape = nitro ?? XEN[type];
  if (shape === undefined) return undefined;
  const [nics, slots] = shape;
  return { nics, slotsV4: slots, slotsV6: slots, prefixes: nitro !== undefined };
}
