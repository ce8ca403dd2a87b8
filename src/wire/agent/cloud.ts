// What the agent answers about its cloud: status.ts has the questions and the units. Without one `provider` is
// "podcidr", and the lists are empty. Counts that an IPv6 prefix brings are numbers: 2^48 times a few.

export interface NicsReply {
  readonly provider: string;
  readonly nics: readonly NicRow[]; // the node's own first
  readonly podNics?: PodNicsReply; //   where pods may have NICs of their own
}

/** NICs of single pods, and how many the trunk carries; unknown until the cloud has told. */
export interface PodNicsReply {
  readonly enforcing: 'strict' | 'standard' | 'off'; // off: these are left of before
  readonly atMost?: number;
  readonly nics: readonly PodNicRow[];
}

/** One of them. */
export interface PodNicRow {
  readonly id: string;
  readonly vlan: number;
  readonly groups: readonly string[];
  readonly addresses: readonly string[];
  readonly state: 'held' | 'rests' | 'free' | 'going';
  readonly pod?: string; // "namespace/name", or the attachment, that holds it
}

/** One NIC. `state`: "preparing" until its link is served, "others" is marked or made by somebody else. */
export interface NicRow {
  readonly id: string;
  readonly device: number;
  readonly card: number;
  readonly mac: string;
  readonly subnet: string;
  readonly subnetRange: string;
  readonly groups: readonly string[];
  readonly own: readonly string[]; // its primary addresses: the node's
  readonly kind: 'interface' | 'trunk' | 'efa';
  readonly state: 'ready' | 'preparing' | 'unsure' | 'leaving' | 'others';
  readonly linkReady: boolean;
  readonly trust: 'sure' | 'unsure' | 'leaving' | 'foreign';
  readonly forPods: boolean;
  readonly config?: string; //      the NICConfig that it was made by
  readonly addresses: readonly NicAddresses[]; // by family; none: it holds nothing besides its own
}

/** What a NIC holds of one family. `kept`: held, and not given now. */
export interface NicAddresses {
  readonly family: 'v4' | 'v6';
  readonly used: number;
  readonly cooling: number;
  readonly free: number;
  readonly kept: number;
  readonly prefixes: number;
}

export interface PoolReply {
  readonly provider: string;
  readonly targets?: PoolTargets; // absent without a cloud, as what follows
  readonly nics?: { readonly attached: number; readonly atMost?: number }; // unknown until the instance's limits are
  readonly sureAt?: number; //     when the cloud's API last told what is attached
  readonly families: readonly PoolFamily[];
  readonly troubles: readonly PoolTrouble[]; // oldest first
}

/** What the operator set, in the words of the configuration. None of the four warm ones: the demand decides. */
export interface PoolTargets {
  readonly unit: 'address' | 'prefix';
  readonly maxPods: number;
  readonly warmAddresses?: number;
  readonly minimumAddresses?: number;
  readonly warmNics?: number;
  readonly warmPrefixes?: number;
  readonly maxNics?: number;
}

/** One family, of NICs that stand by one NICConfig or by none: in numbers, and in two sentences. */
export interface PoolFamily {
  readonly family: 'v4' | 'v6';
  readonly config?: string;
  readonly now: string;
  readonly next: string;
  readonly total: number; //     held; free, claimed and cooling are parts of it
  readonly free: number;
  readonly claimed: number;
  readonly cooling: number;
  readonly coming: number; //    asked for, or on a NIC that is being set up
  readonly waiting: number; //   pods
  readonly expected: number; //  pods
  readonly aim?: { readonly low: number; readonly high?: number; readonly minimum: number }; // free ones; in all
}

/** What the cloud refused. Over once something that it concerned went well. */
export interface PoolTrouble {
  readonly scope: string; //   "cloud", "subnet subnet-0a prefix v4", "nic eni-0a"
  readonly kind: string; //    "throttled", "exhausted", "denied", …
  readonly action: string;
  readonly code: string;
  readonly message: string;
  readonly since: number;
  readonly until: number; //   nothing it concerns is asked before
  readonly failures: number; // in a row
}

export interface CloudCallsReply {
  readonly provider: string;
  readonly since: number; //   the agent's start: everything is counted from there
  readonly actions: readonly CallsRow[]; // by number, most first
}

/** All calls of one action. */
export interface CallsRow {
  readonly action: string;
  readonly calls: number;
  readonly throttled: number;
  readonly failed: number; //  neither went well nor were throttled
  readonly medianMs: number; // of the last 128
  readonly maxMs: number;
  readonly outcomes: Readonly<Record<string, number>>; //  "ok", "throttled", "exhausted", …
  readonly urgencies: Readonly<Record<string, number>>; // "pod", "refill", "housekeeping"
  readonly lastAt: number;
  readonly lastFailure?: { readonly at: number; readonly code: string };
}
