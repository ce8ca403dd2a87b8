// FNV-1a, 64 bit: draft-eastlake-fnv, section 5. In two 32-bit halves: big integers cost twenty times as much.
const OFFSET_HIGH = 0xcbf29ce4;
const OFFSET_LOW = 0x84222325;
const PRIME_LOW = 0x1b3; // the prime is 2^40 + 0x1b3

/** FNV-1a over the UTF-16 code units of a text, 64 bit. For names and tags, never for security. */
export function hash64(text: string): bigint {
  const [high, low] = halves(text);
  return (BigInt(high) << 32n) | BigInt(low);
}

function halves(text: string): readonly [high: number, low: number] {
  let high = OFFSET_HIGH;
  let low = OFFSET_LOW;
  for (let i = 0; i < text.length; i++) {
    const mixed = (low ^ text.charCodeAt(i)) >>> 0;
    const product = mixed * PRIME_LOW; // less than 2^41
    low = product >>> 0;
    high = (Math.imul(high, PRIME_LOW) + Math.floor(product / 2 ** 32) + (mixed << 8)) >>> 0;
  }
  return [high, low];
}

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';

/**
 * The hash as `length` letters of base 32. Fit for interface names. Throws RangeError above 12 letters, which are 60
 * bits.
 */
export function hashName(text: string, length: number): string {
  if (length > 12) throw new RangeError(`a hash has 12 letters, not ${length}`);
  let [high, low] = halves(text);
  let name = '';
  for (let i = 0; i < length; i++) {
    name += ALPHABET[low & 31];
    low = (low >>> 5) | (high << 27);
    high >>>= 5;
  }
  return name;
}
