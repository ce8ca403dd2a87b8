import { familyOf } from '../../../../src/base/ip.ts';
import type { GroupRule, Id, SecurityGroup } from '../../../cloud/nouns.ts';
import { arn, type Place } from '../place.ts';
import { element, items, leaf, NOTHING, together, type Xml } from '../xml.ts';
import { tagSet } from './tags.ts';

/** A SecurityGroup of EC2: its rules put together by protocol and ports. */
export function groupShape(group: SecurityGroup, place: Place): Xml {
  const { id, name, description, vpc, ingress, egress, tags } = group;
  return together(
    leaf('ownerId', place.account),
    leaf('groupId', id),
    leaf('groupName', name),
    leaf('groupDescription', description),
    leaf('vpcId', vpc),
    permissions('ipPermissions', ingress, place),
    permissions('ipPermissionsEgress', egress, place),
    tagSet(tags),
    leaf('securityGroupArn', arn(place, `security-group/${id}`)),
  );
}

/** "-1" for all, a name where EC2 uses one, else a number. */
export function protocolName({ protocol }: Pick<GroupRule, 'protocol'>): string {
  return protocol === 'all' ? '-1' : String(protocol);
}

/** FromPort and ToPort: none for all protocols, −1 for all of ICMP. */
export function portNumbers({ protocol, ports }: Pick<GroupRule, 'protocol' | 'ports'>): Xml {
  if (protocol === 'all' || typeof protocol === 'number') return NOTHING;
  const all = protocol === 'tcp' || protocol === 'udp' ? { from: 0, to: 65_535 } : { from: -1, to: -1 };
  const { from, to } = ports ?? all;
  return together(leaf('fromPort', from), leaf('toPort', to));
}

function permissions(name: string, rules: readonly GroupRule[], { account }: Place): Xml {
  const alike = new Map<string, GroupRule[]>();
  for (const rule of rules) {
    const key = `${rule.protocol} ${rule.ports?.from} ${rule.ports?.to}`;
    alike.set(key, [...(alike.get(key) ?? []), rule]);
  }
  return items(name, alike.values(), (some) => {
    const [first] = some;
    if (first === undefined) return NOTHING;
    const ofFamily = (family: 'v4' | 'v6') =>
      some.filter(({ peer }) => 'range' in peer && familyOf(peer.range) === family);
    return together(
      leaf('ipProtocol', protocolName(first)),
      portNumbers(first),
      items(
        'groups',
        some.filter(({ peer }) => 'group' in peer),
        (rule) => together(leaf('userId', account), leaf('groupId', groupOf(rule)), description(rule)),
      ),
      items('ipRanges', ofFamily('v4'), (rule) => together(leaf('cidrIp', rangeOf(rule)), description(rule))),
      items('ipv6Ranges', ofFamily('v6'), (rule) => together(leaf('cidrIpv6', rangeOf(rule)), description(rule))),
      element('prefixListIds'),
    );
  });
}

function description(rule: GroupRule): Xml {
  return leaf('description', rule.description);
}

function groupOf({ peer }: GroupRule): Id | undefined {
  return 'group' in peer ? peer.group : undefined;
}

function rangeOf({ peer }: GroupRule): string | undefined {
  return 'range' in peer ? peer.range : undefined;
}

/** A SecurityGroupRule of EC2. */
export function ruleShape(
  group: Id,
  rule: GroupRule,
  { egress, place }: { readonly egress: boolean; readonly place: Place },
): Xml {
  const { account } = place;
  const peer = groupOf(rule);
  return together(
    leaf('securityGroupRuleId', rule.id),
    leaf('groupId', group),
    leaf('groupOwnerId', account),
    leaf('isEgress', egress),
    ...ruleBody(rule),
    peer === undefined ? NOTHING : element('referencedGroupInfo', leaf('groupId', peer), leaf('userId', account)),
    description(rule),
    element('tagSet'),
    leaf('securityGroupRuleArn', arn(place, `security-group-rule/${rule.id}`)),
  );
}

/** A RevokedSecurityGroupRule of EC2. */
export function revokedShape(group: Id, rule: GroupRule, egress: boolean): Xml {
  return together(
    leaf('securityGroupRuleId', rule.id),
    leaf('groupId', group),
    leaf('isEgress', egress),
    ...ruleBody(rule),
    leaf('referencedGroupId', groupOf(rule)),
    description(rule),
  );
}

function ruleBody(rule: GroupRule): readonly Xml[] {
  const range = rangeOf(rule);
  const none = { from: -1, to: -1 }; // a rule tells its ports also where it has none
  const { from, to } =
    rule.ports ?? (rule.protocol === 'tcp' || rule.protocol === 'udp' ? { from: 0, to: 65_535 } : none);
  return [
    leaf('ipProtocol', protocolName(rule)),
    leaf('fromPort', from),
    leaf('toPort', to),
    range === undefined ? NOTHING : leaf(range.includes(':') ? 'cidrIpv6' : 'cidrIpv4', range),
  ];
}
