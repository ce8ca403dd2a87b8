import type { Prefix } from '../../../src/base/ip.ts';
import type { CloudRules, IdForm, Quotas } from '../../cloud/rules.ts';
import { ACTIONS } from './actions.ts';
import { bucketsOf } from './buckets.ts';
import { INSTANCE_TYPES } from './instance-types.ts';

// EC2's behaviour as data for the core.

const long = (prefix: string): IdForm => ({ prefix, letters: 17, alphabet: '0123456789abcdef' });

/** What differs between two emulators of EC2. Absent: as the cloud is on a usual day. */
export interface Manner {
  readonly delays?: Partial<CloudRules['delays']>;
  readonly buckets?: CloudRules['buckets']; // {}: nobody counts
  readonly quotas?: Quotas; // in place of AWS's own, one by one
  readonly choice?: 'random' | 'lowest';
  readonly publicRange?: Prefix;
}

/** The rules of EC2. */
export function awsRules(manner: Manner = {}): CloudRules {
  const { delays = {}, buckets = bucketsOf(ACTIONS), quotas = {}, choice, publicRange } = manner;
  return {
    dialect: 'aws',
    ids: {
      vpc: long('vpc-'),
      subnet: long('subnet-'),
      reservation: long('scr-'),
      group: long('sg-'),
      rule: long('sgr-'),
      'route-table': long('rtb-'),
      gateway: long('igw-'),
      nat: long('nat-'),
      instance: long('i-'),
      nic: long('eni-'),
      attachment: long('eni-attach-'),
      association: long('trunk-assoc-'),
      job: long('job-'), // EC2 has none
    },
    reserved: { first: 4, last: 1 }, // "Subnet CIDR blocks", VPC guide
    prefixLengths: { v4: 28, v6: 80 },
    delays: { ...DELAYS, ...delays },
    buckets,
    limits: (type) => INSTANCE_TYPES.get(type),
    quotas: { ...QUOTAS, ...quotas },
    ...(choice === undefined ? {} : { choice }),
    ...(publicRange === undefined ? {} : { publicRange }),
  };
}

/** As users of the cloud measure them: "up to 10 seconds" for a NIC, attached (docs of the VPC CNI). */
const DELAYS: CloudRules['delays'] = {
  attach: [1_500, 4_000],
  detach: [2_000, 6_000],
  launch: [5_000, 15_000],
  terminate: [10_000, 30_000],
  describe: [0, 1_000],
  metadata: [500, 3_000],
  job: [0, 0],
};

/** Nothing takes time, nothing is seen late, nobody counts calls: for tests of something else. */
export const AT_ONCE: Manner = {
  delays: {
    attach: [0, 0],
    detach: [0, 0],
    launch: [0, 0],
    terminate: [0, 0],
    describe: [0, 0],
    metadata: [0, 0],
  },
  buckets: {},
};

/** "Amazon VPC quotas": the defaults, but for VPCs (5) and instances, which an emulator has reason to exceed. */
const QUOTAS: Quotas = {
  subnetsPerVpc: 200,
  rangesPerVpc: 5,
  groupsPerVpc: 2_500,
  groupsPerNic: 5,
  rulesPerGroup: 60,
  routesPerTable: 500,
  nics: 5_000, // of a region
};
