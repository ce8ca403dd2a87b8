import { expect, test } from 'vitest';
import { address, prefix } from '../base/ip.ts';
import { attachmentId } from './attachment.ts';
import type { RefusalWhy } from './refusal.ts';
import { exhausted, NONE_TO_GIVE, type RefusalCases } from './refusal-cases.ts';
import { advice, refusalFields, sentence, whyLabel } from './refusal-words.ts';

const holder = attachmentId({ network: 'berth', containerId: '8d5f3c0e6f1a2b3c4d5e', ifname: 'eth0' });
const a = address('10.0.1.5');
/** The compiler sees that none is missing. */
const WORDS: RefusalCases<RefusalWhy> = {
  ...NONE_TO_GIVE,
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
    [
      { why: 'address-outside', address: a, ranges: [prefix('10.0.1.0/24')], ofNics: true },
      'no NIC of this node gives pods 10.0.1.5: they hold some addresses of 10.0.1.0/24 each',
      /berth nics .* StaticAddress/,
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
      { why: 'pod-nic-limit', groups: ['sg-1'], limit: 9, held: 8, resting: 1, going: 0 },
      "the pod is to have a NIC of its own, with sg-1, and this node's trunk carries 9 at most: 8 are held by pods and 1 rest after one",
      /another node/,
    ],
    [
      { why: 'pod-nic-limit', groups: ['sg-1'], limit: 9, held: 5, resting: 0, going: 4 },
      "the pod is to have a NIC of its own, with sg-1, and this node's trunk carries 9 at most: 5 are held by pods and 0 rest after one, and 4 are being given back",
      /another node/,
    ],
    [
      { why: 'pod-nic-limit', groups: ['sg-1'], limit: 0, held: 0, resting: 0, going: 0 },
      "the pod is to have a NIC of its own, with sg-1, and this node's instance type has no trunk, or none that Berth knows of",
      /type that has a trunk/,
    ],
  ],
  'not-on-pod-nic': [
    [
      { why: 'not-on-pod-nic', groups: ['sg-1'], what: 'ports of its node', inStandard: true },
      'the pod has a NIC of its own, with sg-1, and cannot have ports of its node there',
      /standard/,
    ],
    [
      { why: 'not-on-pod-nic', groups: ['sg-1'], what: 'a static address' },
      'the pod has a NIC of its own, with sg-1, and cannot have a static address there',
      /^leave it out$/,
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
