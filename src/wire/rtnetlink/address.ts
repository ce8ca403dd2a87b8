import { Reader, type Writer } from '../../base/bytes.ts';
import { address, fields, raw, type Spelled, text, u32, u8 } from '../netlink/fields.ts';

// struct ifaddrmsg, linux/if_addr.h: u8 family | u8 prefix length | u8 flags | u8 scope | u32 interface.

const FIELDS = fields({
  local: [2, address],
  address: [1, address],
  broadcast: [4, address],
  label: [3, text],
  flags32: [8, u32], // all the flags: the header has room for eight
  protocol: [11, u8], // who put it there
  times: [6, raw], // struct ifa_cacheinfo
});

/** An address of an interface. Without a far end `local` and `address` are the same; IPv6 then has only `address`. */
export interface AddressMessage extends Spelled<typeof FIELDS> {
  readonly family: number;
  readonly length: number;
  readonly flags: number;
  readonly scope: number;
  readonly index: number;
}

/** IFA_F_*: linux/if_addr.h. */
export const ADDRESS_FLAG = { NODAD: 0x02, DADFAILED: 0x08, TENTATIVE: 0x40, PERMANENT: 0x80 } as const;

/** Writes the body of an address message: all behind the netlink header. */
export function putAddress(writer: Writer, message: AddressMessage): void {
  writer.u8(message.family);
  writer.u8(message.length);
  writer.u8(message.flags);
  writer.u8(message.scope);
  writer.u32(message.index);
  FIELDS.put(writer, message);
}

/** The address message of a body. Throws DecodeError. */
export function takeAddress(body: Uint8Array): AddressMessage {
  const reader = new Reader(body);
  const [family, length, flags, scope, index] = [reader.u8(), reader.u8(), reader.u8(), reader.u8(), reader.u32()];
  return { family, length, flags, scope, index, ...FIELDS.take(reader.run(reader.left)) };
}
