import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { configKeys } from '../../src/io/config/keys.ts';
import { code, markdownTable } from './table.ts';

const PROVIDER = 'src/io/cloud/aws';

/** What each action of EC2 is for. A test compares them with the commands that the provider imports. */
export const ACTIONS: Readonly<Record<string, string>> = {
  DescribeNetworkInterfaces: "This instance's NICs and what they hold; NICs that were left behind.",
  DescribeSubnets: 'Ranges of the subnets that NICs stand in; subnets that a new NIC may stand in.',
  DescribeInstanceTypes: 'NICs and slots of an instance type that the built-in table does not know.',
  CreateNetworkInterface: 'A NIC, with its first addresses or prefixes in the same call.',
  CreateTags: 'Tags of a new NIC; the claim on one that was left behind.',
  AttachNetworkInterface: 'A new NIC to this instance.',
  ModifyNetworkInterfaceAttribute: 'A NIC goes with its instance; security groups follow those of the primary NIC.',
  DetachNetworkInterface: 'A NIC that is given back.',
  DeleteNetworkInterface: 'A NIC that is given back, or was left behind.',
  AssignPrivateIpAddresses: 'IPv4 addresses and prefixes.',
  UnassignPrivateIpAddresses: 'IPv4 addresses and prefixes that are given back.',
  AssignIpv6Addresses: 'IPv6 prefixes. Not needed where `cloud.families` is `[v4]`.',
  UnassignIpv6Addresses: 'IPv6 prefixes that are given back. Not needed where `cloud.families` is `[v4]`.',
};

/** What is asked only where `cloud.podGroups` is set, besides those. */
export const ACTIONS_OF_PODS: Readonly<Record<string, string>> = {
  AssociateTrunkInterface: 'A NIC of a pod of its own, carried by the trunk. Only where `cloud.podGroups` is set.',
};

/** What only the controller asks, besides all of those: an instance knows by its metadata. */
export const ACTIONS_ELSEWHERE: Readonly<Record<string, string>> = {
  DescribeInstances: 'What the instance of a node is: its type, its zone, its first NIC.',
  DescribeVpcs: 'The ranges of its VPC.',
};

/** The commands of the SDK that the provider imports, without "Command", sorted. */
export function actionsAsked(folder = PROVIDER): readonly string[] {
  const sources = readdirSync(folder).filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'));
  const imports = sources.flatMap((name) => {
    const text = readFileSync(join(folder, name), 'utf8');
    return [...text.matchAll(/import (?:type )?\{([^}]*)\} from '@aws-sdk\/client-ec2'/g)].map(
      ([, names]) => names ?? '',
    );
  });
  const named = imports.flatMap((names) => [...names.matchAll(/\b(\w+)Command\b/g)].map(([, action]) => action ?? ''));
  return [...new Set(named)].toSorted();
}

/** What each action is for. */
export function actionsTable(): string {
  const row = ([action, about]: readonly [string, string]) => [code(`ec2:${action}`), about];
  const elsewhere = Object.entries(ACTIONS_ELSEWHERE).map(([action, about]) => row([action, `Controller: ${about}`]));
  const ofPods = Object.entries(ACTIONS_OF_PODS).map(row);
  return markdownTable(['action', 'for'], [...Object.entries(ACTIONS).map(row), ...ofPods, ...elsewhere]);
}

/**
 * An IAM policy that allows exactly these actions. EC2's Describe actions know no resources; tags are only put on NICs:
 * "Actions, resources, and condition keys for Amazon EC2", Service Authorization Reference.
 */
export function policyText(of: 'node' | 'controller' = 'node'): string {
  const common = { ...ACTIONS, ...ACTIONS_OF_PODS };
  const all = Object.keys(of === 'node' ? common : { ...common, ...ACTIONS_ELSEWHERE });
  const reads = all.filter((action) => action.startsWith('Describe'));
  const changes = all.filter((action) => !reads.includes(action) && action !== 'CreateTags');
  const statement = (Sid: string, actions: readonly string[], Resource: string) => ({
    Sid,
    Effect: 'Allow',
    Action: actions.map((action) => `ec2:${action}`),
    Resource,
  });
  const policy = {
    Version: '2012-10-17',
    Statement: [
      statement('Look', reads, '*'),
      statement('Change', changes, '*'),
      statement('Tag', ['CreateTags'], 'arn:aws:ec2:*:*:network-interface/*'),
    ],
  };
  return `\`\`\`json\n${JSON.stringify(policy, null, 2)}\n\`\`\``;
}

/** Settings of aws-node that several keys, or a value, stand for. The others are named where a key is described. */
const STANDS_FOR: Readonly<Record<string, readonly [key: string, about: string]>> = {
  'ENABLE_POD_ENI, POD_SECURITY_GROUP_ENFORCING_MODE': ['cloud.podGroups', '`off`, or the mode.'],
  ENABLE_PREFIX_DELEGATION: ['cloud.unit', '`prefix` for true.'],
  'ENABLE_IPv4, ENABLE_IPv6': ['cloud.families', '`[v4]`, `[v6]`, or both.'],
  AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG: [
    'cloud.nicConfigs',
    '`node` for true; or, without any object, `cloud.usePrimary: false` with `aws.zones`.',
  ],
  ENI_CONFIG_ANNOTATION_DEF: ['cloud.nicConfigKey', 'One key for annotations and labels.'],
  IP_COOLDOWN_PERIOD: ['pool.cooldown', 'With a unit: `30s`.'],
  AWS_VPC_K8S_CNI_EXTERNALSNAT: ['network.masquerade.enabled', '`false` for true.'],
  AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS: ['network.masquerade.except', 'A list.'],
  AWS_VPC_K8S_CNI_RANDOMIZESNAT: [
    'network.masquerade.ports',
    '`random` for prng, `hashed` for hashrandom, `kept` for none.',
  ],
  POD_MTU: ['network.mtu', "Of pods. NICs that we attach get that of the node's own."],
  AWS_VPC_K8S_CNI_LOGLEVEL: ['log.level', 'In lower case.'],
};

/** Settings of aws-node beside Berth's keys. Throws for a key that is not there. */
export function awsSettingsTable(): string {
  const keys = new Map(configKeys().map((it) => [it.key, it]));
  const named = [...keys.values()].flatMap(({ key, about }) => {
    const [, said = about, setting] = /^(.*) AWS: (\w+)\.$/.exec(about) ?? [];
    return setting === undefined ? [] : [[code(setting), code(key), said]];
  });
  const others = Object.entries(STANDS_FOR).map(([settings, [key, about]]) => {
    if (!keys.has(key)) throw new Error(`tools/docs/aws.ts names ${key}, which is no key`);
    return [settings.split(', ').map(code).join(', '), code(key), about];
  });
  return markdownTable(['aws-node', 'Berth', 'meaning'], [...named, ...others]);
}
