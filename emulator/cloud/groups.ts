import type { Prefix } from '../../src/base/ip.ts';
import { numberOf, type Done, done, found, isFault, put, quotaFault, without } from './change.ts';
import type { Cloud, Env } from './cloud.ts';
import type { Fault } from './fault.ts';
import { newId } from './ids.ts';
import type { GroupRule, Id, SecurityGroup } from './nouns.ts';
import type { GroupRequest, NewRule } from './request.ts';
import { viewOf } from './view.ts';

type Of<D extends GroupRequest['do']> = Extract<GroupRequest, { readonly do: D }>;

/** A name once in a VPC. Everything may leave, nothing may come in. */
export function createGroup(before: Cloud, request: Of<'create-group'>, env: Env): Done | Fault {
  const { vpc: of, name, description, tags } = request;
  const vpc = found(before, 'vpc', of);
  if (isFault(vpc)) return vpc;
  const same = [...before.groups.values()].some((it) => it.vpc === of && it.name === name);
  if (same) return { why: 'duplicate', kind: 'group', name };
  const has = numberOf(before.groups, (it) => it.vpc === of);
  const full = quotaFault(before, 'groupsPerVpc', { has, more: 1, subject: of });
  if (full !== undefined) return full;
  const ranges = vpc.ranges.some((it) => it.includes(':')) ? ['0.0.0.0/0', '::/0'] : ['0.0.0.0/0'];
  const egress = ranges.map((range): GroupRule => {
    return { id: newId(before.rules, 'rule', env.random), protocol: 'all', peer: { range: range as Prefix } };
  });
  const id = newId(before.rules, 'group', env.random);
  const group: SecurityGroup = { id, vpc: of, name, description, ingress: [], egress, tags };
  const cloud = put(before, 'group', group);
  return { cloud, answer: { is: 'made', view: viewOf(cloud, 'group', group) }, touched: [{ kind: 'group', id }] };
}

/** Not a VPC's default group, and none that a NIC or a rule of another group names. */
export function deleteGroup(cloud: Cloud, { group: id }: Of<'delete-group'>): Done | Fault {
  const group = found(cloud, 'group', id);
  if (isFault(group)) return group;
  if (cloud.vpcs.get(group.vpc)?.defaultGroup === id) return { why: 'indispensable', kind: 'group', id };
  for (const { id: byId, groups } of cloud.nics.values())
    if (groups.includes(id)) return { why: 'in-use', kind: 'group', id, by: 'nic', byId };
  for (const { id: byId, ingress, egress } of cloud.groups.values()) {
    const named = [...ingress, ...egress].some(({ peer }) => 'group' in peer && peer.group === id);
    if (byId !== id && named) return { why: 'in-use', kind: 'group', id, by: 'group', byId };
  }
  return done(without(cloud, 'group', id), { kind: 'group', id });
}

/** Answers the new rules. One that is there already is a fault, and then none is added. */
export function addRules(before: Cloud, request: Of<'add-rules'>, env: Env): Done | Fault {
  const { group: id, way } = request;
  const group = found(before, 'group', id);
  if (isFault(group)) return group;
  const rules: GroupRule[] = [];
  for (const rule of request.rules) {
    if ([...group[way], ...rules].some((it) => saysSame(it, rule)))
      return { why: 'duplicate', kind: 'rule', name: spelled(rule) };
    const peer = 'group' in rule.peer ? found(before, 'group', rule.peer.group) : group;
    if (isFault(peer)) return peer;
    if (peer.vpc !== group.vpc)
      return { why: 'other-vpc', kind: 'group', id: peer.id, vpc: peer.vpc, wanted: group.vpc };
    rules.push({ ...rule, id: newId(before.rules, 'rule', env.random) });
  }
  const sizes = { has: group[way].length, more: rules.length, subject: id };
  const full = quotaFault(before, 'rulesPerGroup', sizes);
  if (full !== undefined) return full;
  const cloud = put(before, 'group', { ...group, [way]: [...group[way], ...rules] });
  return { cloud, answer: { is: 'rules', group: id, way, rules }, touched: [{ kind: 'group', id }] };
}

/** Answers the rules that were. One that is not there is a fault, and then all stay. */
export function removeRules(before: Cloud, request: Of<'remove-rules'>): Done | Fault {
  const { group: id, way } = request;
  const group = found(before, 'group', id);
  if (isFault(group)) return group;
  const rules: GroupRule[] = [];
  for (const wanted of request.rules) {
    const rule = group[way].find((it) => isThat(it, wanted));
    if (rule === undefined)
      return { why: 'not-found', kind: 'rule', id: typeof wanted === 'string' ? wanted : spelled(wanted) };
    rules.push(rule);
  }
  const cloud = put(before, 'group', { ...group, [way]: group[way].filter((it) => !rules.includes(it)) });
  return { cloud, answer: { is: 'rules', group: id, way, rules }, touched: [{ kind: 'group', id }] };
}

function isThat(rule: GroupRule, wanted: Id | NewRule): boolean {
  return typeof wanted === 'string' ? rule.id === wanted : saysSame(rule, wanted);
}

/** The description says nothing. */
function saysSame(a: NewRule, b: NewRule): boolean {
  return spelled(a) === spelled(b);
}

/** "tcp 80-443 10.0.0.0/16". */
function spelled({ protocol, ports, peer }: NewRule): string {
  const range = ports === undefined ? 'all' : `${ports.from}-${ports.to}`;
  return `${protocol} ${range} ${'range' in peer ? peer.range : peer.group}`;
}
