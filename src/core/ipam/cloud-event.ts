import type { Millis } from '../../base/clock.ts';
import type { Address } from '../../base/ip.ts';
import type { AttachmentId } from '../attachment.ts';
import type { Placing } from './placing.ts';
import type { CloudFailure, Given, Holdable, Intent, NicId, NicLimits, NicReport, Token, Urgency } from './nic.ts';

/** What can happen to a pool whose addresses come from a cloud. */
export type CloudEvent =
  /** What this instance may have. */
  | { readonly kind: 'limits'; readonly limits: NicLimits }
  /** It could not be told. It is asked for again, unbidden. */
  | { readonly kind: 'limitsFailed'; readonly failure: CloudFailure }
  /** What is attached. `sure`: the API itself said so. `asOf`: when it was asked; what is newer it cannot know. */
  | {
      readonly kind: 'reported';
      readonly nics: readonly NicReport[];
      readonly sure: boolean;
      readonly asOf: Millis;
    }
  /** The cloud did not say. `sure`: the API itself did not. */
  | { readonly kind: 'reportFailed'; readonly failure: CloudFailure; readonly sure: boolean }
  | { readonly kind: 'assigned'; readonly token: Token; readonly given: Given }
  | { readonly kind: 'nicCreated'; readonly token: Token; readonly nic: NicReport }
  | { readonly kind: 'unassigned'; readonly token: Token }
  | { readonly kind: 'nicDeleted'; readonly token: Token }
  /** A call of any kind failed. */
  | { readonly kind: 'cloudFailed'; readonly token: Token; readonly failure: CloudFailure }
  /** The datapath serves the NIC: its addresses may be given. */
  | { readonly kind: 'nicReady'; readonly nic: NicId }
  /** Its link is gone from the kernel. Not believed before the API says so too, but nothing is given from it. */
  | { readonly kind: 'nicGone'; readonly nic: NicId }
  /** That very address, kept here already, is on the NIC now. */
  | { readonly kind: 'brought'; readonly nic: NicId; readonly address: Address }
  /** It has left the NIC, since another node is to have it, or an address of it. */
  | { readonly kind: 'sentAway'; readonly nic: NicId; readonly what: Holdable }
  /** By which objects of the cluster NICs stand from now on: those that are there stay as they are. */
  | { readonly kind: 'placing'; readonly placing: Placing }
  /** A name needs an address that can move, or a place for its own: there shall be one address by itself more. */
  | { readonly kind: 'single' }
  /** Nobody shall be bound to this node any more, or is again: nothing is asked for and nothing given back while. */
  | { readonly kind: 'cordoned'; readonly cordoned: boolean }
  /** So many pods are bound to this node and have not asked yet. */
  | { readonly kind: 'expected'; readonly pods: number };

/** What must be done because of it, behind grants and refusals. */
export type CloudEffect =
  /** An intent, to be put on record durably and then to be asked for. After a failure the same one may come again. */
  | { readonly kind: 'ask'; readonly intent: Intent; readonly urgency: Urgency }
  /** The outcome is known: the record of the intent is no longer needed. */
  | { readonly kind: 'settle'; readonly tokens: readonly Token[] }
  /** The cloud shall tell what is attached. One at a time. */
  | { readonly kind: 'report'; readonly sure: boolean }
  /** Confirmed to be gone, though we did not give it back. `claims` still hold addresses of it. */
  | {
      readonly kind: 'lost';
      readonly nic: NicId;
      readonly what: readonly Holdable[];
      readonly whole: boolean; // the NIC itself
      readonly claims: readonly AttachmentId[];
    }
  /** Put there by others. */
  | { readonly kind: 'found'; readonly nic: NicId; readonly what: readonly Holdable[]; readonly taken: boolean };
