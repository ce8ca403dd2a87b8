import type { Writer } from '../../base/bytes.ts';
import { NESTED } from '../netlink/attribute.ts';
import { fields, nest, raw, type Spelled, text } from '../netlink/fields.ts';
import { i32be, list, takeFamily, u32be, u64be } from '../netlink/netfilter.ts';

// NFTA_SET_ELEM_*, NFTA_DATA_*, NFTA_VERDICT_*, NFTA_SET_ELEM_LIST_*, NFTA_EXPR_* and NFTA_COUNTER_*,
// linux/netfilter/nf_tables.h
const VALUE = nest(fields({ value: [1, raw] }), NESTED);
const VERDICT = nest(fields({ code: [1, i32be], chain: [2, text] }), NESTED);
const DATA = nest(fields({ value: [1, raw], verdict: [2, VERDICT] }), NESTED);
const COUNTED = nest(fields({ name: [1, text], data: [2, nest(fields({ bytes: [1, u64be], packets: [2, u64be] }))] }));
const ELEMENT = fields({ flags: [3, u32be], key: [1, VALUE], data: [2, DATA], counted: [7, COUNTED] });
const FIELDS = fields({ table: [1, text], set: [2, text], elements: [3, list(ELEMENT)] });

/** In interval sets a range is two elements: its first value, and with this flag the first value behind it. */
export const INTERVAL_END = 1;

/** One element; a map's has data, a value or a verdict; one of a dynamic set is `counted`. */
export type ElementMessage = Spelled<typeof ELEMENT>;

/** Elements of one set. */
export interface ElementsMessage extends Spelled<typeof FIELDS> {
  readonly family: number;
}

/**
 * Writes elements to make, find or delete; finding and deleting need the keys alone. Without `elements`: all of the
 * set.
 */
export function putElements(writer: Writer, message: Omit<ElementsMessage, 'family'>): void {
  FIELDS.put(writer, message);
}

/** Throws DecodeError. */
export function takeElements(body: Uint8Array): ElementsMessage {
  const { family, attributes } = takeFamily(body);
  return { family, ...FIELDS.take(attributes) };
}
