import { counted, duration, familyName } from '../base/words.ts';
import type { Refusal } from './refusal.ts';

/** Refusals for which the node's cloud, or who asks it, is the reason. */
type CloudRefusal = Extract<
  Refusal,
  {
    readonly why:
      | 'subnet-empty'
      | 'nic-limit'
      | 'max-pods'
      | 'held'
      | 'cloud-denied'
      | 'cloud-throttled'
      | 'cloud-failing'
      | 'controller-away'
      | 'no-nic-config';
  }
>;

/** As `sentence` of refusal-words.ts. */
export function cloudSentence(refusal: CloudRefusal): string {
  switch (refusal.why) {
    case 'subnet-empty':
      return subnetEmpty(refusal);
    case 'nic-limit':
      return nicLimit(refusal);
    case 'max-pods':
      return `this node asks for no ${familyName(refusal.family)} address more than cloud.maxPods: ${refusal.maxPods}; ${refusal.claimed} are claimed and ${refusal.cooling} are cooling`;
    case 'held':
      return `this node is ${refusal.cordoned === true ? 'cordoned' : 'held as it is'}: of its ${familyName(refusal.family)} addresses ${refusal.claimed} are claimed and ${refusal.cooling} are cooling, and no more are asked for`;
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
  }
}

/** As `advice` of refusal-words.ts. */
export function cloudAdvice(refusal: CloudRefusal): string {
  switch (refusal.why) {
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
  }
}

function subnetEmpty({
  subnet,
  family,
  claimed,
  cooling,
  againInMs,
}: Extract<Refusal, { why: 'subnet-empty' }>): string {
  const where = subnet === undefined ? 'no subnet of this node has' : `subnet ${subnet} has no`;
  const what = `${subnet === undefined ? 'an' : ''} ${familyName(family)} address left to give`.trim();
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
  const name = `warm ${familyName(family)} address`;
  const left = `${counted(free, `${name} is`, `${name}es are`)} left`;
  const long = awayMs < 1_000 ? '' : `, for ${duration(awayMs)} now`;
  return `${message}${long}; ${left}; it is asked again in ${duration(againInMs)}`;
}

/** A call and what was said to it: messages of a cloud may begin with the call's name. */
function callWords({ action, message }: { readonly action: string; readonly message: string }): string {
  return message.startsWith(`${action}: `) ? message : `${action}: ${message}`;
}
