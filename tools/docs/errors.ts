import { address, prefix } from '../../src/base/ip.ts';
import { refusalError } from '../../src/apps/node-agent/refuse.ts';
import { attachmentId } from '../../src/core/attachment.ts';
import type { Refusal, RefusalWhy } from '../../src/core/refusal.ts';
import { CNI_CODES } from '../../src/wire/cni/error.ts';
import { code, markdownTable } from './table.ts';

/** Every code of a CNI error. */
export function codesTable(): string {
  const rows = Object.values(CNI_CODES).map((it) => [String(it.code), it.says]);
  return markdownTable(['code', 'meaning'], rows);
}

const ranges = [prefix('10.1.0.0/24')];
const wanted = [address('10.1.0.7'), address('10.1.0.8')];
const holder = attachmentId({ network: 'berth', containerId: '8d5f3c0e6f1a2b3c', ifname: 'eth0' });
const taken = address('10.1.0.7');

/** One of each. The compiler sees that none is missing. */
const EXAMPLES: { readonly [Why in RefusalWhy]: Extract<Refusal, { why: Why }> } = {
  starting: { why: 'starting', cause: 'cannot make table inet berth: Operation not supported' },
  'no-range': { why: 'no-range', family: 'v6' },
  exhausted: {
    why: 'exhausted',
    family: 'v4',
    ranges,
    usable: 253n,
    claimed: 250,
    cooling: 3,
    promised: 0,
    nextFreeInMs: 12_000,
  },
  'too-late': { why: 'too-late', waitedMs: 60_000, cooling: 3 },
  'subnet-empty': {
    why: 'subnet-empty',
    subnet: 'subnet-0a1b2c3d',
    family: 'v4',
    claimed: 27,
    cooling: 2,
    againInMs: 24_000,
  },
  'nic-limit': { why: 'nic-limit', family: 'v4', nics: 3, limit: 3, slots: 9, serving: 3, claimed: 27, cooling: 0 },
  'max-pods': { why: 'max-pods', family: 'v4', maxPods: 110, claimed: 108, cooling: 2 },
  held: { why: 'held', family: 'v4', claimed: 9, cooling: 1 },
  'cloud-denied': {
    why: 'cloud-denied',
    action: 'ec2:AssignPrivateIpAddresses',
    message: 'no identity-based policy allows it',
    againInMs: 15_000,
  },
  'cloud-throttled': { why: 'cloud-throttled', action: 'AssignPrivateIpAddresses', againInMs: 2_000 },
  'cloud-failing': {
    why: 'cloud-failing',
    kind: 'unknown',
    action: 'AssignPrivateIpAddresses',
    message: 'no answer within 10 s',
    againInMs: 4_000,
  },
  'controller-away': {
    why: 'controller-away',
    message: 'the controller does not answer: connect ECONNREFUSED 10.0.0.5:9466',
    awayMs: 120_000,
    family: 'v4',
    free: 0,
    againInMs: 4_000,
  },
  'no-nic-config': { why: 'no-nic-config', config: 'eu-west-1a', heard: true, ofNode: true },
  cancelled: { why: 'cancelled', waitedMs: 4_000 },
  'queue-full': { why: 'queue-full', waiting: 1_000, limit: 1_000 },
  'address-taken': { why: 'address-taken', address: taken, holder },
  'address-cooling': { why: 'address-cooling', address: taken, freeInMs: 90_000 },
  'address-outside': { why: 'address-outside', address: address('10.9.0.7'), ranges },
  'address-reserved': { why: 'address-reserved', address: address('10.1.0.1'), reason: 'gateway' },
  'one-per-family': { why: 'one-per-family', family: 'v4', wanted },
  'no-pod-nic': {
    why: 'no-pod-nic',
    groups: ['sg-0a1b'],
    because: "CreateNetworkInterface: InvalidGroup.NotFound: The security group 'sg-0a1b' does not exist",
  },
  'pod-nic-limit': { why: 'pod-nic-limit', groups: ['sg-0a1b'], limit: 9, held: 8, resting: 1, going: 0 },
  'not-on-pod-nic': { why: 'not-on-pod-nic', groups: ['sg-0a1b'], what: 'ports of its node', inStandard: true },
  'pod-groups-unknown': {
    why: 'pod-groups-unknown',
    because: 'the API server has not told of PodSecurityGroups yet',
  },
  'port-taken': { why: 'port-taken', protocol: 'tcp', hostPort: 8080, holder: 'default/web' },
  'interface-exists': { why: 'interface-exists', ifname: 'eth0', holder: 'a veth that Berth did not make' },
  'pod-unknown': { why: 'pod-unknown', pod: 'default/db-0' },
  'static-waits': { why: 'static-waits', address: taken, because: 'node-2 has not let go of it' },
  'static-lost': { why: 'static-lost', address: taken, because: 'it is of the range of node-2' },
  annotation: {
    why: 'annotation',
    name: 'berth.dev/mtu',
    value: 'jumbo',
    needs: 'a whole number from 576 to 65535',
  },
  'spooled-delete': { why: 'spooled-delete' },
  'not-durable': { why: 'not-durable', cause: 'no space left on device' },
};

/** Every reason of a refusal, with the words that the CNI error, the log and `berth why` have for it. */
export function refusalsTable(): string {
  const rows = Object.values(EXAMPLES).map((refusal) => {
    const { code: number, message, details } = refusalError(refusal);
    return [code(refusal.why), String(number), message, details];
  });
  return markdownTable(['why', 'code', 'for example', 'what to do'], rows);
}
