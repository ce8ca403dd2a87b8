import type { Brand } from './brand.ts';

/** An IP address as text in its one canonical form: dotted IPv4, or IPv6 as of RFC 5952. Equal addresses are equal strings. */
export type Address = Brand<string, 'Address'>;

/** An address range as canonical text, "10.0.0.0/16": no bit is set behind the length. */
export type Prefix = Brand<string, 'Prefix'>;

/** An address of an interface together with the length of its network, "10.0.3.17/24": host bits may be set. */
export type InterfaceAddress = Brand<string, 'InterfaceAddress'>;

export type Family = 'v4' | 'v6';

/** Parses an address. IPv4-mapped IPv6 becomes IPv4. Throws RangeError: the doors turn it into an error of their own. */
export function address(text: string): Address {
  return addressOfBytes(parseBytes(text));
}

/** Parses a range. Throws RangeError also when host bits are set, naming the range that was probably meant. */
export function prefix(text: string): Prefix {
  const { bytes, length } = parseSlash(text);
  const whole = rangeAround(addressOfBytes(bytes), length);
  if (`${addressOfBytes(bytes)}/${length}` !== whole)
    throw new RangeError(`${text} has host bits set; the range is ${whole}`);
  return whole;
}

/** Parses "address/length" with host bits allowed. Throws RangeError. */
export function interfaceAddress(text: string): InterfaceAddress {
  const { bytes, length } = parseSlash(text);
  return `${addressOfBytes(bytes)}/${length}` as InterfaceAddress;
}

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
  const bits = bitsOf(familyOf(of));
  if (!Number.isInteger(length) || length < 0 || length > bits) throw new RangeError(`no prefix length: ${length}`);
  const shift = BigInt(bits - length);
  return `${addressOfNumber((numberOf(of) >> shift) << shift, familyOf(of))}/${length}` as Prefix;
}

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

/** The place of an address in a range: the opposite of `nth`. */
export function offsetIn(range: Prefix, of: Address): bigint {
  return numberOf(of) - numberOf(addressIn(range));
}

/** Whether a range holds an address or a whole other range. Families never mix. */
export function contains(range: Prefix, it: Address | Prefix): boolean {
  const inner = it.includes('/') ? (it as Prefix) : hostPrefix(it as Address);
  if (familyOf(range) !== familyOf(inner) || lengthOf(inner) < lengthOf(range)) return false;
  return rangeAround(addressIn(inner), lengthOf(range)) === range;
}

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
  const mapped = bytes.subarray(0, 10).every((byte) => byte === 0) && bytes[10] === 255 && bytes[11] === 255;
  if (mapped) return bytes.subarray(12).join('.') as Address;
  const groups = Array.from({ length: 8 }, (_, i) => ((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0));
  return shortestV6(groups) as Address;
}

export function numberOf(of: Address): bigint {
  return parseBytes(of).reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}

export function addressOfNumber(value: bigint, family: Family): Address {
  const count = bitsOf(family) / 8;
  return addressOfBytes(
    Uint8Array.from({ length: count }, (_, i) => Number((value >> BigInt(8 * (count - 1 - i))) & 0xffn)),
  );
}

function parseSlash(text: string): { bytes: Uint8Array; length: number } {
  const slash = text.indexOf('/');
  const digits = text.slice(slash + 1);
  if (slash < 0 || !/^(0|[1-9]\d{0,2})$/.test(digits)) throw new RangeError(`not an address range: ${text}`);
  const bytes = parseBytes(text.slice(0, slash));
  const length = Number(digits);
  if (length > bytes.length * 8) throw new RangeError(`not an address range: ${text}`);
  return { bytes, length };
}

function parseBytes(text: string): Uint8Array {
  const bytes = text.includes(':') ? parseV6(text) : parseV4(text);
  if (bytes === undefined) throw new RangeError(`not an IP address: ${text}`);
  return bytes;
}

function parseV4(text: string): Uint8Array | undefined {
  const parts = text.split('.');
  const ok = parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);
  return ok ? Uint8Array.from(parts, Number) : undefined;
}

function parseV6(text: string): Uint8Array | undefined {
  const halves = text.split('::').map(groupsOf);
  const [head = [], tail = []] = halves;
  const missing = 8 - head.length - tail.length;
  if (halves.length > 2 || (halves.length === 1 ? missing !== 0 : missing < 1)) return undefined;
  const groups = [...head, ...Array.from({ length: missing }, () => '0'), ...tail];
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  return Uint8Array.from(
    groups.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 255]),
  );
}

/** The 16-bit groups of one side of "::"; a dotted IPv4 tail counts as two. */
function groupsOf(half: string): string[] {
  if (half === '') return [];
  return half.split(':').flatMap((group, i, all) => {
    const v4 = i === all.length - 1 && group.includes('.') ? parseV4(group) : undefined;
    if (v4 === undefined) return [group];
    return [((v4[0] ?? 0) * 256 + (v4[1] ?? 0)).toString(16), ((v4[2] ?? 0) * 256 + (v4[3] ?? 0)).toString(16)];
  });
}

/** RFC 5952: lower case, no leading zeros, "::" for the first longest run of two or more zero groups. */
function shortestV6(groups: readonly number[]): string {
  let best = { at: 0, run: 1 };
  for (let at = 0; at < 8; at++) {
    let run = 0;
    while (at + run < 8 && groups[at + run] === 0) run++;
    if (run > best.run) best = { at, run };
  }
  const text = (part: readonly number[]) => part.map((group) => group.toString(16)).join(':');
  if (best.run < 2) return text(groups);
  return `${text(groups.slice(0, best.at))}::${text(groups.slice(best.at + best.run))}`;
}
