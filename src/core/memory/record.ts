import type { Address, Prefix } from '../../base/ip.ts';
import type { Millis } from '../../base/clock.ts';
import type { SortedMap } from '../../base/sorted-map.ts';
import type { AttachmentId, AttachmentRecord } from '../attachment.ts';
import type { Learnt } from '../cluster/learnt.ts';
import type { Plan } from '../datapath/plan.ts';
import type { Intent, NicReport, Token } from '../ipam/nic.ts';

/** One thing worth remembering. Kinds are only ever added: a reader keeps and skips those it does not know. */
export type MemoryRecord =
  /** The boot of the machine under which the records behind it were written. Another boot: no attachment lives. */
  | { readonly kind: 'boot'; readonly bootId: string }
  /** An attachment holds these addresses, and this plan is about to be applied. The same id again replaces it. */
  | { readonly kind: 'claim'; readonly attachment: AttachmentRecord }
  /**
   * Nothing of the attachment is left in the kernel; its addresses are free at `freeAt`, 0 if they never reached the
   * wire. In a snapshot the id is empty.
   */
  | {
      readonly kind: 'release';
      readonly id: AttachmentId;
      readonly addresses: readonly Address[];
      readonly freeAt: Millis;
    }
  /** A keeper has these addresses, in turn with the attachments of its name. It ends as a claim does. */
  | { readonly kind: 'kept'; readonly by: AttachmentId; readonly addresses: readonly Address[] }
  /** What the node itself wants in the kernel, written before it is applied. */
  | { readonly kind: 'node-plan'; readonly plan: Plan }
  /** A change of the cloud, written durably before it is asked for. The same token again replaces it. */
  | { readonly kind: 'intent'; readonly intent: Intent; readonly at: Millis }
  /** Their outcome is known. `at` 0: as if they had never been. */
  | { readonly kind: 'settled'; readonly tokens: readonly Token[]; readonly at: Millis }
  /** What the cloud told of the node's NICs last, with what it gave since: written before anything stands on it. */
  | { readonly kind: 'nics'; readonly nics: readonly NicReport[] }
  /** Inside of these ranges pods keep their own address: those of the node's VPC. */
  | { readonly kind: 'vpc-ranges'; readonly ranges: readonly Prefix[] }
  /** What the API server told of the cluster last. */
  | { readonly kind: 'cluster'; readonly learnt: Learnt };

/** An intent, and when it was decided and settled. One that gives back is kept a while: clouds tell of it late. */
export interface KnownIntent {
  readonly intent: Intent;
  readonly at: Millis;
  readonly settledAt?: Millis;
}

/** What the records amount to: a value. `remember` in fold.ts makes the next one. */
export interface Memory {
  readonly bootId: string | undefined;
  readonly attachments: SortedMap<AttachmentId, AttachmentRecord>;
  readonly kept: SortedMap<AttachmentId, readonly Address[]>; // by keeper
  /** When each address given back is (or was) free again. Only what still matters: see `forget` in fold.ts. */
  readonly released: SortedMap<Address, Millis>;
  readonly nodePlan: Plan;
  readonly intents: SortedMap<Token, KnownIntent>;
  readonly nics: readonly NicReport[];
  readonly vpcRanges: readonly Prefix[];
  readonly learnt: Learnt;
}
