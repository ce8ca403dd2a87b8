import type { Address, Prefix } from '../../src/base/ip.ts';
import type { GroupRule, Id, Kind, Nic, Reservation, Route, Tags, Trunking } from './nouns.ts';

/** One call of a client: who asks, what the dialect calls it, and what it asks for. */
export interface Call {
  readonly action: string; //   the dialect's name: "CreateNetworkInterface"; buckets and troubles know it by this
  readonly group: string; //    the bucket when the action has none of its own: "mutating", "describe"
  readonly account: string; //  whose buckets and tokens
  readonly from?: Id; //        the instance that asks, if one does: for troubles of one node
  readonly outside?: boolean; // an operator's hand: no bucket, no trouble; quotas hold
  readonly token?: string; //   the same token and parameters make nothing a second time
  readonly dryRun?: boolean;
  readonly request: Request;
}

export type Request = NetRequest | GroupRequest | RouteRequest | InstanceRequest | NicRequest | CommonRequest;

/** So many, or exactly these. */
export type Wish<T> = { readonly count: number } | { readonly list: readonly T[] };

/** How many are wished for. Absent: none. */
export function countOf(wish: Wish<unknown> | undefined): number {
  if (wish === undefined) return 0;
  return 'count' in wish ? wish.count : wish.list.length;
}

export type NetRequest =
  | { readonly do: 'create-vpc'; readonly range: Prefix; readonly v6: boolean; readonly tags: Tags }
  | { readonly do: 'delete-vpc'; readonly vpc: Id }
  /** A range of its own for IPv4, or one that the cloud gives for 'v6'. */
  | { readonly do: 'add-range'; readonly vpc: Id; readonly range: Prefix | 'v6' }
  | { readonly do: 'remove-range'; readonly vpc: Id; readonly range: Prefix }
  | {
      readonly do: 'create-subnet';
      readonly vpc: Id;
      readonly zone?: string; // absent: the first
      readonly v4: Prefix;
      readonly v6?: Prefix;
      readonly tags: Tags;
    }
  | { readonly do: 'delete-subnet'; readonly subnet: Id }
  | { readonly do: 'modify-subnet'; readonly subnet: Id; readonly mapPublic?: boolean; readonly v6?: Prefix }
  | ({ readonly do: 'reserve-range'; readonly subnet: Id } & Omit<Reservation, 'id'>)
  | { readonly do: 'release-range'; readonly reservation: Id };

export type NewRule = Omit<GroupRule, 'id'>;

export type GroupRequest =
  | {
      readonly do: 'create-group';
      readonly vpc: Id;
      readonly name: string;
      readonly description: string;
      readonly tags: Tags;
    }
  | { readonly do: 'delete-group'; readonly group: Id }
  | {
      readonly do: 'add-rules';
      readonly group: Id;
      readonly way: 'ingress' | 'egress';
      readonly rules: readonly NewRule[];
    }
  /** By id, or by what they say. */
  | {
      readonly do: 'remove-rules';
      readonly group: Id;
      readonly way: 'ingress' | 'egress';
      readonly rules: readonly (Id | NewRule)[];
    };

export type RouteRequest =
  | { readonly do: 'create-table'; readonly vpc: Id; readonly tags: Tags }
  | { readonly do: 'delete-table'; readonly table: Id }
  | { readonly do: 'add-route'; readonly table: Id; readonly route: Route }
  | { readonly do: 'replace-route'; readonly table: Id; readonly route: Route }
  | { readonly do: 'delete-route'; readonly table: Id; readonly to: Prefix }
  | { readonly do: 'associate-table'; readonly table: Id; readonly subnet: Id }
  | { readonly do: 'disassociate-table'; readonly subnet: Id } // back to the main table
  | { readonly do: 'create-gateway'; readonly tags: Tags }
  | { readonly do: 'attach-gateway'; readonly gateway: Id; readonly vpc: Id }
  | { readonly do: 'detach-gateway'; readonly gateway: Id; readonly vpc: Id }
  | { readonly do: 'delete-gateway'; readonly gateway: Id }
  | { readonly do: 'create-nat'; readonly subnet: Id; readonly tags: Tags }
  | { readonly do: 'delete-nat'; readonly nat: Id };

/** A NIC at launch: a new one, or `nic`, which is there already. Device 0 is the primary. */
export interface LaunchNic extends Partial<Omit<NewNic, 'subnet'>> {
  readonly device: number;
  readonly card?: number; //   absent: 0
  readonly subnet?: Id; //     needed for a new one
  readonly nic?: Id;
  readonly publicAddress?: boolean; // absent: as the subnet does
  readonly deleteWithInstance?: boolean; // absent: true
}

export type InstanceRequest =
  | {
      readonly do: 'run-instances';
      readonly least: number;
      readonly most: number; // as many as there is room for, and no fewer than `least`
      readonly type: string;
      readonly nics: readonly LaunchNic[];
      readonly role?: string;
      readonly hopLimit?: number; //        absent: 1
      readonly tokensRequired?: boolean; // absent: false
      readonly token?: string; //           of the client, told again with each of the instances
      readonly tags: Tags;
    }
  | { readonly do: 'terminate-instances'; readonly instances: readonly Id[] }
  | {
      readonly do: 'modify-instance';
      readonly instance: Id;
      readonly role?: string;
      readonly hopLimit?: number;
      readonly tokensRequired?: boolean;
    };

export interface NewNic {
  readonly subnet: Id;
  readonly primary?: Address; //               absent: the cloud chooses
  readonly withoutAddress?: boolean; //        no primary one: a QingCloud NIC may have none at all
  readonly addresses?: Wish<Address>; //       beside the primary
  readonly prefixes?: Wish<Prefix>;
  readonly addresses6?: Wish<Address>;
  readonly prefixes6?: Wish<Prefix>;
  readonly groups?: readonly Id[]; //          absent: the VPC's default group
  readonly description?: string;
  readonly kind?: Nic['kind'];
  readonly tags?: Tags;
}

/** At least one of them. Absent: none. */
export interface AddressWishes {
  readonly addresses?: Wish<Address>;
  readonly prefixes?: Wish<Prefix>;
  readonly addresses6?: Wish<Address>;
  readonly prefixes6?: Wish<Prefix>;
}

export type NicRequest =
  | ({ readonly do: 'create-nic' } & NewNic)
  | { readonly do: 'delete-nic'; readonly nic: Id }
  /** Absent: the first free device of the card, of card 0. */
  | {
      readonly do: 'attach-nic';
      readonly nic: Id;
      readonly instance: Id;
      readonly device?: number;
      readonly card?: number;
    }
  | {
      readonly do: 'detach-nic';
      readonly of: { readonly nic: Id } | { readonly attachment: Id };
      readonly force?: boolean;
    }
  | {
      readonly do: 'modify-nic';
      readonly nic: Id;
      readonly groups?: readonly Id[];
      readonly sourceCheck?: boolean;
      readonly description?: string;
      readonly deleteWithInstance?: boolean;
      readonly attachment?: Id; // whose `deleteWithInstance`
    }
  /** A trunk NIC that is attached carries a branch NIC from now on: which of its numbers that has. */
  | {
      readonly do: 'associate-trunk';
      readonly trunk: Id;
      readonly branch: Id;
      readonly by: Trunking['by'];
    }
  | { readonly do: 'disassociate-trunk'; readonly association: Id }
  /** `reassign`: an address of another NIC of the subnet may be asked for by name. All of it, or nothing. */
  | ({ readonly do: 'assign'; readonly nic: Id; readonly reassign?: boolean } & AddressWishes)
  | {
      readonly do: 'unassign';
      readonly nic: Id;
      readonly addresses?: readonly Address[];
      readonly prefixes?: readonly Prefix[];
      readonly addresses6?: readonly Address[];
      readonly prefixes6?: readonly Prefix[];
    }
  /** Between two NICs of one subnet; `from` must have it. */
  | { readonly do: 'move-address'; readonly address: Address; readonly from: Id; readonly to: Id };

/** A field of what is described, and texts of which one must be a value of it; `*` and `?` stand for any letters. */
export interface Filter {
  readonly field: string; // filter.ts names those of each kind; "tag:Name", "tag-key"
  readonly values: readonly string[];
}

/** `after`: what the answer before said is next. `offset` also counts all there are, which takes a walk over them. */
export interface Page {
  readonly size: number;
  readonly after?: string;
  readonly offset?: number;
}

export type CommonRequest =
  | { readonly do: 'set-tags'; readonly ids: readonly Id[]; readonly tags: Tags }
  /** A value absent: whatever it is. No tags at all: all of them. */
  | {
      readonly do: 'remove-tags';
      readonly ids: readonly Id[];
      readonly tags: readonly { readonly key: string; readonly value?: string }[];
    }
  /** An id that is not there is a fault; a filter that fits nothing is an empty answer. */
  | {
      readonly do: 'describe';
      readonly kind: Described;
      readonly ids?: readonly Id[];
      readonly filters?: readonly Filter[];
      readonly page?: Page;
    }
  /** Tags of all kinds. Fields: "resource", "kind", "key", "value". */
  | { readonly do: 'describe-tags'; readonly filters?: readonly Filter[]; readonly page?: Page };

/** What is described by itself. */
export type Described = Exclude<Kind, 'attachment' | 'association' | 'rule'>;
