import { DecodeError, Reader, textOf, type Writer } from '../../base/bytes.ts';

// struct nlattr, linux/netlink.h: u16 length with this header | u16 type | value | zeros up to a multiple of four.

const HEADER = 4;
const LONGEST = 0xffff - HEADER;
/** NLA_F_NESTED: the value is attributes. nftables wants it, rtnetlink mostly does without. */
export const NESTED = 0x8000;
/** NLA_TYPE_MASK: a type without its two flags (nested, network order). */
const TYPE_MASK = 0x3fff;

/** One attribute: the type without its flags, the flags, the value as a view into the message. */
export interface Attribute {
  readonly type: number;
  readonly flags: number; // NESTED, or 0x4000: integers of the value are in network order
  readonly value: Uint8Array;
}

/**
 * The attributes that fill `bytes`, in order. Throws DecodeError on a length that is too short or reaches beyond the
 * end.
 */
export function readAttributes(bytes: Uint8Array): Attribute[] {
  const attributes: Attribute[] = [];
  const reader = new Reader(bytes);
  while (reader.left >= HEADER) {
    const at = reader.at;
    const length = reader.u16();
    if (length < HEADER) throw new DecodeError(`an attribute of ${length} bytes`, at);
    const type = reader.u16();
    attributes.push({ type: type & TYPE_MASK, flags: type & ~TYPE_MASK, value: reader.run(length - HEADER) });
    reader.skip(Math.min(-length & 3, reader.left));
  }
  return attributes;
}

/**
 * The value of the first attribute of a type, without looking at any other's; undefined when there is none, or the
 * bytes are broken.
 */
export function findAttribute(bytes: Uint8Array, from: number, type: number): Uint8Array | undefined {
  let at = from;
  while (at + HEADER <= bytes.length) {
    const length = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
    const found = ((bytes[at + 2] ?? 0) | ((bytes[at + 3] ?? 0) << 8)) & TYPE_MASK;
    if (length < HEADER || at + length > bytes.length) return undefined;
    if (found === type) return bytes.subarray(at + HEADER, at + length);
    at += (length + 3) & ~3;
  }
  return undefined;
}

/** Writes an attribute. Throws RangeError when the value is longer than an attribute can be. */
export function putBytes(writer: Writer, type: number, value: Uint8Array): void {
  head(writer, type, value.length);
  writer.run(value);
  writer.align4();
}

export function putU8(writer: Writer, type: number, value: number): void {
  head(writer, type, 1);
  writer.u8(value);
  writer.align4();
}

export function putU16(writer: Writer, type: number, value: number): void {
  head(writer, type, 2);
  writer.u16(value);
  writer.align4();
}

export function putU16be(writer: Writer, type: number, value: number): void {
  head(writer, type, 2);
  writer.u16be(value);
  writer.align4();
}

export function putU32(writer: Writer, type: number, value: number): void {
  head(writer, type, 4);
  writer.u32(value);
}

export function putU32be(writer: Writer, type: number, value: number): void {
  head(writer, type, 4);
  writer.u32be(value);
}

/** Writes a text with the NUL that the kernel expects behind it. */
export function putText(writer: Writer, type: number, value: string): void {
  const start = writer.length;
  head(writer, type, 0);
  const length = writer.text(value) + 1;
  if (length > LONGEST) throw tooLong(length);
  writer.u8(0);
  writer.setU16(start, length + HEADER);
  writer.align4();
}

/**
 * Writes an attribute whose value is what `content` writes. Give `type | NESTED` where the flag is wanted. Throws
 * RangeError when it grew longer than an attribute can be.
 */
export function putNest(writer: Writer, type: number, content: (writer: Writer) => void): void {
  const start = writer.length;
  writer.u16(0);
  writer.u16(type);
  content(writer);
  const length = writer.length - start;
  if (length > LONGEST + HEADER) throw new RangeError(`a nest of ${length} bytes; the longest has ${LONGEST + HEADER}`);
  writer.setU16(start, length);
}

/** The integer of an attribute. All throw DecodeError when the value is shorter than the integer. */
export function u8Of(attribute: Attribute): number {
  return new Reader(attribute.value).u8();
}

export function u16Of(attribute: Attribute): number {
  return new Reader(attribute.value).u16();
}

export function u16beOf(attribute: Attribute): number {
  return new Reader(attribute.value).u16be();
}

export function u32Of(attribute: Attribute): number {
  return new Reader(attribute.value).u32();
}

export function u32beOf(attribute: Attribute): number {
  return new Reader(attribute.value).u32be();
}

export function i32Of(attribute: Attribute): number {
  return new Reader(attribute.value).i32();
}

/** The text up to the first NUL, or all of it. */
export function textOfAttribute(attribute: Attribute): string {
  const end = attribute.value.indexOf(0);
  return textOf(end < 0 ? attribute.value : attribute.value.subarray(0, end));
}

function head(writer: Writer, type: number, length: number): void {
  if (length > LONGEST) throw tooLong(length);
  writer.u16(length + HEADER);
  writer.u16(type);
}

function tooLong(length: number): RangeError {
  return new RangeError(`an attribute of ${length} bytes; the longest has ${LONGEST}`);
}
