import type { Brand } from '../../src/base/brand.ts';
import type { Millis } from '../../src/base/clock.ts';
import type { Address, Prefix } from '../../src/base/ip.ts';
import type { Mac } from '../../src/base/mac.ts';

// The nouns of a cloud network that EC2, UCloud and QingCloud share. No dialect's spelling is known here.

/** What a resource is called by its API: "eni-0a1b…", "uni-…", or a NIC's MAC. The dialect's rules say how it looks. */
export type Id = Brand<string, 'CloudId'>;

export type Kind =
  | 'vpc'
  | 'subnet'
  | 'reservation'
  | 'group'
  | 'rule'
  | 'route-table'
  | 'gateway'
  | 'nat'
  | 'instance'
  | 'nic'
  | 'attachment'
  | 'association'
  | 'job';

export type Tags = Readonly<Record<string, string>>;

/** Overlapping ranges in two VPCs are two networks. The first range is the one the VPC was made with. */
export interface Vpc {
  readonly id: Id;
  readonly ranges: readonly Prefix[]; // v4 and v6
  readonly mainTable: Id;
  readonly defaultGroup: Id;
  readonly tags: Tags;
}

export interface Subnet {
  readonly id: Id;
  readonly vpc: Id;
  readonly zone: string; //           "emu-1a"
  readonly v4: Prefix;
  readonly v6?: Prefix; //            a /64
  readonly routeTable?: Id; //        absent: the VPC's main table
  readonly mapPublic: boolean; //     a primary NIC gets a public address at launch
  /** Ranges kept for prefixes only, or (`explicit`) for addresses asked for by name. */
  readonly reservations: readonly Reservation[];
  readonly tags: Tags;
}

export interface Reservation {
  readonly id: Id;
  readonly range: Prefix;
  readonly use: 'prefix' | 'explicit';
  readonly description: string;
}

/** Where the internet begins. Attached to at most one VPC. */
export interface Gateway {
  readonly id: Id;
  readonly vpc?: Id;
  readonly tags: Tags;
}

/** Hides many behind one public address. It stands in a subnet, with an address of it. */
export interface Nat {
  readonly id: Id;
  readonly vpc: Id;
  readonly subnet: Id;
  readonly address: Address;
  readonly publicAddress: Address;
  readonly createdAt: Millis;
  readonly tags: Tags;
}

export interface RouteTable {
  readonly id: Id;
  readonly vpc: Id;
  readonly main: boolean;
  readonly routes: readonly Route[]; // the VPC's own ranges are `local` and always there
  readonly tags: Tags;
}

export interface Route {
  readonly to: Prefix;
  readonly by:
    | { readonly kind: 'local' }
    | { readonly kind: 'internet'; readonly gateway: Id } // 1:1 to the public address of the private one
    | { readonly kind: 'nat'; readonly nat: Id } //        many to the NAT gateway's public address
    | { readonly kind: 'nic'; readonly nic: Id };
}

/** Stateful: what answers an allowed flow is allowed. */
export interface SecurityGroup {
  readonly id: Id;
  readonly vpc: Id;
  readonly name: string;
  readonly description: string;
  readonly ingress: readonly GroupRule[];
  readonly egress: readonly GroupRule[];
  readonly tags: Tags;
}

/** `ports` absent: all; for ICMP they are type and code. `peer`: a range, or the members of a group. */
export interface GroupRule {
  readonly id: Id;
  readonly protocol: 'all' | 'tcp' | 'udp' | 'icmp' | 'icmpv6' | number;
  readonly ports?: { readonly from: number; readonly to: number };
  readonly peer: { readonly range: Prefix } | { readonly group: Id };
  readonly description?: string;
}

export type InstanceState = 'pending' | 'running' | 'shutting-down' | 'terminated';

/** A machine. Its primary NIC (device 0, card 0) lives and dies with it. */
export interface Instance {
  readonly id: Id;
  readonly type: string;
  readonly vpc: Id;
  readonly zone: string;
  readonly state: InstanceState;
  readonly launchedAt: Millis;
  readonly role?: string; //         of its metadata credentials
  readonly hopLimit: number; //      of metadata answers that carry a token
  readonly tokensRequired: boolean; // IMDSv2 only
  readonly token?: string; //        by which it was asked for
  readonly tags: Tags;
}

export type NicState = 'available' | 'attaching' | 'in-use' | 'detaching';

/** A network interface. `addresses` hold the primary first; a prefix gives all of its addresses to the NIC. */
export interface Nic {
  readonly id: Id;
  readonly vpc: Id;
  readonly subnet: Id;
  readonly mac: Mac;
  readonly state: NicState;
  readonly addresses: readonly Address[]; // IPv4, the primary first
  readonly prefixes: readonly Prefix[]; //   IPv4
  readonly addresses6: readonly Address[];
  readonly prefixes6: readonly Prefix[];
  readonly groups: readonly Id[];
  readonly sourceCheck: boolean;
  readonly description: string;
  readonly publicAddress?: Address; //       of the primary address
  readonly attachment?: Attachment;
  readonly trunking?: Trunking; //           of a branch NIC that a trunk carries
  readonly createdAt: Millis;
  readonly kind: 'interface' | 'trunk' | 'branch' | 'efa';
  readonly tags: Tags;
}

export interface Attachment {
  readonly id: Id;
  readonly instance: Id;
  readonly device: number; // 0 is the primary
  readonly card: number;
  readonly deleteWithInstance: boolean;
  readonly since: Millis;
}

/** Which trunk NIC carries a branch NIC, and by which number: each number once on a trunk. */
export interface Trunking {
  readonly id: Id;
  readonly trunk: Id;
  readonly by: { readonly vlan: number } | { readonly gre: number };
}

/** Work that a dialect's API answers with a ticket (QingCloud), or that takes its time behind an answer (EC2). */
export interface Job {
  readonly id: Id;
  readonly action: string;
  readonly subjects: readonly Id[];
  readonly state: 'pending' | 'working' | 'successful' | 'failed';
  readonly madeAt: Millis;
  readonly due: Millis; //   when it takes effect
}
