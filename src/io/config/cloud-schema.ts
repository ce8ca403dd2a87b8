import * as z from 'zod';
import { duration, durationText, expecting, ipRange, oneOf, whole, yesOrNo } from './values.ts';

// The keys that only a node on a cloud has.

const text = z.string({ error: expecting('a text') });
const texts = z.array(text, { error: expecting('a list') }).max(64, { error: 'expected at most 64' });

/** Tags are written "key=value". Prefixes of clouds and Kubernetes are theirs. */
const tag = z
  .string({ error: expecting('a tag such as team=blue') })
  .regex(/^[^=]{1,128}=.{0,256}$/, { error: 'expected key=value' })
  .refine((it) => !/^(aws:|berth\.dev\/)|k8s\.amazonaws\.com/.test(it), { error: 'is a key that is reserved' });

const target = (about: string) => whole(0, 10_000).optional().describe(about);

/** How many addresses a node holds, on whatever cloud. */
export const cloudKeys = {
  access: oneOf(['node', 'controller'])
    .default('node')
    .describe(
      'Who asks the cloud. `node`: the agent itself, which needs the permission. `controller`: the controller, on behalf of the agent.',
    ),
  families: z
    .array(oneOf(['v4', 'v6']), { error: expecting('a list') })
    .min(1, { error: 'expected v4, v6 or both' })
    .default(['v4'])
    .describe('The families of which each pod gets an address.'),
  unit: oneOf(['address', 'prefix'])
    .default('address')
    .describe('What is asked of a NIC for IPv4. `prefix`: sixteen at once, single ones where no range is free.'),
  warmAddresses: target('So many free addresses are kept. AWS: WARM_IP_TARGET.'),
  minimumAddresses: target('So many addresses are held at least. AWS: MINIMUM_IP_TARGET.'),
  warmNics: target('So many NICs with nothing but free addresses are kept. AWS: WARM_ENI_TARGET.'),
  warmPrefixes: target('So many free prefixes are kept. AWS: WARM_PREFIX_TARGET.'),
  maxNics: whole(1, 128).optional().describe("No more NICs than these, the node's own included. AWS: MAX_ENI."),
  maxPods: whole(1, 10_000).default(110).describe('No more addresses are asked for than so many pods need.'),
  usePrimary: yesOrNo.default(true).describe("Whether pods may have addresses of the node's own NIC."),
  keepTrunkSlot: yesOrNo.default(false).describe('Whether one NIC is left free for a trunk until that is attached.'),
  podGroups: oneOf(['off', 'strict', 'standard'])
    .default('off')
    .describe(
      'Whether pods have the security groups that PodSecurityGroups and SecurityGroupPolicy give them, on NICs of their own, and how far these count (docs/aws.md).',
    ),
  podNicIdle: duration({ least: 0, most: 86_400_000 })
    .prefault(durationText(300_000))
    .describe('So long a NIC of a pod that has gone is kept for another with the same groups.'),
  hold: yesOrNo
    .default(false)
    .describe('Whether nothing is asked for and nothing given back. AWS: DISABLE_NETWORK_RESOURCE_PROVISIONING.'),
  collectLeaked: yesOrNo
    .default(true)
    .describe('Whether this node looks for NICs that nobody has. Not needed where the controller does (`leaked`).'),
  foreign: oneOf(['adopt', 'ignore'])
    .default('adopt')
    .describe('What becomes of addresses that others put on our NICs while we run.'),
  nicConfigs: oneOf(['none', 'pods', 'node'])
    .default('none')
    .describe(
      'Whether NICConfig and ENIConfig objects are heeded. `pods`: those that pods ask for. `node`: the one that the Node names as well, for all its pods.',
    ),
  nicConfigKey: text
    .default('k8s.amazonaws.com/eniConfig')
    .describe(
      'The annotation or label of the Node that names it, besides `berth.dev/nic-config`. AWS: ENI_CONFIG_LABEL_DEF.',
    ),
  external: z
    .array(ipRange, { error: expecting('a list') })
    .max(256, { error: 'expected at most 256' })
    .default([])
    .describe("Ranges that only the node's own NIC knows the way to. AWS: AWS_EXTERNAL_SERVICE_CIDRS."),
};

const zone = z
  .strictObject({
    zone: text.describe('The name of the zone, such as eu-west-1a.'),
    subnet: text.describe("The subnet of pods' NICs there."),
    groups: texts.default([]).describe('Their security groups. Empty: those of `aws.groups`.'),
  })
  .describe("Where pods' NICs stand in one zone.");

/** Amazon EC2. */
export const awsKeys = {
  region: text.optional().describe("The region. Absent: the instance's own."),
  endpoint: z
    .url({ error: expecting('a URL') })
    .optional()
    .describe("Where EC2 answers. Absent: AWS's own. AWS: AWS_EC2_ENDPOINT."),
  metadata: z
    .url({ error: expecting('a URL') })
    .default('http://169.254.169.254')
    .describe('Where the instance metadata service answers.'),
  timeout: duration({ least: 1_000, most: 120_000 })
    .prefault(durationText(10_000))
    .describe('How long one call may take. AWS: HTTP_TIMEOUT.'),
  cluster: text
    .default('')
    .describe('The cluster: scope of tagged subnets, and of NICs that are collected. AWS: CLUSTER_NAME.'),
  discoverSubnets: yesOrNo
    .default(true)
    .describe('Whether subnets that are tagged kubernetes.io/role/cni=1 are used. AWS: ENABLE_SUBNET_DISCOVERY.'),
  zones: z
    .array(zone, { error: expecting('a list') })
    .max(64, { error: 'expected at most 64' })
    .default([])
    .describe('Custom networking, by zone. AWS: ENIConfig.'),
  groups: texts.default([]).describe("Security groups of pods' NICs. Empty: those of the node's own, followed."),
  tags: z
    .array(tag, { error: expecting('a list') })
    .max(40, { error: 'expected at most 40' })
    .default([])
    .describe('Tags for NICs that we make, as key=value. AWS: ADDITIONAL_ENI_TAGS.'),
  manageUntagged: yesOrNo
    .default(true)
    .describe('Whether attached NICs that nobody marked are ours. AWS: MANAGE_UNTAGGED_ENI.'),
};
