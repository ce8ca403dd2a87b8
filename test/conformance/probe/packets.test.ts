import { expect, test } from 'vitest';
import { crc32c, echoReplyId, echoRequest, readSctpInit, sctpInit } from './packets.ts';

test('CRC32c is that of the standard', () => {
  expect(crc32c(new TextEncoder().encode('123456789'))).toBe(0xe3069283); // the check value of every catalogue
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa); // RFC 3720, B.4
});

test('an INIT is read back, and a changed port makes its checksum wrong', () => {
  const init = sctpInit(1_000, 7_000);
  expect(readSctpInit(init)).toEqual({ sourcePort: 1_000, port: 7_000, sound: true });
  init[3] = 0;
  expect(readSctpInit(init)?.sound).toBe(false);
  expect(readSctpInit(init.subarray(0, 20))).toBeUndefined();
});

test('only a reply tells its id', () => {
  const request = echoRequest(6, 77, 1);
  expect(echoReplyId(6, request)).toBeUndefined();
  request[0] = 129;
  expect(echoReplyId(6, request)).toBe(77);
});
