import { Reader, type Writer } from '../../base/bytes.ts';
import { fields, i32, mac, nest, raw, type Spelled, text, u32, u32s, u8 } from '../netlink/fields.ts';

// struct ifinfomsg, linux/rtnetlink.h: u8 family | u8 0 | u16 type | i32 index | u32 flags | u32 which of the flags
// to change.

const KIND = fields({
  kind: [1, text], // "veth": link-kind.ts spells the data of each kind
  data: [2, raw],
  portKind: [4, text], // the kind of the link it is a port of, and what it is there
  portData: [5, raw],
});
const INET = fields({ conf: [1, u32s] }); // net.ipv4.conf.<link>: setting n at place n - 1
const INET6 = fields({ flags: [1, u32], conf: [2, u32s], addressMode: [8, u8] });

const FIELDS = fields({
  name: [3, text],
  mtu: [4, u32],
  mac: [1, mac],
  broadcast: [2, mac],
  below: [5, i32], // IFLA_LINK: the link under it, or a veth's other end: its index in the namespace `belowNetns`
  belowNetns: [37, i32], // as numbered in the link's own namespace; absent: the same
  master: [10, u32],
  group: [27, u32],
  netnsFd: [28, u32], // where to make it
  qdisc: [6, text], // the kind at its root
  transmitQueueLength: [13, u32],
  transmitQueues: [31, u32],
  receiveQueues: [32, u32],
  filter: [29, u32], // what answers shall hold
  alias: [20, text],
  operState: [16, u8],
  carrier: [33, u8],
  kind: [18, nest(KIND)],
  spec: [26, nest(fields({ inet: [2, nest(INET)], inet6: [10, nest(INET6)] }))],
});

/** A link, as it is or as it shall become. */
export interface LinkMessage extends Spelled<typeof FIELDS> {
  readonly family: number;
  readonly type: number; // ARPHRD_*, linux/if_arp.h
  readonly index: number;
  readonly flags: number;
  readonly change: number;
}

/** IFF_*: linux/if.h. */
export const LINK_FLAG = { UP: 0x1, LOOPBACK: 0x8, RUNNING: 0x40 } as const;
/** RTEXT_FILTER_SKIP_STATS: answers without the counters are half as long. */
export const SKIP_STATS = 8;

/** Writes the body of a link message. */
export function putLink(writer: Writer, message: LinkMessage): void {
  writer.u8(message.family);
  writer.u8(0);
  writer.u16(message.type);
  writer.i32(message.index);
  writer.u32(message.flags);
  writer.u32(message.change);
  FIELDS.put(writer, message);
}

/** The link message of a body. Throws DecodeError. */
export function takeLink(body: Uint8Array): LinkMessage {
  const reader = new Reader(body);
  const family = reader.u8();
  reader.skip(1);
  const [type, index, flags, change] = [reader.u16(), reader.i32(), reader.u32(), reader.u32()];
  return { family, type, index, flags, change, ...FIELDS.take(reader.run(reader.left)) };
}
