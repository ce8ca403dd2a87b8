import { expect, test } from 'vitest';
import { CNI_CODES, CniError, writeError } from './error.ts';

test('each code has one name, one number and one sentence; 999 is never among them', () => {
  const entries = Object.values(CNI_CODES);
  expect(new Set(entries.map((entry) => entry.code)).size).toBe(entries.length);
  for (const { code, says } of entries) {
    expect(code === 1 || code < 999).toBe(true);
    expect(says).toMatch(/^[A-Z].*\.$/);
  }
});

test('an error is the JSON of the specification', () => {
  const error = new CniError('tryAgainLater', 'no answer', { details: 'look at the log' });
  expect(JSON.parse(writeError(error, '1.0.0'))).toEqual({
    cniVersion: '1.0.0',
    code: 11,
    msg: 'no answer',
    details: 'look at the log',
  });
  expect(JSON.parse(writeError(new CniError('drift', 'x'), '1.0.0'))).toEqual({
    cniVersion: '1.0.0',
    code: 105,
    msg: 'x',
  });
});
