import type { Millis } from '../../base/clock.ts';
import type { Address } from '../../base/ip.ts';

// The address of a name, as the cluster has it on record. `spec` is the controller's, `status` the agent's that has it.

/** What shall be. */
export interface StaticSpec {
  readonly owner: StaticOwner;
  readonly retention: string;
  readonly conflict: 'retry' | 'renew';
  /** Who may have it, and nobody else; '': nobody. Moved on only when its node has let go, or cannot any more. */
  readonly node: string;
  /** Where it is wanted: `node` shall let go. '': it stays. */
  readonly next: string;
  readonly unusedSince: Millis | undefined; // the StatefulSet wants no pod of this name any more
}

/** The StatefulSet that the name is of. */
export interface StaticOwner {
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
}

/** What is, as its node told last. */
export interface StaticStatus {
  readonly node: string; //                 who has it; '': nobody
  readonly addresses: readonly Address[]; // the name's, once it has had a pod
  readonly nic: string; //                  where the addresses are or were left; '': let go of, or of a node's range
  readonly state: StaticState;
  readonly message: string; //              why it is Lost
}

/** `Lost`: it cannot be had on the node. */
export type StaticState = 'Pending' | 'InUse' | 'Kept' | 'Released' | 'Lost';

/** One object, and which version of it this is: a change is made to no other. */
export interface StaticAddress {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly version: string;
  readonly spec: StaticSpec;
  readonly status: StaticStatus;
}

/** The number at the end of the name of a pod of a StatefulSet; undefined: not of this one. */
export function ordinalOf(pod: string, set: string): number | undefined {
  const [, number] = pod.startsWith(`${set}-`) ? (/^(\d{1,9})$/.exec(pod.slice(set.length + 1)) ?? []) : [];
  return number === undefined ? undefined : Number(number);
}
