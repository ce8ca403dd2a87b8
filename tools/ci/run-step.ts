import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProgram } from '../program.ts';
import { type Count, countOf, countOfReport, countText, failuresOf } from './count.ts';
import type { Step } from './steps.ts';

const LAST_LINES = 20;

/** What became of a step. */
export interface Done {
  readonly line: string; //   of the summary
  readonly output: string; // all that it printed
  readonly count: Count;
  readonly failures: readonly string[]; // what failed of it, and why
}

/** Runs a step to its end. `show`: its output is printed as it comes. */
export async function runStep(step: Step, show: boolean): Promise<Done> {
  const { name, minutes, tests = [], command, env = {}, beside = false } = step;
  const folder = mkdtempSync(join(tmpdir(), 'berth-ci-'));
  const report = join(folder, 'report.json');
  const vitest = ['vitest', 'run', ...tests, '--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const ended = await runProgram(command ?? vitest, { minutes, show, env, lowest: beside });
  const text = existsSync(report) ? readFileSync(report, 'utf8') : undefined;
  rmSync(folder, { recursive: true, force: true });
  const count = command === undefined ? countOfReport(text, ended.code) : countOf(ended);
  const took = `${ended.seconds.toFixed(1)} s${beside ? ' beside others' : ''}`;
  const late = ended.late ? `; ended after ${minutes} min` : '';
  const mark = count.failed > 0 ? '✗' : '✓';
  const line = `${mark} ${name}: ${countText(count)} (${took}${late})`;
  return { line, output: ended.output, count, failures: count.failed > 0 ? failures(step, text, ended.output) : [] };
}

/** Of a program, its last words. */
function failures({ name, command }: Step, report: string | undefined, output: string): readonly string[] {
  if (command === undefined && report !== undefined) return failuresOf(report).map((it) => `${name}: ${it}`);
  return [`${name}\n${output.trimEnd().split('\n').slice(-LAST_LINES).join('\n')}`];
}
