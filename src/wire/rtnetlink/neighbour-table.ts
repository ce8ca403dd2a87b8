import { Reader, type Writer } from '../../base/bytes.ts';
import { fields, nest, type Spelled, text, u32, u64 } from '../netlink/fields.ts';

// struct ndtmsg, linux/neighbour.h: u8 family, and three bytes of padding. Settings of neighbours on one link, as
// /proc/sys/net/ipv4/neigh/<link>: that folder is not there in user namespaces.

const PARAMETERS = fields({ index: [1, u32], proxyDelayMs: [13, u64] }); // NDTPA_*
const FIELDS = fields({ name: [1, text], parameters: [6, nest(PARAMETERS)] }); // NDTA_*

/** The table "arp_cache" or "ndisc_cache"; the parameters are those of one link. */
export interface NeighbourTableMessage extends Spelled<typeof FIELDS> {
  readonly family: number;
}

/** Writes the body of a message that sets what it names and leaves the rest. */
export function putNeighbourTable(writer: Writer, message: NeighbourTableMessage): void {
  writer.u32(message.family);
  FIELDS.put(writer, message);
}

/** The message of a body. Throws DecodeError. */
export function takeNeighbourTable(body: Uint8Array): NeighbourTableMessage {
  const reader = new Reader(body);
  const family = reader.u8();
  reader.skip(3);
  return { family, ...FIELDS.take(reader.run(reader.left)) };
}
