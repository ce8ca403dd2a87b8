// npm test: everything, step after step, and a last line that counts what really ran: "N passed, N failed, N skipped".
// A step is a line of STEPS. A step of tests reports by vitest's JSON; any other is one test: its exit code.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Step {
  readonly name: string;
  readonly minutes: number; // it is ended when it takes longer
  readonly tests?: readonly string[]; // vitest's arguments
  readonly command?: readonly string[]; // or a program
}

const STEPS: readonly Step[] = [
  { name: 'compile, lint, form, layers, docs', minutes: 5, command: ['node', 'tools/check.ts', '--without-tests'] },
  { name: 'unit tests', minutes: 10, tests: ['src', 'tools'] },
  { name: 'the CNI executable', minutes: 5, tests: ['test/shim'] },
  { name: 'both architectures', minutes: 6, command: ['node', 'tools/build.ts', '--arm64'] },
  { name: 'the kernel', minutes: 15, tests: ['test/kernel', '--no-file-parallelism'] },
  { name: 'the agent', minutes: 10, tests: ['test/agent', '--no-file-parallelism'] },
  { name: 'conformance', minutes: 12, tests: ['test/conformance', '--no-file-parallelism'] },
  { name: 'the tour', minutes: 5, command: ['node', 'tools/demo.ts', '--once'] },
  { name: 'the simulator', minutes: 8, tests: ['sim'] },
  { name: 'container runtimes', minutes: 15, tests: ['test/runtime', '--no-file-parallelism'] },
  { name: 'torture', minutes: 8, command: ['node', 'tools/torture.ts', '--kills', '200'] },
];

const folder = mkdtempSync(join(tmpdir(), 'berth-ci-'));
const total = { passed: 0, failed: 0, skipped: 0 };
const only = process.argv.slice(2);
for (const step of STEPS.filter(({ name }) => only.length === 0 || only.some((part) => name.includes(part)))) {
  const began = performance.now();
  console.log(`\n=== ${step.name}`);
  const counted = step.tests === undefined ? runCommand(step) : runTests(step, step.tests);
  total.passed += counted.passed;
  total.failed += counted.failed;
  total.skipped += counted.skipped;
  const seconds = ((performance.now() - began) / 1_000).toFixed(1);
  console.log(
    `--- ${step.name}: ${counted.passed} passed, ${counted.failed} failed, ${counted.skipped} skipped in ${seconds} s`,
  );
}
rmSync(folder, { recursive: true, force: true });
console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1;

type Count = typeof total;

function runCommand({ command = [], minutes }: Step): Count {
  const [program = '', ...args] = command;
  const { status } = spawnSync(program, args, {
    stdio: ['ignore', 'inherit', 'inherit'],
    timeout: minutes * 60_000,
    killSignal: 'SIGKILL',
  });
  return status === 0 ? { passed: 1, failed: 0, skipped: 0 } : { passed: 0, failed: 1, skipped: 0 };
}

/** A run that dies, or reports nothing, is a failure however many tests it had passed by then. */
function runTests({ minutes, name }: Step, tests: readonly string[]): Count {
  const report = join(folder, `${name.replaceAll(/\W+/g, '-')}.json`);
  const args = ['run', ...tests, '--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const { status } = spawnSync('vitest', args, {
    stdio: ['ignore', 'inherit', 'inherit'],
    timeout: minutes * 60_000,
    killSignal: 'SIGKILL',
  });
  if (!existsSync(report)) return { passed: 0, failed: 1, skipped: 0 };
  const { numPassedTests, numFailedTests, numFailedTestSuites, numPendingTests, numTodoTests } = JSON.parse(
    readFileSync(report, 'utf8'),
  ) as Record<string, number>;
  const failed = Math.max(numFailedTests ?? 0, status === 0 ? 0 : Math.max(1, numFailedTestSuites ?? 0));
  return { passed: numPassedTests ?? 0, failed, skipped: (numPendingTests ?? 0) + (numTodoTests ?? 0) };
}
