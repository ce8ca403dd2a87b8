import type { BranchReport, BranchSpec } from '../../core/branches/branch.ts';
import type { NicId, Token, Urgency } from '../../core/ipam/nic.ts';

/**
 * NICs of pods' own, which a trunk of the node carries. As of `NicProvider`, each method throws CloudError and nothing
 * else, and may be called again after any failure.
 */
export interface BranchProvider {
  /** How many the instance's trunk carries; 0: it can have no trunk. */
  most(): Promise<number>;
  /** Those that were made for this instance, asked of the API. */
  report(): Promise<readonly BranchReport[]>;
  /**
   * Created with exactly these groups, and carried by the trunk, which is made first where there is none. The same
   * token makes the same NIC; what will not be asked for again by it (`PATIENCE`) is not left behind.
   */
  create(spec: BranchSpec, token: Token, urgency: Urgency): Promise<BranchReport>;
  /** Absent = success. */
  remove(nic: NicId, urgency: Urgency): Promise<void>;
  /** The trunk that was made for this instance, which carries none of these any more. Absent = success. */
  removeTrunk(urgency: Urgency): Promise<void>;
}
