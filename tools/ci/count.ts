/** How many tests passed, failed and were skipped. */
export interface Count {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export function sum(counts: readonly Count[]): Count {
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (const { passed, failed, skipped } of counts) {
    total.passed += passed;
    total.failed += failed;
    total.skipped += skipped;
  }
  return total;
}

/** As the last line of CI says it. */
export function countText({ passed, failed, skipped }: Count): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

/** What a program is worth: the counts of its last line where it has such, else one test, which is its exit code. */
export function countOf({ code, output }: { readonly code: number; readonly output: string }): Count {
  const last = output.trimEnd().split('\n').at(-1) ?? '';
  const [, passed, failed, skipped] = /^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/.exec(last.trim()) ?? [];
  if (passed === undefined)
    return code === 0 ? { passed: 1, failed: 0, skipped: 0 } : { passed: 0, failed: 1, skipped: 0 };
  return atLeastOne({ passed: Number(passed), failed: Number(failed), skipped: Number(skipped ?? 0) }, code);
}

const WHY_LINES = 12;

/** The part of vitest's JSON report that is read. */
interface Report {
  readonly testResults: readonly {
    readonly name: string; //    the file
    readonly message: string; // why it could not be loaded; empty
    readonly status: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly failureMessages: readonly string[];
      readonly status: string;
    }[];
  }[];
}

/**
 * What a run of vitest is worth. A file that could not be loaded, or whose preparation failed, is one failure; so is a
 * run that reports nothing, or ends badly with nothing failed.
 */
export function countOfReport(report: string | undefined, code: number): Count {
  if (report === undefined) return { passed: 0, failed: 1, skipped: 0 };
  const { testResults } = JSON.parse(report) as Report;
  const counts = testResults.map(({ status, assertionResults }) => {
    const number = (wanted: readonly string[]) => assertionResults.filter((it) => wanted.includes(it.status)).length;
    const failed = number(['failed']);
    return {
      passed: number(['passed']),
      failed: status === 'failed' ? Math.max(1, failed) : failed,
      skipped: number(['skipped', 'pending', 'todo', 'disabled']),
    };
  });
  return atLeastOne(sum(counts), code);
}

/** What failed, by its name, and the first lines of why. */
export function failuresOf(report: string): readonly string[] {
  const { testResults } = JSON.parse(report) as Report;
  const told = (name: string, why: string) => `${name}\n${why.trim().split('\n').slice(0, WHY_LINES).join('\n')}`;
  return testResults.flatMap(({ name, message, status, assertionResults }) => {
    const failed = assertionResults.filter((it) => it.status === 'failed');
    if (failed.length > 0) return failed.map((it) => told(it.fullName, it.failureMessages.join('\n')));
    return status === 'failed' ? [told(name, message)] : [];
  });
}

/** A program that ends badly has failed in something, whatever it counted. */
function atLeastOne(count: Count, code: number): Count {
  return code === 0 || count.failed > 0 ? count : { ...count, failed: 1 };
}
