import type { Millis } from '../../base/clock.ts';
import { type Address, familyOf } from '../../base/ip.ts';
import type { Mac } from '../../base/mac.ts';
import type { NicId, Token } from '../ipam/nic.ts';
import type { NicPlace } from '../ipam/placing.ts';

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
  readonly token?: Token; //                 by which it was asked for
  readonly createdAt?: Millis;
}

/** What branch NICs are asked for. */
export interface BranchSpec {
  readonly groups: readonly string[]; // at least one
  readonly v6: boolean; //               with an IPv6 address, too
  readonly place?: NicPlace; //          whose subnet it stands in; absent: where NICs stand without a NICConfig
}

/** A branch NIC as its attachment has it on record: enough to know it again, and to give it back. */
export interface HeldBranch extends Pick<BranchReport, 'id' | 'mac' | 'vlan' | 'groups'> {
  readonly enforcing: 'strict' | 'standard';
}

/** Whether a NIC is such a one. */
export function fits({ groups, addresses, subnet }: BranchReport, spec: BranchSpec): boolean {
  const [has6, isThere] = [addresses.some((it) => familyOf(it) === 'v6'), spec.place?.subnet ?? subnet];
  return groupsKey(groups) === groupsKey(spec.groups) && has6 === spec.v6 && isThere === subnet;
}

/** What those have in common that one NIC would serve. */
export function specKey({ groups, v6, place }: BranchSpec): string {
  return `${groupsKey(groups)} ${v6} ${place?.subnet ?? ''}`;
}

/** What a set of groups is known by, in whatever order they are named. */
export function groupsKey(groups: readonly string[]): string {
  return groups.toSorted().join(' ');
}
