import type { Brand } from './brand.ts';

/** A MAC address as lower-case text, "0a:58:0a:01:00:05". */
export type Mac = Brand<string, 'Mac'>;

/** Parses a MAC address in any case, with ":" or "-". Throws RangeError. */
export function mac(text: string): Mac {
  const lower = text.toLowerCase().replaceAll('-', ':');
  if (!/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(lower)) throw new RangeError(`not a MAC address: ${text}`);
  return lower as Mac;
}

// Every ADD spells two MACs and packs them five times: tables and loops cost a fifth of what splitting and joining do.

/** Each byte as two hexadecimal digits. */
const PAIRS: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** The MAC of six bytes. Throws RangeError on any other length. */
export function macOfBytes(bytes: Uint8Array): Mac {
  if (bytes.length !== 6) throw new RangeError(`a MAC address has 6 bytes, not ${bytes.length}`);
  let text = '';
  for (let i = 0; i < 6; i++) text += `${i === 0 ? '' : ':'}${PAIRS[Number(bytes[i])]}`;
  return text as Mac;
}

/** The six bytes of a MAC. */
export function macBytes(of: Mac): Uint8Array {
  const bytes = new Uint8Array(6);
  for (let i = 0; i < 6; i++) bytes[i] = 16 * digitOf(of.charCodeAt(3 * i)) + digitOf(of.charCodeAt(3 * i + 1));
  return bytes;
}

/** The value of a digit of a parsed MAC: "0" to "9" are 0x30 and on, "a" to "f" 0x61 and on. */
function digitOf(code: number): number {
  return code < 0x61 ? code - 0x30 : code - 0x61 + 10;
}

/**
 * A unicast, locally administered MAC made from 48 bits: the two flag bits of the first byte are set right (IEEE 802,
 * 8.2).
 */
export function localMac(bits: bigint): Mac {
  const bytes = new Uint8Array(6);
  let rest = Number(bits & 0xffff_ffff_ffffn); // 48 bits are a safe integer
  for (let i = 5; i >= 0; i--, rest = Math.floor(rest / 256)) bytes[i] = rest % 256;
  bytes[0] = (Number(bytes[0]) & 0xfc) | 0x02;
  return macOfBytes(bytes);
}
