import { Reader, type Writer } from '../../base/bytes.ts';
import { NESTED, putBytes, putNest, putU32be, readAttributes, u32beOf } from './attribute.ts';
import type { Codec, Fields, Table, ValueOf } from './fields.ts';

// struct nfgenmsg, linux/netfilter/nfnetlink.h: u8 family | u8 version 0 | u16 resource, big-endian.
// A message type is subsystem << 8 | operation. Integers in attributes are big-endian.

/** NFPROTO_*, linux/netfilter.h. */
export const FAMILY = { unspecified: 0, inet: 1, ip: 2, ip6: 10 } as const;

/** NFNL_SUBSYS_*. */
export const SUBSYSTEM = { conntrack: 1, nftables: 10 } as const;

export function putFamily(writer: Writer, family: number, resource = 0): void {
  writer.u8(family);
  writer.u8(0);
  writer.u16be(resource);
}

/** The family of a body, and the bytes of its attributes. Throws DecodeError when it is too short. */
export function takeFamily(body: Uint8Array): { family: number; attributes: Uint8Array } {
  const reader = new Reader(body);
  const family = reader.u8();
  reader.skip(3);
  return { family, attributes: reader.run(reader.left) };
}

export const u32be: Codec<number> = { put: putU32be, take: u32beOf };

export const i32be: Codec<number> = {
  put: (writer, type, value) => putU32be(writer, type, value >>> 0),
  take: (attribute) => u32beOf(attribute) | 0,
};

export const u64be: Codec<bigint> = {
  put: (writer, type, value) => {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, value);
    putBytes(writer, type, bytes);
  },
  take: ({ value }) =>
    value.length === 8 ? new DataView(value.buffer, value.byteOffset, 8).getBigUint64(0) : undefined,
};

/** Nests in a nest, numbered as libnftnl does; the kernel does not look at the numbers. */
export function list<T extends Table>(inner: Fields<T>): Codec<readonly ValueOf<T>[]> {
  return {
    put: (writer, type, values) =>
      putNest(writer, type | NESTED, () => {
        for (const [i, value] of values.entries()) putNest(writer, (i + 1) | NESTED, () => inner.put(writer, value));
      }),
    take: ({ value }) => readAttributes(value).map((one) => inner.take(one.value)),
  };
}
