import type { Brand } from './brand.ts';

/**
 * An IP address as text in its one canonical form: dotted IPv4, or IPv6 as of RFC 5952. Equal addresses are equal
 * strings.
 */
export type Address = Brand<string, 'Address'>;

/** An address range as canonical text, "10.0.0.0/16": no bit is set behind the length. */
export type Prefix = Brand<string, 'Prefix'>;

/** An address of an interface together with the length of its network, "10.0.3.17/24": host bits may be set. */
export type InterfaceAddress = Brand<string, 'InterfaceAddress'>;

/** IPv4 or IPv6. */
export type Family = 'v4' | 'v6';

/**
 * Parses an address. IPv4-mapped IPv6 becomes IPv4. Throws RangeError: the doors turn it into an error of their own.
 */
export function address(text: string): Address {
  return addressOfBytes(parseBytes(text));
}

/** Parses a range. Throws RangeError also when host bits are set, naming the range that was probably meant. */
export function prefix(text: string): Prefix {
  const { bytes, length } = parseSlash(text);
  const given = `${addressOfBytes(bytes)}/${length}`;
  const whole = `${addressOfBytes(masked(bytes, length))}/${length}`;
  if (given !== whole) throw new RangeError(`${text} has host bits set; the range is ${whole}`);
  return whole as Prefix;
}

/** Parses "address/length" with host bits allowed. Throws RangeError. */
export function interfaceAddress(text: string): InterfaceAddress {
  const { bytes, length } = parseSlash(text);
  return `${addressOfBytes(bytes)}/${length}` as InterfaceAddress;
}

/** The family of what has passed one of the parsers. Free. */
export function familyOf(it: Address | Prefix | InterfaceAddress): Family {
  return it.includes(':') ? 'v6' : 'v4';
}

/** 32 or 128. */
export function bitsOf(family: Family): 32 | 128 {
  return family === 'v4' ? 32 : 128;
}

/** The prefix of one host: /32 or /128. */
export function hostPrefix(of: Address): Prefix {
  return `${of}/${bitsOf(familyOf(of))}` as Prefix;
}

/** The range of `length` bits that holds an address. Throws RangeError when the length does not fit the family. */
export function rangeAround(of: Address, length: number): Prefix {
  const bytes = parseBytes(of);
  if (!Number.isInteger(length) || length < 0 || length > 8 * bytes.length)
    throw new RangeError(`no prefix length: ${length}`);
  return `${addressOfBytes(masked(bytes, length))}/${length}` as Prefix;
}

/** The number behind the slash: 0 to 32, or to 128. */
export function lengthOf(of: Prefix | InterfaceAddress): number {
  return Number(of.slice(of.indexOf('/') + 1));
}

/** The part before the slash: the first address of a range, or the address of an interface. */
export function addressIn(of: Prefix | InterfaceAddress): Address {
  return of.slice(0, of.indexOf('/')) as Address;
}

/** How many addresses a range has. */
export function sizeOf(of: Prefix): bigint {
  return 1n << BigInt(bitsOf(familyOf(of)) - lengthOf(of));
}

/** The address `offset` places after the first of a range. Throws RangeError outside of it. */
export function nth(of: Prefix, offset: bigint): Address {
  if (offset < 0n || offset >= sizeOf(of)) throw new RangeError(`${of} has no address number ${offset}`);
  return addressOfNumber(numberOf(addressIn(of)) + offset, familyOf(of));
}

/**
 * The place of an address of the same family in a range: the opposite of `nth`. Outside of it less than 0, or the
 * size and more.
 */
export function offsetIn(range: Prefix, of: Address): bigint {
  return numberOf(of) - numberOf(addressIn(range));
}

/** Whether a range holds an address or a whole other range. Families never mix. */
export function contains(range: Prefix, it: Address | Prefix): boolean {
  if (familyOf(range) !== familyOf(it)) return false;
  const length = lengthOf(range);
  const slash = it.indexOf('/');
  if (slash >= 0 && lengthOf(it as Prefix) < length) return false;
  const inner = parseBytes(slash < 0 ? it : it.slice(0, slash));
  return sameBits(parseBytes(addressIn(range)), inner, length);
}

/** Whether two ranges share an address: then one of them lies in the other. */
export function overlap(a: Prefix, b: Prefix): boolean {
  return contains(a, b) || contains(b, a);
}

/** 4 or 16 bytes, network order. */
export function addressBytes(of: Address): Uint8Array {
  return parseBytes(of);
}

/** The address of 4 or 16 bytes in network order. Throws RangeError on any other length. */
export function addressOfBytes(bytes: Uint8Array): Address {
  if (bytes.length === 4) return bytes.join('.') as Address;
  if (bytes.length !== 16) throw new RangeError(`an address has 4 or 16 bytes, not ${bytes.length}`);
  if (isMapped(bytes)) return bytes.subarray(12).join('.') as Address;
  return shortestV6(bytes) as Address;
}

/** The address as a number, below 2^32 or 2^128. */
export function numberOf(of: Address): bigint {
  const bytes = parseBytes(of);
  if (bytes.length === 4) return BigInt(wordAt(bytes, 0));
  const half = (at: number) => (BigInt(wordAt(bytes, at)) << 32n) | BigInt(wordAt(bytes, at + 4));
  return (half(0) << 64n) | half(8);
}

/** The opposite of `numberOf`. Throws RangeError when the family has no such address. */
export function addressOfNumber(value: bigint, family: Family): Address {
  if (value < 0n || value >> BigInt(bitsOf(family)) !== 0n) throw new RangeError(`no ${family} address: ${value}`);
  const bytes = new Uint8Array(bitsOf(family) / 8);
  let rest = value;
  for (let at = bytes.length; at > 0; rest >>= 32n) {
    let word = Number(rest & 0xffff_ffffn);
    for (const start = at - 4; at > start; word >>>= 8) bytes[--at] = word;
  }
  return addressOfBytes(bytes);
}

/** Four bytes as a number. */
function wordAt(bytes: Uint8Array, at: number): number {
  let word = 0;
  for (let i = at; i < at + 4; i++) word = word * 256 + Number(bytes[i]);
  return word;
}

/** The same bytes with all bits behind the length cleared. */
function masked(bytes: Uint8Array, length: number): Uint8Array {
  return bytes.map((byte, i) => byte & (0xff00 >> Math.min(8, Math.max(0, length - 8 * i))));
}

function sameBits(a: Uint8Array, b: Uint8Array, length: number): boolean {
  for (let i = 0; 8 * i < length; i++) {
    const kept = 0xff00 >> Math.min(8, length - 8 * i);
    if (((Number(a[i]) ^ Number(b[i])) & kept & 0xff) !== 0) return false;
  }
  return true;
}

/** ::ffff:0:0/96, RFC 4291, section 2.5.5.2. */
function isMapped(bytes: Uint8Array): boolean {
  for (let i = 0; i < 10; i++) if (bytes[i] !== 0) return false;
  return bytes[10] === 255 && bytes[11] === 255;
}

function parseSlash(text: string): { bytes: Uint8Array; length: number } {
  const slash = text.indexOf('/');
  const digits = text.slice(slash + 1);
  if (slash < 0 || !/^(0|[1-9]\d{0,2})$/.test(digits)) throw new RangeError(`not an address range: ${text}`);
  const bytes = parseBytes(text.slice(0, slash));
  const length = Number(digits);
  if (length > bytes.length * 8) throw new RangeError(`not an address range: ${text}`);
  if (bytes.length === 4 || !isMapped(bytes)) return { bytes, length };
  if (length < 96) throw new RangeError(`not an address range: ${text} is wider than all of IPv4`);
  return { bytes: bytes.subarray(12), length: length - 96 };
}

function parseBytes(text: string): Uint8Array<ArrayBuffer> {
  const bytes = text.includes(':') ? parseV6(text) : parseV4(text);
  if (bytes === undefined) throw new RangeError(`not an IP address: ${text}`);
  return bytes;
}

const DOT = 0x2e;
const COLON = 0x3a;

// Both parsers walk over the text by hand: every ADD parses some addresses, and patterns cost ten times as much.

/** Four decimal numbers without leading zeros, which other parsers read as octal. */
function parseV4(text: string): Uint8Array<ArrayBuffer> | undefined {
  const bytes = new Uint8Array(4);
  let at = 0;
  let value = -1; // no digit yet
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code >= 0x30 && code <= 0x39) {
      if (value === 0) return undefined;
      value = Math.max(value, 0) * 10 + code - 0x30;
      if (value > 255) return undefined;
    } else {
      if (code !== DOT || value < 0 || at === 3) return undefined;
      bytes[at++] = value;
      value = -1;
    }
  }
  if (at !== 3 || value < 0) return undefined;
  bytes[3] = value;
  return bytes;
}

/** RFC 4291, section 2.2: groups, one "::" for at least one of them, a dotted IPv4 tail. */
function parseV6(text: string): Uint8Array<ArrayBuffer> | undefined {
  const bytes = new Uint8Array(16);
  let at = 0;
  let gap = text.startsWith('::') ? 0 : -1;
  for (let i = gap < 0 ? 0 : 2; i < text.length; ) {
    let end = i;
    let value = 0;
    for (let digit = hexDigit(text, end); digit >= 0; digit = hexDigit(text, ++end)) value = (value << 4) | digit;
    if (text.charCodeAt(end) === DOT) {
      const tail = at > 12 ? undefined : parseV4(text.slice(i));
      if (tail === undefined) return undefined;
      bytes.set(tail, at);
      at += 4;
      break;
    }
    if (end === i || end - i > 4 || at === 16) return undefined;
    bytes[at++] = value >> 8;
    bytes[at++] = value & 255;
    if (end === text.length) break;
    if (text.charCodeAt(end) !== COLON || end + 1 === text.length) return undefined;
    i = end + 1;
    if (text.charCodeAt(i) !== COLON) continue;
    if (gap >= 0) return undefined;
    gap = at;
    i++;
  }
  if (gap < 0) return at === 16 ? bytes : undefined;
  if (at > 14) return undefined;
  bytes.copyWithin(16 - (at - gap), gap, at);
  return bytes.fill(0, gap, 16 - (at - gap));
}

/** -1 when there is none. */
function hexDigit(text: string, at: number): number {
  const code = text.charCodeAt(at); // NaN behind the end
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/** RFC 5952: lower case, no leading zeros, "::" for the first longest run of two or more zero groups. */
function shortestV6(bytes: Uint8Array): string {
  const group = (i: number) => (Number(bytes[2 * i]) << 8) | Number(bytes[2 * i + 1]);
  let start = 8;
  let zeros = 1;
  for (let i = 0; i < 8; i++) {
    let run = 0;
    while (i + run < 8 && group(i + run) === 0) run++;
    if (run > zeros) [start, zeros] = [i, run];
    i += run; // the group behind the run is not zero
  }
  let text = '';
  for (let i = 0; i < 8; i++) {
    if (i === start) {
      text += '::';
      i += zeros - 1;
    } else text += i === 0 || i === start + zeros ? group(i).toString(16) : `:${group(i).toString(16)}`;
  }
  return text;
}
