import type {
  CloudErrorKind,
  Given,
  NicId,
  NicLimits,
  NicReport,
  NicSpec,
  Token,
  Unit,
  Urgency,
} from '../../core/ipam/nic.ts';
import type { NicPlace } from '../../core/ipam/placing.ts';
import type { Address, Family, Prefix } from '../../base/ip.ts';
import type { Millis } from '../../base/clock.ts';
import type { BranchProvider } from './branches.ts';

export type { CloudErrorKind, Urgency } from '../../core/ipam/nic.ts';

/**
 * One cloud, seen from one node. Truth lives there and may be late. Each method throws CloudError and nothing else;
 * each may be called again after any failure, also after a lost answer: same token, same change.
 */
export interface NicProvider {
  /** NICs of pods' own, where the cloud has such. */
  readonly branches?: BranchProvider;
  limits(): Promise<NicLimits>;
  /** What is attached now. `sure`: asked of the API itself, not of metadata that may be late. */
  reportNics(of: { readonly sure: boolean }): Promise<readonly NicReport[]>;
  /** Created, attached, and seen to be there. Where subnets are tried in turn, the last refusal is thrown. */
  createNic(spec: NicOrder, token: Token, urgency: Urgency): Promise<NicReport>;
  /** Detached and deleted. Absent = success. */
  deleteNic(nic: NicId, urgency: Urgency): Promise<void>;
  assign(
    of: { readonly nic: NicId; readonly unit: Unit; readonly family: Family; readonly count: number },
    token: Token,
    urgency: Urgency,
  ): Promise<Given>;
  /**
   * That very address, an IPv4 one: `taken` when anybody but `from` has it. On the NIC already = success. The caller
   * knows that nobody uses it.
   */
  bring(of: Brought, urgency: Urgency): Promise<void>;
  /** Absent = success. */
  unassign(nic: NicId, what: readonly (Address | Prefix)[], urgency: Urgency): Promise<void>;
  /** Ranges inside of which sources are kept: the VPC's own. */
  vpcRanges(): Promise<readonly Prefix[]>;
  /**
   * Gives our NICs the security groups that the node's own has now, has those that we made end with the instance, and
   * names those that were behind. No pod waits for it. `groups` false: all keep those that they have.
   */
  tendNics(of?: { readonly groups: boolean }): Promise<readonly NicId[]>;
  /** Deletes at most `atMost` NICs that this cluster's agents made and nobody has any more, and names them. */
  collectLeaked(atMost: number): Promise<readonly NicId[]>;
  close(): Promise<void>;
}

/** What a NIC shall be. `place`: what the NICConfig says that `config` names; whoever asks elsewhere sends the name. */
export interface NicOrder extends NicSpec {
  readonly place?: NicPlace;
}

/** An address for a NIC, and the NIC that it is taken off where it was left behind: a node that is gone had it. */
export interface Brought {
  readonly nic: NicId;
  readonly address: Address;
  readonly from?: NicId;
}

/** Why the cloud said no, or did not answer. `message` is for an operator: what was asked, what it said, what to do. */
export class CloudError extends Error {
  readonly kind: CloudErrorKind;
  readonly action: string; //       "AssignPrivateIpAddresses"
  readonly code: string; //         the cloud's own: "InsufficientFreeAddressesInSubnet"
  readonly subnet: string | undefined;
  readonly retryAfterMs: Millis | undefined;
  constructor(
    kind: CloudErrorKind,
    of: { action: string; code: string; message: string; subnet?: string; retryAfterMs?: Millis; cause?: unknown },
  ) {
    super(of.message, { cause: of.cause });
    this.name = 'CloudError';
    this.kind = kind;
    this.action = of.action;
    this.code = of.code;
    this.subnet = of.subnet;
    this.retryAfterMs = of.retryAfterMs;
  }
}
