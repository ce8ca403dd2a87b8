import { Reader, type Writer } from '../../base/bytes.ts';
import { fields, i32, type Spelled } from '../netlink/fields.ts';

// struct netconfmsg, linux/netconf.h: u8 family, and three bytes that nobody fills.

const FIELDS = fields({ index: [1, i32], forwarding: [2, i32], rpFilter: [3, i32], proxyNeighbour: [5, i32] });

/** Settings of an interface that changed: those the kernel tells of. `index` -1 is `all`, -2 `default`. */
export interface NetconfMessage extends Spelled<typeof FIELDS> {
  readonly family: number;
}

/** Writes the body of a netconf message. */
export function putNetconf(writer: Writer, message: NetconfMessage): void {
  writer.u32(message.family);
  FIELDS.put(writer, message);
}

/** The netconf message of a body. Throws DecodeError. */
export function takeNetconf(body: Uint8Array): NetconfMessage {
  const reader = new Reader(body);
  const family = reader.u8();
  reader.skip(3);
  return { family, ...FIELDS.take(reader.run(reader.left)) };
}
