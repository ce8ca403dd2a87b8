import { familyOf, prefix, type Prefix } from '../../base/ip.ts';
import type { Item } from '../../core/datapath/plan.ts';
import { TABLE_NAME } from '../../core/datapath/numbers.ts';
import type { Statement } from '../../core/datapath/ruleset.ts';
import { FLAG } from '../../wire/netlink/header.ts';
import { FAMILY } from '../../wire/netlink/netfilter.ts';
import { messageOf, type Operation } from '../../wire/nftables/batch.ts';
import { HOOK, POLICY, takeChain, type ChainMessage } from '../../wire/nftables/chain.ts';
import { commentOf } from '../../wire/nftables/comment.ts';
import { putRule, takeRule, type RuleMessage } from '../../wire/nftables/rule.ts';
import type { Ensured, Remaining } from './kernel.ts';
import type { NftChannel } from './nft-channel.ts';
import { expressionsOf } from './nft-rules.ts';

export type ForwardItem = Extract<Item, { readonly kind: 'forward-accept' }>;
export type Side = 'from' | 'to';

/**
 * Then the side and the range. By this comment a rule is ours in a chain that is not, and not by a tag: iptables-save
 * and -restore carry comments and nothing else, and would leave our rules as strangers beside which new ones were put.
 */
const COMMENT = 'berth: forwards';
const SIDES: readonly Side[] = ['from', 'to'];

/** Whether a rule in somebody's chain is ours. */
export function isForwardRule(rule: RuleMessage): boolean {
  return commentOf(rule).startsWith(`${COMMENT} `);
}

/** What a rule of ours in somebody's chain is called. */
export function forwardComment(side: Side, range: Prefix): string {
  return `${COMMENT} ${side} ${range}`;
}

/** Whether a chain drops what it is not told to forward. Berth's own table has no such chain. */
export function dropsForwarded({ hook, policy, type }: ChainMessage): boolean {
  return type === 'filter' && hook?.number === HOOK.forward && policy === POLICY.drop;
}

/**
 * Accept rules at the head of others' forward chains that drop by policy: iptables-nft's FORWARD, a firewall's own.
 * Spelled as iptables-nft spells them, so that it still lists its chain. Never touches a rule that is not ours.
 */
export class NftForward {
  readonly #channel: NftChannel;

  constructor(channel: NftChannel) {
    this.#channel = channel;
  }

  ensure(item: ForwardItem): Ensured {
    const places = this.#places(item);
    const missing = places.filter(({ rule }) => rule === undefined);
    const operations = missing.map(({ chain, side }) => newRule(item, chain, side));
    const [refused] = this.#channel.transact(operations, (i) => {
      const { family, table, name } = missing[i]?.chain ?? {};
      return `accept ${item.range} in chain ${name} of table ${familyName(family)} ${table}`;
    });
    if (refused !== undefined) return { made: [], failure: { item, error: refused.error } };
    return { made: missing.length > 0 && missing.length === places.length ? [item] : [] };
  }

  /** From every chain, whatever its policy is by now. */
  remove(item: ForwardItem): readonly Remaining[] {
    const ours = this.#rules().filter((rule) => SIDES.some((side) => isRuleOf(rule, side, item)));
    const refused = this.#channel.transact(ours.map(deleteRule), () => `remove the accept rules of ${item.range}`);
    return refused.filter(({ errno }) => errno !== 'ENOENT').map(({ error }) => ({ item, error }));
  }

  /** The item is there when no chain that drops lacks one of its rules. */
  stands(item: ForwardItem): boolean {
    return this.#places(item).every(({ rule }) => rule !== undefined);
  }

  /** The items whose rules, or some of them, are found. */
  inventory(): readonly ForwardItem[] {
    const ranges = new Set(this.#rules().flatMap((rule) => rangeOf(commentOf(rule)) ?? []));
    return [...ranges].map((range) => ({ kind: 'forward-accept', family: familyOf(range), range }));
  }

  /** Every rule that the item wants, and the one that is there for it. */
  #places({
    family,
    range,
  }: ForwardItem): readonly { chain: ChainMessage; side: Side; rule: RuleMessage | undefined }[] {
    const families: readonly number[] = [FAMILY.inet, family === 'v4' ? FAMILY.ip : FAMILY.ip6];
    const chains = this.#chains().filter((chain) => families.includes(chain.family) && dropsForwarded(chain));
    return chains.flatMap((chain) => {
      const rules = this.#rulesOf(chain);
      return SIDES.map((side) => ({
        chain,
        side,
        rule: rules.find((rule) => isRuleOf(rule, side, { range })),
      }));
    });
  }

  #rules(): readonly RuleMessage[] {
    return this.#chains().flatMap((chain) => this.#rulesOf(chain).filter(isForwardRule));
  }

  #chains(): readonly ChainMessage[] {
    const request = messageOf({ name: 'getChain', family: FAMILY.unspecified, flags: 0, body: () => {} });
    return this.#channel
      .dump(request, 'chains')
      .map(({ body }) => takeChain(body))
      .filter(({ table, hook }) => hook?.number === HOOK.forward && table !== TABLE_NAME);
  }

  #rulesOf({ family, table = '', name = '' }: ChainMessage): readonly RuleMessage[] {
    const body: Operation['body'] = (writer) => putRule(writer, { table, chain: name });
    const request = messageOf({ name: 'getRule', family, flags: 0, body });
    // kernels that do not filter tell all rules
    return this.#channel
      .dump(request, `rules of ${table} ${name}`)
      .map((message) => takeRule(message.body))
      .filter((rule) => rule.table === table && rule.chain === name);
  }
}

/** Without APPEND a rule comes first. */
function newRule(item: ForwardItem, { family, table = '', name = '' }: ChainMessage, side: Side): Operation {
  const expressions = expressionsOf(statementsOf(item, side), family);
  const mark = { comment: forwardComment(side, item.range), tag: '' };
  const body: Operation['body'] = (writer) => putRule(writer, { table, chain: name, expressions, mark });
  return { name: 'newRule', family, flags: FLAG.CREATE, body };
}

function isRuleOf(rule: RuleMessage, side: Side, { range }: Pick<ForwardItem, 'range'>): boolean {
  return commentOf(rule) === forwardComment(side, range);
}

function deleteRule({ family, table = '', chain = '', handle = 0n }: RuleMessage): Operation {
  return { name: 'delRule', family, flags: 0, body: (writer) => putRule(writer, { table, chain, handle }) };
}

function statementsOf({ family, range }: ForwardItem, side: Side): readonly Statement[] {
  const names = { v4: { from: 'ip saddr', to: 'ip daddr' }, v6: { from: 'ip6 saddr', to: 'ip6 daddr' } } as const;
  return [{ is: 'match', field: names[family][side], op: '==', value: range }, { is: 'counter' }, { is: 'accept' }];
}

function rangeOf(comment: string): Prefix | undefined {
  const start = SIDES.map((side) => `${COMMENT} ${side} `).find((it) => comment.startsWith(it));
  try {
    return start === undefined ? undefined : prefix(comment.slice(start.length));
  } catch {
    return undefined; // somebody else's comment of our form
  }
}

function familyName(family: number | undefined): string {
  return Object.entries(FAMILY).find(([, number]) => number === family)?.[0] ?? '';
}
