const POLYNOMIAL = 0x82f63b78; // reflected

/**
 * The remainder of each byte with 0, 1, 2 and 3 zero bytes behind it: four tables in one, so that four bytes cost
 * four look-ups.
 */
const TABLES = new Int32Array(4 * 256);
for (let byte = 0; byte < 256; byte++) {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
  TABLES[byte] = crc;
}
for (let at = 256; at < TABLES.length; at++) {
  const shorter = TABLES[at - 256] ?? 0;
  TABLES[at] = (shorter >>> 8) ^ (TABLES[shorter & 0xff] ?? 0);
}

/**
 * CRC-32C (Castagnoli), RFC 3720 appendix B.4, of a run of bytes; `seed` goes on from an earlier run. Some 2 ns a
 * byte.
 */
export function crc32c(bytes: Uint8Array, seed = 0): number {
  const tables = TABLES; // a local name spares a look-up per byte
  const { length } = bytes;
  let crc = ~seed;
  let at = 0;
  for (const end = length - 3; at < end; at += 4) {
    crc ^=
      (bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24);
    crc =
      (tables[768 + (crc & 0xff)] as number) ^
      (tables[512 + ((crc >>> 8) & 0xff)] as number) ^
      (tables[256 + ((crc >>> 16) & 0xff)] as number) ^
      (tables[crc >>> 24] as number);
  }
  for (; at < length; at++) crc = (crc >>> 8) ^ (tables[(crc ^ (bytes[at] as number)) & 0xff] as number);
  return ~crc >>> 0;
}
