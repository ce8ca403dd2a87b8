import type { Millis } from '../../src/base/clock.ts';
import type { Prefix } from '../../src/base/ip.ts';
import type { Kind } from './nouns.ts';

/** From–to in milliseconds; the run's randomness picks. Equal ends: always the same. */
export type Delay = readonly [Millis, Millis];

/** `prefix` and then so many letters of the alphabet: "eni-", 17, "0123456789abcdef". */
export interface IdForm {
  readonly prefix: string;
  readonly letters: number;
  readonly alphabet: string;
}

/** Where clouds differ in behaviour, not in spelling: data that a dialect hands to the core. */
export interface CloudRules {
  readonly dialect: 'aws' | 'ucloud' | 'qingcloud';
  readonly ids: Readonly<Record<Kind, IdForm>>;
  readonly nicNamedByMac?: boolean; // a NIC's id is its MAC
  readonly macStart?: string; //       the first bytes of every MAC, "52:54"; absent: "0a"
  /** The first addresses of a subnet that nobody gets, its router the second of them, and the last ones. */
  readonly reserved: { readonly first: number; readonly last: number };
  readonly prefixLengths: { readonly v4: number; readonly v6: number }; // what a NIC is given as a prefix: 28 and 80
  readonly delays: {
    readonly attach: Delay; //      from the answer to the link in the instance
    readonly detach: Delay;
    readonly launch: Delay;
    readonly terminate?: Delay; //  absent: as long as to detach
    readonly describe: Delay; //    how long a Describe may miss what was just made
    readonly metadata: Delay; //    how long metadata may show what was
    readonly job: Delay; //         how long a job waits before its work begins, where there are jobs
  };
  /**
   * Token buckets by the name of an action, else of its group: "CreateNetworkInterface" before "mutating". A second
   * one, "RunInstances resources", counts what calls ask for.
   */
  readonly buckets: Readonly<Record<string, { readonly capacity: number; readonly perSecond: number }>>;
  readonly limits: (type: string) => InstanceLimits | undefined;
  readonly quotas?: Quotas;
  /** Which of the free addresses and prefixes is given. EC2 tells no order, and none is seen. Absent: random. */
  readonly choice?: 'random' | 'lowest';
  readonly publicRange?: Prefix; //  absent: 198.18.0.0/15 (RFC 2544), which nobody routes
  readonly range6?: Prefix; //       VPCs get their /56 of it; absent: 2001:db8::/32 (RFC 3849)
  readonly jobs?: boolean; //        attaching and detaching answer a job
  readonly tokenLifeMs?: Millis; //  how long a token is remembered; absent: a day
  readonly afterlifeMs?: Millis; //  how long a terminated instance or finished job is shown; absent: an hour
}

/** What an account may have at most. Absent: as much as it likes. */
export interface Quotas {
  readonly vpcs?: number;
  readonly subnetsPerVpc?: number;
  readonly rangesPerVpc?: number; // of a family
  readonly groupsPerVpc?: number;
  readonly groupsPerNic?: number;
  readonly rulesPerGroup?: number; // of a direction
  readonly routesPerTable?: number;
  readonly nics?: number;
  readonly instances?: number;
}

/** What one type of instance carries. Addresses and prefixes share a NIC's slots, the primary address takes one. */
export interface InstanceLimits {
  readonly cards: readonly { readonly nics: number }[]; // by card; NICs in all: their sum
  readonly addressesPerNic: number; //                     IPv4
  readonly addresses6PerNic: number;
  readonly nitro: boolean; //                              prefixes are allowed
  readonly branches?: number; //                           NICs that its trunk may carry; absent: it can have no trunk
  readonly vcpus: number;
  readonly memoryMiB: number;
}
