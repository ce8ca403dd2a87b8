import { Reader, type Writer } from '../../base/bytes.ts';
import { type Address, addressOfBytes, type Family } from '../../base/ip.ts';
import { findAttribute } from '../netlink/attribute.ts';
import { AF } from '../rtnetlink/type.ts';

/** Type of the requests and of their answers: SOCK_DIAG_BY_FAMILY, linux/sock_diag.h. */
export const SOCK_DIAG_BY_FAMILY = 20;

/** States of sockets by number, net/tcp_states.h: `close` is also what a UDP socket is that speaks with nobody. */
export const SOCKET_STATE = { close: 7, listen: 10 } as const;

const ADDRESS_BYTES = 16; // of IPv4 the first four count
const FIXED_BYTES = 72; //   struct inet_diag_msg, linux/inet_diag.h
const INET_DIAG_SKV6ONLY = 11;
const NO_COOKIE = 0xffffffff; // INET_DIAG_NOCOOKIE

/** Which sockets to ask for. */
export interface SocketFilter {
  readonly family: Family;
  readonly protocol: number; // IANA's
  readonly state: number;
  readonly port: number; //     its own
}

/** A socket as the kernel tells it. */
export interface SocketMessage {
  readonly address: Address; // its own; 0.0.0.0 or :: is every one
  readonly port: number;
  readonly inode: number; //    by which its process is found
  readonly only6: boolean; //   of IPv6, and hears no IPv4
}

/** Writes struct inet_diag_req_v2: the sockets of one family, protocol, state and port. The kernel filters by all. */
export function putSocketFilter(writer: Writer, { family, protocol, state, port }: SocketFilter): void {
  writer.u8(family === 'v4' ? AF.INET : AF.INET6);
  writer.u8(protocol);
  writer.u16(0); // no extensions
  writer.u32(1 << state);
  writer.u16be(port);
  writer.zeros(2 + 2 * ADDRESS_BYTES + 4); // any other end, any link
  writer.u32(NO_COOKIE);
  writer.u32(NO_COOKIE);
}

/** Reads struct inet_diag_msg and what stands behind it. Throws DecodeError when it is cut. */
export function takeSocket(body: Uint8Array): SocketMessage {
  const reader = new Reader(body);
  const family = reader.u8();
  reader.skip(3);
  const port = reader.u16be();
  reader.skip(2);
  const own = reader.run(ADDRESS_BYTES);
  reader.skip(FIXED_BYTES - 4 - reader.at);
  const inode = reader.u32();
  const only6 = findAttribute(body, FIXED_BYTES, INET_DIAG_SKV6ONLY)?.[0] === 1;
  return { address: addressOfBytes(family === AF.INET ? own.subarray(0, 4) : own), port, inode, only6 };
}
