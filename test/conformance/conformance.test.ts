import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test } from 'vitest';
import { allChecks } from './checks/all.ts';
import { companionChecks } from './checks/companions.ts';
import { installScripted } from './plugins/install-scripted.ts';
import type { Report } from './report.ts';

// Berth's own table: `npm run conformance -- --more`, each row a test. The run makes a world of its own (network,
// mounts, processes).

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

test.skipIf(!isRoot)(
  'a plugin that does nothing fails wherever something is asked of it',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'berth-conformance-'));
    try {
      const path = join(installScripted(folder, 'nothing'), 'nothing');
      const config = join(folder, 'nothing.json');
      writeFileSync(config, '{"type":"nothing"}');
      const asked = ['C2', 'C5', 'C6', 'C8', 'C12', 'C19', 'C29', 'C30', 'C34'];
      const { checks } = JSON.parse(
        await output([tool, '--plugin', path, '--config', config, '--only', asked.join(), '--json']),
      ) as Report;
      expect(checks.map(({ id, result }) => `${id} ${result}`)).toEqual(asked.map((id) => `${id} fail`));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
  120_000,
);

/** What a command prints, however it ends: the table says itself what failed. */
function output(args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, { timeout: EIGHT_MINUTES, maxBuffer: 16 << 20 }, (error, stdout, stderr) => {
      if (stdout === '') reject(error ?? new Error(stderr));
      else resolve(stdout);
    });
  });
}
