import { textOf, utf8, type Writer } from '../../base/bytes.ts';
import { NESTED, putBytes, putNest } from '../netlink/attribute.ts';
import { type Codec, fields, type Spelled, text } from '../netlink/fields.ts';
import { takeFamily, u64be } from '../netlink/netfilter.ts';
import { putExpression, type Expression } from './expression.ts';

const NFTA_LIST_ELEM = 1;

/** Written only. What is found stays bytes in `other`: the mark tells what a rule of ours does. */
const expressions: Codec<readonly Expression[]> = {
  put: (writer, type, steps) =>
    putNest(writer, type | NESTED, () => {
      for (const step of steps) putNest(writer, NFTA_LIST_ELEM | NESTED, () => putExpression(writer, step));
    }),
  take: () => undefined,
};

const mark: Codec<RuleMark> = {
  put: (writer, type, value) => putBytes(writer, type, encodeMark(value)),
  take: ({ value }) => decodeMark(value),
};

// NFTA_RULE_*, linux/netfilter/nf_tables.h
const FIELDS = fields({
  table: [1, text],
  chain: [2, text],
  handle: [3, u64be],
  expressions: [4, expressions],
  mark: [7, mark],
});

/**
 * What we keep with a rule: the comment that nft and iptables-nft print, and a tag ("" for none) by which we know the
 * rule again.
 */
export interface RuleMark {
  readonly comment: string;
  readonly tag: string;
}

/** A rule. The kernel gives the handle. */
export interface RuleMessage extends Spelled<typeof FIELDS> {
  readonly family: number;
}

/** Writes a rule to make, or what finds or deletes rules: all of a table, all of a chain, or with handle one. */
export function putRule(writer: Writer, message: Omit<RuleMessage, 'family'>): void {
  FIELDS.put(writer, message);
}

/** Throws DecodeError. */
export function takeRule(body: Uint8Array): RuleMessage {
  const { family, attributes } = takeFamily(body);
  return { family, ...FIELDS.take(attributes) };
}

// Userdata is opaque to the kernel. libnftnl's form, which the nft program and iptables-nft read: u8 type | u8 length
// | value, and again.
const COMMENT = 0; // NFTNL_UDATA_RULE_COMMENT, with a NUL
const TAG = 0xbe; //  ours: libnftnl's numbers grow from 0, and its readers leave out what they do not know
const LONGEST_TEXT = 120; // both together stay under NFT_USERDATA_MAXLEN, 256 bytes

/** Throws RangeError when a text is too long. */
export function encodeMark({ comment, tag }: RuleMark): Uint8Array {
  const texts = [
    { type: COMMENT, bytes: utf8(`${comment}\0`) },
    ...(tag === '' ? [] : [{ type: TAG, bytes: utf8(tag) }]),
  ];
  if (texts.some(({ bytes }) => bytes.length > LONGEST_TEXT)) throw new RangeError(`too long for a rule: ${comment}`);
  return Uint8Array.from(texts.flatMap(({ type, bytes }) => [type, bytes.length, ...bytes]));
}

/** Userdata of anybody: what is no comment and no tag, or is cut short, is left out. */
export function decodeMark(bytes: Uint8Array): RuleMark {
  let found: RuleMark = { comment: '', tag: '' };
  for (let at = 0; at + 2 <= bytes.length; ) {
    const [type = 0, length = 0] = bytes.subarray(at, at + 2);
    const value = textOf(bytes.subarray(at + 2, at + 2 + length));
    if (type === COMMENT) found = { ...found, comment: value.replace(/\0.*$/s, '') };
    if (type === TAG) found = { ...found, tag: value };
    at += 2 + length;
  }
  return found;
}
