import fc from 'fast-check';
import { expect, test } from 'vitest';
import { utf8 } from '../../base/bytes.ts';
import { crc32c } from './crc32c.ts';
import { encodeHeader, encodeRecord, FORMAT, HEADER_BYTES, isBlank, type RawRecord, scan } from './format.ts';

/** A file of a length with header, records and zeros. */
function fileOf(records: readonly RawRecord[], length = 4_096): Uint8Array {
  const bytes = new Uint8Array(length);
  bytes.set(encodeHeader(7));
  let at = HEADER_BYTES;
  for (const record of records.map(encodeRecord)) {
    bytes.set(record, at);
    at += record.length;
  }
  return bytes;
}

/** The header of another version: its format, and the oldest whose reader may read it. */
function headedBy(format: number, oldestReader: number, file = fileOf([record(1, 'one')])): Uint8Array {
  const bytes = Uint8Array.from(file);
  const view = new DataView(bytes.buffer);
  view.setUint32(8, format, true);
  view.setUint32(12, oldestReader, true);
  view.setUint32(20, crc32c(bytes.subarray(0, 20)), true);
  return bytes;
}

function ours(bytes: Uint8Array) {
  const found = scan(bytes);
  if (!found.ours) throw new Error(found.why);
  return found;
}

/** The bytes with one bit turned over. */
function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const other = Uint8Array.from(bytes);
  other[bit >> 3] = (other[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return other;
}

const record = (kind: number, text: string): RawRecord => ({ kind, payload: utf8(text) });
const raw = fc.record({ kind: fc.nat(9), payload: fc.uint8Array({ maxLength: 60 }) });
const plain = (records: readonly RawRecord[]) => records.map(({ kind, payload }) => ({ kind, payload: [...payload] }));

test('the checksum is CRC-32C: the check value of the catalogue, and the vectors of RFC 3720, B.4', () => {
  expect(crc32c(utf8('123456789'))).toBe(0xe3069283);
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
  expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e);
});

test('a checksum of two parts is that of the whole, wherever the cut is', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 50 }), fc.nat(50), (bytes, cut) => {
      expect(crc32c(bytes.subarray(cut), crc32c(bytes.subarray(0, cut)))).toBe(crc32c(bytes));
    }),
  );
});

test('golden bytes: a header and a record, as a program in another language wrote them', () => {
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
  expect(hex(encodeHeader(7))).toBe('42455254484a4e4c010000000100000007000000715f5630');
  expect(hex(encodeRecord(record(2, '{}')))).toBe('4252454302000000020000006b760b737b7d000000000000');
});

test('records come back as they were written, of every kind, and the end is where the next belongs', () => {
  fc.assert(
    fc.property(fc.array(raw, { maxLength: 20 }), (records) => {
      const found = ours(fileOf(records));
      expect(plain(found.records)).toEqual(plain(records));
      expect(found).toMatchObject({ breaks: [], torn: 0, header: { generation: 7 } });
      expect(found.end).toBe(HEADER_BYTES + records.reduce((sum, it) => sum + encodeRecord(it).length, 0));
    }),
  );
});

test('one flipped bit costs at most the record that it is in, and is told', () => {
  const records = [record(1, 'one'), record(2, 'two'), record(3, 'three')];
  const whole = fileOf(records);
  const used = ours(whole).end;
  for (let bit = HEADER_BYTES * 8; bit < used * 8; bit++) {
    const found = ours(flipped(whole, bit));
    const told = found.breaks.length > 0 || found.torn > 0;
    expect(found.records.length, `bit ${bit}`).toBe(told ? 2 : 3); // a bit of the padding concerns nobody
  }
});

test('where the broken record was is told by how many whole ones come before it', () => {
  const whole = fileOf([record(1, 'one'), record(2, 'two'), record(3, 'three')]);
  expect(ours(flipped(whole, (HEADER_BYTES + 24 + 17) * 8)).breaks).toEqual([1]);
});

test('records that are broken in any way give only records that were written, in their order', () => {
  const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 8 });
  fc.assert(
    fc.property(fc.array(raw, { maxLength: 12 }), changes, fc.option(fc.nat()), (records, broken, cut) => {
      const bytes = fileOf(records, 1_200);
      for (const [at, to] of broken) bytes[HEADER_BYTES + (at % (bytes.length - HEADER_BYTES))] = to;
      const found = ours(bytes.subarray(0, cut === null ? undefined : HEADER_BYTES + (cut % 1_000)));
      const left = plain(records).map((it) => JSON.stringify(it));
      for (const it of plain(found.records)) {
        const at = left.indexOf(JSON.stringify(it));
        expect(at).toBeGreaterThanOrEqual(0);
        left.splice(0, at + 1);
      }
    }),
    { numRuns: 2_000 },
  );
});

test('a torn tail loses the last record alone and is counted', () => {
  const bytes = fileOf([record(1, 'one'), record(2, 'the second, whose end was never written')]);
  bytes.fill(0, 70);
  const found = ours(bytes);
  expect(found.records).toHaveLength(1);
  expect(found.torn).toBe(70 - found.end);
});

test('a truncated file gives what is whole, at every length', () => {
  const whole = fileOf([record(1, 'one'), record(2, 'two')], 200);
  for (let length = 0; length < whole.length; length++) {
    const found = scan(whole.subarray(0, length));
    expect(found.ours).toBe(length >= HEADER_BYTES);
    if (found.ours) expect(found.records.length).toBe(length < 43 ? 0 : length < 67 ? 1 : 2);
  }
});

test('no bytes whatever make the reader fail', () => {
  const headed = fc.uint8Array({ maxLength: 400 }).map((rest) => Uint8Array.from([...encodeHeader(1), ...rest]));
  fc.assert(fc.property(fc.oneof(fc.uint8Array({ maxLength: 400 }), headed), (bytes) => void scan(bytes)));
});

test('a hostile file cannot keep the reader busy: every eighth byte begins what could be a long record', () => {
  const bytes = fileOf([], 4 * 1024 * 1024);
  const view = new DataView(bytes.buffer);
  for (let at = HEADER_BYTES; at + 16 < bytes.length; at += 8) {
    view.setUint32(at, 0x43455242, true);
    view.setUint32(at + 4, (bytes.length - at) >> 1, true);
  }
  const began = performance.now();
  expect(ours(bytes).records).toHaveLength(0);
  expect(performance.now() - began).toBeLessThan(5_000);
});

test('a foreign file and a broken header are not ours, and say why; a blank file is told apart', () => {
  expect(scan(utf8('#!/bin/sh\necho this is somebody’s script'))).toMatchObject({ ours: false });
  expect(scan(flipped(fileOf([]), 72))).toEqual({ ours: false, why: 'the checksum of its header is wrong' });
  expect([isBlank(new Uint8Array(9)), isBlank(new Uint8Array(0)), isBlank(fileOf([]))]).toEqual([true, true, false]);
});

test.each([1, 2])('a journal %d newer is read, with the records of kinds that only that one knows', (by) => {
  const newer = headedBy(FORMAT + by, FORMAT, fileOf([record(1, 'one'), record(77, 'a later idea')]));
  expect(plain(ours(newer).records)).toEqual(plain([record(1, 'one'), record(77, 'a later idea')]));
});

test('a journal of a format whose readers must be newer than we are is not read, and says so', () => {
  expect(scan(headedBy(FORMAT + 3, FORMAT + 1))).toMatchObject({
    ours: false,
    why: expect.stringContaining(`format ${FORMAT + 3}`),
  });
});

test('what we write lets readers of the two formats before read it', () => {
  expect(ours(fileOf([])).header.oldestReader).toBe(Math.max(1, FORMAT - 2));
});
