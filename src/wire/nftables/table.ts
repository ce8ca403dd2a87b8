import type { Writer } from '../../base/bytes.ts';
import { putText, putU32be, textOfAttribute, u32beOf } from '../netlink/attribute.ts';
import { readNetfilter } from '../netlink/netfilter.ts';

const NFTA_TABLE = { NAME: 1, FLAGS: 2 } as const; // linux/netfilter/nf_tables.h

/** A table. Flags other than 0 are not ours: 1 is dormant, its chains then see nothing. */
export interface TableValue {
  readonly family: number;
  readonly name: string;
  readonly flags: number;
}

/** Writes a table to make, or with only its name to find or delete. */
export function putTable(writer: Writer, table: { readonly name: string; readonly flags?: number }): void {
  putText(writer, NFTA_TABLE.NAME, table.name);
  if (table.flags !== undefined) putU32be(writer, NFTA_TABLE.FLAGS, table.flags);
}

/** Throws DecodeError. */
export function readTable(body: Uint8Array): TableValue {
  const { family, attributes } = readNetfilter(body);
  let [name, flags] = ['', 0];
  for (const attribute of attributes) {
    if (attribute.type === NFTA_TABLE.NAME) name = textOfAttribute(attribute);
    if (attribute.type === NFTA_TABLE.FLAGS) flags = u32beOf(attribute);
  }
  return { family, name, flags };
}
