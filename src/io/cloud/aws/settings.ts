import type { Prefix } from '../../../base/ip.ts';
import type { Millis } from '../../../base/clock.ts';

/** The operator's words for AWS, checked: docs/aws.md says which of aws-node's settings each one is. */
export interface AwsSettings {
  readonly region?: string; //             absent: the instance's own
  readonly endpoint?: string; //           of EC2; absent: AWS's own
  readonly metadata: string; //            "http://169.254.169.254"
  readonly timeoutMs: Millis; //           of one call
  readonly cluster: string; //             "" : none; scope of subnets and of NICs that are collected
  readonly discoverSubnets: boolean;
  /** Custom networking: where pods' NICs stand, by zone. The primary NIC then holds no pods. */
  readonly zones: Readonly<Record<string, { readonly subnet: string; readonly groups: readonly string[] }>>;
  readonly groups: readonly string[]; //   empty: those of the primary NIC
  readonly tags: Readonly<Record<string, string>>;
  readonly manageUntagged: boolean; //     NICs of nobody's mark that are attached to this instance
}

/** What the instance is, as its metadata tells once. */
export interface AwsSelf {
  readonly instance: string;
  readonly type: string;
  readonly region: string;
  readonly zone: string;
  readonly vpc: string;
  readonly primaryMac: string;
  readonly primarySubnet: string;
  readonly primaryRanges: SubnetRanges;
  readonly vpcRanges: readonly Prefix[];
}

/** The ranges of a subnet, one of each family at most. */
export interface SubnetRanges {
  readonly v4?: Prefix;
  readonly v6?: Prefix;
}

// Tags on NICs that Berth makes. Prefixes of AWS and Kubernetes are reserved to them.
export const TAG_INSTANCE = 'berth.dev/instance';
export const TAG_CLUSTER = 'berth.dev/cluster';
export const TAG_CREATED = 'berth.dev/created';
export const TAG_INTENT = 'berth.dev/intent'; // the token by which it was asked for
export const TAG_CONFIG = 'berth.dev/nic-config'; // the NICConfig that says where it stands
export const TAG_VLAN = 'berth.dev/vlan'; // of a branch NIC: its number on the trunk
export const TAG_SWEEPER = 'berth.dev/sweeper';
/** Marks that tell us to leave a NIC alone: aws-node's name and ours. */
export const TAGS_NO_MANAGE: readonly string[] = ['node.k8s.amazonaws.com/no_manage', 'berth.dev/no-manage'];
/** aws-node's mark of a NIC that it made. */
export const TAG_AWS_NODE = 'node.k8s.amazonaws.com/instance_id';
