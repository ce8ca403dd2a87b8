import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { REMOVED, redact } from './redact.ts';
import { tar } from './tar.ts';

const SECRETS: readonly (readonly [string, string])[] = [
  ['password: hunter2', `password: ${REMOVED}`],
  ['  db_password = "hunter2"', `  db_password = ${REMOVED}`],
  ['{"token": "hunter2", "a": 1}', `{"token": "${REMOVED}", "a": 1}`],
  ['{"nested":{"apiKey":"hunter2"}}', `{"nested":{"apiKey":"${REMOVED}"}}`],
  ['AWS_SECRET_ACCESS_KEY=hunter2', `AWS_SECRET_ACCESS_KEY=${REMOVED}`],
  ['authorization: Bearer hunter2', `authorization: ${REMOVED}`],
  ['asked with Bearer hunter2 twice', `asked with Bearer ${REMOVED} twice`],
  ['https://joe:hunter2@example.org/x', `https://joe:${REMOVED}@example.org/x`],
  ['-----BEGIN RSA PRIVATE KEY-----\nhunter2\n-----END RSA PRIVATE KEY-----\nrest', `${REMOVED}\nrest`],
  ['got eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJodW50ZXIyIn0.hunter2 here', `got ${REMOVED} here`],
];

test.each(SECRETS)('%j loses its secret and keeps its shape', (text, expected) => {
  const clean = redact(text);
  expect(clean).toBe(expected);
  expect(clean).not.toContain('hunter2');
  expect(redact(clean)).toBe(clean);
});

test('what is no secret stays', () => {
  const text = 'network: { ranges: [10.1.0.0/24, "fd00::/64"] }\nelement bthabc . 10.1.0.2 in pods4\nkey: value\n';
  expect(redact(text)).toBe(text);
});

test('an archive is read by tar as it was written', () => {
  const directory = mkdtempSync(join(tmpdir(), 'berth-tar-'));
  try {
    const modifiedAt = Date.UTC(2026, 0, 2, 3, 4, 5);
    const files = [
      { name: 'd/empty', content: '', modifiedAt },
      { name: 'd/text', content: 'ä\n', modifiedAt },
      { name: `d/${'x'.repeat(98)}`, content: Buffer.alloc(1_025, 7), modifiedAt },
    ];
    const archive = join(directory, 'a.tar');
    writeFileSync(archive, tar(files));
    execFileSync('tar', ['-xf', archive, '-C', directory]);
    for (const { name, content } of files)
      expect(readFileSync(join(directory, name)).equals(Buffer.from(content))).toBe(true);
    expect(execFileSync('tar', ['--utc', '-tvf', archive], { encoding: 'utf8' })).toContain('2026-01-02 03:04');
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('a name that does not fit is refused', () => {
  expect(() => tar([{ name: 'x'.repeat(101), content: '', modifiedAt: 0 }])).toThrow(RangeError);
});
