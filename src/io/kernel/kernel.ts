import type { Family, InterfaceAddress } from '../../base/ip.ts';
import type { PortMapping } from '../../core/attachment.ts';
import type { Item, LinkRef, Plan } from '../../core/datapath/plan.ts';
import type { Listener } from '../../core/datapath/ports.ts';
import type { Mac } from '../../base/mac.ts';

/** What went wrong, for those who decide what to do next. One table says which kinds are worth another try. */
export type KernelErrorKind =
  | 'exists'
  | 'absent'
  | 'denied'
  | 'busy'
  | 'full'
  | 'unsupported'
  | 'invalid'
  | 'lost'
  | 'unknown';

/**
 * An operating error of the kernel. `errno` as its name ("EEXIST"); `said` is the kernel's own text when it gave one.
 */
export class KernelError extends Error {
  readonly kind: KernelErrorKind;
  readonly errno: string;
  readonly said: string;
  constructor(kind: KernelErrorKind, message: string, more: { errno?: string; said?: string; cause?: unknown } = {}) {
    super(message, { cause: more.cause });
    this.name = 'KernelError';
    this.kind = kind;
    this.errno = more.errno ?? '';
    this.said = more.said ?? '';
  }
}

/**
 * What one `ensure` did. `made` is what did not exist before, also when a later item failed. Items are those that
 * were given, not copies.
 */
export interface Ensured {
  readonly made: readonly Item[];
  readonly failure?: { readonly item: Item; readonly error: KernelError };
}

/** An item that could not be removed, and why. */
export interface Remaining {
  readonly item: Item;
  readonly error: KernelError;
}

/** A link of the host, as far as the node plan wants to know it. Links of pods and of our own are left out. */
export interface HostLink {
  readonly name: string;
  readonly mac?: Mac; // absent: a link without one
  readonly mtuBytes: number;
  readonly up: boolean;
  readonly addresses: readonly InterfaceAddress[]; // global ones
  readonly defaultRoute: readonly Family[]; // families whose default route leaves through it
  readonly acceptRa?: number; //              net.ipv6.conf.<if>.accept_ra; absent: unknown
}

/** Something changed that could concern us. Several changes may come as one. */
export type KernelChange =
  | {
      readonly kind: 'host';
      readonly what: 'link' | 'address' | 'route' | 'rule' | 'neighbour' | 'netconf' | 'nftables';
      readonly link?: string;
      readonly by?: string; // who did it, where the kernel tells: nftables
    }
  /** In the namespace of the pod whose host end is `hostLink`. */
  | {
      readonly kind: 'pod';
      readonly what: 'link' | 'address' | 'route' | 'neighbour' | 'netconf';
      readonly hostLink: string;
    }
  /** Notifications were lost: look at everything. */
  | { readonly kind: 'overflow' };

/**
 * The kernel as the executor sees it. `sandbox` is the path of the pod's network namespace; a plan without links in a
 * pod needs none.
 * Every method is safe to call at any time; calls for different sandboxes may overlap.
 */
export interface Kernel {
  /**
   * Makes items exist, in order, and stops at the first that cannot be made. An item that is there already is left as
   * it is and is not `made`. One that is there with other attributes (the same `keyOf`, another MTU, MAC, next hop,
   * rate, data, tag) is brought in line in place when it bears our mark, and is not `made` either: it existed. A
   * foreign one that differs is a failure of kind `exists`, and so is a veth whose host or pod name is taken by a link
   * that is not this veth.
   */
  ensure(items: readonly Item[], sandbox?: string): Promise<Ensured>;
  /**
   * Makes items not exist, in the order given; goes on after a failure. Absent, or gone with its link or sandbox, is
   * success. Settings (`up`, `sysctl`, `host-sysctl`) are left as they are, as nobody knows who else stands on them.
   * Returns when the kernel shows none of the others.
   */
  remove(items: readonly Item[], sandbox?: string): Promise<readonly Remaining[]>;
  /**
   * What there really is in the places a plan speaks of: the links it names and all on them, its rules, routes,
   * sysctls and elements. A vanished sandbox shows nothing of the pod. A neighbour shows its MAC.
   */
  observe(plan: Plan, sandbox?: string): Promise<Plan>;
  /**
   * Everything in the host that bears our mark: links by name prefix, routes by protocol, elements of our table. A
   * veth found so has an unknown pod end (name "").
   */
  inventory(): Promise<Plan>;
  /** The MAC of a link now, or undefined when there is none. */
  macOf(link: LinkRef, sandbox?: string): Promise<Mac | undefined>;
  /** The host's links that could be an uplink. */
  hostLinks(): Promise<readonly HostLink[]>;
  /**
   * What a path names: the namespace this kernel works in, which a pod must not be given, another network namespace, or
   * none.
   */
  namespaceAt(path: string): 'host' | 'other' | 'none';
  /** Whether a path names a network namespace that exists. */
  sandboxExists(path: string): boolean;
  /**
   * Deletes connection tracking entries of a protocol towards a host port, so that a new mapping takes effect for old
   * flows.
   */
  forgetFlows(flows: {
    readonly protocol: 'tcp' | 'udp' | 'sctp';
    readonly hostPort: number;
    readonly family: 'v4' | 'v6';
  }): Promise<void>;
  /**
   * Looks anew at what of a plan is too slow for every `observe`, which tells what was found here or made since: a
   * FORWARD chain of iptables-legacy, for which a program must be asked.
   */
  refresh(plan: Plan): Promise<void>;
  /** The node's own sockets that wait on a port of a protocol, whatever their address. */
  listeners(port: Pick<PortMapping, 'protocol' | 'hostPort'>): Promise<readonly Listener[]>;
  /** Tells of changes until the returned function is called. Changes made through this very object need not be told. */
  watch(listener: (change: KernelChange) => void): () => void;
  /**
   * Whether every watch hears the pods' namespaces too. Where it does not, only the regular comparison finds what
   * changes there.
   */
  hearsPods(): boolean;
  /** Opens nothing after this; closes sockets. */
  close(): Promise<void>;
}
