import type { Family } from '../base/ip.ts';
import { counted, duration, listed } from '../base/words.ts';
import { attachmentWords } from './attachment.ts';
import { podNicAdvice, podNicSentence } from './refusal-words-of-pod-nics.ts';
import type { Refusal, RefusalWhy } from './refusal.ts';

// A refusal in words. The CNI error, the log line, the metric's label and `berth why` all take theirs from here.

/** The refusal as one sentence without a full stop, with its numbers and names: the message of the CNI error. */
export function sentence(refusal: Refusal): string {
  switch (refusal.why) {
    case 'starting':
      return `this node cannot give addresses yet: ${refusal.cause}`;
    case 'no-range':
      return `this node has no ${nameOf(refusal.family)} range`;
    case 'exhausted':
      return exhausted(refusal);
    case 'too-late':
      return `no address was free within ${duration(refusal.waitedMs)}: ${late(refusal)}`;
    case 'subnet-empty':
      return subnetEmpty(refusal);
    case 'nic-limit':
      return nicLimit(refusal);
    case 'max-pods':
      return `this node asks for no ${nameOf(refusal.family)} address more than cloud.maxPods: ${refusal.maxPods}; ${refusal.claimed} are claimed and ${refusal.cooling} are cooling`;
    case 'held':
      return `this node is ${refusal.cordoned === true ? 'cordoned' : 'held as it is'}: of its ${nameOf(refusal.family)} addresses ${refusal.claimed} are claimed and ${refusal.cooling} are cooling, and no more are asked for`;
    case 'cloud-denied':
      return `${denied(refusal)}; it is asked again in ${duration(refusal.againInMs)}`;
    case 'cloud-throttled':
      return `the cloud throttles ${refusal.action}; it is asked again in ${duration(refusal.againInMs)}`;
    case 'cloud-failing':
      return `the cloud does not carry out ${callWords(refusal)}; it is asked again in ${duration(refusal.againInMs)}`;
    case 'controller-away':
      return controllerAway(refusal);
    case 'no-nic-config':
      return noNicConfig(refusal);
    case 'cancelled':
      return `the sandbox was removed while its ADD waited for an address, after ${duration(refusal.waitedMs)}`;
    case 'queue-full':
      return `${counted(refusal.waiting, 'ADD waits', 'ADDs wait')} for an address already, and no more than ${refusal.limit} may`;
    case 'address-taken':
      return `${refusal.address} is held by ${attachmentWords(refusal.holder)}`;
    case 'address-cooling':
      return `${refusal.address} was in use until lately and is free in ${duration(refusal.freeInMs)}, later than this ADD may wait`;
    case 'address-outside':
      return `${refusal.address} is outside of this node's ranges: ${listed(refusal.ranges) || 'it has none'}`;
    case 'address-reserved':
      return `${refusal.address} is never given: it is ${RESERVED[refusal.reason]}`;
    case 'one-per-family':
      return `an interface gets one ${nameOf(refusal.family)} address, and ${refusal.wanted.length} were asked for: ${listed(refusal.wanted)}`;
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
      return `add an ${nameOf(refusal.family)} range to network.ranges, or ask for no ${nameOf(refusal.family)} address`;
    case 'exhausted':
      return refusal.cooling > refusal.promised
        ? 'ask again once an address has cooled; delete pods, add a range to network.ranges, or lower pool.cooldown'
        : 'delete pods, or add a range to network.ranges; berth pods shows who holds the addresses';
    case 'too-late':
      return refusal.coming === undefined
        ? 'the runtime asks again by itself; should it last, add a range to network.ranges or lower pool.cooldown'
        : 'the runtime asks again by itself; should it last, berth cloud calls tells whether the cloud answers';
    case 'subnet-empty':
      return 'give back addresses of this subnet, add a subnet or a range to the VPC, or let the pod run on a node of another subnet';
    case 'nic-limit':
      return nicLimitAdvice(refusal);
    case 'max-pods':
      return "let the pod run on another node, or set cloud.maxPods to what this node's kubelet has as --max-pods; pods of several interfaces need more, and kubectl get staticaddresses tells what is kept for names";
    case 'held':
      return heldAdvice(refusal);
    case 'cloud-denied':
      return deniedAdvice(refusal);
    case 'cloud-throttled':
      return 'the runtime asks again by itself; should it last, see berth cloud calls for who asks so much, or have the quota raised';
    case 'cloud-failing':
      return failingAdvice(refusal);
    case 'controller-away':
      return 'the agent asks again by itself; should it last, see to the pods of berth-controller and to the way from this node to them: running pods are not affected';
    case 'no-nic-config':
      return noNicConfigAdvice(refusal);
    case 'cancelled':
      return 'nothing: whoever removed the sandbox wants no address for it';
    case 'queue-full':
      return 'start fewer pods at once, add a range to network.ranges, or raise pool.waitingLimit';
    case 'address-taken':
      return `delete that pod, or ask for another address; berth why ${refusal.address} tells how it came by it`;
    case 'address-cooling':
      return 'ask again then, ask for another address, or lower pool.cooldown';
    case 'address-outside':
      return 'ask for an address of these ranges, add its range to network.ranges, or let the pod run on the node that has it';
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
  return `no ${nameOf(family)} address is free: ${of}, ${claimed} are claimed and ${cooling} are cooling${kept}${next}`;
}

function late({ cooling, coming = 0, askedMs }: Extract<Refusal, { why: 'too-late' }>): string {
  const cool = `${counted(cooling, 'used one is', 'used ones are')} cooling`;
  const since = askedMs === undefined ? '' : ` since ${duration(askedMs)}`;
  return coming === 0
    ? cool
    : `${counted(coming, 'more is', 'more are')} asked of the cloud${since} and not there yet, ${cool}`;
}

function subnetEmpty({
  subnet,
  family,
  claimed,
  cooling,
  againInMs,
}: Extract<Refusal, { why: 'subnet-empty' }>): string {
  const where = subnet === undefined ? 'no subnet of this node has' : `subnet ${subnet} has no`;
  const what = `${subnet === undefined ? 'an' : ''} ${nameOf(family)} address left to give`.trim();
  const mine = `${claimed} are claimed on this node and ${cooling} are cooling`;
  return `${where} ${what}: ${mine}; it is asked again in ${duration(againInMs)}`;
}

function nicLimit(refusal: Extract<Refusal, { why: 'nic-limit' }>): string {
  const { nics, limit, slots, serving, claimed, cooling, foreign = 0 } = refusal;
  const such = serving === nics ? '' : `, of which ${serving || 'none'} can serve such pods`;
  const trunk = refusal.trunkSlot === true ? ', and one more is kept for a trunk' : '';
  const others = foreign === 0 ? '' : `, and ${counted(foreign, 'slot holds', 'slots hold')} what others put there`;
  const full = `${nics} of ${counted(limit, 'NIC')} with ${counted(slots, 'slot')} each${such}${trunk}${others}`;
  return `this node's NICs are full: ${full}; ${claimed} addresses are claimed and ${cooling} are cooling`;
}

function nicLimitAdvice({ nics, serving }: Extract<Refusal, { why: 'nic-limit' }>): string {
  const others = serving === nics ? '' : ' (berth nics shows whom the NICs are for)';
  return `let the pod run on another node, use prefixes, take a larger instance type, or lower the node's max-pods${others}`;
}

function noNicConfig({ config, heard, ofNode }: Extract<Refusal, { why: 'no-nic-config' }>): string {
  const who = ofNode ? 'this node' : 'the pod';
  return heard
    ? `there is no NICConfig or ENIConfig named ${config}, by which ${who} is to have its addresses`
    : `what NICConfig ${config} says, by which ${who} is to have its addresses, the API server has not told yet`;
}

function heldAdvice({ cordoned }: Extract<Refusal, { why: 'held' }>): string {
  return cordoned === true
    ? 'let the pod run on another node, uncordon this one, or set kubernetes.cordon to ignore'
    : 'let the pod run on another node, or take cloud.hold out of the configuration';
}

function noNicConfigAdvice(refusal: Extract<Refusal, { why: 'no-nic-config' }>): string {
  return refusal.heard
    ? `make it: NICs are made as soon as it is there; or name another, ${refusal.ofNode ? 'on the Node: berth.dev/nic-config' : 'on the pod: berth.dev/subnet'}`
    : 'the runtime asks again by itself; should it last, see to the way from this node to the API server';
}

function deniedAdvice(refusal: Extract<Refusal, { why: 'cloud-denied' }>): string {
  return refusal.action.startsWith('controller ')
    ? "see to what the controller misses: the Node's spec.providerID, the agents' service account or their token; running pods are not affected"
    : `allow ${refusal.action} to the role that asks, this node's or the controller's; running pods and warm addresses are not affected`;
}

/** Whether it is the cloud that must be reached, or somebody who must change something there. */
function failingAdvice({ kind }: Extract<Refusal, { why: 'cloud-failing' }>): string {
  switch (kind) {
    case 'limit':
      return 'have the limit raised that the cloud names, or let the pod run on another node';
    case 'gone':
      return 'mend what the cloud names: the group, the subnet, or the NICConfig that names it';
    default:
      return 'the runtime asks again by itself; should it last, see to the way from this node to the API of the cloud';
  }
}

/** A node that the controller does not know is refused by nobody else. */
function denied(refusal: Extract<Refusal, { why: 'cloud-denied' }>): string {
  return refusal.action.startsWith('controller ') ? refusal.message : `the cloud denies ${callWords(refusal)}`;
}

function controllerAway(refusal: Extract<Refusal, { why: 'controller-away' }>): string {
  const { message, awayMs, family, free, againInMs } = refusal;
  const name = `warm ${nameOf(family)} address`;
  const left = `${counted(free, `${name} is`, `${name}es are`)} left`;
  const long = awayMs < 1_000 ? '' : `, for ${duration(awayMs)} now`;
  return `${message}${long}; ${left}; it is asked again in ${duration(againInMs)}`;
}

/** A call and what was said to it: messages of a cloud may begin with the call's name. */
function callWords({ action, message }: { readonly action: string; readonly message: string }): string {
  return message.startsWith(`${action}: `) ? message : `${action}: ${message}`;
}

/** What others wrote may be long. */
function cut(said: string): string {
  return said.length > 80 ? `${said.slice(0, 79)}…` : said;
}

function nameOf(family: Family): string {
  return family === 'v4' ? 'IPv4' : 'IPv6';
}
