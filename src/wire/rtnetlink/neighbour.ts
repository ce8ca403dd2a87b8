import { Reader, type Writer } from '../../base/bytes.ts';
import { address, fields, mac, raw, type Spelled, u16be, u32 } from '../netlink/fields.ts';

// struct ndmsg, linux/neighbour.h: u8 family | u8 0 | u16 0 | i32 interface | u16 state | u8 flags | u8 type.
// Family AF_BRIDGE: a forwarding entry of a bridge or VXLAN device.

const FIELDS = fields({
  destination: [1, address],
  mac: [2, mac],
  port: [6, u16be],
  vni: [7, u32],
  linkFilter: [8, u32], // of questions: only this link
  master: [9, u32],
  cache: [3, raw], // struct nda_cacheinfo
});

/** A neighbour, or a forwarding entry: then `mac` is the key and `destination` the far VXLAN node. */
export interface NeighbourMessage extends Spelled<typeof FIELDS> {
  readonly family: number;
  readonly index: number;
  readonly state: number;
  readonly flags: number;
  readonly type: number;
}

/** NUD_*: FAILED is what a removed one is told as. */
export const NEIGHBOUR_STATE = { FAILED: 0x20, NOARP: 0x40, PERMANENT: 0x80 } as const;
/** NTF_*: SELF is the device's own table, not that of its bridge. */
export const NEIGHBOUR_FLAG = { SELF: 0x02 } as const;

/** Writes the body of a neighbour message. */
export function putNeighbour(writer: Writer, message: NeighbourMessage): void {
  writer.u32(message.family);
  writer.i32(message.index);
  writer.u16(message.state);
  writer.u8(message.flags);
  writer.u8(message.type);
  FIELDS.put(writer, message);
}

/** The neighbour message of a body. Throws DecodeError. */
export function takeNeighbour(body: Uint8Array): NeighbourMessage {
  const reader = new Reader(body);
  const family = reader.u8();
  reader.skip(3);
  const [index, state, flags, type] = [reader.i32(), reader.u16(), reader.u8(), reader.u8()];
  return { family, index, state, flags, type, ...FIELDS.take(reader.run(reader.left)) };
}
