import { Reader, type Writer } from '../../base/bytes.ts';
import { type Address, addressBytes, addressOfBytes } from '../../base/ip.ts';
import { type Mac, macBytes, macOfBytes } from '../../base/mac.ts';
import * as attribute from './attribute.ts';
import type { Attribute } from './attribute.ts';

/**
 * How one kind of attribute value is spelled. `take` says undefined for bytes it has no value for: they are kept as
 * they are.
 */
export interface Codec<T> {
  put(writer: Writer, type: number, value: T): void;
  take(attribute: Attribute): T | undefined;
}

/** One named field: the attribute's type and its spelling. */
export type Field<T> = readonly [type: number, codec: Codec<T>];
export type Table = Readonly<Record<string, Field<unknown>>>;

/**
 * The value of a table: every field may be absent; attributes that the table does not know are kept in `other`. Runs
 * of bytes are views into the message, as long as it lives.
 */
export type ValueOf<T extends Table> = {
  readonly [Name in keyof T]?: T[Name] extends Field<infer V> ? V : never;
} & { readonly other?: readonly Attribute[] };

/** Attributes as a value with named fields, both ways. Written in the order of the table, unknown ones last. */
export interface Fields<T extends Table> {
  put(writer: Writer, value: ValueOf<T>): void;
  /** Throws DecodeError when the bytes are not whole attributes, or one is shorter than its integer. */
  take(bytes: Uint8Array): ValueOf<T>;
}

/** The value that a set of fields spells. */
export type Spelled<F> = F extends Fields<infer T> ? ValueOf<T> : never;

export function fields<const T extends Table>(table: T): Fields<T> {
  const rows = Object.entries(table).map(([name, [type, codec]]) => ({ name, type, codec }));
  const byType = new Map(rows.map((row) => [row.type, row]));
  return {
    put: (writer, value) => {
      const values: Readonly<Record<string, unknown>> = value;
      for (const { name, type, codec } of rows) {
        const one = values[name];
        if (one !== undefined) codec.put(writer, type, one);
      }
      if (value.other === undefined) return;
      for (const { type, flags, value: bytes } of value.other) attribute.putBytes(writer, type | flags, bytes);
    },
    take: (bytes) => {
      const value: Record<string, unknown> = {};
      const other: Attribute[] = [];
      for (const one of attribute.readAttributes(bytes)) {
        const known = byType.get(one.type);
        const taken = known === undefined || known.name in value ? undefined : known.codec.take(one);
        if (known === undefined || taken === undefined) other.push(one);
        else value[known.name] = taken;
      }
      return (other.length === 0 ? value : { ...value, other }) as ValueOf<T>;
    },
  };
}

export const u8: Codec<number> = { put: attribute.putU8, take: attribute.u8Of };
export const u16: Codec<number> = { put: attribute.putU16, take: attribute.u16Of };
export const u16be: Codec<number> = { put: attribute.putU16be, take: attribute.u16beOf };
export const u32: Codec<number> = { put: attribute.putU32, take: attribute.u32Of };
export const i32: Codec<number> = {
  put: (writer, type, value) => attribute.putU32(writer, type, value >>> 0),
  take: attribute.i32Of,
};
export const u64: Codec<bigint> = {
  put: (writer, type, value) => {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, value, true);
    attribute.putBytes(writer, type, bytes);
  },
  take: ({ value }) => (value.length === 8 ? new Reader(value).u64() : undefined),
};
export const text: Codec<string> = { put: attribute.putText, take: attribute.textOfAttribute };

/** Bytes as they are. */
export const raw: Codec<Uint8Array> = { put: attribute.putBytes, take: ({ value }) => value };

/** Six bytes; links without Ethernet have other lengths, which stay unknown. */
export const mac: Codec<Mac> = {
  put: (writer, type, value) => attribute.putBytes(writer, type, macBytes(value)),
  take: ({ value }) => (value.length === 6 ? macOfBytes(value) : undefined),
};

/** 4 or 16 bytes; an IPv4 address inside an IPv6 one has no spelling of its own and stays unknown. */
export const address: Codec<Address> = {
  put: (writer, type, value) => attribute.putBytes(writer, type, addressBytes(value)),
  take: ({ value }) => {
    if (value.length !== 4 && value.length !== 16) return undefined;
    const taken = addressOfBytes(value);
    return value.length === 16 && !taken.includes(':') ? undefined : taken;
  },
};

/** An array of u32 that fills the attribute. */
export const u32s: Codec<readonly number[]> = {
  put: (writer, type, value) => attribute.putNest(writer, type, () => value.forEach((one) => writer.u32(one))),
  take: ({ value }) => {
    if (value.length % 4 !== 0) return undefined;
    const reader = new Reader(value);
    return Array.from({ length: value.length / 4 }, () => reader.u32());
  },
};

/** Attributes within an attribute. `flags` is NESTED where the kernel wants to be told. */
export function nest<T extends Table>(inner: Fields<T>, flags = 0): Codec<ValueOf<T>> {
  return {
    put: (writer, type, value) => attribute.putNest(writer, type | flags, () => inner.put(writer, value)),
    take: ({ value }) => inner.take(value),
  };
}
