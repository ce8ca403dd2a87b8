import type { Chain, NftSet, Rule, Ruleset } from '../../core/datapath/ruleset.ts';
import { FLAG } from '../../wire/netlink/header.ts';
import { FAMILY } from '../../wire/netlink/netfilter.ts';
import type { Operation, OperationName } from '../../wire/nftables/batch.ts';
import { HOOK, POLICY, putChain, type ChainMessage } from '../../wire/nftables/chain.ts';
import { typeBytes, typeNumber } from '../../wire/nftables/field-type.ts';
import { putRule, type RuleMessage } from '../../wire/nftables/rule.ts';
import { BIG_ENDIAN_KEY, putSet, SET_FLAG, type SetMessage } from '../../wire/nftables/set.ts';
import { putTable } from '../../wire/nftables/table.ts';
import { expressionsOf } from './nft-rules.ts';

/** Our table as the kernel has it. */
export interface Found {
  readonly dormant: boolean;
  readonly sets: readonly SetMessage[];
  readonly chains: readonly ChainMessage[];
  readonly rules: readonly RuleMessage[];
}

/** One operation, and what it is about: a kernel that lacks something says only ENOENT. */
export interface Step {
  readonly what: string;
  readonly operation: Operation;
}

/**
 * One transaction that makes a table what it shall be, whatever it is. Rules go first and come last: nothing may be
 * deleted that a rule still names. Sets that are right stay, with all elements.
 */
export function replace(ruleset: Ruleset, found: Found | undefined): readonly Step[] {
  const { table } = ruleset;
  const staleChains = (found?.chains ?? []).filter((there) => {
    const chain = ruleset.chains.find(({ name }) => name === there.name);
    return chain === undefined || !sameHook(chain, there);
  });
  const staleSets = (found?.sets ?? []).filter((there) => {
    const set = ruleset.sets.find(({ name }) => name === there.name);
    return set === undefined || !sameSet(set, there);
  });
  const empty = operation('delRule', (writer) => putRule(writer, { table }));
  return [
    {
      what: 'itself',
      operation: operation('newTable', (writer) => putTable(writer, { name: table, flags: 0 }), FLAG.CREATE),
    },
    ...(found === undefined ? [] : [{ what: 'room', operation: empty }]),
    ...staleChains.map(({ name = '' }) => ({
      what: `room for chain ${name}`,
      operation: operation('delChain', (writer) => putChain(writer, { table, name })),
    })),
    ...staleSets.map(({ name = '' }) => ({
      what: `room for set ${name}`,
      operation: operation('delSet', (writer) => putSet(writer, { table, name })),
    })),
    ...ruleset.sets.map((set, i) => newSet(table, set, i + 1)),
    ...ruleset.chains.map((chain) => newChain(table, chain)),
    ...ruleset.chains.flatMap((chain) => chain.rules.map((rule, i) => newRule(ruleset, chain, { rule, place: i }))),
  ];
}

function newSet(table: string, set: NftSet, id: number): Step {
  const message = { table, id, ...setMessage(set), userdata: BIG_ENDIAN_KEY };
  return { what: `set ${set.name}`, operation: operation('newSet', (writer) => putSet(writer, message), FLAG.CREATE) };
}

function newChain(table: string, { name, base }: Chain): Step {
  const hook = base === undefined ? undefined : { number: HOOK[base.hook], priority: base.priority };
  const more = base === undefined || hook === undefined ? {} : { type: base.type, policy: POLICY.accept, hook };
  const message = { table, name, ...more };
  return {
    what: `chain ${name}`,
    operation: operation('newChain', (writer) => putChain(writer, message), FLAG.CREATE),
  };
}

function newRule(ruleset: Ruleset, chain: Chain, { rule, place }: { rule: Rule; place: number }): Step {
  const expressions = expressionsOf(rule.statements, FAMILY.inet);
  const mark = { comment: rule.comment, tag: tagOf(ruleset, place) };
  const message = { table: ruleset.table, chain: chain.name, expressions, mark };
  const flags = FLAG.CREATE | FLAG.APPEND;
  const what = `rule "${rule.comment}" of chain ${chain.name}`;
  return { what, operation: operation('newRule', (writer) => putRule(writer, message), flags) };
}

function setMessage({ name, key, data, interval }: NftSet): Omit<SetMessage, 'family' | 'table'> {
  return {
    name,
    flags: (interval ? SET_FLAG.interval : 0) | (data === undefined ? 0 : SET_FLAG.map),
    keyType: typeNumber(key),
    keyBytes: typeBytes(key),
    ...(data === undefined ? {} : { dataType: typeNumber(data), dataBytes: typeBytes(data) }),
  };
}

/** Whether a set has the types it shall have. */
export function sameSet(set: NftSet, there: SetMessage): boolean {
  const wanted = Object.entries(setMessage(set));
  const names = ['flags', 'keyType', 'keyBytes', 'dataType', 'dataBytes'];
  // the kernel tells flags only when there are any
  const values: Readonly<Record<string, unknown>> = { flags: 0, ...there };
  return wanted.every(([name, value]) => !names.includes(name) || values[name] === value);
}

/** Where it hangs, which no chain can change. */
export function sameHook({ base }: Chain, { hook, type }: ChainMessage): boolean {
  if (base === undefined || hook === undefined) return base === undefined && hook === undefined;
  return type === base.type && hook.number === HOOK[base.hook] && hook.priority === base.priority;
}

/** A rule is known by its ruleset and its place: its tag changes whenever any rule does. */
export function tagOf(ruleset: Ruleset, place: number): string {
  return `${ruleset.tag} ${place}`;
}

/** An operation in a table of family inet. */
export function operation(name: OperationName, body: Operation['body'], flags = 0): Operation {
  return { name, family: FAMILY.inet, flags, body };
}
