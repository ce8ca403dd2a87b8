import koffi from 'koffi';
import { addressBytes, addressOfBytes, familyOf, type Address, type Family } from '../../src/base/ip.ts';
import { close, socket } from '../../src/io/kernel/libc.ts';
import type { Space } from './space.ts';

// SCTP without SCTP sockets, which this kernel may lack: an INIT made by hand, sent and received through raw sockets.
// RFC 9260, section 3.

const AF = { v4: 2, v6: 10 } as const;
const SOCK_RAW = 3;
const IPPROTO_SCTP = 132;
const MSG_DONTWAIT = 0x40;

const c = koffi.load(null);
const sendto = c.func('intptr sendto(int fd, const void *bytes, size_t n, int flags, const void *to, uint32 length)');
const recvfrom = c.func('intptr recvfrom(int fd, void *bytes, size_t n, int flags, void *from, void *length)');

/** A packet as it came: from where, its ports, the type of its first chunk, and whether its checksum is right. */
export interface SctpPacket {
  readonly source: Address;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly chunk: number;
  readonly intact: boolean;
}

export const INIT = 1;
export const INIT_ACK = 2;

/** A raw socket in a namespace. Close it. */
export class SctpSocket {
  readonly #fd: number;
  readonly #family: Family;

  constructor(space: Space, family: Family) {
    this.#family = family;
    this.#fd = space.netns.within(() => socket(AF[family], SOCK_RAW, IPPROTO_SCTP));
    if (this.#fd < 0) throw new Error(`no raw socket: ${this.#fd}`);
  }

  send(to: Address, packet: { chunk: number; sourcePort: number; destinationPort: number }): void {
    const bytes = packetBytes(packet);
    if (sendto(this.#fd, bytes, bytes.length, 0, ...sockaddr(to)) !== bytes.length) throw new Error('not sent');
  }

  /** The next packet, or undefined when none comes within half a second. */
  async receive(): Promise<SctpPacket | undefined> {
    const [bytes, from] = [new Uint8Array(2048), new Uint8Array(28)];
    for (let i = 0; i < 50; i++) {
      const length = recvfrom(this.#fd, bytes, bytes.length, MSG_DONTWAIT, from, Uint32Array.of(from.length));
      if (length > 0) return this.#read(bytes.subarray(0, length), from);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return undefined;
  }

  close(): void {
    close(this.#fd);
  }

  /** IPv4 gives its header too, IPv6 does not. */
  #read(bytes: Uint8Array, from: Uint8Array): SctpPacket {
    const v4 = this.#family === 'v4';
    const packet = v4 ? bytes.slice(((bytes[0] ?? 0) & 15) * 4) : bytes.slice();
    const view = new DataView(packet.buffer);
    const checksum = view.getUint32(8, true);
    view.setUint32(8, 0);
    return {
      source: addressOfBytes(v4 ? from.subarray(4, 8) : from.subarray(8, 24)),
      sourcePort: view.getUint16(0),
      destinationPort: view.getUint16(2),
      chunk: view.getUint8(12),
      intact: checksum === crc32c(packet),
    };
  }
}

/** Common header, and one chunk of INIT's or INIT ACK's form. */
function packetBytes({
  chunk,
  sourcePort,
  destinationPort,
}: {
  chunk: number;
  sourcePort: number;
  destinationPort: number;
}) {
  const bytes = new Uint8Array(32);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, sourcePort);
  view.setUint16(2, destinationPort);
  view.setUint32(4, chunk === INIT ? 0 : 0xbe47); // verification tag: an answer bears the tag of the INIT
  view.setUint8(12, chunk);
  view.setUint16(14, 20);
  view.setUint32(16, 0xbe47); // initiate tag
  view.setUint32(20, 65_536); // window
  view.setUint16(24, 1);
  view.setUint16(26, 1);
  view.setUint32(8, crc32c(bytes), true); // appendix A: least significant byte first
  return bytes;
}

/** CRC32c, RFC 9260, appendix A. */
function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ ((crc & 1) === 0 ? 0 : 0x82f63b78);
  }
  return ~crc >>> 0;
}

/** struct sockaddr_in or sockaddr_in6 and its length; raw sockets have no port. */
function sockaddr(to: Address): [Uint8Array, number] {
  const family = familyOf(to);
  const bytes = new Uint8Array(family === 'v4' ? 16 : 28);
  new DataView(bytes.buffer).setUint16(0, AF[family], true);
  bytes.set(addressBytes(to), family === 'v4' ? 4 : 8);
  return [bytes, bytes.length];
}
