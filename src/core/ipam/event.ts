import type { Address, Family, Prefix } from '../../base/ip.ts';
import type { Millis } from '../../base/clock.ts';
import type { AttachmentId } from '../attachment.ts';
import type { NicWish } from './nic.ts';
import type { CloudEffect, CloudEvent } from './cloud-event.ts';
import type { Refusal } from '../refusal.ts';

/**
 * A range that this node may give from without asking anybody. `gateway` and `reserved` are never given, nor network
 * and broadcast.
 */
export interface Range {
  readonly prefix: Prefix;
  readonly gateway?: Address;
  readonly reserved: readonly (Address | Prefix)[];
  readonly whole?: boolean; // delegated to a NIC: the range is no network, so that it has neither of the three
}

/** What can happen to the pool. */
export type PoolEvent =
  /** An ADD wants one address of each family; `wanted` are addresses asked for by name. Waits until `until` at most. */
  | ({
      readonly kind: 'claim';
      readonly by: AttachmentId;
      readonly families: readonly Family[];
      readonly wanted: readonly Address[];
      readonly until: Millis;
      readonly keeper?: AttachmentId; // has them afterwards; what it keeps now is given, and nothing else
    } & NicWish)
  /**
   * A DEL has taken everything out of the kernel. `used`: the addresses had reached the wire and must cool. What has
   * a keeper goes to it, and a keeper's own release to the pool. Unknown attachment: nothing happens.
   */
  | { readonly kind: 'release'; readonly by: AttachmentId; readonly used: boolean }
  /** Addresses that nobody here has are kept from now on, wherever they lie. What is held or promised is not. */
  | { readonly kind: 'keep'; readonly keeper: AttachmentId; readonly addresses: readonly Address[] }
  /**
   * What these were given could not be put on record, and they have been told so: they leave the queue. Nobody else is
   * served by it, for what cannot be written for one cannot be written for the next.
   */
  | { readonly kind: 'forsaken'; readonly by: readonly AttachmentId[] }
  /**
   * The provider says which ranges are ours. Claims outside of them stay until released; nothing new is given there.
   */
  | { readonly kind: 'ranges'; readonly ranges: readonly Range[] }
  /** Time has passed. */
  | { readonly kind: 'tick' }
  /** Only of a pool whose policy has a cloud. */
  | CloudEvent;

/**
 * What must be done, in this order: a granted address is on record before anybody hears of it. One persist at most,
 * whose releases go before its claims: a waiting ADD may be given what another has just given back.
 */
export type PoolEffect =
  | {
      readonly kind: 'persist';
      readonly claims: readonly Claimed[];
      readonly released: readonly Released[];
      readonly kept?: readonly Claimed[]; // by keepers
    }
  | { readonly kind: 'grant'; readonly to: AttachmentId; readonly addresses: readonly Address[] }
  | { readonly kind: 'refuse'; readonly to: AttachmentId; readonly refusal: Refusal }
  | CloudEffect;

/** Addresses that an attachment holds from now on, IPv4 first. */
export interface Claimed {
  readonly by: AttachmentId;
  readonly addresses: readonly Address[];
}

/** An address given back. Free again at `freeAt`; 0 when it never reached the wire. */
export interface Released {
  readonly by: AttachmentId;
  readonly addresses: readonly Address[];
  readonly freeAt: Millis;
}
