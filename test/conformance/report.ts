import type { Outcome } from './run.ts';

/** The machine's report: exactly this on stdout with --json. */
export interface Report {
  readonly plugin: string;
  readonly passed: number;
  readonly failed: number;
  readonly checks: readonly { id: string; name: string; result: string; detail: string }[];
}

export function report(plugin: string, outcomes: readonly Outcome[]): Report {
  const count = (result: string) => outcomes.filter((each) => each.result === result).length;
  const checks = outcomes.map(({ id, name, result, detail }) => ({ id, name, result, detail }));
  return { plugin, passed: count('pass'), failed: count('fail'), checks };
}

/** One check as lines for people: the verdict, and below it what was found where that is worth reading. */
export function told({ id, name, result, detail, ms }: Outcome): string {
  const mark = { pass: 'ok  ', fail: 'FAIL', 'n/a': 'n/a ' }[result];
  const line = `${mark} ${id.padEnd(4)} ${name}  (${ms} ms)`;
  return detail === '' ? line : `${line}\n          ${detail.replaceAll('\n', ' ')}`;
}

/** The last line for people. */
export function summary({ plugin, passed, failed, checks }: Report): string {
  const rest = checks.length - passed - failed;
  const beside = rest > 0 ? `, ${rest} not applicable` : '';
  return `${plugin}: ${passed} passed, ${failed} failed${beside} of ${checks.length}`;
}
