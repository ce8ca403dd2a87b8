import fc from 'fast-check';
import { expect, test } from 'vitest';
import { utf8 } from '../../base/bytes.ts';
import { crc32c } from './crc32c.ts';
import { encodeHeader, encodeRecord, HEADER_BYTES, type RawRecord, scan } from './format.ts';

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

function ours(bytes: Uint8Array) {
  const found = scan(bytes);
  if (!found.ours) throw new Error(found.why);
  return found;
}

const record = (kind: number, text: string): RawRecord => ({ kind, payload: utf8(text) });
const raw = fc.record({ kind: fc.nat(9), payload: fc.uint8Array({ maxLength: 60 }) });

test('the checksum is CRC-32C: the check value of the catalogue', () => {
  expect(crc32c(utf8('123456789'))).toBe(0xe3069283);
});

test('records come back as they were written, of every kind, and the end is where the next belongs', () => {
  fc.assert(
    fc.property(fc.array(raw, { maxLength: 20 }), (records) => {
      const found = ours(fileOf(records));
      expect(found.records.map(({ kind, payload }) => ({ kind, payload: [...payload] }))).toEqual(
        records.map(({ kind, payload }) => ({ kind, payload: [...payload] })),
      );
      expect(found).toMatchObject({ corrupt: 0, torn: 0, header: { generation: 7 } });
      expect(found.end).toBe(HEADER_BYTES + records.reduce((sum, it) => sum + encodeRecord(it).length, 0));
    }),
  );
});

test('one flipped bit costs at most the record that it is in', () => {
  const records = [record(1, 'one'), record(2, 'two'), record(3, 'three')];
  const whole = fileOf(records);
  const used = ours(whole).end;
  for (let bit = HEADER_BYTES * 8; bit < used * 8; bit++) {
    const bytes = Uint8Array.from(whole);
    bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    expect(ours(bytes).records.length, `bit ${bit}`).toBeGreaterThanOrEqual(2);
  }
});

test('a torn tail loses the last record alone and is counted', () => {
  const bytes = fileOf([record(1, 'one'), record(2, 'the second, whose end was never written')]);
  bytes.fill(0, 70);
  const found = ours(bytes);
  expect(found.records).toHaveLength(1);
  expect(found.torn).toBeGreaterThan(0);
});

test('a truncated file gives what is whole, at every length', () => {
  const whole = fileOf([record(1, 'one'), record(2, 'two')], 200);
  for (let length = 0; length < whole.length; length++) {
    const found = scan(whole.subarray(0, length));
    expect(found.ours).toBe(length >= HEADER_BYTES);
    if (found.ours) expect(found.records.length).toBeLessThanOrEqual(2);
  }
});

test('no bytes whatever make the reader fail', () => {
  const headed = fc.uint8Array({ maxLength: 400 }).map((rest) => Uint8Array.from([...encodeHeader(1), ...rest]));
  fc.assert(fc.property(fc.oneof(fc.uint8Array({ maxLength: 400 }), headed), (bytes) => void scan(bytes)));
});

test('a foreign file, a broken header and a format from the far future are not ours, and say why', () => {
  expect(scan(utf8('#!/bin/sh\necho this is somebody’s script'))).toMatchObject({ ours: false });
  const broken = fileOf([]);
  broken[9] = 1;
  expect(scan(broken)).toMatchObject({ ours: false, why: 'the checksum of its header is wrong' });
});
