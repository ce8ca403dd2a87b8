import fc from 'fast-check';
import { expect, test } from 'vitest';
import { utf8 } from '../../base/bytes.ts';
import {
  decodeCall,
  decodeReply,
  encodeCall,
  encodeReply,
  FRAME_LIMIT,
  FRAME_VERSION,
  FrameError,
  frameLength,
  frameVersion,
} from './frame.ts';

const hex = (text: string) => Uint8Array.from(text.match(/[0-9a-f]{2}/g) ?? [], (byte) => Number.parseInt(byte, 16));

/** CNI_COMMAND=ADD, CNI_IFNAME=eth0, an empty A, and "{}" on stdin. */
const GOLDEN_CALL = hex(
  '2b000000 01 00 23000000' + // length, version, zero, length of the environment
    '434e495f434f4d4d414e443d41444400 434e495f49464e414d453d6574683000 413d00' +
    '7b7d',
);

test('the golden call is read and written to the byte', () => {
  const call = { env: { CNI_COMMAND: 'ADD', CNI_IFNAME: 'eth0', A: '' }, stdin: utf8('{}') };
  expect(encodeCall(call)).toEqual(GOLDEN_CALL);
  expect(decodeCall(GOLDEN_CALL)).toEqual(call);
});

test('the golden reply is read and written to the byte', () => {
  const golden = hex('04000000 01 01 7b7d');
  expect(encodeReply({ exitCode: 1, stdout: '{}' })).toEqual(golden);
  expect(decodeReply(golden)).toEqual({ exitCode: 1, stdout: '{}' });
});

test('one byte at a time, the length is known after four and no prefix is taken for a whole frame', () => {
  for (let count = 0; count < GOLDEN_CALL.length; count++) {
    const part = GOLDEN_CALL.subarray(0, count);
    expect(frameLength(part)).toBe(count < 4 ? undefined : GOLDEN_CALL.length);
    expect(() => decodeCall(part)).toThrow(FrameError);
    expect(() => decodeReply(part)).toThrow(FrameError);
  }
  expect(frameLength(GOLDEN_CALL)).toBe(GOLDEN_CALL.length);
});

test('a frame is found inside a larger buffer, and bytes behind it are not part of it', () => {
  const buffer = new Uint8Array(GOLDEN_CALL.length + 9);
  buffer.set(GOLDEN_CALL, 3);
  expect(decodeCall(buffer.subarray(3, 3 + GOLDEN_CALL.length)).env['CNI_IFNAME']).toBe('eth0');
  expect(() => decodeCall(buffer.subarray(3))).toThrow(/says it has/);
});

const name = fc.stringMatching(/^[A-Z_][A-Z0-9_]{0,20}$/);
const value = fc.string({ unit: 'grapheme', maxLength: 40 }).filter((text) => !text.includes('\0'));

test('any call and any reply survive the way there', () => {
  fc.assert(
    fc.property(fc.dictionary(name, value, { noNullPrototype: true }), fc.uint8Array(), (env, stdin) => {
      expect(decodeCall(encodeCall({ env, stdin }))).toEqual({ env, stdin });
    }),
  );
  fc.assert(
    fc.property(fc.nat(255), value, (exitCode, stdout) => {
      expect(decodeReply(encodeReply({ exitCode, stdout }))).toEqual({ exitCode, stdout });
    }),
  );
});

test('1 MiB of stdin and a large environment pass (C38)', () => {
  const call = { env: { CNI_ARGS: 'x'.repeat(128 * 1024) }, stdin: new Uint8Array(1 << 20).fill(32) };
  expect(decodeCall(encodeCall(call))).toEqual(call);
});

test('a length over the limit, or too short for any frame, is refused from its four bytes', () => {
  const lengthOf = (length: number) => () => frameLength(new Uint8Array(new Uint32Array([length]).buffer));
  for (const length of [0, 1, FRAME_LIMIT + 1, 0x7fff_ffff, 0xffff_ffff]) expect(lengthOf(length)).toThrow(FrameError);
  expect(lengthOf(2)()).toBe(6);
  expect(lengthOf(FRAME_LIMIT)()).toBe(FRAME_LIMIT + 4);
});

test.each([
  ['a version too far', '06000000 04 00 00000000', /version 4/],
  ['no room for the length of the environment', '02000000 01 00', /at least 10/],
  ['an environment longer than the frame', '06000000 01 00 01000000', /longer than the frame/],
  ['an environment of 4 GiB', '06000000 01 00 ffffffff', /longer than the frame/],
  ['an environment without its last zero', '09000000 01 00 03000000 413d31', /zero byte/],
])('a call with %s is refused', (_, bytes, why) => {
  expect(() => decodeCall(hex(bytes))).toThrow(FrameError);
  expect(() => decodeCall(hex(bytes))).toThrow(why);
});

test.each([-1, 0, 1, 2].map((by) => FRAME_VERSION + by))(
  'A20: a call of version %i is read, and its answer is of the same version',
  (version) => {
    const frame = encodeCall({ env: { A: '1' }, stdin: utf8('conf') });
    frame[4] = version;
    expect(decodeCall(frame)).toEqual({ env: { A: '1' }, stdin: utf8('conf') });
    expect(frameVersion(frame)).toBe(version);
    expect(encodeReply({ exitCode: 0, stdout: '' }, version)[4]).toBe(version);
  },
);

test('odd environments say what can be read of them', () => {
  const envOf = (text: string) => {
    const env = utf8(text);
    const frame = new Uint8Array(10 + env.length);
    const view = new DataView(frame.buffer);
    view.setUint32(0, 6 + env.length, true);
    frame[4] = 1;
    view.setUint32(6, env.length, true);
    frame.set(env, 10);
    return decodeCall(frame).env;
  };
  expect(envOf('')).toEqual({});
  expect(envOf('\0\0\0')).toEqual({});
  expect(envOf('NOEQUALS\0=x\0A=1=2\0')).toEqual({ A: '1=2' });
  expect(envOf('A=first\0A=second\0')).toEqual({ A: 'first' });
  expect(Object.entries(envOf('__proto__=x\0constructor=y\0'))).toEqual([
    ['__proto__', 'x'],
    ['constructor', 'y'],
  ]);
});

test('bytes that are no UTF-8 become the replacement sign, not an error', () => {
  expect(decodeCall(hex('0a000000 01 00 04000000 413dff00')).env).toEqual({ A: '\ufffd' });
});

test('any bytes are a frame or a FrameError, never anything else', () => {
  const hostile = fc.oneof(
    fc.uint8Array({ maxLength: 64 }),
    // a right length and version, then anything: gets past the first checks
    fc.uint8Array({ maxLength: 64 }).map((rest) => {
      const frame = new Uint8Array(6 + rest.length);
      new DataView(frame.buffer).setUint32(0, frame.length - 4, true);
      frame[4] = 1;
      frame.set(rest, 6);
      return frame;
    }),
  );
  fc.assert(
    fc.property(hostile, (bytes) => {
      for (const decode of [frameLength, decodeCall, decodeReply]) {
        try {
          decode(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(FrameError);
        }
      }
    }),
    { numRuns: 5_000 },
  );
});
