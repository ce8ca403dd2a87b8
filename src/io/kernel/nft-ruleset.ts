import type { Item } from '../../core/datapath/plan.ts';
import type { NftSet, Rule, Ruleset } from '../../core/datapath/ruleset.ts';
import { messageOf, type Operation, type OperationName } from '../../wire/nftables/batch.ts';
import { POLICY, takeChain } from '../../wire/nftables/chain.ts';
import { typesOfNumber } from '../../wire/nftables/field-type.ts';
import { putRule, takeRule } from '../../wire/nftables/rule.ts';
import { SET_FLAG } from '../../wire/nftables/set.ts';
import { putTable, takeTable } from '../../wire/nftables/table.ts';
import type { Ensured, Remaining } from './kernel.ts';
import type { NftChannel } from './nft-channel.ts';
import { operation, replace, sameHook, sameSet, tagOf, type Found } from './nft-ruleset-steps.ts';
import { readSets } from './nft-shapes.ts';

export type RulesetItem = Extract<Item, { readonly kind: 'ruleset' }>;

/** The skeleton of one table: everything of it but the elements. The table is ours alone; what else is in it goes. */
export class NftRuleset {
  readonly #channel: NftChannel;

  constructor(channel: NftChannel) {
    this.#channel = channel;
  }

  /**
   * One transaction, or none when all of it stands. Sets that stay as they are keep their elements, so no packet sees
   * anything but the old skeleton or the new one, both with all elements.
   */
  ensure(item: RulesetItem): Ensured {
    const { ruleset } = item;
    const found = this.#read(ruleset.table);
    if (found !== undefined && damageOf(ruleset, found) === undefined) return { made: [] };
    const steps = replace(ruleset, found);
    const doing = (index: number) => `make ${steps[index]?.what ?? 'it'} in the nftables table ${ruleset.table}`;
    const [refused] = this.#channel.transact(
      steps.map((step) => step.operation),
      doing,
    );
    if (refused !== undefined) return { made: [], failure: { item, error: refused.error } };
    return { made: found === undefined ? [item] : [] };
  }

  /** With all elements. */
  remove(item: RulesetItem): readonly Remaining[] {
    const { table } = item.ruleset;
    const remove = operation('delTable', (writer) => putTable(writer, { name: table }));
    const refused = this.#channel.transact([remove], () => `remove the nftables table ${table}`);
    return refused.filter(({ errno }) => errno !== 'ENOENT').map(({ error }) => ({ item, error }));
  }

  /**
   * The same item when all of it stands; with another tag, which says what differs, when the table is there but not
   * like this.
   */
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
    const accepts = (there.policy ?? POLICY.accept) === POLICY.accept;
    if (!sameHook(chain, there) || !accepts) return `with another chain ${chain.name}`;
    const tags = found.rules.filter((rule) => rule.chain === chain.name).map(({ mark }) => mark?.tag ?? '');
    const wanted = chain.rules.map((_, i) => tagOf(ruleset, i));
    if (tags.join() !== wanted.join()) return `with other rules in chain ${chain.name}`;
  }
  const stranger =
    found.chains.find(({ name }) => !ruleset.chains.some((chain) => chain.name === name)) ??
    found.sets.find(({ name }) => !ruleset.sets.some((set) => set.name === name));
  return stranger === undefined ? undefined : `with ${stranger.name}, which is not of it`;
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
