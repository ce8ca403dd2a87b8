import type { Writer } from '../../base/bytes.ts';
import { putBytes, putText, putU32be, textOfAttribute, u32beOf } from '../netlink/attribute.ts';
import { readNetfilter } from '../netlink/netfilter.ts';

const NFTA_SET = {
  TABLE: 1,
  NAME: 2,
  FLAGS: 3,
  KEY_TYPE: 4,
  KEY_LEN: 5,
  DATA_TYPE: 6,
  DATA_LEN: 7,
  ID: 10,
  USERDATA: 13,
} as const; // linux/netfilter/nf_tables.h

/** NFT_SET_*. */
export const SET_FLAG = { anonymous: 1, interval: 4, map: 8 } as const;

/** A set or map. Types are numbers of `typeNumber`, lengths bytes. */
export interface SetValue {
  readonly family: number;
  readonly table: string;
  readonly name: string;
  readonly flags: number;
  readonly keyType: number;
  readonly keyBytes: number;
  readonly dataType?: number;
  readonly dataBytes?: number;
}

/** Writes a set to make. `id` names it within its transaction; the kernel insists on one. */
export function putSet(writer: Writer, set: Omit<SetValue, 'family'>, id: number): void {
  putSetName(writer, set.table, set.name);
  putU32be(writer, NFTA_SET.FLAGS, set.flags);
  putU32be(writer, NFTA_SET.KEY_TYPE, set.keyType);
  putU32be(writer, NFTA_SET.KEY_LEN, set.keyBytes);
  if (set.dataType !== undefined) putU32be(writer, NFTA_SET.DATA_TYPE, set.dataType);
  if (set.dataBytes !== undefined) putU32be(writer, NFTA_SET.DATA_LEN, set.dataBytes);
  putU32be(writer, NFTA_SET.ID, id);
  putBytes(writer, NFTA_SET.USERDATA, KEY_BYTE_ORDER);
}

/** What the nft program keeps with a set: type 0 NFTNL_UDATA_SET_KEYBYTEORDER, 4 bytes, 2 = big-endian. It prints intervals by it. */
const KEY_BYTE_ORDER = Uint8Array.of(0, 4, 2, 0, 0, 0);

/** Writes what finds or deletes a set. */
export function putSetName(writer: Writer, table: string, name: string): void {
  putText(writer, NFTA_SET.TABLE, table);
  putText(writer, NFTA_SET.NAME, name);
}

/** Throws DecodeError. */
export function readSet(body: Uint8Array): SetValue {
  const { family, attributes } = readNetfilter(body);
  let [table, name] = ['', ''];
  const numbers = new Map<number, number>();
  for (const attribute of attributes) {
    if (attribute.type === NFTA_SET.TABLE) table = textOfAttribute(attribute);
    else if (attribute.type === NFTA_SET.NAME) name = textOfAttribute(attribute);
    else if (attribute.type >= NFTA_SET.FLAGS && attribute.type <= NFTA_SET.DATA_LEN)
      numbers.set(attribute.type, u32beOf(attribute));
  }
  const [dataType, dataBytes] = [numbers.get(NFTA_SET.DATA_TYPE), numbers.get(NFTA_SET.DATA_LEN)];
  return {
    family,
    table,
    name,
    flags: numbers.get(NFTA_SET.FLAGS) ?? 0,
    keyType: numbers.get(NFTA_SET.KEY_TYPE) ?? 0,
    keyBytes: numbers.get(NFTA_SET.KEY_LEN) ?? 0,
    ...(dataType === undefined ? {} : { dataType }),
    ...(dataBytes === undefined ? {} : { dataBytes }),
  };
}
