import { readAttributes } from '../netlink/attribute.ts';
import { fields, nest, text } from '../netlink/fields.ts';
import type { RuleMessage } from './rule.ts';

// NFTA_RULE_EXPRESSIONS, NFTA_EXPR_* and NFTA_MATCH_*, linux/netfilter/nf_tables.h and nf_tables_compat.h.
// INFO is struct xt_comment_info: 256 bytes of text.
const EXPRESSIONS = 4;
const MATCH = fields({ name: [1, text], data: [2, nest(fields({ name: [1, text], info: [3, text] }))] });

/**
 * The comment of a rule, "" for none: in its userdata, where nft and newer iptables keep it, or in a match named
 * comment, which iptables-restore makes. Throws DecodeError.
 */
export function commentOf(rule: RuleMessage): string {
  const kept = rule.mark?.comment ?? '';
  if (kept !== '') return kept;
  const expressions = rule.other?.find(({ type }) => type === EXPRESSIONS);
  for (const { value } of expressions === undefined ? [] : readAttributes(expressions.value)) {
    if (!isMatch(value)) continue; // others have numbers where a match has texts
    const { data } = MATCH.take(value);
    if (data?.name === 'comment') return data.info ?? '';
  }
  return '';
}

function isMatch(expression: Uint8Array): boolean {
  return NAME.take(expression).name === 'match';
}

const NAME = fields({ name: [1, text] });
