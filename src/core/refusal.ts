import type { Address, Family, Prefix } from '../base/ip.ts';
import type { Millis } from '../base/clock.ts';
import type { AttachmentId } from './attachment.ts';
import type { CloudErrorKind } from './ipam/nic.ts';

/**
 * Every reason why an ADD can be refused. A value, rendered once: CNI error, metric label, log line and `berth why`
 * say the same.
 */
export type Refusal =
  | { readonly why: 'starting'; readonly cause: string } // why the node's plan does not stand, or its NICs cannot be used, yet
  | { readonly why: 'no-range'; readonly family: Family }
  | {
      readonly why: 'exhausted';
      readonly family: Family;
      readonly ranges: readonly Prefix[];
      readonly usable: bigint;
      readonly claimed: number;
      readonly cooling: number; //  not yet free again, those promised included
      readonly promised: number; // of ADDs that came before and wait
      readonly nextFreeInMs?: Millis; // the next one that is promised to nobody
    }
  | {
      readonly why: 'too-late';
      readonly waitedMs: Millis;
      readonly cooling: number;
      readonly coming?: number; //   asked of the cloud, not there yet
      readonly askedMs?: Millis; //  for how long the oldest of it is being asked for
    }
  | {
      readonly why: 'subnet-empty';
      readonly subnet?: string; //  absent: every subnet that a NIC could stand in
      readonly family: Family;
      readonly claimed: number;
      readonly cooling: number;
      readonly againInMs: Millis; // when the cloud is asked again
    }
  | {
      readonly why: 'nic-limit';
      readonly family: Family;
      readonly nics: number;
      readonly limit: number; //    of NICs
      readonly slots: number; //    of one NIC
      readonly serving: number; //  of the NICs: those that give such a pod an address, if they have one
      readonly trunkSlot?: true; // one more is left free for a trunk
      readonly foreign?: number; //  of their slots: held by what Berth did not put there
      readonly claimed: number; //   of those NICs, as below
      readonly cooling: number;
    }
  /** `cloud.maxPods`: no more is asked for. */
  | {
      readonly why: 'max-pods';
      readonly family: Family;
      readonly maxPods: number;
      readonly claimed: number; // on all NICs
      readonly cooling: number;
    }
  /** `cloud.hold`: nothing is asked for. */
  | {
      readonly why: 'held';
      readonly family: Family;
      readonly claimed: number;
      readonly cooling: number;
      readonly cordoned?: true; // for as long; else by the configuration
    }
  | { readonly why: 'cloud-denied'; readonly action: string; readonly message: string; readonly againInMs: Millis }
  | { readonly why: 'cloud-throttled'; readonly action: string; readonly againInMs: Millis }
  | {
      readonly why: 'cloud-failing';
      readonly kind: CloudErrorKind;
      readonly action: string;
      readonly message: string;
      readonly againInMs: Millis;
    }
  /** `cloud.access: controller`: it does not answer. */
  | {
      readonly why: 'controller-away';
      readonly message: string;
      readonly awayMs: Millis; //   since it was first asked in vain
      readonly family: Family;
      readonly free: number; //     addresses that pods can still have
      readonly againInMs: Millis;
    }
  /** No NIC can be made by a NICConfig, or ENIConfig, of that name. `ofNode`: by which all its pods have addresses. */
  | { readonly why: 'no-nic-config'; readonly config: string; readonly heard: boolean; readonly ofNode: boolean }
  | { readonly why: 'cancelled'; readonly waitedMs: Millis }
  | { readonly why: 'queue-full'; readonly waiting: number; readonly limit: number }
  | { readonly why: 'address-taken'; readonly address: Address; readonly holder: AttachmentId }
  | { readonly why: 'address-cooling'; readonly address: Address; readonly freeInMs: Millis }
  | {
      readonly why: 'address-outside';
      readonly address: Address;
      readonly ranges: readonly Prefix[];
      readonly ofNics?: true; // the ranges are subnets, of which the NICs hold some addresses
    }
  | {
      readonly why: 'address-reserved';
      readonly address: Address;
      readonly reason: 'network' | 'gateway' | 'broadcast' | 'listed';
    }
  | { readonly why: 'one-per-family'; readonly family: Family; readonly wanted: readonly Address[] }
  /** The pod's address is its own, and not here yet. `address` absent: which it is is not known here. */
  | { readonly why: 'static-waits'; readonly address?: Address; readonly because: string }
  /** Whether the pod keeps its address is not known: its name is one of a StatefulSet's, its cluster is not heard. */
  | { readonly why: 'pod-unknown'; readonly pod: string }
  /** It cannot be had on this node, or no more at all. */
  | { readonly why: 'static-lost'; readonly address: Address; readonly because: string }
  /** The pod is to have security groups of its own, and so a NIC of its own, which could not be had. */
  | { readonly why: 'no-pod-nic'; readonly groups: readonly string[]; readonly because: string }
  | {
      readonly why: 'pod-nic-limit';
      readonly groups: readonly string[];
      readonly limit: number;
      readonly held: number;
      readonly resting: number;
      readonly going: number; // given back, and not gone yet
    }
  /** Something that a pod with a NIC of its own cannot have. */
  | {
      readonly why: 'not-on-pod-nic';
      readonly groups: readonly string[];
      readonly what: string;
      readonly inStandard?: true; // cloud.podGroups: standard would allow it
    }
  /** Whether the pod is to have groups of its own is not known: nobody guesses. */
  | { readonly why: 'pod-groups-unknown'; readonly because: string }
  | { readonly why: 'port-taken'; readonly protocol: string; readonly hostPort: number; readonly holder: string }
  | { readonly why: 'interface-exists'; readonly ifname: string; readonly holder: string }
  /** An annotation of the pod asks for what cannot be. `needs` goes on "it must be ". */
  | { readonly why: 'annotation'; readonly name: string; readonly value: string; readonly needs: string }
  | { readonly why: 'spooled-delete' }
  | { readonly why: 'not-durable'; readonly cause: string };

export type RefusalWhy = Refusal['why'];
