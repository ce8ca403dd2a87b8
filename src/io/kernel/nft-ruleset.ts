import type { Item } from '../../core/datapath/plan.ts';
import type { Chain, NftSet, Rule, Ruleset } from '../../core/datapath/ruleset.ts';
import { FLAG } from '../../wire/netlink/header.ts';
import { FAMILY } from '../../wire/netlink/netfilter.ts';
import { messageOf, type Operation, type OperationName } from '../../wire/nftables/batch.ts';
import { HOOK, POLICY, putChain, takeChain, type ChainMessage } from '../../wire/nftables/chain.ts';
import { typeBytes, typeNumber, typesOfNumber } from '../../wire/nftables/field-type.ts';
import { putRule, takeRule, type RuleMessage } from '../../wire/nftables/rule.ts';
import { BIG_ENDIAN_KEY, putSet, SET_FLAG, type SetMessage } from '../../wire/nftables/set.ts';
import { putTable, takeTable } from '../../wire/nftables/table.ts';
import type { Ensured, Remaining } from './kernel.ts';
import type { NftChannel } from './nft-channel.ts';
import { expressionsOf } from './nft-rules.ts';
import { readSets } from './nft-shapes.ts';

export type RulesetItem = Extract<Item, { readonly kind: 'ruleset' }>;

/** Our table as the kernel has it. */
interface Found {
  readonly dormant: boolean;
  readonly sets: readonly SetMessage[];
  readonly chains: readonly ChainMessage[];
  readonly rules: readonly RuleMessage[];
}

/** The skeleton of one table: everything of it but the elements. The table is ours alone; what else is in it goes. */
export class NftRuleset {
  readonly #channel: NftChannel;

  constructor(channel: NftChannel) {
    this.#channel = channel;
  }

  /**
   * One transaction, or none when all of it stands. Sets that stay as they are keep their elements, so no packet sees anything but the old
   * skeleton or the new one, both with all elements.
   */
  ensure(item: RulesetItem): Ensured {
    const { ruleset } = item;
    const found = this.#read(ruleset.table);
    if (found !== undefined && damageOf(ruleset, found) === undefined) return { made: [] };
    const refused = this.#channel.transact(replace(ruleset, found), () => `make the nftables table ${ruleset.table}`);
    const [first] = refused;
    if (first !== undefined) return { made: [], failure: { item, error: first.error } };
    return { made: found === undefined ? [item] : [] };
  }

  /** With all elements. */
  remove(item: RulesetItem): readonly Remaining[] {
    const { table } = item.ruleset;
    const remove = operation('delTable', (writer) => putTable(writer, { name: table }));
    const refused = this.#channel.transact([remove], () => `remove the nftables table ${table}`);
    return refused.filter(({ errno }) => errno !== 'ENOENT').map(({ error }) => ({ item, error }));
  }

  /** The same item when all of it stands; with another tag, which says what differs, when the table is there but not like this. */
  observe(item: RulesetItem): readonly RulesetItem[] {
    const found = this.#read(item.ruleset.table);
    if (found === undefined) return [];
    const damage = damageOf(item.ruleset, found);
    return [damage === undefined ? item : { kind: 'ruleset', ruleset: { ...item.ruleset, tag: damage } }];
  }

  /** What there is of a table, its rules by their comments alone. */
  inventory(table: string): readonly RulesetItem[] {
    const found = this.#read(table);
    if (found === undefined) return [];
    const tags = new Set(found.rules.map(({ mark }) => mark?.tag.split(' ')[0] ?? ''));
    const [tag = ''] = tags;
    const chains = found.chains.map(({ name = '' }) => ({ name, rules: commentsIn(found, name) }));
    return [{ kind: 'ruleset', ruleset: { table, tag: tags.size === 1 ? tag : 'mixed', sets: setsIn(found), chains } }];
  }

  #read(table: string): Found | undefined {
    const dump = (name: OperationName, body: Operation['body'], what: string) =>
      this.#channel.dump(messageOf(operation(name, body)), what).map((message) => message.body);
    const tables = dump('getTable', () => {}, 'tables').map(takeTable);
    const ours = tables.find(({ name }) => name === table);
    if (ours === undefined) return undefined;
    return {
      dormant: (ours.flags ?? 0) !== 0,
      sets: readSets(this.#channel, table).filter(({ flags = 0 }) => (flags & SET_FLAG.anonymous) === 0),
      chains: dump('getChain', () => {}, 'chains')
        .map(takeChain)
        .filter((chain) => chain.table === table),
      rules: dump('getRule', (writer) => putRule(writer, { table }), 'rules').map(takeRule),
    };
  }
}

/** The first difference between what shall be and what is, as a few words; undefined for none. */
function damageOf(ruleset: Ruleset, found: Found): string | undefined {
  if (found.dormant) return 'dormant';
  for (const set of ruleset.sets) {
    const there = found.sets.find(({ name }) => name === set.name);
    if (there === undefined) return `without set ${set.name}`;
    if (!sameSet(set, there)) return `with another set ${set.name}`;
  }
  for (const chain of ruleset.chains) {
    const there = found.chains.find(({ name }) => name === chain.name);
    if (there === undefined) return `without chain ${chain.name}`;
    if (!sameBase(chain, there)) return `with another chain ${chain.name}`;
    const tags = found.rules.filter((rule) => rule.chain === chain.name).map(({ mark }) => mark?.tag ?? '');
    const wanted = chain.rules.map((_, i) => tagOf(ruleset, i));
    if (tags.join() !== wanted.join()) return `with other rules in chain ${chain.name}`;
  }
  const stranger =
    found.chains.find(({ name }) => !ruleset.chains.some((chain) => chain.name === name)) ??
    found.sets.find(({ name }) => !ruleset.sets.some((set) => set.name === name));
  return stranger === undefined ? undefined : `with ${stranger.name}, which is not of it`;
}

/** A rule is known by its ruleset and its place: its tag changes whenever any rule does. */
function tagOf(ruleset: Ruleset, place: number): string {
  return `${ruleset.tag} ${place}`;
}

/** Rules first out and last in: nothing may be deleted that a rule still names. */
function replace(ruleset: Ruleset, found: Found | undefined): readonly Operation[] {
  const { table } = ruleset;
  const staleChains = (found?.chains ?? []).filter((there) => {
    const chain = ruleset.chains.find(({ name }) => name === there.name);
    return chain === undefined || !sameHook(chain, there);
  });
  const staleSets = (found?.sets ?? []).filter((there) => {
    const set = ruleset.sets.find(({ name }) => name === there.name);
    return set === undefined || !sameSet(set, there);
  });
  return [
    operation('newTable', (writer) => putTable(writer, { name: table, flags: 0 }), FLAG.CREATE),
    ...(found === undefined ? [] : [operation('delRule', (writer) => putRule(writer, { table }))]),
    ...staleChains.map(({ name = '' }) => operation('delChain', (writer) => putChain(writer, { table, name }))),
    ...staleSets.map(({ name = '' }) => operation('delSet', (writer) => putSet(writer, { table, name }))),
    ...ruleset.sets.map((set, i) => newSet(table, set, i + 1)),
    ...ruleset.chains.map((chain) => newChain(table, chain)),
    ...ruleset.chains.flatMap((chain) => chain.rules.map((rule, i) => newRule(ruleset, chain, { rule, place: i }))),
  ];
}

function newSet(table: string, set: NftSet, id: number): Operation {
  const message = { table, id, ...setMessage(set), userdata: BIG_ENDIAN_KEY };
  return operation('newSet', (writer) => putSet(writer, message), FLAG.CREATE);
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

function newChain(table: string, { name, base }: Chain): Operation {
  const hook = base === undefined ? undefined : { number: HOOK[base.hook], priority: base.priority };
  const message = base === undefined || hook === undefined ? {} : { type: base.type, policy: POLICY.accept, hook };
  return operation('newChain', (writer) => putChain(writer, { table, name, ...message }), FLAG.CREATE);
}

function newRule(ruleset: Ruleset, chain: Chain, { rule, place }: { rule: Rule; place: number }): Operation {
  const expressions = expressionsOf(rule.statements, FAMILY.inet);
  const mark = { comment: rule.comment, tag: tagOf(ruleset, place) };
  const message = { table: ruleset.table, chain: chain.name, expressions, mark };
  return operation('newRule', (writer) => putRule(writer, message), FLAG.CREATE | FLAG.APPEND);
}

function operation(name: OperationName, body: Operation['body'], flags = 0): Operation {
  return { name, family: FAMILY.inet, flags, body };
}

function sameSet(set: NftSet, there: SetMessage): boolean {
  const wanted = Object.entries(setMessage(set));
  const names = ['flags', 'keyType', 'keyBytes', 'dataType', 'dataBytes'];
  const values: Readonly<Record<string, unknown>> = { flags: 0, ...there }; // the kernel tells flags only when there are any
  return wanted.every(([name, value]) => !names.includes(name) || values[name] === value);
}

/** Where it hangs, which no chain can change. */
function sameHook({ base }: Chain, { hook, type }: ChainMessage): boolean {
  if (base === undefined || hook === undefined) return base === undefined && hook === undefined;
  return type === base.type && hook.number === HOOK[base.hook] && hook.priority === base.priority;
}

function sameBase(chain: Chain, there: ChainMessage): boolean {
  return sameHook(chain, there) && (there.policy ?? POLICY.accept) === POLICY.accept;
}

function setsIn(found: Found): NftSet[] {
  return found.sets.flatMap(({ name = '', keyType = 0, dataType, flags = 0 }) => {
    const [key, data] = [typesOfNumber(keyType), typesOfNumber(dataType ?? 0)];
    const interval = (flags & SET_FLAG.interval) !== 0;
    return key === undefined
      ? []
      : [{ name, key, ...(data === undefined ? {} : { data }), ...(interval ? { interval } : {}) }];
  });
}

function commentsIn(found: Found, chain: string): Rule[] {
  const rules = found.rules.filter((rule) => rule.chain === chain);
  return rules.map(({ mark }) => ({ comment: mark?.comment ?? '', statements: [] }));
}
