import { crc32c } from './crc32c.ts';

// A journal file, all integers little-endian:
//   header  "BERTHJNL" | u32 format | u32 oldest format whose reader may read it | u32 generation | u32 CRC-32C of the 20 bytes before
//   record  "BREC" | u32 length of the payload | u32 kind | u32 CRC-32C of length, kind and payload | payload | zeros up to a multiple of 8
// Zeros follow the last record up to the end of the file, which is as long as it will ever be.

export const FORMAT = 1;
export const HEADER_BYTES = 24;
const RECORD_BYTES = 16;
const MAGIC = Uint8Array.from('BERTHJNL', (letter) => letter.charCodeAt(0));
const MARK = 0x43455242; // "BREC"
/** How many bytes of candidates a search behind a broken record may check: a hostile file must not keep the agent from starting. */
const SEARCH_BYTES = 64 * 1024 * 1024;

/** A record as it lies in the file. Kinds that a reader does not know are kept as they are. */
export interface RawRecord {
  readonly kind: number;
  readonly payload: Uint8Array;
}

export interface Header {
  readonly format: number;
  readonly oldestReader: number;
  readonly generation: number;
}

/** What a file holds. Never throws: what cannot be read is counted. */
export type Scan =
  | { readonly ours: false; readonly why: string }
  | {
      readonly ours: true;
      readonly header: Header;
      readonly records: readonly RawRecord[];
      readonly end: number; //     where the next record may be written
      readonly corrupt: number; // places where a broken record was passed over
      readonly torn: number; //    bytes behind the last whole record that were not zero
    };

export function encodeHeader(generation: number): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set(MAGIC);
  view.setUint32(8, FORMAT, true);
  view.setUint32(12, Math.max(1, FORMAT - 1), true); // a reader one format older may read it: it keeps what it does not know
  view.setUint32(16, generation, true);
  view.setUint32(20, crc32c(bytes.subarray(0, 20)), true);
  return bytes;
}

/** A record with its padding. */
export function encodeRecord({ kind, payload }: RawRecord): Uint8Array {
  const bytes = new Uint8Array(padded(RECORD_BYTES + payload.length));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MARK, true);
  view.setUint32(4, payload.length, true);
  view.setUint32(8, kind, true);
  bytes.set(payload, RECORD_BYTES);
  view.setUint32(12, crc32c(payload, crc32c(bytes.subarray(4, 12))), true);
  return bytes;
}

/** Reads a whole file: all records that are whole, wherever they stand. */
export function scan(bytes: Uint8Array): Scan {
  const header = readHeader(bytes);
  if (typeof header === 'string') return { ours: false, why: header };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const records: RawRecord[] = [];
  let [at, corrupt] = [HEADER_BYTES, 0];
  for (;;) {
    const record = recordAt(bytes, view, at);
    if (record !== undefined) {
      records.push(record);
      at += padded(RECORD_BYTES + record.payload.length);
      continue;
    }
    const next = nextRecord(bytes, view, at);
    if (next === undefined) break;
    corrupt++;
    at = next;
  }
  const last = lastNonZero(bytes);
  return { ours: true, header, records, end: at, corrupt, torn: Math.max(0, last + 1 - at) };
}

function readHeader(bytes: Uint8Array): Header | string {
  if (bytes.length < HEADER_BYTES) return `it has ${bytes.length} bytes, fewer than a header`;
  if (!MAGIC.every((byte, i) => bytes[i] === byte)) return 'it does not begin as a journal does';
  const view = new DataView(bytes.buffer, bytes.byteOffset, HEADER_BYTES);
  if (view.getUint32(20, true) !== crc32c(bytes.subarray(0, 20))) return 'the checksum of its header is wrong';
  const header = {
    format: view.getUint32(8, true),
    oldestReader: view.getUint32(12, true),
    generation: view.getUint32(16, true),
  };
  if (header.oldestReader > FORMAT) return `it has format ${header.format}; this version reads up to ${FORMAT + 1}`;
  return header;
}

/** The record at a place, if a whole one stands there. */
function recordAt(bytes: Uint8Array, view: DataView, at: number): RawRecord | undefined {
  if (at + RECORD_BYTES > bytes.length || view.getUint32(at, true) !== MARK) return undefined;
  const length = view.getUint32(at + 4, true);
  const start = at + RECORD_BYTES;
  if (start + length > bytes.length) return undefined;
  const payload = bytes.subarray(start, start + length);
  if (view.getUint32(at + 12, true) !== crc32c(payload, crc32c(bytes.subarray(at + 4, at + 12)))) return undefined;
  return { kind: view.getUint32(at + 8, true), payload };
}

/** The next place behind a broken one where a whole record stands: records begin at multiples of 8. */
function nextRecord(bytes: Uint8Array, view: DataView, from: number): number | undefined {
  let checked = 0;
  for (let at = from + 8; at + RECORD_BYTES <= bytes.length && checked < SEARCH_BYTES; at += 8) {
    if (view.getUint32(at, true) !== MARK) continue;
    checked += view.getUint32(at + 4, true);
    if (recordAt(bytes, view, at) !== undefined) return at;
  }
  return undefined;
}

function lastNonZero(bytes: Uint8Array): number {
  let at = bytes.length - 1;
  while (at >= 0 && bytes[at] === 0) at--;
  return at;
}

function padded(length: number): number {
  return Math.ceil(length / 8) * 8;
}
