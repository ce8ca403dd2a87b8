import type { InstanceLimits } from '../../cloud/rules.ts';
import { branchesOf } from './branches.ts';

// Instance types with the numbers that DescribeInstanceTypes publishes: "Amazon EC2 instance type specifications" and
// "Maximum IP addresses per network interface", EC2 guides. Each family of IP has as many addresses a NIC.

/** One instance type. */
export interface InstanceType extends InstanceLimits {
  readonly name: string;
  readonly hypervisor: 'nitro' | 'xen' | 'metal'; // metal has none, and is of the Nitro system
  readonly architecture: 'x86_64' | 'arm64';
  readonly performance: string; // of the network, in AWS's words
}

/** NICs (cards × NICs of each) · addresses per NIC · vCPUs · MiB · hypervisor · architecture · network. */
const TABLE = `
  t2.micro       2     2   1    1024     xen    x86_64  Low to Moderate
  t2.small       3     4   1    2048     xen    x86_64  Low to Moderate
  t2.medium      3     6   2    4096     xen    x86_64  Low to Moderate
  t2.large       3     12  2    8192     xen    x86_64  Low to Moderate
  t3.nano        2     2   2    512      nitro  x86_64  Up to 5 Gigabit
  t3.micro       2     2   2    1024     nitro  x86_64  Up to 5 Gigabit
  t3.small       3     4   2    2048     nitro  x86_64  Up to 5 Gigabit
  t3.medium      3     6   2    4096     nitro  x86_64  Up to 5 Gigabit
  t3.large       3     12  2    8192     nitro  x86_64  Up to 5 Gigabit
  t3.xlarge      4     15  4    16384    nitro  x86_64  Up to 5 Gigabit
  t3.2xlarge     4     15  8    32768    nitro  x86_64  Up to 5 Gigabit
  t3a.medium     3     6   2    4096     nitro  x86_64  Up to 5 Gigabit
  t4g.nano       2     2   2    512      nitro  arm64   Up to 5 Gigabit
  t4g.small      3     4   2    2048     nitro  arm64   Up to 5 Gigabit
  t4g.medium     3     6   2    4096     nitro  arm64   Up to 5 Gigabit
  t4g.large      3     12  2    8192     nitro  arm64   Up to 5 Gigabit
  m4.large       2     10  2    8192     xen    x86_64  Moderate
  m4.xlarge      4     15  4    16384    xen    x86_64  High
  m5.large       3     10  2    8192     nitro  x86_64  Up to 10 Gigabit
  m5.xlarge      4     15  4    16384    nitro  x86_64  Up to 10 Gigabit
  m5.2xlarge     4     15  8    32768    nitro  x86_64  Up to 10 Gigabit
  m5.4xlarge     8     30  16   65536    nitro  x86_64  Up to 10 Gigabit
  m5.8xlarge     8     30  32   131072   nitro  x86_64  10 Gigabit
  m5.12xlarge    8     30  48   196608   nitro  x86_64  12 Gigabit
  m5.16xlarge    15    50  64   262144   nitro  x86_64  20 Gigabit
  m5.24xlarge    15    50  96   393216   nitro  x86_64  25 Gigabit
  m5.metal       15    50  96   393216   metal  x86_64  25 Gigabit
  m5a.large      3     10  2    8192     nitro  x86_64  Up to 10 Gigabit
  m5d.large      3     10  2    8192     nitro  x86_64  Up to 10 Gigabit
  m5n.large      3     10  2    8192     nitro  x86_64  Up to 25 Gigabit
  m6g.medium     2     4   1    4096     nitro  arm64   Up to 10 Gigabit
  m6g.large      3     10  2    8192     nitro  arm64   Up to 10 Gigabit
  m6i.large      3     10  2    8192     nitro  x86_64  Up to 12.5 Gigabit
  m6i.xlarge     4     15  4    16384    nitro  x86_64  Up to 12.5 Gigabit
  m6i.2xlarge    4     15  8    32768    nitro  x86_64  Up to 12.5 Gigabit
  m6i.4xlarge    8     30  16   65536    nitro  x86_64  Up to 12.5 Gigabit
  m6i.8xlarge    8     30  32   131072   nitro  x86_64  12.5 Gigabit
  m6i.16xlarge   15    50  64   262144   nitro  x86_64  25 Gigabit
  m6i.32xlarge   15    50  128  524288   nitro  x86_64  50 Gigabit
  m7g.medium     2     4   1    4096     nitro  arm64   Up to 12.5 Gigabit
  m7g.large      3     10  2    8192     nitro  arm64   Up to 12.5 Gigabit
  m7g.xlarge     4     15  4    16384    nitro  arm64   Up to 12.5 Gigabit
  m7i.large      3     10  2    8192     nitro  x86_64  Up to 12.5 Gigabit
  m7i.48xlarge   15    50  192  786432   nitro  x86_64  50 Gigabit
  c4.large       3     10  2    3840     xen    x86_64  Moderate
  c4.8xlarge     8     30  36   61440    xen    x86_64  10 Gigabit
  c5.large       3     10  2    4096     nitro  x86_64  Up to 10 Gigabit
  c5.xlarge      4     15  4    8192     nitro  x86_64  Up to 10 Gigabit
  c5.2xlarge     4     15  8    16384    nitro  x86_64  Up to 10 Gigabit
  c5.4xlarge     8     30  16   32768    nitro  x86_64  Up to 10 Gigabit
  c5.9xlarge     8     30  36   73728    nitro  x86_64  12 Gigabit
  c5.18xlarge    15    50  72   147456   nitro  x86_64  25 Gigabit
  c5n.large      3     10  2    5376     nitro  x86_64  Up to 25 Gigabit
  c5n.18xlarge   15    50  72   196608   nitro  x86_64  100 Gigabit
  c6i.large      3     10  2    4096     nitro  x86_64  Up to 12.5 Gigabit
  c6i.xlarge     4     15  4    8192     nitro  x86_64  Up to 12.5 Gigabit
  c6i.4xlarge    8     30  16   32768    nitro  x86_64  Up to 12.5 Gigabit
  c6in.32xlarge  2x8   50  128  262144   nitro  x86_64  200 Gigabit
  c7g.large      3     10  2    4096     nitro  arm64   Up to 12.5 Gigabit
  c7gn.16xlarge  15    50  64   131072   nitro  arm64   200 Gigabit
  r5.large       3     10  2    16384    nitro  x86_64  Up to 10 Gigabit
  r5.xlarge      4     15  4    32768    nitro  x86_64  Up to 10 Gigabit
  r5.4xlarge     8     30  16   131072   nitro  x86_64  Up to 10 Gigabit
  r5.24xlarge    15    50  96   786432   nitro  x86_64  25 Gigabit
  r6i.large      3     10  2    16384    nitro  x86_64  Up to 12.5 Gigabit
  r6i.xlarge     4     15  4    32768    nitro  x86_64  Up to 12.5 Gigabit
  r7g.large      3     10  2    16384    nitro  arm64   Up to 12.5 Gigabit
  i3.large       3     10  2    15616    xen    x86_64  Up to 10 Gigabit
  i3en.large     3     10  2    16384    nitro  x86_64  Up to 25 Gigabit
  p3dn.24xlarge  15    50  96   786432   nitro  x86_64  100 Gigabit
  p4d.24xlarge   4x15  50  96   1179648  nitro  x86_64  4x 100 Gigabit
  p5.48xlarge    32x2  50  192  2097152  nitro  x86_64  3200 Gigabit
  g4dn.xlarge    3     10  4    16384    nitro  x86_64  Up to 25 Gigabit
  g5.xlarge      4     15  4    16384    nitro  x86_64  Up to 10 Gigabit
  g5.48xlarge    7     50  192  786432   nitro  x86_64  100 Gigabit
  trn1.32xlarge  8x5   50  128  524288   nitro  x86_64  8x 100 Gigabit
  hpc7g.16xlarge 4     50  64   131072   nitro  arm64   200 Gigabit
  hpc6a.48xlarge 2     50  96   393216   nitro  x86_64  100 Gigabit
  inf1.xlarge    4     10  4    8192     nitro  x86_64  Up to 25 Gigabit
  x1.32xlarge    8     30  128  1998848  xen    x86_64  25 Gigabit
  a1.medium      2     4   1    2048     nitro  arm64   Up to 10 Gigabit
  z1d.large      3     10  2    16384    nitro  x86_64  Up to 10 Gigabit
`;

/** By name. */
export const INSTANCE_TYPES: ReadonlyMap<string, InstanceType> = new Map(
  TABLE.trim()
    .split('\n')
    .map((line) => typeOf(line.trim()))
    .map((type) => [type.name, type]),
);

function typeOf(line: string): InstanceType {
  const [name = '', nics = '', addresses, vcpus, memory, hypervisor, architecture, ...network] = line.split(/ +/);
  const [cards, each] = nics.includes('x') ? nics.split('x').map(Number) : [1, Number(nics)];
  const branches = branchesOf(name);
  return {
    name,
    cards: Array.from({ length: cards ?? 1 }, () => ({ nics: each ?? 0 })),
    addressesPerNic: Number(addresses),
    addresses6PerNic: Number(addresses),
    nitro: hypervisor !== 'xen',
    ...(branches === undefined ? {} : { branches }),
    vcpus: Number(vcpus),
    memoryMiB: Number(memory),
    hypervisor: hypervisor as InstanceType['hypervisor'],
    architecture: architecture as InstanceType['architecture'],
    performance: network.join(' '),
  };
}
