import { expect, test } from 'vitest';
import { utf8 } from '../../base/bytes.ts';
import { ConfigReader } from './config-reader.ts';

const said = (mtu: number) => utf8(JSON.stringify({ cniVersion: '1.1.0', name: 'pods', type: 'berth-cni', mtu }));

test('the same bytes are the same configuration, and others are read', () => {
  const reader = new ConfigReader();
  const first = reader.read(said(1400), 'ADD');
  expect(reader.read(said(1400), 'ADD')).toBe(first);
  expect(reader.read(said(1300), 'ADD').mtuBytes).toBe(1300);
  expect(reader.read(said(1400), 'ADD')).toEqual(first);
});

test('memory that is used again for the next call changes nothing that is known', () => {
  const reader = new ConfigReader();
  const shared = said(1400);
  expect(reader.read(shared, 'ADD').mtuBytes).toBe(1400);
  shared.set(said(1300));
  expect(reader.read(shared, 'ADD').mtuBytes).toBe(1300);
});

test('each verb has its own: what STATUS does not look at, ADD refuses', () => {
  const reader = new ConfigReader();
  expect(reader.read(said(1), 'STATUS').mtuBytes).toBeUndefined();
  expect(() => reader.read(said(1), 'ADD')).toThrow('mtu');
  expect(() => reader.read(said(1), 'ADD')).toThrow('mtu');
});
