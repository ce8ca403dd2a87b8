import { prefix } from '../base/ip.ts';
import type { Refusal, RefusalWhy } from './refusal.ts';

// Refusals and their words, for refusal-words.test.ts.

/** One of each, and a second one where the words differ: the refusal, its sentence, and what is advised. */
export type RefusalCases<All extends RefusalWhy> = {
  readonly [Why in All]: readonly (readonly [Extract<Refusal, { why: Why }>, string, RegExp])[];
};

export const exhausted = {
  why: 'exhausted',
  family: 'v4',
  ranges: [prefix('10.0.1.0/24')],
  usable: 253n,
  claimed: 253,
  cooling: 0,
  promised: 0,
} as const;

const failing = {
  why: 'cloud-failing',
  action: 'AssignPrivateIpAddresses',
  message: 'no answer',
  againInMs: 4_000,
} as const;

/** Where the node, its cloud or its controller has no address to give. */
export const NONE_TO_GIVE = {
  starting: [
    [{ why: 'starting', cause: 'no such module' }, 'this node cannot give addresses yet: no such module', /asks again/],
  ],
  'no-range': [[{ why: 'no-range', family: 'v6' }, 'this node has no IPv6 range', /network\.ranges/]],
  exhausted: [
    [
      exhausted,
      'no IPv4 address is free: of the 253 usable addresses in 10.0.1.0/24, 253 are claimed and 0 are cooling',
      /^delete pods/,
    ],
    [
      { ...exhausted, claimed: 250, cooling: 3, promised: 2, nextFreeInMs: 24_000 },
      'no IPv4 address is free: of the 253 usable addresses in 10.0.1.0/24, 250 are claimed and 3 are cooling ' +
        '(2 of them promised to ADDs that came before); the next is free in 24 s',
      /pool\.cooldown/,
    ],
  ],
  'too-late': [
    [
      { why: 'too-late', waitedMs: 60_012, cooling: 12 },
      'no address was free within 1 min: 12 used ones are cooling',
      /asks again/,
    ],
    [
      { why: 'too-late', waitedMs: 20_000, cooling: 0, coming: 16 },
      'no address was free within 20 s: 16 more are asked of the cloud and not there yet, no used ones are cooling',
      /asks again/,
    ],
    [
      { why: 'too-late', waitedMs: 8_000, cooling: 0, coming: 3, askedMs: 7_800 },
      'no address was free within 8 s: 3 more are asked of the cloud since 7.8 s and not there yet, no used ones are cooling',
      /cloud calls/,
    ],
    [
      { why: 'too-late', waitedMs: 800, cooling: 1 },
      'no address was free within 800 ms: 1 used one is cooling',
      /asks again/,
    ],
  ],
  'subnet-empty': [
    [
      { why: 'subnet-empty', subnet: 'subnet-a', family: 'v4', claimed: 27, cooling: 2, againInMs: 24_000 },
      'subnet subnet-a has no IPv4 address left to give: 27 are claimed on this node and 2 are cooling; ' +
        'it is asked again in 24 s',
      /add a subnet/,
    ],
    [
      { why: 'subnet-empty', family: 'v6', claimed: 1, cooling: 0, againInMs: 900 },
      'no subnet of this node has an IPv6 address left to give: 1 are claimed on this node and 0 are cooling; ' +
        'it is asked again in 900 ms',
      /another subnet/,
    ],
  ],
  'nic-limit': [
    [
      { why: 'nic-limit', family: 'v4', nics: 3, limit: 3, slots: 9, serving: 3, claimed: 26, cooling: 1 },
      "this node's NICs are full: 3 of 3 NICs with 9 slots each; 26 addresses are claimed and 1 are cooling",
      /another node, .* max-pods$/,
    ],
    [
      { why: 'nic-limit', family: 'v4', nics: 3, limit: 3, slots: 9, serving: 2, claimed: 18, cooling: 0 },
      "this node's NICs are full: 3 of 3 NICs with 9 slots each, of which 2 can serve such pods; " +
        '18 addresses are claimed and 0 are cooling',
      /another node.*berth nics/,
    ],
    [
      {
        why: 'nic-limit',
        family: 'v4',
        ...{ nics: 2, limit: 3, slots: 9, serving: 0, trunkSlot: true },
        ...{ foreign: 1, claimed: 0, cooling: 0 },
      },
      "this node's NICs are full: 2 of 3 NICs with 9 slots each, of which none can serve such pods, and one more is kept " +
        'for a trunk, and 1 slot holds what others put there; 0 addresses are claimed and 0 are cooling',
      /another node.*berth nics/,
    ],
  ],
  'max-pods': [
    [
      { why: 'max-pods', family: 'v4', maxPods: 110, claimed: 108, cooling: 2 },
      'this node asks for no IPv4 address more than cloud.maxPods: 110; 108 are claimed and 2 are cooling',
      /cloud\.maxPods .* --max-pods/,
    ],
  ],
  held: [
    [
      { why: 'held', family: 'v4', claimed: 9, cooling: 1 },
      'this node is held as it is: of its IPv4 addresses 9 are claimed and 1 are cooling, and no more are asked for',
      /cloud\.hold/,
    ],
    [
      { why: 'held', family: 'v4', claimed: 9, cooling: 1, cordoned: true },
      'this node is cordoned: of its IPv4 addresses 9 are claimed and 1 are cooling, and no more are asked for',
      /uncordon/,
    ],
  ],
  'cloud-denied': [
    [
      {
        why: 'cloud-denied',
        action: 'ec2:CreateNetworkInterface',
        message: 'no policy allows it',
        againInMs: 15_000,
      },
      'the cloud denies ec2:CreateNetworkInterface: no policy allows it; it is asked again in 15 s',
      /^allow ec2:CreateNetworkInterface to the role/,
    ],
    [
      {
        why: 'cloud-denied',
        action: 'controller assign',
        message: 'the controller refuses this node: there is no Node a',
        againInMs: 15_000,
      },
      'the controller refuses this node: there is no Node a; it is asked again in 15 s',
      /spec\.providerID/,
    ],
  ],
  'cloud-throttled': [
    [
      { why: 'cloud-throttled', action: 'AssignPrivateIpAddresses', againInMs: 2_000 },
      'the cloud throttles AssignPrivateIpAddresses; it is asked again in 2 s',
      /asks again by itself/,
    ],
  ],
  'cloud-failing': [
    [
      { ...failing, kind: 'unknown' },
      'the cloud does not carry out AssignPrivateIpAddresses: no answer; it is asked again in 4 s',
      /API of the cloud/,
    ],
    [
      { ...failing, kind: 'busy', action: 'CreateVif', message: 'CreateVif: Busy: try later' },
      'the cloud does not carry out CreateVif: Busy: try later; it is asked again in 4 s', // named once
      /API of the cloud/,
    ],
    [
      { ...failing, kind: 'limit', message: 'no NIC more' },
      'the cloud does not carry out AssignPrivateIpAddresses: no NIC more; it is asked again in 4 s',
      /^have the limit raised/,
    ],
    [
      { ...failing, kind: 'gone', message: 'no sg-1' },
      'the cloud does not carry out AssignPrivateIpAddresses: no sg-1; it is asked again in 4 s',
      /^mend what the cloud names/,
    ],
  ],
  'controller-away': [
    [
      {
        why: 'controller-away',
        message: 'the controller does not answer: connect ECONNREFUSED 10.0.0.5:9466',
        awayMs: 120_000,
        family: 'v4',
        free: 0,
        againInMs: 4_000,
      },
      'the controller does not answer: connect ECONNREFUSED 10.0.0.5:9466, for 2 min now; no warm IPv4 addresses are left; it is asked again in 4 s',
      /berth-controller/,
    ],
    [
      { why: 'controller-away', message: 'no replica leads', awayMs: 0, family: 'v6', free: 1, againInMs: 1_000 },
      'no replica leads; 1 warm IPv6 address is left; it is asked again in 1 s',
      /running pods are not affected/,
    ],
  ],
  'no-nic-config': [
    [
      { why: 'no-nic-config', config: 'zone-a', heard: true, ofNode: true },
      'there is no NICConfig or ENIConfig named zone-a, by which this node is to have its addresses',
      /^make it: .* on the Node: berth\.dev\/nic-config$/,
    ],
    [
      { why: 'no-nic-config', config: 'blue', heard: true, ofNode: false },
      'there is no NICConfig or ENIConfig named blue, by which the pod is to have its addresses',
      /on the pod: berth\.dev\/subnet$/,
    ],
    [
      { why: 'no-nic-config', config: 'zone-a', heard: false, ofNode: true },
      'what NICConfig zone-a says, by which this node is to have its addresses, the API server has not told yet',
      /the way from this node to the API server$/,
    ],
  ],
} as const satisfies Partial<RefusalCases<RefusalWhy>>;
