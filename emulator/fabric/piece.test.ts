import { expect, test } from 'vitest';
import type { Address, Prefix } from '../../src/base/ip.ts';
import { byKey, difference, type Piece } from './piece.ts';
import { operationsFor } from './rule-book.ts';

const address = (text: string): Piece => ({ kind: 'address', address: text as Address });
const route = (link: string): Piece => ({
  kind: 'route',
  at: 'fabric',
  to: '10.0.1.10/32' as Prefix,
  link,
  table: 254,
  far: true,
});
const set: Piece = { kind: 'set', name: 'gates', key: ['ifname'], data: 'verdict', filled: 'by-us' };
const chain = (name: string, rules: string[] = []): Piece => ({
  kind: 'chain',
  name,
  rules: rules.map((comment) => ({ comment, steps: [{ is: 'counter' }] })),
});
const gate = (to: string): Piece => ({ kind: 'element', set: 'gates', key: ['v1'], data: [to] });

test('what is wanted already is left alone, what changed goes and comes, the rest does one of both', () => {
  const there = byKey([address('10.0.1.1'), route('v1'), chain('a', ['x'])]);
  const wanted = byKey([address('10.0.2.1'), route('v2'), chain('a', ['x'])]);
  expect(difference(there, wanted)).toEqual({
    gone: [address('10.0.1.1'), route('v1')],
    made: [address('10.0.2.1'), route('v2')],
  });
  expect(difference(there, there)).toEqual({ gone: [], made: [] });
});

test('two NICs with one address are a contradiction, and not whichever comes last', () => {
  expect(() => byKey([route('v1'), route('v2')])).toThrow(RangeError);
  expect(byKey([route('v1'), route('v1')]).size).toBe(1);
});

test('a transaction makes what is referred to first, and takes it away last', () => {
  const names = (from: readonly Piece[], to: readonly Piece[]) => {
    const there = byKey(from);
    return operationsFor(difference(there, byKey(to)), there).map(({ name }) => name);
  };
  const before = [set, chain('a', ['x']), gate('a')];
  expect(names([], before)).toEqual(['newSet', 'newChain', 'newRule', 'newElement']);
  expect(names(before, [set, chain('b', ['x', 'y']), gate('b')])).toEqual([
    'newChain',
    'delElement',
    'delRule',
    'newRule',
    'newRule',
    'newElement',
    'delChain',
  ]);
  expect(names(before, [])).toEqual(['delElement', 'delRule', 'delChain', 'delSet']);
});

test('a chain whose rules change is emptied and filled, and stays for those who jump to it', () => {
  const there = byKey([chain('a', ['x'])]);
  const operations = operationsFor(difference(there, byKey([chain('a', ['y'])])), there);
  expect(operations.map(({ name }) => name)).toEqual(['delRule', 'newRule']);
});
