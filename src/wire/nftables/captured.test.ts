import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Writer } from '../../base/bytes.ts';
import { FLAG, readMessages, writeMessage } from '../netlink/header.ts';
import { messageOf, operationOf, writeTransaction, type OperationName } from './batch.ts';
import { HOOK, POLICY, putChain, takeChain, type ChainMessage } from './chain.ts';
import { INTERVAL_END, putElements, takeElements } from './element.ts';
import { FIB, META, registerAt, VERDICT, type Expression } from './expression.ts';
import { encodeFields, typeBytes, typeNumber } from './field-type.ts';
import { commentOf } from './comment.ts';
import { putRule, takeRule } from './rule.ts';
import { BIG_ENDIAN_KEY, putSet, takeSet, SET_FLAG, VERDICT_TYPE, type SetMessage } from './set.ts';
import { putTable, takeTable } from './table.ts';

/**
 * Messages as nft 1.0.6, and for one rule iptables-nft 1.8.9, sent them, by strace: a ruleset of the kind that Berth
 * makes.
 */
const captured = JSON.parse(readFileSync(new URL('testdata/captured.json', import.meta.url), 'utf8')) as Readonly<
  Record<string, string>
>;

const INET = 1;
const table = 'berth';

function bytesOf(name: string): Uint8Array {
  return Uint8Array.from(Buffer.from(captured[name] ?? '', 'hex'));
}

/** All of it behind the netlink header. */
function bodyOf(name: string): Uint8Array {
  return readMessages(bytesOf(name))[0]?.body ?? new Uint8Array();
}

/** The whole message with the sequence number and flags of the captured one. */
function encoded(like: string, operation: OperationName, body: (writer: Writer) => void): string {
  const [message] = readMessages(bytesOf(like));
  if (message === undefined) throw new Error(`no captured message ${like}`);
  const writer = new Writer(0);
  const written = messageOf({ name: operation, family: INET, flags: message.flags, body });
  writeMessage(writer, { ...written, sequence: message.sequence }, written.body);
  return Buffer.from(writer.written).toString('hex');
}

test('a table is what nft writes, both ways', () => {
  expect(encoded('table', 'newTable', (writer) => putTable(writer, { name: table, flags: 0 }))).toBe(captured['table']);
  expect(takeTable(bodyOf('table'))).toEqual({ family: INET, name: table, flags: 0 });
});

test.each<[string, ChainMessage]>([
  [
    'base chain',
    {
      family: INET,
      table,
      name: 'from_pods',
      type: 'filter',
      policy: POLICY.accept,
      hook: { number: HOOK.prerouting, priority: -300 },
    },
  ],
  ['plain chain', { family: INET, table, name: 'ports' }],
])('a %s is what nft writes, both ways', (like, chain) => {
  expect(encoded(like, 'newChain', (writer) => putChain(writer, chain))).toBe(captured[like]);
  expect(takeChain(bodyOf(like))).toEqual(chain);
});

const at = ['ipv4_addr', 'inet_proto', 'inet_service'] as const;
const target = ['ipv4_addr', 'inet_service'] as const;

test.each<[string, Omit<SetMessage, 'family' | 'table'>]>([
  [
    'interval set',
    { name: 'internal4', flags: SET_FLAG.interval, keyType: 7, keyBytes: 4, id: 3, userdata: BIG_ENDIAN_KEY },
  ],
  ['concatenated set', { name: 'pods4', flags: 0, keyType: (41 << 6) | 7, keyBytes: 20, id: 1 }],
  [
    'map',
    {
      name: 'ports_at4',
      flags: SET_FLAG.map,
      keyType: typeNumber(at),
      keyBytes: typeBytes(at),
      dataType: typeNumber(target),
      dataBytes: typeBytes(target),
      id: 8,
    },
  ],
  [
    'map of verdicts',
    {
      name: 'gates',
      flags: SET_FLAG.map,
      keyType: typeNumber(['ifname']),
      keyBytes: 16,
      dataType: VERDICT_TYPE,
      dataBytes: 0,
      id: 3,
    },
  ],
  [
    'dynamic set',
    {
      name: 'told',
      flags: SET_FLAG.dynamic,
      keyType: typeNumber(['ifname', ...at]),
      keyBytes: 28,
      size: { size: 4096 },
      id: 1,
    },
  ],
])('an %s is what nft writes, both ways', (like, set) => {
  const read = takeSet(bodyOf(like));
  expect(read).toMatchObject({ family: INET, table, ...set });
  const userdata = read.userdata ?? new Uint8Array(); // nft keeps more with concatenations: it does not need it
  expect(encoded(like, 'newSet', (writer) => putSet(writer, { table, ...set, userdata }))).toBe(captured[like]);
});

const http = encodeFields(['inet_proto', 'inet_service'], ['tcp', '8080']);
const pod = encodeFields(['ipv4_addr', 'inet_service'], ['10.1.0.5', '80']);

test('elements of nft are read: of a map, and of an interval set with its range ends', () => {
  expect(takeElements(bodyOf('map element'))).toMatchObject({
    family: INET,
    table,
    set: 'ports4',
    elements: [{ key: { value: http }, data: { value: pod } }],
  });
  const ranges = takeElements(bodyOf('interval elements')).elements ?? [];
  expect(ranges.map(({ key, flags }) => `${key?.value?.join('.')}${flags === INTERVAL_END ? ' end' : ''}`)).toEqual([
    '0.0.0.0 end',
    '10.0.0.0',
    '11.0.0.0 end',
    '224.0.0.0',
    '240.0.0.0 end',
  ]);
});

test('to delete an element is what nft writes', () => {
  const body = (writer: Writer) => putElements(writer, { table, set: 'ports4', elements: [{ key: { value: http } }] });
  expect(encoded('delete element', 'delElement', body)).toBe(captured['delete element']);
});

test('to delete a rule is what nft writes', () => {
  const body = (writer: Writer) => putRule(writer, { table, chain: 'ports', handle: 7n });
  expect(encoded('delete rule', 'delRule', body)).toBe(captured['delete rule']);
});

const into = registerAt(0);
const family = (number: number): Expression[] => [
  { is: 'meta', key: META.nfproto, into },
  { is: 'compare', register: into, equal: true, value: Uint8Array.of(number) },
];
const link = Uint8Array.from(Buffer.from('fe800000000000000000000000000000', 'hex'));
const ten = Uint8Array.from(Buffer.from('ffc00000000000000000000000000000', 'hex'));

const rules: readonly [string, string, readonly Expression[]][] = [
  [
    'rule prefix v6',
    'from_pods',
    [
      ...family(10),
      { is: 'payload', base: 1, offset: 8, bytes: 16, into },
      { is: 'bitwise', register: into, mask: ten, xor: new Uint8Array(16) },
      { is: 'compare', register: into, equal: true, value: link },
      { is: 'verdict', code: VERDICT.accept },
    ],
  ],
  [
    'rule prefix v4',
    'from_pods',
    [
      ...family(2),
      { is: 'payload', base: 1, offset: 16, bytes: 1, into },
      { is: 'compare', register: into, equal: true, value: Uint8Array.of(127) },
      { is: 'counter' },
      { is: 'verdict', code: VERDICT.drop },
    ],
  ],
  [
    'rule jump',
    'prerouting',
    [
      { is: 'fib', result: FIB.addressType, flags: FIB.destination, into },
      { is: 'compare', register: into, equal: true, value: Uint8Array.of(2, 0, 0, 0) },
      { is: 'verdict', code: VERDICT.jump, chain: 'ports' },
    ],
  ],
  [
    'rule return',
    'ports',
    [
      ...family(10),
      { is: 'payload', base: 1, offset: 24, bytes: 16, into },
      { is: 'compare', register: into, equal: true, value: Uint8Array.of(...new Uint8Array(15), 1) },
      { is: 'verdict', code: VERDICT.return },
    ],
  ],
  [
    'rule fib goto',
    'pre',
    [
      { is: 'fib', result: FIB.link, flags: FIB.source | FIB.sameLink, into },
      { is: 'compare', register: into, equal: true, value: new Uint8Array(4) },
      { is: 'verdict', code: VERDICT.goto, chain: 'deny' },
    ],
  ],
  [
    'rule ports',
    'out',
    [
      { is: 'payload', base: 2, offset: 2, bytes: 2, into },
      { is: 'bound', register: into, at: 'least', value: Uint8Array.of(8000 >> 8, 8000) },
      { is: 'bound', register: into, at: 'most', value: Uint8Array.of(8100 >> 8, 8100) },
      { is: 'verdict', code: VERDICT.accept },
    ],
  ],
  [
    'rule 127',
    'postrouting',
    [
      ...family(2),
      { is: 'payload', base: 1, offset: 12, bytes: 1, into },
      { is: 'compare', register: into, equal: true, value: Uint8Array.of(127) },
      { is: 'meta', key: META.oifname, into },
      { is: 'compare', register: into, equal: true, value: Uint8Array.from(Buffer.from('bth')) },
      { is: 'masquerade', flags: 0 },
    ],
  ],
];

test.each(rules)('%s is what nft writes, but for our mark behind it', (name, chain, expressions) => {
  const body = (writer: Writer) => putRule(writer, { table, chain, expressions, mark: { comment: '', tag: '' } });
  const theirs = captured[name] ?? '';
  expect(encoded(name, 'newRule', body).slice(8, theirs.length)).toBe(theirs.slice(8)); // the length differs
});

test('a rule of nft is read: where it stands and its comment', () => {
  expect(takeRule(bodyOf('rule dnat'))).toMatchObject({
    family: INET,
    table,
    chain: 'ports',
    mark: { comment: 'one address', tag: '' },
  });
});

test("a rule's comment is read where nft keeps it, and where iptables does", () => {
  expect(commentOf(takeRule(bodyOf('rule dnat')))).toBe('one address');
  expect(commentOf(takeRule(bodyOf('rule of iptables')))).toBe('berth: forwards from 10.1.0.0/16');
  expect(commentOf(takeRule(bodyOf('rule jump')))).toBe('');
});

test('a transaction is begun and ended, numbered in a row, and only its last operation asks for an ACK', () => {
  const writer = new Writer();
  const body = (inner: Writer) => putTable(inner, { name: table });
  writeTransaction(writer, 7, [
    { name: 'newTable', family: INET, flags: FLAG.CREATE, body },
    { name: 'delTable', family: INET, flags: 0, body },
  ]);
  const messages = readMessages(writer.written);
  expect(messages.map(({ type, sequence, flags }) => [operationOf(type) ?? type, sequence, flags])).toEqual([
    [0x10, 7, FLAG.REQUEST],
    ['newTable', 8, FLAG.REQUEST | FLAG.CREATE],
    ['delTable', 9, FLAG.REQUEST | FLAG.ACK],
    [0x11, 10, FLAG.REQUEST],
  ]);
});
