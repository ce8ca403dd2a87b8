import { Reader, type Writer } from '../../base/bytes.ts';
import { readAttributes, type Attribute } from './attribute.ts';

// struct nfgenmsg, linux/netfilter/nfnetlink.h: u8 family | u8 version 0 | u16 resource, big-endian.
// A message type is subsystem << 8 | operation. Integers in attributes are big-endian.

/** NFPROTO_*, linux/netfilter.h. */
export const FAMILY = { unspecified: 0, inet: 1, ip: 2, ip6: 10 } as const;

/** NFNL_SUBSYS_*. */
export const SUBSYSTEM = { conntrack: 1, nftables: 10 } as const;

/** The family and the attributes of a message of netfilter. */
export interface NetfilterBody {
  readonly family: number;
  readonly attributes: readonly Attribute[];
}

export function putFamily(writer: Writer, family: number, resource = 0): void {
  writer.u8(family);
  writer.u8(0);
  writer.u16be(resource);
}

/** Throws DecodeError when the body is too short or its attributes are not whole. */
export function readNetfilter(body: Uint8Array): NetfilterBody {
  const reader = new Reader(body);
  const family = reader.u8();
  reader.skip(3);
  return { family, attributes: readAttributes(reader.run(reader.left)) };
}
