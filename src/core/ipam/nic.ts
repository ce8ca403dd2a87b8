import type { Brand } from '../../base/brand.ts';
import type { Millis } from '../../base/clock.ts';
import type { Address, Family, Prefix } from '../../base/ip.ts';
import type { Mac } from '../../base/mac.ts';

/** A network interface as its cloud names it: "eni-0a1b…", "uni-…", or a MAC. */
export type NicId = Brand<string, 'NicId'>;

/** What is asked of a NIC: single addresses, or ranges of them (AWS: /28 and /80). */
export type Unit = 'address' | 'prefix';

/** What an instance may have. `slots`: of one NIC and family, the primary address takes one of IPv4's. */
export interface NicLimits {
  readonly nics: number; //        of the first network card, which NICs are added to; the primary one included
  readonly slotsV4: number;
  readonly slotsV6: number;
  readonly prefixes: boolean;
}

/** A NIC as its cloud tells of it. `primary` addresses belong to the node and are never given to a pod. */
export interface NicReport {
  readonly id: NicId;
  readonly mac: Mac;
  readonly device: number; //                   0 is the node's own
  readonly card: number;
  readonly subnet: string;
  readonly subnetRange: Prefix; //              IPv4, or IPv6 where the subnet has nothing else
  readonly subnetRange6?: Prefix;
  readonly gateway: Address; //                 the subnet's router
  readonly gateway6?: Address;
  readonly groups: readonly string[];
  readonly primary: readonly Address[];
  readonly addresses: readonly Address[]; //    secondary ones
  readonly prefixes: readonly Prefix[];
  readonly kind: 'interface' | 'trunk' | 'efa';
  readonly managed: boolean; //                 false: another's, or marked to be left alone
  readonly config?: string; //                  the NICConfig that it was made by: `placing.ts`
  readonly createdAt?: Millis;
}

/** A NIC to create and attach, with its first addresses in the same call where the cloud can. */
export interface NicSpec {
  readonly count: number; // units besides the primary address
  readonly unit: Unit;
  readonly family: Family;
  readonly config?: string; // the NICConfig that says where it stands; absent: as NICs stand without one
}

/** What an ADD wants of the NIC that its address is of. */
export interface NicWish {
  readonly config?: string; //         stands by this NICConfig; absent: by the node's own, or by none
  readonly apart?: readonly NicId[]; // is none of these: another interface of the pod has an address there
  readonly policy?: NicPolicy; //      absent: `pack`
}

/** Of NICs that have an address free: the fullest, so that others become empty; or the emptiest. */
export type NicPolicy = (typeof NIC_POLICIES)[number];
export const NIC_POLICIES = ['pack', 'spread'] as const;

/** Names a change before it is asked for: the same token asks for the same change, after a crash as well. */
export type Token = Brand<string, 'Token'>;

/** What a cloud gave: addresses for `address`, ranges for `prefix`. */
export interface Given {
  readonly addresses: readonly Address[];
  readonly prefixes: readonly Prefix[];
  readonly doubtful?: boolean; // an earlier try was not answered: more may have been given, and be told of later
}

/** Who waits for a call: a pod before a refill before housekeeping. */
export type Urgency = 'pod' | 'refill' | 'housekeeping';

/**
 * Why a cloud said no, or did not answer. `unknown`: what was asked for may have happened. `gone`: what was named is
 * not there. `busy`: not in the state for it, now. `taken`: the very address that was asked for is another's. `away`:
 * whoever asks the cloud for this node does not answer; like `unknown` it may have happened.
 */
export type CloudErrorKind =
  | 'throttled'
  | 'exhausted'
  | 'limit'
  | 'denied'
  | 'gone'
  | 'busy'
  | 'taken'
  | 'unknown'
  | 'away';

/** A failed call as a value: the fields of CloudError that decide and that an operator is told. */
export interface CloudFailure {
  readonly kind: CloudErrorKind;
  readonly action: string; //  "AssignPrivateIpAddresses"
  readonly code: string; //    the cloud's own
  readonly message: string; // what was asked, what it said, what to do
  readonly subnet?: string;
  readonly retryAfterMs?: Millis;
}

/**
 * A change of the cloud that is about to be asked for. Put on record, durably, before the call: after a crash it is
 * resolved, so that nothing is left behind that nobody knows of.
 */
export type Intent =
  | {
      readonly kind: 'assign';
      readonly token: Token;
      readonly nic: NicId;
      readonly unit: Unit;
      readonly family: Family;
      readonly count: number;
    }
  | { readonly kind: 'createNic'; readonly token: Token; readonly spec: NicSpec }
  | { readonly kind: 'unassign'; readonly token: Token; readonly nic: NicId; readonly what: readonly Holdable[] }
  | { readonly kind: 'deleteNic'; readonly token: Token; readonly nic: NicId };

/** What a NIC holds besides its primary addresses: an address, or a range of them. */
export type Holdable = Address | Prefix;
