import type { Brand } from './brand.ts';

/** A MAC address as lower-case text, "0a:58:0a:01:00:05". */
export type Mac = Brand<string, 'Mac'>;

/** Parses a MAC address in any case, with ":" or "-". Throws RangeError. */
export function mac(text: string): Mac {
  const lower = text.toLowerCase().replaceAll('-', ':');
  if (!/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(lower)) throw new RangeError(`not a MAC address: ${text}`);
  return lower as Mac;
}

/** The MAC of six bytes. Throws RangeError on any other length. */
export function macOfBytes(bytes: Uint8Array): Mac {
  if (bytes.length !== 6) throw new RangeError(`a MAC address has 6 bytes, not ${bytes.length}`);
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(':') as Mac;
}

/** The six bytes of a MAC. */
export function macBytes(of: Mac): Uint8Array {
  return Uint8Array.from(of.split(':'), (part) => Number.parseInt(part, 16));
}

/**
 * A unicast, locally administered MAC made from 48 bits: the two flag bits of the first byte are set right (IEEE 802,
 * 8.2).
 */
export function localMac(bits: bigint): Mac {
  const bytes = Uint8Array.from({ length: 6 }, (_, i) => Number((bits >> BigInt(8 * (5 - i))) & 0xffn));
  bytes[0] = ((bytes[0] ?? 0) & 0xfc) | 0x02;
  return macOfBytes(bytes);
}
