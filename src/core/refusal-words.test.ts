import { expect, test } from 'vitest';
import { address, prefix } from '../base/ip.ts';
import { attachmentId } from './attachment.ts';
import type { Refusal, RefusalWhy } from './refusal.ts';
import { advice, refusalFields, sentence, whyLabel } from './refusal-words.ts';

const holder = attachmentId({ network: 'berth', containerId: '8d5f3c0e6f1a2b3c4d5e', ifname: 'eth0' });
const a = address('10.0.1.5');
const exhausted = {
  why: 'exhausted',
  family: 'v4',
  ranges: [prefix('10.0.1.0/24')],
  usable: 253n,
  claimed: 253,
  cooling: 0,
  promised: 0,
} as const;

/** One of each, and a second one where the words differ. The compiler sees that none is missing. */
const WORDS: { readonly [Why in RefusalWhy]: readonly (readonly [Extract<Refusal, { why: Why }>, string, RegExp])[] } =
  {
    starting: [
      [
        { why: 'starting', cause: 'no such module' },
        'the node network is not set up yet: no such module',
        /asks again/,
      ],
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
        { why: 'nic-limit', family: 'v4', nics: 3, limit: 3, slots: 9, claimed: 26, cooling: 1 },
        "this node's NICs are full: 3 of 3 NICs with 9 slots each; 26 addresses are claimed and 1 are cooling",
        /another node/,
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
        { why: 'cloud-failing', action: 'AssignPrivateIpAddresses', message: 'no answer', againInMs: 4_000 },
        'the cloud does not carry out AssignPrivateIpAddresses: no answer; it is asked again in 4 s',
        /API of the cloud/,
      ],
      [
        { why: 'cloud-failing', action: 'CreateVif', message: 'CreateVif: Busy: try later', againInMs: 4_000 },
        'the cloud does not carry out CreateVif: Busy: try later; it is asked again in 4 s', // named once
        /API of the cloud/,
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
    cancelled: [
      [
        { why: 'cancelled', waitedMs: 3_210 },
        'the sandbox was removed while its ADD waited for an address, after 3.2 s',
        /^nothing/,
      ],
    ],
    'queue-full': [
      [
        { why: 'queue-full', waiting: 1_000, limit: 1_000 },
        '1000 ADDs wait for an address already, and no more than 1000 may',
        /pool\.waitingLimit/,
      ],
    ],
    'address-taken': [
      [
        { why: 'address-taken', address: a, holder },
        '10.0.1.5 is held by container 8d5f3c0e6f1a2, eth0',
        /berth why 10\.0\.1\.5/,
      ],
    ],
    'static-waits': [
      [
        { why: 'static-waits', address: a, because: 'node-2 has not let go of it' },
        "the pod's static address 10.0.1.5 is not on this node yet: node-2 has not let go of it",
        /describe staticaddress/,
      ],
      [
        { why: 'static-waits', because: 'the API server does not answer' },
        "the pod's static address is not on this node yet: the API server does not answer",
        /^the runtime asks again/,
      ],
    ],
    'static-lost': [
      [
        { why: 'static-lost', address: a, because: 'it is of subnet-b' },
        "the pod's static address 10.0.1.5 cannot be had on this node: it is of subnet-b",
        /static-conflict/,
      ],
    ],
    'pod-unknown': [
      [
        { why: 'pod-unknown', pod: 'web/db-0' },
        "web/db-0 may be a StatefulSet's, and the API server does not tell whether it keeps its address",
        /pods of other names are served/,
      ],
    ],
    'address-cooling': [
      [
        { why: 'address-cooling', address: a, freeInMs: 90_000 },
        '10.0.1.5 was in use until lately and is free in 1 min 30 s, later than this ADD may wait',
        /ask again then/,
      ],
    ],
    'address-outside': [
      [
        { why: 'address-outside', address: a, ranges: [prefix('10.0.2.0/24'), prefix('fd00::/64')] },
        "10.0.1.5 is outside of this node's ranges: 10.0.2.0/24 and fd00::/64",
        /network\.ranges/,
      ],
      [
        { why: 'address-outside', address: a, ranges: [] },
        "10.0.1.5 is outside of this node's ranges: it has none",
        /network\.ranges/,
      ],
    ],
    'address-reserved': [
      [
        { why: 'address-reserved', address: a, reason: 'network' },
        '10.0.1.5 is never given: it is the address of the network itself',
        /^ask for another address$/,
      ],
      [
        { why: 'address-reserved', address: a, reason: 'gateway' },
        '10.0.1.5 is never given: it is the gateway of its range',
        /^ask for another address$/,
      ],
      [
        { why: 'address-reserved', address: a, reason: 'broadcast' },
        '10.0.1.5 is never given: it is the broadcast address of its range',
        /^ask for another address$/,
      ],
      [
        { why: 'address-reserved', address: a, reason: 'listed' },
        '10.0.1.5 is never given: it is listed in network.reserved',
        /take it from network\.reserved/,
      ],
    ],
    'one-per-family': [
      [
        { why: 'one-per-family', family: 'v4', wanted: [a, address('10.0.1.6')] },
        'an interface gets one IPv4 address, and 2 were asked for: 10.0.1.5 and 10.0.1.6',
        /one of them/,
      ],
    ],
    'no-pod-nic': [
      [
        { why: 'no-pod-nic', groups: ['sg-1', 'sg-2'], because: 'the cloud has not made it in time' },
        "the pod's own NIC, with sg-1 and sg-2, could not be had: the cloud has not made it in time",
        /asks again/,
      ],
    ],
    'pod-nic-limit': [
      [
        { why: 'pod-nic-limit', groups: ['sg-1'], limit: 9, held: 8, resting: 1 },
        "the pod is to have a NIC of its own, with sg-1, and this node's trunk carries 9 at most: 8 are held by pods and 1 rest after one",
        /another node/,
      ],
    ],
    'not-on-pod-nic': [
      [
        { why: 'not-on-pod-nic', groups: ['sg-1'], what: 'ports of its node' },
        'the pod has a NIC of its own, with sg-1, and cannot have ports of its node there',
        /standard/,
      ],
    ],
    'pod-groups-unknown': [
      [
        { why: 'pod-groups-unknown', because: 'the API server has not told of PodSecurityGroups yet' },
        'whether the pod is to have security groups of its own is not known: the API server has not told of PodSecurityGroups yet',
        /API server/,
      ],
    ],
    'port-taken': [
      [
        { why: 'port-taken', protocol: 'tcp', hostPort: 8080, holder: 'default/web-1' },
        'host port 8080/tcp is held by default/web-1',
        /hostPort/,
      ],
    ],
    'interface-exists': [
      [
        { why: 'interface-exists', ifname: 'eth0', holder: 'a link that is not ours' },
        'the sandbox already has an interface eth0: a link that is not ours',
        /another interface name/,
      ],
    ],
    annotation: [
      [
        { why: 'annotation', name: 'berth.dev/mtu', value: 'jumbo', needs: 'a number' },
        'the pod\'s annotation berth.dev/mtu says "jumbo": it must be a number',
        /correct the annotation/,
      ],
    ],
    'spooled-delete': [
      [{ why: 'spooled-delete' }, 'an earlier DEL of this attachment is not carried out yet', /asks again/],
    ],
    'not-durable': [
      [
        { why: 'not-durable', cause: 'no space left on device' },
        'the claim cannot be put on record: no space left on device',
        /paths\.state/,
      ],
    ],
  };

const all = Object.values(WORDS).flat();

test.each(all.map(([refusal, words, todo]) => ({ refusal, words, todo })))(
  '$refusal.why: $words',
  ({ refusal, words, todo }) => {
    expect(sentence(refusal)).toBe(words);
    expect(advice(refusal)).toMatch(todo);
  },
);

test('sentences and advice are one line without a full stop, so that they can be put into others', () => {
  for (const [refusal] of all)
    for (const words of [sentence(refusal), advice(refusal)]) {
      expect(words).not.toMatch(/[.\n]$|\n|undefined|NaN/);
      expect(words.length).toBeGreaterThan(10);
    }
});

test('the label is one word of letters and hyphens, the same for all refusals of a kind', () => {
  for (const [refusal] of all) expect(whyLabel(refusal)).toMatch(/^[a-z]+(-[a-z]+)*$/);
  expect(new Set(all.map(([refusal]) => whyLabel(refusal))).size).toBe(Object.keys(WORDS).length);
});

test('the fields of every refusal can be written as JSON, also of a range larger than any number', () => {
  for (const [refusal] of all)
    expect(JSON.parse(JSON.stringify(refusalFields(refusal)))).toMatchObject({ why: refusal.why });
  expect(refusalFields(exhausted)).toMatchObject({ usable: 253, claimed: 253 });
  expect(refusalFields({ ...exhausted, usable: 2n ** 64n })).toMatchObject({ usable: '18446744073709551616' });
});
