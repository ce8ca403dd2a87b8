/**
 * An ICMP (8) or ICMPv6 (128) echo request: RFC 792, RFC 4443. The kernel fills in the checksum of ICMPv6, not that of
 * ICMP.
 */
export function echoRequest(family: 4 | 6, id: number, sequence: number): Uint8Array {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  bytes[0] = family === 4 ? 8 : 128;
  view.setUint16(4, id);
  view.setUint16(6, sequence);
  if (family === 4) view.setUint16(2, internetChecksum(bytes));
  return bytes;
}

/**
 * The id of an echo reply, or undefined for any other message. `bytes` begin with the IP header for IPv4, and without
 * one for IPv6.
 */
export function echoReplyId(family: 4 | 6, bytes: Uint8Array): number | undefined {
  const message = family === 4 ? bytes.subarray(((bytes[0] ?? 0) & 15) * 4) : bytes;
  if (message.length < 8 || message[0] !== (family === 4 ? 0 : 129)) return undefined;
  return new DataView(message.buffer, message.byteOffset).getUint16(4);
}

/**
 * An SCTP packet with one INIT chunk: RFC 9260, sections 3.1 and 3.3.2. The kernel here has no SCTP sockets that could
 * send one.
 */
export function sctpInit(sourcePort: number, port: number): Uint8Array {
  const bytes = new Uint8Array(12 + 20);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, sourcePort);
  view.setUint16(2, port);
  bytes[12] = 1; // INIT; verification tag 0 in front of it
  view.setUint16(14, 20); // length of the chunk
  view.setUint32(16, 0x5eed); // initiate tag
  view.setUint32(20, 65_536); // receiver window
  view.setUint16(24, 1); // streams out
  view.setUint16(26, 1); // streams in
  view.setUint32(28, 1); // first TSN
  view.setUint32(8, crc32c(bytes), true);
  return bytes;
}

/** The ports of an SCTP packet with an INIT, and whether its checksum is right. Undefined for anything else. */
export function readSctpInit(bytes: Uint8Array): { sourcePort: number; port: number; sound: boolean } | undefined {
  if (bytes.length < 32 || bytes[12] !== 1) return undefined;
  const copy = bytes.slice();
  const view = new DataView(copy.buffer);
  const checksum = view.getUint32(8, true);
  view.setUint32(8, 0);
  return { sourcePort: view.getUint16(0), port: view.getUint16(2), sound: crc32c(copy) === checksum };
}

/** CRC32c (Castagnoli), reflected: RFC 9260, appendix A. */
export function crc32c(bytes: Uint8Array): number {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  return ~crc >>> 0;
}

/** RFC 1071. */
function internetChecksum(bytes: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += ((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
