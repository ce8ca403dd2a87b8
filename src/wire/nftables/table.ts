import type { Writer } from '../../base/bytes.ts';
import { fields, type Spelled, text } from '../netlink/fields.ts';
import { takeFamily, u32be } from '../netlink/netfilter.ts';

// NFTA_TABLE_*, linux/netfilter/nf_tables.h
const FIELDS = fields({ name: [1, text], flags: [2, u32be] });

/** A table. `flags` is 0, or 1 when it is dormant: its chains then see nothing. */
export interface TableMessage extends Spelled<typeof FIELDS> {
  readonly family: number;
}

/** Writes a table to make, or with only its name to find or delete. */
export function putTable(writer: Writer, message: Omit<TableMessage, 'family'>): void {
  FIELDS.put(writer, message);
}

/** Throws DecodeError. */
export function takeTable(body: Uint8Array): TableMessage {
  const { family, attributes } = takeFamily(body);
  return { family, ...FIELDS.take(attributes) };
}
