import { textOf, utf8, type Writer } from '../../base/bytes.ts';
import { NESTED, putBytes, putNest, putText, textOfAttribute } from '../netlink/attribute.ts';
import { readNetfilter } from '../netlink/netfilter.ts';
import { putExpression, type Expression } from './expression.ts';

const NFTA_RULE = { TABLE: 1, CHAIN: 2, HANDLE: 3, EXPRESSIONS: 4, USERDATA: 7 } as const; // linux/netfilter/nf_tables.h
const NFTA_LIST_ELEM = 1;

/** What we keep with a rule: the comment that the nft program prints, and a tag by which we know the rule again. */
export interface RuleMark {
  readonly comment: string;
  readonly tag: string;
}

/** A rule as it is found: where it stands, its handle and its mark ("" without). Its expressions are not decoded: the tag tells them. */
export interface RuleValue {
  readonly family: number;
  readonly table: string;
  readonly chain: string;
  readonly handle: bigint;
  readonly mark: RuleMark;
}

/** Writes a rule to make. */
export function putRule(
  writer: Writer,
  rule: {
    readonly table: string;
    readonly chain: string;
    readonly expressions: readonly Expression[];
    readonly mark: RuleMark;
  },
): void {
  putText(writer, NFTA_RULE.TABLE, rule.table);
  putText(writer, NFTA_RULE.CHAIN, rule.chain);
  putNest(writer, NFTA_RULE.EXPRESSIONS | NESTED, (nest) => {
    for (const expression of rule.expressions)
      putNest(nest, NFTA_LIST_ELEM | NESTED, (inner) => putExpression(inner, expression));
  });
  putBytes(writer, NFTA_RULE.USERDATA, encodeMark(rule.mark));
}

/** Writes what finds or deletes rules: all of the table, all of a chain, or one by its handle. */
export function putRuleName(writer: Writer, table: string, chain?: string, handle?: bigint): void {
  putText(writer, NFTA_RULE.TABLE, table);
  if (chain !== undefined) putText(writer, NFTA_RULE.CHAIN, chain);
  if (handle !== undefined) putBytes(writer, NFTA_RULE.HANDLE, bigEndian64(handle));
}

/** Throws DecodeError. */
export function readRule(body: Uint8Array): RuleValue {
  const { family, attributes } = readNetfilter(body);
  let [table, chain, handle] = ['', '', 0n];
  let mark: RuleMark = { comment: '', tag: '' };
  for (const attribute of attributes) {
    if (attribute.type === NFTA_RULE.TABLE) table = textOfAttribute(attribute);
    if (attribute.type === NFTA_RULE.CHAIN) chain = textOfAttribute(attribute);
    if (attribute.type === NFTA_RULE.HANDLE) handle = numberOf(attribute.value);
    if (attribute.type === NFTA_RULE.USERDATA) mark = decodeMark(attribute.value);
  }
  return { family, table, chain, handle, mark };
}

// Userdata is opaque to the kernel. libnftnl's form, which the nft program and iptables-nft read: u8 type | u8 length | value, and again.
const COMMENT = 0; // NFTNL_UDATA_RULE_COMMENT, with a NUL
const TAG = 0xbe; //  ours: libnftnl's numbers grow from 0, and its readers leave out what they do not know
const LONGEST_TEXT = 120; // both together stay under NFT_USERDATA_MAXLEN, 256 bytes

/** Throws RangeError when a text is too long. */
export function encodeMark({ comment, tag }: RuleMark): Uint8Array {
  const texts = [
    { type: COMMENT, bytes: utf8(`${comment}\0`) },
    { type: TAG, bytes: utf8(tag) },
  ];
  if (texts.some(({ bytes }) => bytes.length > LONGEST_TEXT)) throw new RangeError(`too long for a rule: ${comment}`);
  return Uint8Array.from(texts.flatMap(({ type, bytes }) => [type, bytes.length, ...bytes]));
}

/** Userdata of anybody: what is no comment and no tag, or is cut short, is left out. */
export function decodeMark(bytes: Uint8Array): RuleMark {
  let mark: RuleMark = { comment: '', tag: '' };
  for (let at = 0; at + 2 <= bytes.length; ) {
    const [type = 0, length = 0] = bytes.subarray(at, at + 2);
    const text = textOf(bytes.subarray(at + 2, at + 2 + length));
    if (type === COMMENT) mark = { ...mark, comment: text.replace(/\0.*$/s, '') };
    if (type === TAG) mark = { ...mark, tag: text };
    at += 2 + length;
  }
  return mark;
}

function bigEndian64(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value);
  return bytes;
}

function numberOf(bytes: Uint8Array): bigint {
  return bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}
