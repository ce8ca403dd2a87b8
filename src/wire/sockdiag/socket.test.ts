import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DecodeError, Writer } from '../../base/bytes.ts';
import { putSocketFilter, SOCKET_STATE, takeSocket } from './socket.ts';

/** Sockets that listen on port 18080, as Linux 6.18 tells them: 127.0.0.1, and :: without IPv4. */
const V4 =
  '020a000046a000007f0000010000000000000000000000000000000000000000000000000000000000000000ee0b0000000000000000000000000000' +
  'ff01000000000000dd935b00050008000000000008000f00000000000c00150001000000000000000600160052000000';
const V6 =
  '0a0a000046a00000000000000000000000000000000000000000000000000000000000000000000000000000ef0b0000000000000000000000000000' +
  'ff01000000000000dc935b00050008000000000005000b000100000008000f00000000000c00150001000000000000000600160012000000';

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex, 'hex'));
}

test('a socket of the kernel is read, in both families', () => {
  expect(takeSocket(bytesOf(V4))).toEqual({ address: '127.0.0.1', port: 18_080, inode: 6_001_629, only6: false });
  expect(takeSocket(bytesOf(V6))).toEqual({ address: '::', port: 18_080, inode: 6_001_628, only6: true });
});

test('a question is written as the kernel takes it', () => {
  const writer = new Writer(0);
  putSocketFilter(writer, { family: 'v6', protocol: 6, state: SOCKET_STATE.listen, port: 18_080 });
  const hex = Buffer.from(writer.written).toString('hex');
  expect(hex).toBe(`0a0600000004000046a0${'00'.repeat(38)}${'ff'.repeat(8)}`);
});

test('any bytes are a socket or a DecodeError', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => {
      try {
        expect(takeSocket(bytes)).toMatchObject({ port: expect.any(Number), inode: expect.any(Number) });
      } catch (error) {
        expect(error).toBeInstanceOf(DecodeError);
      }
    }),
  );
});
