import { crc32c } from './crc32c.ts';

// A journal file, all integers little-endian:
//   header  "BERTHJNL" | u32 format | u32 oldest format whose reader may read it | u32 generation | u32 CRC-32C of
// the 20 bytes before
//   record  "BREC" | u32 length of the payload | u32 kind | u32 CRC-32C of length, kind and payload | payload | zeros
// up to a multiple of 8
// Zeros follow the last record up to the end of the file, which is as long as it will ever be.
// A broken record is passed over: the next multiple of 8 at which a mark, a length and a checksum agree is where the
// next one begins.
// Payloads are JSON, which holds no zero byte: nothing that somebody named can look like a record inside of one.

export const FORMAT = 1;
/** So many formats back a node may go without losing its claims: who skipped a version goes back as far. */
const FORMATS_BACK = 2;
export const HEADER_BYTES = 24;
const RECORD_BYTES = 16;
const MAGIC = Uint8Array.from('BERTHJNL', (letter) => letter.charCodeAt(0));
const MARK = 0x43455242; // "BREC"
/**
 * How many bytes of candidates the searches of one file may check: a hostile file must not keep the agent from
 * starting.
 */
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
      /** For each place where something broken was passed over: how many of `records` come before it. */
      readonly breaks: readonly number[];
      readonly end: number; //  where the next record may be written
      readonly torn: number; // bytes from `end` to the last that is not zero
    };

export function encodeHeader(generation: number): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set(MAGIC);
  view.setUint32(8, FORMAT, true);
  // an older reader may read it: it keeps what it does not know
  view.setUint32(12, Math.max(1, FORMAT - FORMATS_BACK), true);
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
  const used = usedBytes(view);
  const search: Search = { bytes, view, used, budget: SEARCH_BYTES };
  const records: RawRecord[] = [];
  const breaks: number[] = [];
  let at = HEADER_BYTES;
  for (;;) {
    const record = recordAt(search, at);
    if (record !== undefined) {
      records.push(record);
      at += padded(RECORD_BYTES + record.payload.length);
      continue;
    }
    const next = nextRecord(search, at);
    if (next === undefined) break;
    breaks.push(records.length);
    at = next;
  }
  return { ours: true, header, records, breaks, end: at, torn: Math.max(0, used - at) };
}

/** Whether a file holds nothing: it was made, and the machine stopped before anything in it was durable. */
export function isBlank(bytes: Uint8Array): boolean {
  return usedBytes(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)) === 0;
}

interface Search {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly used: number; // behind it there are only zeros
  budget: number; //        bytes of candidates that may still be checked
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
  if (header.oldestReader > FORMAT)
    return `it has format ${header.format}; this version reads up to ${FORMAT + FORMATS_BACK}`;
  return header;
}

/** The record at a place, if a whole one stands there. */
function recordAt({ bytes, view }: Search, at: number): RawRecord | undefined {
  if (at + RECORD_BYTES > bytes.length || view.getUint32(at, true) !== MARK) return undefined;
  const length = view.getUint32(at + 4, true);
  const start = at + RECORD_BYTES;
  if (start + length > bytes.length) return undefined;
  const payload = bytes.subarray(start, start + length);
  if (view.getUint32(at + 12, true) !== crc32c(payload, crc32c(bytes.subarray(at + 4, at + 12)))) return undefined;
  return { kind: view.getUint32(at + 8, true), payload };
}

/** The next place behind a broken one where a whole record stands: records begin at multiples of 8. */
function nextRecord(search: Search, from: number): number | undefined {
  const { view, used } = search;
  for (let at = from + 8; at < used && at + RECORD_BYTES <= view.byteLength; at += 8) {
    if (view.getUint32(at, true) !== MARK) continue;
    const length = view.getUint32(at + 4, true);
    if (at + RECORD_BYTES + length > view.byteLength) continue;
    search.budget -= RECORD_BYTES + length;
    if (search.budget < 0) return undefined;
    if (recordAt(search, at) !== undefined) return at;
  }
  return undefined;
}

/** How many bytes there are up to the last that is not zero. */
function usedBytes(view: DataView): number {
  let end = view.byteLength;
  while (end >= 4 && view.getUint32(end - 4, true) === 0) end -= 4;
  while (end > 0 && view.getUint8(end - 1) === 0) end--;
  return end;
}

function padded(length: number): number {
  return Math.ceil(length / 8) * 8;
}
