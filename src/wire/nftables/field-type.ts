import { addressBytes, addressOfBytes, type Address, familyOf } from '../../base/ip.ts';
import { DecodeError, textOf, utf8 } from '../../base/bytes.ts';

/** What a field of a key or of data is, by nft's name. */
export type FieldType = 'ipv4_addr' | 'ipv6_addr' | 'inet_proto' | 'inet_service' | 'ifname' | 'mark';

interface Kind {
  readonly number: number; // enum datatypes of nft (include/datatype.h): only the program reads it, to print elements
  readonly bytes: number;
  readonly encode: (text: string) => Uint8Array;
  readonly decode: (bytes: Uint8Array) => string;
}

const PROTOCOLS: Readonly<Record<string, number>> = { icmp: 1, tcp: 6, udp: 17, icmpv6: 58, sctp: 132 }; // IANA
const IFNAMSIZ = 16; // linux/if.h

const KINDS: Readonly<Record<FieldType, Kind>> = {
  ipv4_addr: { number: 7, bytes: 4, encode: (text) => addressOf(text, 'v4'), decode: addressText },
  ipv6_addr: { number: 8, bytes: 16, encode: (text) => addressOf(text, 'v6'), decode: addressText },
  inet_proto: { number: 12, bytes: 1, encode: protocolOf, decode: protocolText },
  inet_service: { number: 13, bytes: 2, encode: (text) => bigEndian(text, 2), decode: (bytes) => `${numberOf(bytes)}` },
  mark: { number: 19, bytes: 4, encode: (text) => bigEndian(text, 4).reverse(), decode: markText },
  ifname: { number: 41, bytes: IFNAMSIZ, encode: nameOf, decode: nameText },
};

/** A type and its fields as one number: six bits each, the first highest. */
export function typeNumber(types: readonly FieldType[]): number {
  return types.reduce((sum, type) => (sum << 6) | KINDS[type].number, 0);
}

/** The opposite, or undefined when a type is none of ours. */
export function typesOfNumber(number: number): FieldType[] | undefined {
  const types: FieldType[] = [];
  for (let rest = number; rest !== 0; rest >>>= 6) {
    const found = Object.entries(KINDS).find(([, kind]) => kind.number === (rest & 63));
    if (found === undefined) return undefined;
    types.unshift(found[0] as FieldType);
  }
  return types.length === 0 ? undefined : types;
}

/**
 * How many bytes a value of one field, or of several, takes. Fields of several are padded to four bytes each: the
 * kernel's registers.
 */
export function typeBytes(types: readonly FieldType[]): number {
  const [only] = types;
  if (types.length === 1 && only !== undefined) return KINDS[only].bytes;
  return types.reduce((sum, type) => sum + paddedBytes(type), 0);
}

/** The bytes of one field alone, without padding. Throws RangeError when the text is no value of the type. */
export function fieldBytes(type: FieldType, text: string): Uint8Array {
  return KINDS[type].encode(text);
}

/** The length of one field inside a concatenation. */
export function paddedBytes(type: FieldType): number {
  return (KINDS[type].bytes + 3) & ~3;
}

/** The fields of a key or of data as bytes. Throws RangeError when their number or one of them does not fit. */
export function encodeFields(types: readonly FieldType[], texts: readonly string[]): Uint8Array {
  if (types.length !== texts.length) throw new RangeError(`${texts.length} fields for a type of ${types.join(' . ')}`);
  const bytes = new Uint8Array(typeBytes(types));
  let at = 0;
  for (const [i, type] of types.entries()) {
    bytes.set(fieldBytes(type, texts[i] ?? ''), at);
    at += paddedBytes(type);
  }
  return bytes;
}

/** The opposite. Throws DecodeError when there are too few bytes. */
export function decodeFields(types: readonly FieldType[], bytes: Uint8Array): string[] {
  if (bytes.length < typeBytes(types)) throw new DecodeError(`too few bytes for ${types.join(' . ')}`, bytes.length);
  let at = 0;
  return types.map((type) => {
    const text = KINDS[type].decode(bytes.subarray(at, at + KINDS[type].bytes));
    at += paddedBytes(type);
    return text;
  });
}

function addressOf(text: string, family: 'v4' | 'v6'): Uint8Array {
  if (familyOf(text as Address) !== family) throw new RangeError(`not an IP${family} address: ${text}`);
  return addressBytes(text as Address);
}

/** An IPv4-mapped address has no text of its own, so its bytes are told as IPv6. */
function addressText(bytes: Uint8Array): string {
  const address = addressOfBytes(bytes);
  return bytes.length === 16 && familyOf(address) === 'v4' ? `::ffff:${address}` : address;
}

function protocolOf(text: string): Uint8Array {
  const number = PROTOCOLS[text];
  return number === undefined ? bigEndian(text, 1) : Uint8Array.of(number);
}

function protocolText(bytes: Uint8Array): string {
  const number = numberOf(bytes);
  return Object.entries(PROTOCOLS).find(([, value]) => value === number)?.[0] ?? `${number}`;
}

function nameOf(text: string): Uint8Array {
  const name = utf8(text);
  if (name.length === 0 || name.length >= IFNAMSIZ) throw new RangeError(`not the name of a link: "${text}"`);
  const bytes = new Uint8Array(IFNAMSIZ);
  bytes.set(name);
  return bytes;
}

function nameText(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return textOf(end < 0 ? bytes : bytes.subarray(0, end));
}

function markText(bytes: Uint8Array): string {
  return `${numberOf(bytes.slice().reverse())}`;
}

function bigEndian(text: string, count: number): Uint8Array {
  const number = /^(0|[1-9]\d*)$/.test(text) ? Number(text) : Number.NaN;
  if (!(number < 2 ** (8 * count))) throw new RangeError(`not a number of ${count} bytes: "${text}"`);
  return Uint8Array.from({ length: count }, (_, i) => Math.floor(number / 2 ** (8 * (count - 1 - i))) % 256);
}

function numberOf(bytes: Uint8Array): number {
  return bytes.reduce((sum, byte) => sum * 256 + byte, 0);
}
