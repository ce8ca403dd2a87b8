import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DecodeError, Writer } from '../../base/bytes.ts';
import { address } from '../../base/ip.ts';
import { FLOW, putFlowFilter, putFlowName, takeFlow } from './flow.ts';

const UDP = 17;

/** The body of an entry as Linux 6.18 tells it: udp 127.0.0.1:4000 → 127.0.0.1:5353, and the same of ::1. */
const V4 =
  '020000003400018014000180080001007f000001080002007f0000011c0002800500010011000000060002000fa000000600030014e9000034000280' +
  '14000180080001007f000001080002007f0000011c00028005000100110000000600020014e90000060003000fa0000008000300000000080800080000' +
  '00000008000c009490161808000b0000000001080007000000001d';
const V6 =
  '0a0000004c0001802c0001801400030000000000000000000000000000000001140004000000000000000000000000000000000' +
  '11c0002800500010011000000060002000fa100000600030014ea00004c0002802c000180140003000000000000000000000000000000000114000400' +
  '000000000000000000000000000000011c00028005000100110000000600020014ea0000060003000fa100000800030000000008' +
  '080008000000000008000c00ecc49fb608000b0000000001080007000000001d';

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex, 'hex'));
}

test('an entry of the kernel is read, in both families', () => {
  const lo = address('127.0.0.1');
  expect(takeFlow(bytesOf(V4))).toEqual({
    original: { source: lo, destination: lo, protocol: UDP, sourcePort: 4000, destinationPort: 5353 },
    reply: { source: lo, destination: lo, protocol: UDP, sourcePort: 5353, destinationPort: 4000 },
    zone: 0,
    id: 0x94901618,
  });
  expect(takeFlow(bytesOf(V6))?.original).toEqual({
    source: '::1',
    destination: '::1',
    protocol: UDP,
    sourcePort: 4001,
    destinationPort: 5354,
  });
});

test('an entry without addresses is none', () => {
  expect(takeFlow(bytesOf('02000000'))).toBeUndefined();
});

function written(put: (writer: Writer) => void): string {
  const writer = new Writer(0);
  put(writer);
  return Buffer.from(writer.written).toString('hex');
}

test('what is deleted is one entry, named by its whole original direction: without it the kernel would delete all', () => {
  const flow = takeFlow(bytesOf(V4));
  if (flow === undefined) throw new Error('no flow');
  // CTA_TUPLE_ORIG as the kernel told it, then CTA_ID
  expect(written((writer) => putFlowName(writer, flow))).toBe(`${V4.slice(0, 112)}08000c0094901618`);
  expect(FLOW).toEqual({ get: 0x0101, delete: 0x0102 });
});

test('the request for flows carries the filter of Linux 5.8', () => {
  const dns = { family: 'v6', protocol: UDP, destinationPort: 53 } as const;
  expect(written((writer) => putFlowFilter(writer, dns))).toBe(
    '0a000000' + '18000180' + '14000280' + '0500010011000000' + '0600030000350000' + '0c001980' + '0800010028000000',
  );
});

test('every flow is deleted by what it was read as', () => {
  const port = fc.integer({ min: 0, max: 65535 });
  const original = fc.record({
    source: fc.ipV4().map(address),
    destination: fc.ipV4().map(address),
    protocol: fc.integer({ min: 0, max: 255 }),
    sourcePort: port,
    destinationPort: port,
  });
  const flow = fc.record({ original, zone: port, id: fc.integer({ min: 0, max: 0xffffffff }) });
  fc.assert(
    fc.property(flow, (it) => {
      // a name has no reply; with one put behind it, it reads as an entry
      const entry = written((writer) => putFlowName(writer, it)) + V4.slice(112, 216);
      expect(takeFlow(bytesOf(entry))).toMatchObject(it);
    }),
  );
});

test('hostile bytes are a value or a DecodeError, never anything else', () => {
  const flips = fc.array(fc.tuple(fc.nat(160), fc.integer({ min: 0, max: 255 })), { maxLength: 6 });
  const damaged = fc.tuple(fc.constantFrom(V4, V6), flips).map(([hex, changes]) => {
    const copy = bytesOf(hex);
    for (const [at, value] of changes) if (at < copy.length) copy[at] = value;
    return copy;
  });
  fc.assert(
    fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 120 })), (hostile) => {
      try {
        takeFlow(hostile);
      } catch (error) {
        expect(error).toBeInstanceOf(DecodeError);
      }
    }),
    { numRuns: 2000 },
  );
});
