import { counted, duration, familyName, listed } from '../base/words.ts';
import { attachmentWords } from './attachment.ts';
import { cloudAdvice, cloudSentence } from './refusal-words-of-clouds.ts';
import { podNicAdvice, podNicSentence } from './refusal-words-of-pod-nics.ts';
import type { Refusal, RefusalWhy } from './refusal.ts';

// A refusal in words. The CNI error, the log line, the metric's label and `berth why` all take theirs from here.

/** The refusal as one sentence without a full stop, with its numbers and names: the message of the CNI error. */
export function sentence(refusal: Refusal): string {
  switch (refusal.why) {
    case 'starting':
      return `this node cannot give addresses yet: ${refusal.cause}`;
    case 'no-range':
      return `this node has no ${familyName(refusal.family)} range`;
    case 'exhausted':
      return exhausted(refusal);
    case 'too-late':
      return `no address was free within ${duration(refusal.waitedMs)}: ${late(refusal)}`;
    case 'subnet-empty':
    case 'nic-limit':
    case 'max-pods':
    case 'held':
    case 'cloud-denied':
    case 'cloud-throttled':
    case 'cloud-failing':
    case 'controller-away':
    case 'no-nic-config':
      return cloudSentence(refusal);
    case 'cancelled':
      return `the sandbox was removed while its ADD waited for an address, after ${duration(refusal.waitedMs)}`;
    case 'queue-full':
      return `${counted(refusal.waiting, 'ADD waits', 'ADDs wait')} for an address already, and no more than ${refusal.limit} may`;
    case 'address-taken':
      return `${refusal.address} is held by ${attachmentWords(refusal.holder)}`;
    case 'address-cooling':
      return `${refusal.address} was in use until lately and is free in ${duration(refusal.freeInMs)}, later than this ADD may wait`;
    case 'address-outside':
      return outside(refusal);
    case 'address-reserved':
      return `${refusal.address} is never given: it is ${RESERVED[refusal.reason]}`;
    case 'one-per-family':
      return `an interface gets one ${familyName(refusal.family)} address, and ${refusal.wanted.length} were asked for: ${listed(refusal.wanted)}`;
    case 'static-waits':
      return `the pod's static address${refusal.address === undefined ? '' : ` ${refusal.address}`} is not on this node yet: ${refusal.because}`;
    case 'static-lost':
      return `the pod's static address ${refusal.address} cannot be had on this node: ${refusal.because}`;
    case 'no-pod-nic':
    case 'pod-nic-limit':
    case 'not-on-pod-nic':
    case 'pod-groups-unknown':
      return podNicSentence(refusal);
    case 'pod-unknown':
      return `${refusal.pod} may be a StatefulSet's, and the API server does not tell whether it keeps its address`;
    case 'port-taken':
      return `host port ${refusal.hostPort}/${refusal.protocol} is held by ${refusal.holder}`;
    case 'interface-exists':
      return `the sandbox already has an interface ${refusal.ifname}: ${refusal.holder}`;
    case 'annotation':
      return `the pod's annotation ${refusal.name} says "${cut(refusal.value)}": it must be ${refusal.needs}`;
    case 'spooled-delete':
      return 'an earlier DEL of this attachment is not carried out yet';
    case 'not-durable':
      return `the claim cannot be put on record: ${refusal.cause}`;
  }
}

/** What an operator can do about it, one sentence without a full stop: the details of the CNI error. */
export function advice(refusal: Refusal): string {
  switch (refusal.why) {
    case 'starting':
      return 'the runtime asks again by itself; should it last, berth check tells what the node lacks';
    case 'no-range':
      return `add an ${familyName(refusal.family)} range to network.ranges, or ask for no ${familyName(refusal.family)} address`;
    case 'exhausted':
      return refusal.cooling > refusal.promised
        ? 'ask again once an address has cooled; delete pods, add a range to network.ranges, or lower pool.cooldown'
        : 'delete pods, or add a range to network.ranges; berth pods shows who holds the addresses';
    case 'too-late':
      return refusal.coming === undefined
        ? 'the runtime asks again by itself; should it last, add a range to network.ranges or lower pool.cooldown'
        : 'the runtime asks again by itself; should it last, berth cloud calls tells whether the cloud answers';
    case 'subnet-empty':
    case 'nic-limit':
    case 'max-pods':
    case 'held':
    case 'cloud-denied':
    case 'cloud-throttled':
    case 'cloud-failing':
    case 'controller-away':
    case 'no-nic-config':
      return cloudAdvice(refusal);
    case 'cancelled':
      return 'nothing: whoever removed the sandbox wants no address for it';
    case 'queue-full':
      return 'start fewer pods at once, add a range to network.ranges, or raise pool.waitingLimit';
    case 'address-taken':
      return `delete that pod, or ask for another address; berth why ${refusal.address} tells how it came by it`;
    case 'address-cooling':
      return 'ask again then, ask for another address, or lower pool.cooldown';
    case 'address-outside':
      return refusal.ofNics === true
        ? 'ask for an address that berth nics shows, or for none; a pod whose address shall stay its own has it by a StaticAddress'
        : 'ask for an address of these ranges, add its range to network.ranges, or let the pod run on the node that has it';
    case 'address-reserved':
      return refusal.reason === 'listed'
        ? 'ask for another address, or take it from network.reserved'
        : 'ask for another address';
    case 'one-per-family':
      return 'ask for one of them only';
    case 'static-waits':
      return 'the runtime asks again by itself; should it last, kubectl describe staticaddress tells who has it';
    case 'static-lost':
      return 'let the pod run where the address is, free it, set berth.dev/static-conflict to renew, or delete the StaticAddress';
    case 'no-pod-nic':
    case 'pod-nic-limit':
    case 'not-on-pod-nic':
    case 'pod-groups-unknown':
      return podNicAdvice(refusal);
    case 'pod-unknown':
      return 'the runtime asks again by itself, until the API server tells; pods of other names are served meanwhile';
    case 'port-taken':
      return 'give the pod another hostPort or another hostIP, let it run on another node, or delete the holder';
    case 'interface-exists':
      return 'give the attachment another interface name, or remove that interface from the sandbox';
    case 'annotation':
      return 'correct the annotation, in the template of whatever makes the pod, and delete the pod';
    case 'spooled-delete':
      return 'the runtime asks again by itself; should it last, the log of the agent says what keeps the DEL from being carried out';
    case 'not-durable':
      return 'see to the disk of paths.state: space, permissions, hardware; running pods are not affected';
  }
}

/** The reason as a metric's label: one word, few values. */
export function whyLabel(refusal: Refusal): RefusalWhy {
  return refusal.why;
}

/**
 * The refusal's fields for logs and JSON, where big numbers would throw: those that fit become numbers, others text.
 */
export function refusalFields(refusal: Refusal): Readonly<Record<string, unknown>> {
  const plain = (value: unknown) => {
    if (typeof value !== 'bigint') return value;
    return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : String(value);
  };
  return Object.fromEntries(Object.entries(refusal).map(([key, value]) => [key, plain(value)]));
}

const RESERVED = {
  network: 'the address of the network itself',
  gateway: 'the gateway of its range',
  broadcast: 'the broadcast address of its range',
  listed: 'listed in network.reserved',
} as const;

function exhausted(refusal: Extract<Refusal, { why: 'exhausted' }>): string {
  const { family, ranges, usable, claimed, cooling, promised, nextFreeInMs } = refusal;
  const kept = promised === 0 ? '' : ` (${promised} of them promised to ADDs that came before)`;
  const next = nextFreeInMs === undefined ? '' : `; the next is free in ${duration(nextFreeInMs)}`;
  const of = `of the ${counted(usable, 'usable address', 'usable addresses')} in ${listed(ranges)}`;
  return `no ${familyName(family)} address is free: ${of}, ${claimed} are claimed and ${cooling} are cooling${kept}${next}`;
}

function outside({ address, ranges, ofNics }: Extract<Refusal, { why: 'address-outside' }>): string {
  const where = listed(ranges);
  if (ofNics === true)
    return `no NIC of this node gives pods ${address}${where && `: they hold some addresses of ${where} each`}`;
  return `${address} is outside of this node's ranges: ${where || 'it has none'}`;
}

function late({ cooling, coming = 0, askedMs }: Extract<Refusal, { why: 'too-late' }>): string {
  const cool = `${counted(cooling, 'used one is', 'used ones are')} cooling`;
  const since = askedMs === undefined ? '' : ` since ${duration(askedMs)}`;
  return coming === 0
    ? cool
    : `${counted(coming, 'more is', 'more are')} asked of the cloud${since} and not there yet, ${cool}`;
}

/** What others wrote may be long. */
function cut(said: string): string {
  return said.length > 80 ? `${said.slice(0, 79)}…` : said;
}
