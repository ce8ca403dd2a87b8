import type { Id } from '../../../cloud/nouns.ts';
import { type Action, madeOf } from '../action.ts';
import { ApiError } from '../api-error.ts';
import { describing } from '../describing.ts';
import { OWNER } from '../filters.ts';
import type { Params } from '../params.ts';
import { arn } from '../place.ts';
import { groupShape, revokedShape, ruleShape } from '../shapes/group.ts';
import { readTagSpecifications, tagSet } from '../shapes/tags.ts';
import { element, items, leaf, together } from '../xml.ts';
import { readPermissions } from './permissions.ts';

/** Security groups and their rules. */
export const GROUPS: Readonly<Record<string, Action>> = {
  DescribeSecurityGroups: describing({
    kind: 'group',
    ids: 'GroupId',
    prefix: 'sg-',
    malformed: 'InvalidGroupId.Malformed',
    set: 'securityGroupInfo',
    filters: {
      'group-id': 'id',
      'group-name': 'name',
      'vpc-id': 'vpc',
      description: 'description',
      'owner-id': OWNER,
    },
    write: ({ group }, { place }) => groupShape(group, place),
  }),
  CreateSecurityGroup: {
    category: 'mutating',
    read: (params, { place }) => {
      const name = params.needed('GroupName');
      const description = params.needed('GroupDescription');
      const vpc = params.text('VpcId') as Id | undefined;
      if (vpc === undefined) throw new ApiError('VPCIdNotSpecified', 'No default VPC for this user');
      const tags = readTagSpecifications(params, 'security-group');
      return {
        request: { do: 'create-group', vpc, name, description, tags },
        write: (answer) => {
          const { id } = madeOf(answer, 'group').group;
          const whole = leaf('securityGroupArn', arn(place, `security-group/${id}`));
          return together(leaf('return', true), leaf('groupId', id), tagSet(tags), whole);
        },
      };
    },
  },
  DeleteSecurityGroup: {
    category: 'mutating',
    read: (params) => {
      const group = params.id('GroupId');
      return {
        request: { do: 'delete-group', group },
        write: () => together(leaf('return', true), leaf('groupId', group)),
      };
    },
  },
  AuthorizeSecurityGroupIngress: authorizing('ingress'),
  AuthorizeSecurityGroupEgress: authorizing('egress'),
  RevokeSecurityGroupIngress: revoking('ingress'),
  RevokeSecurityGroupEgress: revoking('egress'),
  DescribeSecurityGroupRules: {
    category: 'non-mutating',
    read: (params, { place }) => {
      const wanted = params.ids('SecurityGroupRuleId');
      const groups = params.rows('Filter').flatMap((row) => {
        const name = row.needed('Name');
        if (name !== 'group-id') throw new ApiError('InvalidParameterValue', `The filter '${name}' is invalid`);
        return row.list('Value');
      });
      const filters = groups.length === 0 ? {} : { filters: [{ field: 'id', values: groups }] };
      return {
        request: { do: 'describe', kind: 'group', ...filters },
        write: (answer) => {
          const views = answer.is === 'views' ? answer.views : [];
          const rules = views.flatMap((view) => {
            if (view.kind !== 'group') return [];
            const { id, ingress, egress } = view.group;
            const of = (rule: (typeof ingress)[number], out: boolean) => ({ group: id, rule, egress: out });
            return [...ingress.map((it) => of(it, false)), ...egress.map((it) => of(it, true))];
          });
          const fit = rules.filter(({ rule }) => wanted.length === 0 || wanted.includes(rule.id));
          return items('securityGroupRuleSet', fit, ({ group, rule, egress }) =>
            ruleShape(group, rule, { egress, place }),
          );
        },
      };
    },
  },
};

function authorizing(way: 'ingress' | 'egress'): Action {
  return {
    category: way === 'ingress' ? 'resource-intensive' : 'mutating',
    read: (params, { place }) => {
      const group = readGroup(params);
      params.ignore('TagSpecification');
      const rules = readPermissions(params);
      if (rules.length === 0) throw params.missing('ipPermissions');
      return {
        request: { do: 'add-rules', group, way, rules },
        write: (answer) => {
          if (answer.is !== 'rules') throw new TypeError(`no rules were made: ${answer.is}`);
          return together(
            leaf('return', true),
            items('securityGroupRuleSet', answer.rules, (rule) =>
              ruleShape(group, rule, { egress: way === 'egress', place }),
            ),
          );
        },
      };
    },
  };
}

function revoking(way: 'ingress' | 'egress'): Action {
  return {
    category: way === 'ingress' ? 'resource-intensive' : 'mutating',
    read: (params) => {
      const group = readGroup(params);
      const rules = [...params.ids('SecurityGroupRuleId'), ...readPermissions(params)];
      if (rules.length === 0) throw params.missing('ipPermissions');
      return {
        request: { do: 'remove-rules', group, way, rules },
        write: (answer) => {
          if (answer.is !== 'rules') throw new TypeError(`no rules were removed: ${answer.is}`);
          return together(
            leaf('return', true),
            element('unknownIpPermissionSet'),
            items('revokedSecurityGroupRuleSet', answer.rules, (rule) => revokedShape(group, rule, way === 'egress')),
          );
        },
      };
    },
  };
}

/** By id: names are for groups of a default VPC, and there is none. */
function readGroup(params: Params): Id {
  if (params.text('GroupId') === undefined && params.text('GroupName') !== undefined)
    throw new ApiError('VPCIdNotSpecified', 'No default VPC for this user');
  return params.id('GroupId');
}
