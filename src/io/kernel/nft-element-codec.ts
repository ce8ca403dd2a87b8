import {
  addressIn,
  addressOfNumber,
  bitsOf,
  familyOf,
  lengthOf,
  numberOf,
  rangeAround,
  sizeOf,
  type Address,
  type Family,
  type Prefix,
} from '../../base/ip.ts';
import type { Item } from '../../core/datapath/plan.ts';
import { INTERVAL_END, type ElementMessage } from '../../wire/nftables/element.ts';
import { decodeFields, encodeFields, type FieldType, typesOfNumber } from '../../wire/nftables/field-type.ts';
import { SET_FLAG, type SetMessage } from '../../wire/nftables/set.ts';

export type ElementItem = Extract<Item, { readonly kind: 'element' }>;

/**
 * What elements of a set look like. An interval set has one field, an address; its keys are ranges, "10.0.0.0/8" or
 * "10.0.0.1-10.0.0.9".
 */
export interface SetShape {
  readonly name: string;
  readonly key: readonly FieldType[];
  readonly data?: readonly FieldType[];
  readonly interval: boolean;
}

/** Addresses from the first to the last, both in it. */
export interface Span {
  readonly first: bigint;
  readonly last: bigint;
}

/** The shape of a set in the kernel; undefined for a type that none of our sets has. */
export function shapeOf(set: SetMessage): SetShape | undefined {
  const flags = set.flags ?? 0;
  const key = typesOfNumber(set.keyType ?? 0);
  const data = typesOfNumber(set.dataType ?? 0);
  const map = (flags & SET_FLAG.map) !== 0;
  const interval = (flags & SET_FLAG.interval) !== 0;
  if (set.name === undefined || key === undefined || (map && data === undefined)) return undefined;
  if (interval && (key.length !== 1 || familyIn(key) === undefined)) return undefined;
  return { name: set.name, key, interval, ...(map && data !== undefined ? { data } : {}) };
}

/** An item as the kernel takes it: one element, of a range two. Throws RangeError when it does not fit the set. */
export function encodeElement(shape: SetShape, item: Pick<ElementItem, 'key' | 'data'>): ElementMessage[] {
  if ((shape.data === undefined) !== (item.data === undefined)) throw new RangeError(`${shape.name} is no such map`);
  const data =
    shape.data === undefined || item.data === undefined ? {} : { data: { value: encodeFields(shape.data, item.data) } };
  if (shape.interval) return encodeSpan(shape, spanOf(shape, item), data);
  return [{ key: { value: encodeFields(shape.key, item.key) }, ...data }];
}

/** Elements as items, ranges in order. Elements whose bytes do not fit the set's types throw DecodeError. */
export function decodeElements(shape: SetShape, elements: readonly ElementMessage[]): ElementItem[] {
  if (shape.interval) return decodeSpans(shape, elements);
  return elements.map(({ key, data }) => ({
    kind: 'element',
    set: shape.name,
    key: decodeFields(shape.key, key?.value ?? new Uint8Array()),
    ...dataOf(shape, data?.value),
  }));
}

/** The range of an item of an interval set. Throws RangeError. */
export function spanOf(shape: SetShape, item: Pick<ElementItem, 'key'>): Span {
  const [text = ''] = item.key;
  if (item.key.length !== 1 || familyOf(text as Address) !== familyIn(shape.key))
    throw new RangeError(`${item.key.join(' . ')} is no range for ${shape.name}`);
  const [from = '', to] = text.split('-');
  if (to !== undefined) return { first: numberOf(from as Address), last: numberOf(to as Address) };
  if (!text.includes('/')) return { first: numberOf(text as Address), last: numberOf(text as Address) };
  const first = numberOf(addressIn(text as Prefix));
  return { first, last: first + sizeOf(text as Prefix) - 1n };
}

export function overlap(a: Span, b: Span): boolean {
  return a.first <= b.last && b.first <= a.last;
}

function dataOf(shape: SetShape, bytes: Uint8Array = new Uint8Array()): { data?: readonly string[] } {
  return shape.data === undefined ? {} : { data: decodeFields(shape.data, bytes) };
}

function encodeSpan(shape: SetShape, { first, last }: Span, data: Pick<ElementMessage, 'data'>): ElementMessage[] {
  const family = familyIn(shape.key) ?? 'v4';
  const value = (number: bigint) => ({ value: encodeFields(shape.key, [addressOfNumber(number, family)]) });
  const start = { key: value(first), ...data };
  // a range that reaches to the last address has no first address behind it
  return last === lastOf(family) ? [start] : [start, { flags: INTERVAL_END, key: value(last + 1n) }];
}

function decodeSpans(shape: SetShape, elements: readonly ElementMessage[]): ElementItem[] {
  const family = familyIn(shape.key) ?? 'v4';
  const points = elements.map(({ key, flags, data }) => {
    const [address = ''] = decodeFields(shape.key, key?.value ?? new Uint8Array());
    return { at: numberOf(address as Address), end: flags === INTERVAL_END, data: data?.value };
  });
  points.sort((a, b) => (a.at === b.at ? Number(b.end) - Number(a.end) : a.at < b.at ? -1 : 1));
  return points.flatMap(({ at, end, data }, i) => {
    if (end) return [];
    const behind = points[i + 1];
    const last = behind === undefined ? lastOf(family) : behind.at - 1n;
    const key = [spanText({ first: at, last }, family)];
    return [{ kind: 'element', set: shape.name, key, ...dataOf(shape, data) }];
  });
}

/** As a prefix where it is one. */
function spanText({ first, last }: Span, family: Family): string {
  const size = last - first + 1n;
  const length = bitsOf(family) - (size.toString(2).length - 1);
  const start = addressOfNumber(first, family);
  const whole = rangeAround(start, length);
  return sizeOf(whole) === size && addressIn(whole) === start && lengthOf(whole) === length
    ? whole
    : `${start}-${addressOfNumber(last, family)}`;
}

function lastOf(family: Family): bigint {
  return (1n << BigInt(bitsOf(family))) - 1n;
}

function familyIn([type]: readonly FieldType[]): Family | undefined {
  return type === 'ipv4_addr' ? 'v4' : type === 'ipv6_addr' ? 'v6' : undefined;
}
