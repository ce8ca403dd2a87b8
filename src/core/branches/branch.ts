import type { Millis } from '../../base/clock.ts';
import type { Address } from '../../base/ip.ts';
import type { Mac } from '../../base/mac.ts';
import type { NicId } from '../ipam/nic.ts';

/** A NIC of one pod's own, which the node's trunk carries, as the cloud tells of it. */
export interface BranchReport {
  readonly id: NicId;
  readonly mac: Mac;
  readonly vlan: number; //                  its number on the trunk
  readonly trunkMac: Mac;
  readonly subnet: string;
  readonly gateways: readonly Address[]; //  the subnet's routers, one of each family at most
  readonly addresses: readonly Address[]; // one of each family, IPv4 first
  readonly groups: readonly string[];
  readonly carried: boolean; //              false: made, and not associated with the trunk
  readonly createdAt?: Millis;
}

/** What branch NICs are asked for. */
export interface BranchSpec {
  readonly groups: readonly string[]; // at least one
  readonly v6: boolean; //               with an IPv6 address, too
}

/** A branch NIC as its attachment has it on record: enough to know it again, and to give it back. */
export interface HeldBranch extends Pick<BranchReport, 'id' | 'mac' | 'vlan' | 'groups'> {
  readonly enforcing: 'strict' | 'standard';
}

/** What a set of groups is known by, in whatever order they are named. */
export function groupsKey(groups: readonly string[]): string {
  return groups.toSorted().join(' ');
}
