import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test } from 'vitest';
import { allChecks } from './checks/all.ts';
import { companionChecks } from './checks/companions.ts';
import type { Report } from './report.ts';

// Berth's own table: `npm run conformance -- --more`, each row a test. The run makes a world of its own (network, mounts, processes).

const isRoot = process.getuid?.() === 0;
const tool = fileURLToPath(new URL('../../tools/conformance.ts', import.meta.url));
const EIGHT_MINUTES = 8 * 60_000;

let told: Report | undefined;

beforeAll(async () => {
  if (isRoot) told = JSON.parse(await output([tool, '--more', '--json'])) as Report;
}, EIGHT_MINUTES);

test('there are forty checks, C1 to C40', () => {
  expect(allChecks.map((check) => check.id)).toEqual(Array.from({ length: 40 }, (_, i) => `C${i + 1}`));
});

test.skipIf(!isRoot)('the report is of Berth and counts itself rightly', () => {
  expect(told?.plugin).toBe('berth');
  expect(told?.checks.length).toBe(allChecks.length + companionChecks.length);
  expect(told?.passed).toBe(told?.checks.filter((check) => check.result === 'pass').length);
});

test.skipIf(!isRoot).each([...allChecks, ...companionChecks])('$id: $name', ({ id }) => {
  const outcome = told?.checks.find((check) => check.id === id);
  expect({ result: outcome?.result, detail: outcome?.detail }).toEqual({ result: 'pass', detail: outcome?.detail });
});

/** What a command prints, however it ends: the table says itself what failed. */
function output(args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, { timeout: EIGHT_MINUTES, maxBuffer: 16 << 20 }, (error, stdout, stderr) => {
      if (stdout === '') reject(error ?? new Error(stderr));
      else resolve(stdout);
    });
  });
}
