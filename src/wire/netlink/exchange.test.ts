import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DecodeError, Writer } from '../../base/bytes.ts';
import { putText, putU32 } from './attribute.ts';
import { absorb, begin } from './exchange.ts';
import { FLAG, NLMSG, readMessages, writeMessage } from './header.ts';

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex.replaceAll(/\s/g, ''), 'hex'));

/** An answer of the kernel: type, sequence, flags, body. */
function message(type: number, sequence: number, flags = 0, body: (writer: Writer) => void = () => {}): Uint8Array {
  const writer = new Writer();
  writeMessage(writer, { type, flags, sequence }, body);
  return writer.written;
}
const fault = (sequence: number, errno: number) =>
  message(NLMSG.ERROR, sequence, 0x100, (w) => (w.i32(-errno), w.zeros(16)));
const join = (...parts: Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]));

test('an ACK as Linux 6.18 sends it ends the exchange', () => {
  const ack = bytes('24000000 02000001 7122016b da300000 00000000 28000000 14000506 7122016b 00000000');
  const { exchange, replies } = absorb(begin(0x6b012271), ack);
  expect(replies).toEqual([{ is: 'done', sequence: 0x6b012271 }]);
  expect(exchange.over).toBe(true);
});

test('an error tells the errno, the kernel’s own text and the place, capped or not', () => {
  const text = (writer: Writer) => {
    putText(writer, 1, 'Unknown device type');
    putU32(writer, 2, 36);
  };
  const expected = { is: 'error', sequence: 7, errno: 95, said: 'Unknown device type', offset: 36 };
  const capped = message(NLMSG.ERROR, 7, FLAG.CAPPED | FLAG.ACK_TLVS, (w) => (w.i32(-95), w.zeros(16), text(w)));
  expect(absorb(begin(7), capped).replies).toEqual([expected]);
  const whole = message(NLMSG.ERROR, 7, FLAG.ACK_TLVS, (w) => (w.i32(-95), w.u32(24), w.zeros(20), text(w)));
  expect(absorb(begin(7), whole).replies).toEqual([expected]);
});

test('errors of earlier requests come with their own number and do not end the batch', () => {
  const first = absorb(begin(1, 3), fault(2, 17));
  expect(first.replies).toEqual([{ is: 'error', sequence: 2, errno: 17, said: '' }]);
  expect(first.exchange.over).toBe(false);
  expect(absorb(first.exchange, fault(3, 0)).exchange.over).toBe(true);
});

test('two replies in one datagram are two replies', () => {
  const { exchange, replies } = absorb(begin(1, 2), join(fault(1, 19), fault(2, 0)));
  expect(replies.map(({ is }) => is)).toEqual(['error', 'done']);
  expect(exchange.over).toBe(true);
});

test('a dump over several datagrams ends with DONE, and its errno is an error', () => {
  const part = message(16, 5, FLAG.MULTI, (w) => w.u32(1));
  let { exchange, replies } = absorb(begin(5), join(part, part));
  expect([replies.length, exchange.over]).toEqual([2, false]);
  ({ exchange, replies } = absorb(
    exchange,
    message(NLMSG.DONE, 5, FLAG.MULTI, (w) => w.i32(0)),
  ));
  expect([replies, exchange.over]).toEqual([[{ is: 'done', sequence: 5 }], true]);
  const broken = absorb(
    begin(5),
    message(NLMSG.DONE, 5, FLAG.MULTI, (w) => w.i32(-16)),
  );
  expect(broken.replies).toEqual([{ is: 'error', sequence: 5, errno: 16, said: '' }]);
});

test('a dump that was disturbed says so, even if only one part of it was marked', () => {
  const { exchange } = absorb(begin(5), message(16, 5, FLAG.MULTI | FLAG.DUMP_INTR));
  expect(absorb(exchange, message(NLMSG.DONE, 5, FLAG.MULTI)).exchange.interrupted).toBe(true);
});

test('late answers and notifications are left out', () => {
  const { exchange, replies } = absorb(begin(5), join(message(16, 0), fault(4, 17), message(NLMSG.NOOP, 5)));
  expect([replies, exchange.over]).toEqual([[], false]);
});

test('one byte less, or a length beyond the end, is refused; one byte more is refused too', () => {
  const whole = fault(1, 17);
  expect(() => absorb(begin(1), whole.slice(0, -1))).toThrow(DecodeError);
  expect(() => absorb(begin(1), join(whole, Uint8Array.of(0)))).toThrow(DecodeError);
  expect(() => readMessages(bytes('0f000000 02000000 00000000 00000000'))).toThrow(DecodeError);
});

test('any datagram is absorbed or refused with DecodeError', () => {
  const noise = fc.oneof(
    fc.uint8Array({ maxLength: 80 }),
    fc
      .uint8Array({ minLength: 24, maxLength: 80 })
      .map((body) => join(Uint8Array.of(body.length, 0, 0, 0, 2, 0), body.slice(6))),
  );
  fc.assert(
    fc.property(noise, (datagram) => {
      try {
        absorb(begin(0, 0xffffffff), datagram);
      } catch (error) {
        expect(error).toBeInstanceOf(DecodeError);
      }
    }),
    { numRuns: 2000 },
  );
});
