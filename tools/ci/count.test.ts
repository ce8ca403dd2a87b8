import { expect, test } from 'vitest';
import { countOf, countOfReport, countText, failuresOf, sum } from './count.ts';

const file = (status: string, ...tests: string[]) => ({
  status,
  assertionResults: tests.map((it) => ({ status: it })),
});
const report = (...testResults: ReturnType<typeof file>[]) => JSON.stringify({ testResults });

test('a program is one test, or as many as its last line says', () => {
  expect(countOf({ code: 0, output: 'fine\n' })).toEqual({ passed: 1, failed: 0, skipped: 0 });
  expect(countOf({ code: 3, output: '' })).toEqual({ passed: 0, failed: 1, skipped: 0 });
  expect(countOf({ code: 1, output: 'x\n7 passed, 2 failed\n' })).toEqual({ passed: 7, failed: 2, skipped: 0 });
  expect(countOf({ code: 0, output: '7 passed, 0 failed, 3 skipped' })).toEqual({ passed: 7, failed: 0, skipped: 3 });
  expect(countOf({ code: 0, output: '7 passed, 0 failed\nand then died' })).toEqual({
    passed: 1,
    failed: 0,
    skipped: 0,
  });
});

test('what vitest reports is counted; skipped tests are never passed ones', () => {
  const text = report(
    file('passed', 'passed', 'pending', 'skipped', 'todo'),
    file('failed', 'failed', 'failed', 'passed'),
  );
  expect(countOfReport(text, 1)).toEqual({ passed: 2, failed: 2, skipped: 3 });
});

test('a file that cannot be loaded, a failed preparation and a run without a report are failures', () => {
  expect(countOfReport(report(file('failed'), file('passed', 'passed')), 1)).toEqual({
    passed: 1,
    failed: 1,
    skipped: 0,
  });
  expect(countOfReport(report(file('failed', 'skipped', 'skipped')), 1)).toEqual({ passed: 0, failed: 1, skipped: 2 });
  expect(countOfReport(undefined, 0)).toEqual({ passed: 0, failed: 1, skipped: 0 });
});

test('a run that ends badly has a failure, though every test passed', () => {
  expect(countOfReport(report(file('passed', 'passed')), 1)).toEqual({ passed: 1, failed: 1, skipped: 0 });
  expect(countOf({ code: 1, output: '7 passed, 0 failed' })).toEqual({ passed: 7, failed: 1, skipped: 0 });
});

test('the sum is what the last line says', () => {
  const all = sum([
    countOf({ code: 0, output: '' }),
    countOf({ code: 1, output: '' }),
    { passed: 2, failed: 0, skipped: 4 },
  ]);
  expect(countText(all)).toBe('3 passed, 1 failed, 4 skipped');
});

test('what failed is told by its name, with the first lines of why; a file that cannot be loaded by its own', () => {
  const why = Array.from({ length: 40 }, (_, i) => `line ${i}`).join('\n');
  const assertionResults = [
    { status: 'passed', fullName: 'one', failureMessages: [] },
    { status: 'failed', fullName: 'two', failureMessages: [why] },
  ];
  const results = [
    { name: 'a.test.ts', status: 'failed', message: '', assertionResults },
    { name: 'b.test.ts', status: 'failed', message: 'no such module', assertionResults: [] },
    { name: 'c.test.ts', status: 'passed', message: '', assertionResults: [] },
  ];
  const [two = '', file, ...more] = failuresOf(JSON.stringify({ testResults: results }));
  expect(two.split('\n').slice(0, 3)).toEqual(['two', 'line 0', 'line 1']);
  expect(two.split('\n').length).toBeLessThan(20);
  expect([file, more]).toEqual(['b.test.ts\nno such module', []]);
});
