import type { Millis } from '../../base/clock.ts';
import type { Address } from '../../base/ip.ts';
import type { AttachmentId, PodName } from '../attachment.ts';
import type { CloudFailure, NicId } from '../ipam/nic.ts';
import type { NicPlace } from '../ipam/placing.ts';
import type { Refusal } from '../refusal.ts';

/** Whom a decision is about, as far as it is known. Nobody: the node itself. */
export interface About {
  readonly id?: AttachmentId | undefined;
  readonly pod?: PodName | undefined;
  readonly addresses?: readonly Address[] | undefined;
}

/**
 * What was decided, and the facts that its sentence needs. Parts of the kernel are lines of `show`
 * (core/datapath/plan.ts).
 */
export type Deed =
  /** An ADD was answered. `again`: it had been answered before and nothing was changed. */
  | { readonly kind: 'attached'; readonly ms: Millis; readonly again: boolean }
  /** An ADD waits until its addresses have cooled. */
  | { readonly kind: 'waited'; readonly readyInMs: Millis }
  /** An ADD waits for addresses that the cloud was asked for. */
  | { readonly kind: 'hoped' }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  /** An ADD failed on the way. `left`: what could not be taken back. */
  | { readonly kind: 'failed'; readonly cause: string; readonly left: readonly string[] }
  /** A DEL took everything back; the addresses are free again after `coolingMs`. */
  | { readonly kind: 'detached'; readonly ms: Millis; readonly coolingMs: Millis }
  /** A DEL or the sweep could not take everything back: the addresses stay claimed. */
  | { readonly kind: 'remained'; readonly left: readonly string[] }
  /** A call was answered without doing anything. `because` goes on "was ignored: ". */
  | { readonly kind: 'ignored'; readonly verb: string; readonly because: string }
  /** A DEL came while the agent was away, and was carried out from the spool. */
  | { readonly kind: 'spooled' }
  /** Something was missing in the kernel and was put back. */
  | { readonly kind: 'repaired'; readonly missing: readonly string[] }
  /** CHECK found something missing or changed. */
  | { readonly kind: 'drifted'; readonly missing: readonly string[] }
  /** It was removed though no DEL came. `because` goes on "was removed: ". */
  | { readonly kind: 'swept'; readonly because: string }
  /** Somebody took its address or its NIC away. `because` goes on "lost its network: ". */
  | { readonly kind: 'cutOff'; readonly because: string }
  /** The cloud refused what the node asked for, or did not do it. It is asked again. */
  | { readonly kind: 'denied'; readonly failure: CloudFailure }
  /**
   * The NICConfig that the node's NICs stand by is not there, is another now, or says something else. `staying`: NICs
   * that were made as it was before.
   */
  | {
      readonly kind: 'placed';
      readonly config: string;
      readonly place: NicPlace | undefined; // undefined: it is not there
      readonly staying: readonly NicId[];
    }
  /** It was found in the journal when the agent started. */
  | { readonly kind: 'adopted' };

/** One decision about one attachment, or about the node. */
export type Decision = { readonly at: Millis; readonly about: About } & Deed;

/** What kind of deed. */
export type DecisionKind = Decision['kind'];
