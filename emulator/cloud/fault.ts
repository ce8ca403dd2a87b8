import type { Millis } from '../../src/base/clock.ts';
import type { Address, Family, Prefix } from '../../src/base/ip.ts';
import type { Id, Kind, Nic } from './nouns.ts';
import type { Quotas } from './rules.ts';
import type { Request } from './request.ts';

/**
 * Why a cloud says no, with every fact that a dialect needs for its code and text. Refusals are values: a fault
 * changes nothing but the buckets.
 */
export type Fault = CallFault | ResourceFault | AddressFault | LimitFault;

/** Faults of a call, whatever it asks for. */
export type CallFault =
  | { readonly why: 'throttled'; readonly action: string; readonly bucket: string }
  | { readonly why: 'denied'; readonly action: string }
  | { readonly why: 'dry-run' } // it would have succeeded
  | { readonly why: 'unavailable'; readonly status: number } // an HTTP status of 500 and more
  | { readonly why: 'token-mismatch'; readonly token: string } // the token was used with other parameters
  | { readonly why: 'unknown-filter'; readonly field: string; readonly kind: Kind }
  | { readonly why: 'bad-page'; readonly after: string }
  | { readonly why: 'invalid'; readonly field: string; readonly value: string; readonly because: string }
  | { readonly why: 'missing'; readonly field: string }; // one of the fields it names, "a or b"

/** Faults of what the call names. */
export type ResourceFault =
  | {
      readonly why: 'not-found';
      readonly kind: Kind | 'zone' | 'type' | 'range' | 'route' | 'rule';
      readonly id: string;
    }
  | { readonly why: 'duplicate'; readonly kind: Kind | 'range' | 'route'; readonly name: string }
  /** `id` cannot go, or be used again, as long as `by` has it. */
  | { readonly why: 'in-use'; readonly kind: Kind | 'range'; readonly id: string; readonly by: Kind; readonly byId: Id }
  | { readonly why: 'wrong-state'; readonly kind: Kind; readonly id: Id; readonly state: string; readonly want: string }
  | { readonly why: 'device-taken'; readonly instance: Id; readonly device: number; readonly nic: Id }
  | { readonly why: 'no-such-card'; readonly instance: Id; readonly card: number; readonly cards: number }
  | { readonly why: 'other-zone'; readonly nic: Id; readonly zone: string; readonly instanceZone: string }
  | { readonly why: 'other-vpc'; readonly kind: Kind; readonly id: Id; readonly vpc: Id; readonly wanted: Id }
  /**
   * The primary NIC cannot be detached; a main table, a default group, a VPC's first range and local routes stay.
   * `id`: of the NIC, table or group; or the range.
   */
  | { readonly why: 'indispensable'; readonly kind: Kind; readonly id: string }
  | { readonly why: 'unsupported'; readonly what: 'prefix' | 'v6' | 'trunk'; readonly type: string }
  | { readonly why: 'wrong-kind'; readonly nic: Id; readonly kind: Nic['kind']; readonly want: string }
  | { readonly why: 'number-taken'; readonly trunk: Id; readonly number: number; readonly nic: Id };

/** Faults of addresses and ranges. */
export type AddressFault =
  /** `free` single addresses are left; EC2 words this differently by `during` and what was asked for. */
  | {
      readonly why: 'subnet-empty';
      readonly subnet: Id;
      readonly family: Family;
      readonly wanted: number;
      readonly free: number;
      readonly during: Request['do'];
    }
  /** No aligned range is free, whatever number of single addresses is. `free` ranges are left. */
  | {
      readonly why: 'no-free-prefix';
      readonly subnet: Id;
      readonly family: Family;
      readonly wanted: number;
      readonly free: number;
      readonly freeAddresses: number;
      readonly during: Request['do'];
    }
  | {
      readonly why: 'address-taken';
      readonly address: Address | Prefix;
      readonly nic: Id;
      readonly subnet: Id;
      readonly during: Request['do'];
    }
  | { readonly why: 'already-assigned'; readonly address: Address | Prefix; readonly nic: Id } // to this very NIC
  | { readonly why: 'not-assigned'; readonly address: Address | Prefix; readonly nic: Id }
  | { readonly why: 'primary-address'; readonly address: Address; readonly nic: Id } // cannot be taken or moved
  | { readonly why: 'outside-subnet'; readonly address: Address | Prefix; readonly subnet: Id; readonly range: Prefix }
  | { readonly why: 'reserved-address'; readonly address: Address | Prefix; readonly subnet: Id }
  | { readonly why: 'no-range'; readonly subnet: Id; readonly family: Family } // the subnet has no such addresses
  | { readonly why: 'bad-range'; readonly range: string; readonly because: 'length' | 'family' | 'outside' }
  | { readonly why: 'range-conflict'; readonly range: Prefix; readonly with: Prefix };

/** Faults of having too much. */
export type LimitFault =
  | { readonly why: 'nic-limit'; readonly instance: Id; readonly type: string; readonly limit: number }
  /** Addresses and prefixes share slots: `has` and `wanted` count both. */
  | {
      readonly why: 'address-limit';
      readonly nic?: Id; // absent: it was to be made
      readonly instance?: Id;
      readonly type?: string;
      readonly family: Family;
      readonly limit: number;
      readonly has: number;
      readonly wanted: number;
    }
  | { readonly why: 'branch-limit'; readonly trunk: Id; readonly type: string; readonly limit: number }
  | { readonly why: 'quota'; readonly of: keyof Quotas; readonly limit: number; readonly subject?: Id };

/** How an answer is brought to the caller: the HTTP layer obeys. `cut`: done, and the connection ends unanswered. */
export type Delivery =
  | { readonly how: 'at-once' }
  | { readonly how: 'late'; readonly byMs: Millis }
  | { readonly how: 'never' } // not done, and the connection stays open
  | { readonly how: 'cut' };
