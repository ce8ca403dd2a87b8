import type { Writer } from '../../base/bytes.ts';
import { NESTED, putBytes, putNest, putText, putU32be } from '../netlink/attribute.ts';

/**
 * One step of a rule: what libnftables calls an expression. Steps read and write registers, sixteen 32-bit words by
 * `registerAt`.
 * Constants are those of linux/netfilter/nf_tables.h.
 */
export type Expression =
  | { readonly is: 'meta'; readonly key: number; readonly into: number }
  | { readonly is: 'set-meta'; readonly key: number; readonly from: number }
  | { readonly is: 'ct'; readonly key: number; readonly into: number }
  | { readonly is: 'set-ct'; readonly key: number; readonly from: number }
  /** `base` 1: the network header, 2: the transport header. Ends the rule's match when the packet has no such bytes. */
  | {
      readonly is: 'payload';
      readonly base: 1 | 2;
      readonly offset: number;
      readonly bytes: number;
      readonly into: number;
    }
  | { readonly is: 'fib'; readonly result: number; readonly flags: number; readonly into: number }
  | { readonly is: 'compare'; readonly register: number; readonly equal: boolean; readonly value: Uint8Array }
  /** The register is the value or beyond it; bytes are compared in network order. */
  | { readonly is: 'bound'; readonly register: number; readonly at: 'least' | 'most'; readonly value: Uint8Array }
  /** (register & mask) ^ xor, in place. */
  | { readonly is: 'bitwise'; readonly register: number; readonly mask: Uint8Array; readonly xor: Uint8Array }
  /** A value of the rule itself into a register. */
  | { readonly is: 'load'; readonly into: number; readonly value: Uint8Array }
  /**
   * Goes on when `from` is (or, `not`, is not) a key of the set; `into` receives the data of a map: VERDICT_REGISTER
   * takes a map's verdict as the rule's.
   */
  | {
      readonly is: 'lookup';
      readonly set: string;
      readonly from: number;
      readonly into?: number;
      readonly not?: boolean;
    }
  /** Keeps the key in a dynamic set, and counts how often. Ends the rule when the set is full. */
  | { readonly is: 'count-in'; readonly set: string; readonly from: number }
  /** To the address, and where it is told the port, in these registers. */
  | { readonly is: 'dnat'; readonly family: number; readonly address: number; readonly port?: number }
  | { readonly is: 'snat'; readonly family: number; readonly address: number }
  | { readonly is: 'masquerade'; readonly flags: number }
  | { readonly is: 'notrack' }
  | { readonly is: 'counter' }
  | { readonly is: 'verdict'; readonly code: number; readonly chain?: string };

/** NF_ACCEPT, NF_DROP, NFT_JUMP, NFT_GOTO, NFT_RETURN. */
export const VERDICT = { drop: 0, accept: 1, jump: -3, goto: -4, return: -5 } as const;
/** NFT_REG_VERDICT: what a lookup puts here is done. */
export const VERDICT_REGISTER = 0;
/** NFT_META_*: keys of `meta`. */
export const META = { mark: 3, iifname: 6, oifname: 7, nfproto: 15, l4proto: 16 } as const;
/** NFT_CT_*: keys of `ct`. */
export const CT = { state: 0, direction: 1, status: 2, mark: 3 } as const;
/** NFT_FIB_RESULT_OIF and _ADDRTYPE, NFTA_FIB_F_SADDR, _DADDR and _IIF, and RTN_LOCAL of linux/rtnetlink.h. */
export const FIB = { link: 1, addressType: 3, source: 1, destination: 1 << 1, sameLink: 1 << 3, local: 2 } as const;
/** NF_NAT_RANGE_PROTO_RANDOM and _RANDOM_FULLY, linux/netfilter/nf_nat.h. */
export const PORT_FLAGS = { kept: 0, hashed: 1 << 2, random: 1 << 4 } as const;

/**
 * The number of the register that begins `offset` bytes (a multiple of four) into the register file: NFT_REG_1 … or
 * NFT_REG32_00 ….
 */
export function registerAt(offset: number): number {
  return offset % 16 === 0 ? 1 + offset / 16 : 8 + offset / 4;
}

/** Writes the name and the attributes of an expression, in libnftnl's order. */
export function putExpression(writer: Writer, expression: Expression): void {
  putText(writer, NFTA_EXPR.NAME, nameOf(expression));
  putNest(writer, NFTA_EXPR.DATA | NESTED, (nest) => putDetails(nest, expression));
}

const NFTA_EXPR = { NAME: 1, DATA: 2 } as const;
const NFTA_DATA = { VALUE: 1, VERDICT: 2 } as const;

/** The kernel's own names. */
function nameOf({ is }: Expression): string {
  const names: Partial<Record<Expression['is'], string>> = {
    'set-meta': 'meta',
    'set-ct': 'ct',
    bound: 'cmp',
    compare: 'cmp',
    'count-in': 'dynset',
    dnat: 'nat',
    load: 'immediate',
    snat: 'nat',
    masquerade: 'masq',
    verdict: 'immediate',
  };
  return names[is] ?? is;
}

function putDetails(writer: Writer, it: Expression): void {
  switch (it.is) {
    case 'meta':
    case 'ct': // NFTA_META_KEY, _DREG; NFTA_CT_KEY, _DREG
      return putNumbers(writer, [2, it.key], [1, it.into]);
    case 'set-meta': // NFTA_META_KEY, _SREG
      return putNumbers(writer, [2, it.key], [3, it.from]);
    case 'set-ct': // NFTA_CT_KEY, _SREG
      return putNumbers(writer, [2, it.key], [4, it.from]);
    case 'payload': // NFTA_PAYLOAD_DREG, _BASE, _OFFSET, _LEN
      return putNumbers(writer, [1, it.into], [2, it.base], [3, it.offset], [4, it.bytes]);
    case 'fib': // NFTA_FIB_FLAGS, _RESULT, _DREG
      return putNumbers(writer, [3, it.flags], [2, it.result], [1, it.into]);
    case 'compare': // NFTA_CMP_SREG, _OP, _DATA
      putNumbers(writer, [1, it.register], [2, it.equal ? 0 : 1]);
      return putValue(writer, 3, it.value);
    case 'bitwise': // NFTA_BITWISE_SREG, _DREG, _LEN, _MASK, _XOR
      putNumbers(writer, [1, it.register], [2, it.register], [3, it.mask.length]);
      putValue(writer, 4, it.mask);
      return putValue(writer, 5, it.xor);
    case 'bound': // NFT_CMP_GTE, NFT_CMP_LTE
      putNumbers(writer, [1, it.register], [2, it.at === 'least' ? 5 : 3]);
      return putValue(writer, 3, it.value);
    case 'load': // NFTA_IMMEDIATE_DREG, _DATA
      putNumbers(writer, [1, it.into]);
      return putValue(writer, 2, it.value);
    case 'lookup':
      return putLookup(writer, it);
    case 'count-in':
      return putCountIn(writer, it);
    case 'dnat': // NFTA_NAT_TYPE 1 = DNAT, _FAMILY, _REG_ADDR_MIN, _REG_PROTO_MIN
      putNumbers(writer, [1, 1], [2, it.family], [3, it.address]);
      return it.port === undefined ? undefined : putNumbers(writer, [5, it.port]);
    case 'snat': // NFTA_NAT_TYPE 0 = SNAT
      return putNumbers(writer, [1, 0], [2, it.family], [3, it.address]);
    case 'masquerade': // NFTA_MASQ_FLAGS
      return it.flags === 0 ? undefined : putNumbers(writer, [1, it.flags]);
    case 'verdict': // NFTA_IMMEDIATE_DREG 0 = NFT_REG_VERDICT, _DATA
      putNumbers(writer, [1, 0]);
      return putNest(writer, 2 | NESTED, (data) => putVerdict(data, it.code, it.chain));
    case 'notrack':
    case 'counter':
      return undefined;
  }
}

function putLookup(writer: Writer, it: Expression & { is: 'lookup' }): void {
  putNumbers(writer, [2, it.from]); //                               NFTA_LOOKUP_SREG
  if (it.into !== undefined) putNumbers(writer, [3, it.into]); //    NFTA_LOOKUP_DREG
  putText(writer, 1, it.set); //                                     NFTA_LOOKUP_SET
  if (it.not) putNumbers(writer, [5, 1]); //                         NFTA_LOOKUP_FLAGS, NFT_LOOKUP_F_INV
}

function putCountIn(writer: Writer, it: Expression & { is: 'count-in' }): void {
  putNumbers(writer, [4, it.from], [3, 1]); //    NFTA_DYNSET_SREG_KEY, _OP 1 = update
  putText(writer, 1, it.set); //                  NFTA_DYNSET_SET_NAME
  putNest(writer, 7 | NESTED, (nest) => putExpression(nest, { is: 'counter' })); // NFTA_DYNSET_EXPR
}

function putVerdict(writer: Writer, code: number, chain?: string): void {
  putNest(writer, NFTA_DATA.VERDICT | NESTED, (nest) => {
    putNumbers(nest, [1, code >>> 0]); //                 NFTA_VERDICT_CODE
    if (chain !== undefined) putText(nest, 2, chain); //  NFTA_VERDICT_CHAIN
  });
}

function putValue(writer: Writer, type: number, value: Uint8Array): void {
  putNest(writer, type | NESTED, (nest) => putBytes(nest, NFTA_DATA.VALUE, value));
}

function putNumbers(writer: Writer, ...pairs: readonly (readonly [type: number, value: number])[]): void {
  for (const [type, value] of pairs) putU32be(writer, type, value);
}
