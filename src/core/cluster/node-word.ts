import type { Millis } from '../../base/clock.ts';

// What an agent says on its own Node: whether pods have a network there, and how many more it can have.

/** A condition of a Node, as far as whether to write it anew. */
export interface ConditionFacts {
  readonly status: string; // "True", "False"
  readonly reason: string;
}

/** What the Node says now. */
export interface OwnNode {
  readonly tainted: boolean; //                  with NOT_READY_TAINT
  readonly addresses: number | undefined; //     the resource, as it was advertised
  readonly podNics?: number | undefined; //      the other
  readonly network: ConditionFacts | undefined; // NETWORK
  readonly pressure: ConditionFacts | undefined; // PRESSURE
}

/** How the agent is. A sentence: why not. */
export interface NodeTruth {
  readonly network: string | undefined; //   pods cannot have a network
  readonly addresses: string | undefined; // no pod more can have an address
  readonly serves: boolean; //               it does its work, be the node full
  readonly left: number | undefined; //      so many pods more that ask for the resource; undefined: not known
  readonly podNics?: number | undefined; //  so many pods that ask for a NIC of their own; undefined: as it was
}

/** One condition as it shall be written. */
export interface NodeCondition extends ConditionFacts {
  readonly type: string;
  readonly message: string;
}

/** What shall be written; absent parts are as they should be. */
export interface NodeWord {
  readonly untaint: boolean;
  readonly conditions: readonly NodeCondition[];
  readonly addresses: number | undefined;
  readonly podNics: number | undefined;
}

/** Keeps pods away until an agent serves: whoever makes nodes may put it there, and the controller does. */
export const NOT_READY_TAINT = 'node.berth.dev/not-ready';
/** The resource of which a pod may ask for one. */
export const ADDRESS_RESOURCE = 'berth.dev/address';
/** The resource of a pod that is to have a NIC of its own. */
export const POD_NIC_RESOURCE = 'berth.dev/pod-nic';
/** Kubernetes' own condition: True keeps pods away. */
const NETWORK = 'NetworkUnavailable';
/** As MemoryPressure: True, there is none left. */
const PRESSURE = 'berth.dev/AddressPressure';

/** So long something must be wrong before the Node says so: a repair takes less. */
const PATIENCE_MS: Millis = 10_000;

/** Since when something is wrong: a value. */
export interface Wrongs {
  readonly network: Millis | undefined;
  readonly addresses: Millis | undefined;
}

export const nothingWrong: Wrongs = { network: undefined, addresses: undefined };

/** Notes what is wrong now. */
export function wrongs(before: Wrongs, truth: NodeTruth, now: Millis): Wrongs {
  return {
    network: truth.network === undefined ? undefined : (before.network ?? now),
    addresses: truth.addresses === undefined ? undefined : (before.addresses ?? now),
  };
}

/** What shall be written now; undefined: nothing. What is well is told at once, what is wrong when it lasts. */
export function wordOf(own: OwnNode, of: { truth: NodeTruth; wrong: Wrongs }, now: Millis): NodeWord | undefined {
  const { truth, wrong } = of;
  const lasts = (since: Millis | undefined) => since !== undefined && now - since >= PATIENCE_MS;
  const due = (facts: ConditionFacts | undefined, it: NodeCondition, says: string | undefined, since?: Millis) =>
    (says === undefined || lasts(since)) && (facts?.status !== it.status || facts.reason !== it.reason) ? [it] : [];
  const conditions = [
    ...due(own.network, networkCondition(truth.network), truth.network, wrong.network),
    ...due(own.pressure, pressureCondition(truth.addresses), truth.addresses, wrong.addresses),
  ];
  const { left } = truth;
  const addresses = left === undefined ? undefined : advertised(own.addresses, left);
  const untaint = own.tainted && truth.serves;
  const news = (now: number | undefined, was: number | undefined) => (now === was ? undefined : now);
  // none is what a Node offers that was never told of any
  const podNics = truth.podNics === 0 && own.podNics === undefined ? undefined : news(truth.podNics, own.podNics);
  const resources = { addresses: news(addresses, own.addresses), podNics };
  const counts = resources.addresses !== undefined || resources.podNics !== undefined;
  return untaint || conditions.length > 0 || counts ? { untaint, conditions, ...resources } : undefined;
}

/** So much less than there is may be advertised, so that not each pod that comes has the Node written. */
const SLACK = 16;

/**
 * What is advertised when `left` is true: never more. The exact number where it decides, that is near the end; else
 * what was told before, as long as it is not much too little.
 */
export function advertised(told: number | undefined, left: number): number {
  const few = Math.max(0, left);
  if (few <= 2 * SLACK) return few;
  if (told !== undefined && told <= few && few - told <= SLACK && told > SLACK) return told;
  return few - SLACK / 2;
}

function networkCondition(says: string | undefined): NodeCondition {
  return says === undefined
    ? { type: NETWORK, status: 'False', reason: 'BerthReady', message: 'Berth gives pods their network' }
    : { type: NETWORK, status: 'True', reason: 'BerthNotReady', message: says };
}

function pressureCondition(says: string | undefined): NodeCondition {
  return says === undefined
    ? { type: PRESSURE, status: 'False', reason: 'AddressesLeft', message: 'there are addresses for more pods' }
    : { type: PRESSURE, status: 'True', reason: 'NoAddressLeft', message: says };
}

/** Whether a condition is one of these two; undefined: another's. */
export function conditionKind(type: string): 'network' | 'pressure' | undefined {
  if (type === NETWORK) return 'network';
  return type === PRESSURE ? 'pressure' : undefined;
}
