import { expect, test } from 'vitest';
import { attachmentId, attachmentName, attachmentWords } from './attachment.ts';

test('an id is its three parts, there and back', () => {
  const name = { network: 'berth', containerId: '8d5f3c0e6f1a2b3c4d5e', ifname: 'eth0' };
  expect(attachmentId(name)).toBe('berth/8d5f3c0e6f1a2b3c4d5e/eth0');
  expect(attachmentName(attachmentId(name))).toEqual(name);
  expect(attachmentWords(attachmentId(name))).toBe('container 8d5f3c0e6f1a2, eth0');
});
