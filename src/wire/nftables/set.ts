import type { Writer } from '../../base/bytes.ts';
import { NESTED } from '../netlink/attribute.ts';
import { fields, nest, raw, type Spelled, text } from '../netlink/fields.ts';
import { takeFamily, u32be } from '../netlink/netfilter.ts';

// NFTA_SET_*, linux/netfilter/nf_tables.h
const FIELDS = fields({
  table: [1, text],
  name: [2, text],
  flags: [3, u32be],
  keyType: [4, u32be],
  keyBytes: [5, u32be],
  dataType: [6, u32be],
  dataBytes: [7, u32be],
  id: [10, u32be],
  size: [9, nest(fields({ size: [1, u32be] }), NESTED)], // NFTA_SET_DESC
  userdata: [13, raw],
});

/** NFT_SET_*: a `dynamic` one (EVAL) is filled by rules. */
export const SET_FLAG = { anonymous: 1, interval: 4, map: 8, dynamic: 0x20 } as const;
/** NFT_DATA_VERDICT: the data type of a map of verdicts. */
export const VERDICT_TYPE = 0xffffff00;

/**
 * A set or map. Types are numbers of `typeNumber`. `id` names it within the transaction that makes it; the kernel
 * insists on one.
 */
export interface SetMessage extends Spelled<typeof FIELDS> {
  readonly family: number;
}

/**
 * What the nft program keeps with a set: type 0 NFTNL_UDATA_SET_KEYBYTEORDER, 4 bytes, 2 = big-endian. It prints
 * intervals by it.
 */
export const BIG_ENDIAN_KEY = Uint8Array.of(0, 4, 2, 0, 0, 0);

/** Writes a set to make, or with only table and name to find or delete. */
export function putSet(writer: Writer, message: Omit<SetMessage, 'family'>): void {
  FIELDS.put(writer, message);
}

/** Throws DecodeError. */
export function takeSet(body: Uint8Array): SetMessage {
  const { family, attributes } = takeFamily(body);
  return { family, ...FIELDS.take(attributes) };
}
