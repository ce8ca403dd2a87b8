import { Reader, type Writer } from '../../base/bytes.ts';
import { address, fields, nest, raw, type Spelled, u32 } from '../netlink/fields.ts';

// struct rtmsg, linux/rtnetlink.h: u8 family | u8 length of destination | u8 length of source | u8 TOS | u8 table | u8
// protocol | u8 scope | u8 type | u32 flags.

const METRICS = fields({ mtu: [2, u32], advmss: [8, u32] });
const FIELDS = fields({
  destination: [1, address],
  source: [2, address],
  gateway: [5, address],
  outIndex: [4, u32],
  priority: [6, u32],
  preferredSource: [7, address],
  metrics: [8, nest(METRICS)],
  table32: [15, u32], // all of the table's number: the header has room for eight bits
  multipath: [9, raw], // struct rtnexthop and attributes, one after another
  cache: [12, raw], // struct rta_cacheinfo
});

/** A route. Absent destination: the default route, or none of its family. */
export interface RouteMessage extends Spelled<typeof FIELDS> {
  readonly family: number;
  readonly length: number;
  readonly sourceLength: number;
  readonly tos: number;
  readonly table: number;
  readonly protocol: number;
  readonly scope: number;
  readonly type: number;
  readonly flags: number;
}

/** RTN_*: what happens to packets that take the route. */
export const ROUTE_TYPE = { UNICAST: 1, LOCAL: 2, BROADCAST: 3, UNREACHABLE: 7 } as const;
/** RT_SCOPE_*: how far away the destination is. */
export const SCOPE = { UNIVERSE: 0, LINK: 253, HOST: 254, NOWHERE: 255 } as const;
/** RTPROT_*: who made the route. */
export const ROUTE_ORIGIN = { UNSPEC: 0, KERNEL: 2, BOOT: 3, STATIC: 4, RA: 9 } as const;
/** RTNH_F_*: of the next hop. */
export const NEXT_HOP_FLAG = { DEAD: 1, ONLINK: 4, LINKDOWN: 16 } as const;

/** Writes the body of a route message. */
export function putRoute(writer: Writer, message: RouteMessage): void {
  writer.u8(message.family);
  writer.u8(message.length);
  writer.u8(message.sourceLength);
  writer.u8(message.tos);
  writer.u8(message.table);
  writer.u8(message.protocol);
  writer.u8(message.scope);
  writer.u8(message.type);
  writer.u32(message.flags);
  FIELDS.put(writer, message);
}

/** The route message of a body. Throws DecodeError. */
export function takeRoute(body: Uint8Array): RouteMessage {
  const reader = new Reader(body);
  const [family, length, sourceLength, tos] = [reader.u8(), reader.u8(), reader.u8(), reader.u8()];
  const [table, protocol, scope, type, flags] = [reader.u8(), reader.u8(), reader.u8(), reader.u8(), reader.u32()];
  const rest = FIELDS.take(reader.run(reader.left));
  return { family, length, sourceLength, tos, table, protocol, scope, type, flags, ...rest };
}

/** The table of a route, whichever way it is spelled. */
export function tableOf(message: { readonly table: number; readonly table32?: number }): number {
  return message.table32 ?? message.table;
}

/** How a table is spelled in the header and, above 255, in the attribute. */
export function spellTable(table: number): { readonly table: number; readonly table32?: number } {
  return table < 256 ? { table } : { table: 0, table32: table };
}
