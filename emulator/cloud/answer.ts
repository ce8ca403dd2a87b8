import type { Address, Prefix } from '../../src/base/ip.ts';
import type {
  Attachment,
  Gateway,
  GroupRule,
  Id,
  Instance,
  InstanceState,
  Job,
  Kind,
  Nat,
  Nic,
  Reservation,
  RouteTable,
  SecurityGroup,
  Subnet,
  Vpc,
} from './nouns.ts';

/** What a request that succeeds is answered. `views` are those of one kind, in the order of their ids. */
export type Answer =
  | { readonly is: 'done' }
  | { readonly is: 'made'; readonly view: View }
  | { readonly is: 'reserved'; readonly subnet: Id; readonly reservation: Reservation }
  | {
      readonly is: 'rules';
      readonly group: Id;
      readonly way: 'ingress' | 'egress';
      readonly rules: readonly GroupRule[];
    }
  | { readonly is: 'launched'; readonly instances: readonly InstanceView[] }
  | { readonly is: 'terminating'; readonly changes: readonly StateChange[] }
  | { readonly is: 'attached'; readonly nic: Id; readonly attachment: Attachment; readonly job?: Id }
  | { readonly is: 'detached'; readonly nic: Id; readonly job?: Id }
  /** What is new on the NIC, not all that it has. */
  | {
      readonly is: 'assigned';
      readonly nic: Id;
      readonly addresses: readonly Address[];
      readonly prefixes: readonly Prefix[];
      readonly addresses6: readonly Address[];
      readonly prefixes6: readonly Prefix[];
    }
  /** `next` absent: the last page. `total` is told when an offset was. */
  | { readonly is: 'views'; readonly views: readonly View[]; readonly next?: string; readonly total?: number }
  | { readonly is: 'tags'; readonly tags: readonly TagView[]; readonly next?: string };

/** One thing as a Describe shows it, with what lies beside it. */
export type View =
  | { readonly kind: 'vpc'; readonly vpc: Vpc }
  | SubnetView
  | { readonly kind: 'reservation'; readonly subnet: Id; readonly reservation: Reservation }
  | { readonly kind: 'group'; readonly group: SecurityGroup }
  | { readonly kind: 'route-table'; readonly table: RouteTable; readonly subnets: readonly Id[] }
  | { readonly kind: 'gateway'; readonly gateway: Gateway }
  | { readonly kind: 'nat'; readonly nat: Nat }
  | InstanceView
  | NicView
  | { readonly kind: 'job'; readonly job: Job };

export interface SubnetView {
  readonly kind: 'subnet';
  readonly subnet: Subnet;
  readonly free: number; // IPv4 addresses that nobody has
}

export interface InstanceView {
  readonly kind: 'instance';
  readonly instance: Instance;
  readonly nics: readonly NicView[]; // by card and device: the primary first; none of a terminated one
}

export interface NicView {
  readonly kind: 'nic';
  readonly nic: Nic;
  readonly zone: string;
  readonly groups: readonly { readonly id: Id; readonly name: string }[];
}

export interface StateChange {
  readonly instance: Id;
  readonly before: InstanceState;
  readonly after: InstanceState;
}

export interface TagView {
  readonly resource: Id;
  readonly kind: Kind;
  readonly key: string;
  readonly value: string;
}
