const OFFSET = 0xcbf29ce484222325n; // FNV-1a, 64 bit: draft-eastlake-fnv, section 5
const PRIME = 0x100000001b3n;
const MASK = 0xffffffffffffffffn;

/** FNV-1a over the UTF-16 code units of a text, 64 bits. For names and tags, never for security. */
export function hash64(text: string): bigint {
  let hash = OFFSET;
  for (let i = 0; i < text.length; i++) hash = ((hash ^ BigInt(text.charCodeAt(i))) * PRIME) & MASK;
  return hash;
}

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';

/** The hash as `length` letters of base 32, at most 12 (60 bits). Fit for interface names. */
export function hashName(text: string, length: number): string {
  let rest = hash64(text);
  let name = '';
  for (let i = 0; i < length; i++) {
    name += ALPHABET[Number(rest & 31n)];
    rest >>= 5n;
  }
  return name;
}
