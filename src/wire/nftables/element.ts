import type { Writer } from '../../base/bytes.ts';
import {
  NESTED,
  putBytes,
  putNest,
  putText,
  putU32be,
  readAttributes,
  textOfAttribute,
  u32beOf,
  type Attribute,
} from '../netlink/attribute.ts';
import { readNetfilter } from '../netlink/netfilter.ts';

// linux/netfilter/nf_tables.h
const NFTA_SET_ELEM_LIST = { TABLE: 1, SET: 2, ELEMENTS: 3 } as const;
const NFTA_SET_ELEM = { KEY: 1, DATA: 2, FLAGS: 3 } as const;
const NFTA_DATA_VALUE = 1;
const INTERVAL_END = 1;

/** One element. In interval sets a range is two: its first value, and, as `end`, the first value behind it. */
export interface ElementValue {
  readonly key: Uint8Array;
  readonly data?: Uint8Array;
  readonly end?: boolean;
}

/** Elements of one set. */
export interface ElementsValue {
  readonly family: number;
  readonly table: string;
  readonly set: string;
  readonly elements: readonly ElementValue[];
}

/** Writes elements to make, find or delete; deleting needs the keys alone. No elements: all of the set. */
export function putElements(writer: Writer, list: Omit<ElementsValue, 'family'>): void {
  putText(writer, NFTA_SET_ELEM_LIST.TABLE, list.table);
  putText(writer, NFTA_SET_ELEM_LIST.SET, list.set);
  if (list.elements.length === 0) return;
  putNest(writer, NFTA_SET_ELEM_LIST.ELEMENTS | NESTED, (nest) => {
    for (const [i, element] of list.elements.entries())
      putNest(nest, (i + 1) | NESTED, (inner) => putElement(inner, element));
  });
}

function putElement(writer: Writer, { key, data, end }: ElementValue): void {
  if (end) putU32be(writer, NFTA_SET_ELEM.FLAGS, INTERVAL_END);
  putNest(writer, NFTA_SET_ELEM.KEY | NESTED, (nest) => putBytes(nest, NFTA_DATA_VALUE, key));
  if (data !== undefined) putNest(writer, NFTA_SET_ELEM.DATA | NESTED, (nest) => putBytes(nest, NFTA_DATA_VALUE, data));
}

/** Throws DecodeError. An element whose data is no plain value (a verdict) is told without data. */
export function readElements(body: Uint8Array): ElementsValue {
  const { family, attributes } = readNetfilter(body);
  let [table, set] = ['', ''];
  let elements: ElementValue[] = [];
  for (const attribute of attributes) {
    if (attribute.type === NFTA_SET_ELEM_LIST.TABLE) table = textOfAttribute(attribute);
    if (attribute.type === NFTA_SET_ELEM_LIST.SET) set = textOfAttribute(attribute);
    if (attribute.type === NFTA_SET_ELEM_LIST.ELEMENTS) elements = readAttributes(attribute.value).map(readElement);
  }
  return { family, table, set, elements };
}

function readElement(nest: Attribute): ElementValue {
  let key: Uint8Array = new Uint8Array();
  let data: Uint8Array | undefined;
  let end = false;
  for (const attribute of readAttributes(nest.value)) {
    if (attribute.type === NFTA_SET_ELEM.KEY) key = valueIn(attribute) ?? key;
    if (attribute.type === NFTA_SET_ELEM.DATA) data = valueIn(attribute);
    if (attribute.type === NFTA_SET_ELEM.FLAGS) end = (u32beOf(attribute) & INTERVAL_END) !== 0;
  }
  return { key, ...(data === undefined ? {} : { data }), ...(end ? { end } : {}) };
}

function valueIn(nest: Attribute): Uint8Array | undefined {
  return readAttributes(nest.value).find(({ type }) => type === NFTA_DATA_VALUE)?.value;
}
