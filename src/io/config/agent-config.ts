import type { Address, Family, Prefix } from '../../base/ip.ts';
import type { Millis } from '../../base/clock.ts';
import type { PodIpsName } from '../../wire/kube/pod-ips.ts';
import type { SourcePorts } from '../../core/datapath/ruleset.ts';
import type { Targets } from '../../core/ipam/cloud.ts';

/** Another node: where it is, and which ranges stand behind it. `addresses` holds at most one of each family. */
export interface Peer {
  readonly name: string;
  readonly addresses: readonly Address[];
  readonly ranges: readonly Prefix[];
}

/** The agent's whole configuration, checked, with every default filled in: docs/configuration.md. */
export interface AgentConfig {
  readonly nodeName: string;
  readonly provider: 'podcidr' | 'aws'; //           where pods' addresses come from
  readonly network: {
    readonly mode: 'routed' | 'bridge';
    readonly bridge: string; //                      name of the bridge, bridge mode only
    readonly ranges: readonly Prefix[]; //           this node's PodCIDRs
    readonly reserved: readonly (Address | Prefix)[]; // never given
    readonly mtuBytes: number | 'auto'; //           of the pods' links; auto: the uplink's, less the tunnel's
    readonly uplink: string | 'auto'; //             auto: of the default route, else towards the first peer
    readonly cluster: readonly Prefix[]; //          ranges inside of which sources are kept
    readonly masquerade: {
      readonly enabled: boolean;
      readonly except: readonly Prefix[];
      readonly ports: SourcePorts;
    };
    readonly peers: readonly Peer[];
    readonly tunnel: { readonly use: 'auto' | 'always' | 'never'; readonly vni: number; readonly port: number };
    readonly forwardAccept: boolean; //              open foreign FORWARD chains that drop by policy, for our ranges
  };
  readonly pool: { readonly cooldownMs: Millis; readonly patienceMs: Millis; readonly waitingLimit: number };
  /** Of every provider but podcidr. */
  readonly cloud: {
    readonly access: 'node' | 'controller'; // who asks it
    readonly families: readonly Family[];
    readonly unit: 'address' | 'prefix';
    readonly targets: Targets;
    readonly maxPods: number;
    readonly usePrimary: boolean;
    readonly keepTrunkSlot: boolean;
    readonly podGroups: 'off' | 'strict' | 'standard';
    readonly podNicIdleMs: Millis;
    readonly hold: boolean;
    readonly collectLeaked: boolean;
    readonly foreign: 'adopt' | 'ignore';
    readonly nicConfigs: 'none' | 'pods' | 'node'; // which objects of the cluster say where NICs stand
    readonly nicConfigKey: string; // what names the node's own
    readonly external: readonly Prefix[];
  };
  readonly aws: {
    readonly region: string | undefined;
    readonly endpoint: string | undefined;
    readonly metadata: string;
    readonly timeoutMs: Millis;
    readonly cluster: string;
    readonly discoverSubnets: boolean;
    readonly zones: readonly { readonly zone: string; readonly subnet: string; readonly groups: readonly string[] }[];
    readonly groups: readonly string[];
    readonly tags: readonly string[]; // "key=value"
    readonly manageUntagged: boolean;
  };
  /** The cluster that this node is of. */
  readonly kubernetes: {
    readonly access: 'none' | 'in-cluster' | 'kubeconfig';
    readonly namespace: string; //            where Berth is installed
    readonly kubeconfig: string; //           path
    readonly server: string | undefined; //   instead of the Service's address; in-cluster only
    readonly cordon: 'hold' | 'ignore';
    readonly tellNode: boolean; // conditions, resource and taint of the own Node
    readonly podIps: readonly PodIpsName[]; // annotations that pods' addresses are written to
    readonly events: boolean;
    readonly status: boolean;
  };
  readonly repair: {
    readonly enabled: boolean;
    readonly delayMs: Millis;
    readonly intervalMs: Millis;
    /** Of what `berth install` gave to the runtime: what is put back. */
    readonly installation: 'altered' | 'missing' | 'never';
  };
  readonly paths: {
    readonly socket: string;
    readonly adminSocket: string;
    readonly state: string;
    readonly spool: string;
  };
  readonly http: { readonly listen: string | undefined }; // "127.0.0.1:9464": /metrics, /healthz, /readyz
  readonly log: {
    readonly level: 'error' | 'warn' | 'info' | 'debug';
    readonly format: 'json' | 'text';
    readonly file: string | undefined; // undefined: standard error
    readonly fileBytes: number;
  };
}
