import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { MANIFEST, manifestText } from './manifest.ts';
import { berthObjects } from './objects.ts';

test('the manifest that users apply is what its source says', () => {
  expect(readFileSync(MANIFEST, 'utf8')).toBe(manifestText());
});

test('it is YAML that says what the objects say', () => {
  const documents = parseAllDocuments(manifestText('other:1'));
  expect(documents.map((one) => one.toJS() as unknown)).toEqual(JSON.parse(JSON.stringify(berthObjects('other:1'))));
});

test('no agent has rights that are not written down with their reason: it is not privileged, and drops all others', () => {
  const text = manifestText();
  expect(text).not.toContain('privileged');
  expect(text).toContain('drop:\n                - ALL');
  expect(text).not.toContain("'*'");
});
