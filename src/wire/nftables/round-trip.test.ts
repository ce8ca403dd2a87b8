import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DecodeError, Writer } from '../../base/bytes.ts';
import { readMessages } from '../netlink/header.ts';
import { messageOf } from './batch.ts';
import { putChain, takeChain } from './chain.ts';
import { commentOf } from './comment.ts';
import { INTERVAL_END, putElements, takeElements } from './element.ts';
import { takeGeneration } from './generation.ts';
import { decodeMark, encodeMark, takeRule } from './rule.ts';
import { putSet, takeSet } from './set.ts';
import { takeTable } from './table.ts';

const INET = 1;
const table = 'berth';

function body(put: (writer: Writer) => void): Uint8Array {
  const writer = new Writer(0);
  messageOf({ name: 'newElement', family: INET, flags: 0, body: put }).body(writer);
  return writer.written;
}

const value = fc.uint8Array({ minLength: 1, maxLength: 40 }).map((it) => ({ value: it }));
const name = fc.stringMatching(/^[a-z0-9_]{1,20}$/);
const word = fc.integer({ min: 0, max: 0xffffffff });

test('what is written is read again: elements', () => {
  const verdict = fc.record({ code: fc.constantFrom(-4, -3, 0, 1), chain: name }).map((it) => ({ verdict: it }));
  const count = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
  const counter = fc.record({ bytes: count, packets: count });
  const counted = counter.map((data) => ({ name: 'counter', data }));
  const element = fc.record(
    { key: value, data: fc.oneof(value, verdict), counted, flags: fc.constant(INTERVAL_END) },
    { requiredKeys: ['key'] },
  );
  fc.assert(
    fc.property(name, fc.array(element, { maxLength: 20 }), (set, elements) => {
      const message = { table, set, elements };
      expect(takeElements(body((writer) => putElements(writer, message)))).toEqual({ family: INET, ...message });
    }),
  );
});

test('what is written is read again: chains and sets', () => {
  const hook = fc.record({ number: word, priority: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }) });
  const chain = fc.record({ table: name, name, type: name, policy: word, hook }, { requiredKeys: ['table', 'name'] });
  const set = fc.record(
    { table: name, name, flags: word, keyType: word, keyBytes: word, dataType: word, dataBytes: word },
    { requiredKeys: ['table', 'name', 'flags', 'keyType', 'keyBytes'] },
  );
  fc.assert(
    fc.property(chain, set, (aChain, aSet) => {
      expect(takeChain(body((writer) => putChain(writer, aChain)))).toEqual({ family: INET, ...aChain });
      expect(takeSet(body((writer) => putSet(writer, aSet)))).toEqual({ family: INET, ...aSet });
    }),
  );
});

test('who made a transaction is read', () => {
  const hex = '00000000' + '0800010000000007' + '08000200000004d2' + '080003006e667400';
  expect(takeGeneration(Uint8Array.from(Buffer.from(hex, 'hex')))).toEqual({
    number: 7,
    processId: 1234,
    processName: 'nft',
  });
});

test('what is written is read again: marks, and marks of others never harm', () => {
  const text = fc.string({ maxLength: 20 }).filter((it) => !it.includes('\0'));
  fc.assert(
    fc.property(text, text, fc.uint8Array({ maxLength: 60 }), (comment, tag, noise) => {
      expect(decodeMark(encodeMark({ comment, tag }))).toEqual({ comment, tag });
      expect(() => decodeMark(noise)).not.toThrow();
    }),
  );
  expect(() => encodeMark({ comment: 'x'.repeat(200), tag: '' })).toThrow(RangeError);
});

test('hostile bytes are a value or a DecodeError, never anything else', () => {
  const file = readFileSync(new URL('testdata/captured.json', import.meta.url), 'utf8');
  const captured = Object.values(JSON.parse(file) as Readonly<Record<string, string>>);
  const originals = captured.flatMap((hex) =>
    readMessages(Uint8Array.from(Buffer.from(hex, 'hex'))).map((it) => it.body),
  );
  const flips = fc.array(fc.tuple(fc.nat(400), fc.integer({ min: 0, max: 255 })), { maxLength: 8 });
  const damaged = fc.tuple(fc.constantFrom(...originals), flips, fc.nat(400)).map(([original, changes, length]) => {
    const copy = original.slice(0, Math.max(length, 4));
    for (const [at, value] of changes) if (at < copy.length) copy[at] = value;
    return copy;
  });
  fc.assert(
    fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 200 })), (hostile) => {
      const takeComment = (it: Uint8Array) => commentOf(takeRule(it));
      for (const read of [takeComment, takeTable, takeChain, takeSet, takeElements, takeRule, takeGeneration]) {
        try {
          read(hostile);
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }
    }),
    { numRuns: 2000 },
  );
});
