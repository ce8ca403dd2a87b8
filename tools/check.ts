// npm run check: everything that needs no namespace and no root, in under a minute.
//   npm run check -- --without-tests   leaves the tests and the simulator out
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { runProgram } from './program.ts';

interface Step {
  readonly name: string;
  readonly command: readonly string[];
  readonly test?: boolean;
}

const SIM = 'tools/sim.ts';
/** Some tests wait, for a second or more. */
const WORKERS = `--maxWorkers=${availableParallelism() + 1}`;
const MINUTES = 3; // a step that hangs is a step that fails
const STEPS: readonly Step[] = [
  { name: 'sealed floors compile', command: ['tsc', '-p', 'tsconfig.sealed.json'] },
  { name: 'everything compiles', command: ['tsc', '-p', 'tsconfig.json'] },
  { name: 'lint', command: ['oxlint', '--type-aware', '--deny-warnings'] },
  { name: 'form', command: ['biome', 'format'] },
  { name: 'layers', command: ['node', 'tools/check-layers.ts'] },
  { name: 'docs', command: ['node', 'tools/check-docs.ts'] },
  {
    name: 'unit tests',
    command: ['vitest', 'run', '--project', 'sealed', '--project', 'open', '--reporter=dot', WORKERS],
    test: true,
  },
  ...(existsSync(SIM) ? [{ name: 'simulated nodes', command: ['node', SIM, '--crashes', '5000'], test: true }] : []),
];

const steps = STEPS.filter(({ test = false }) => !(test && process.argv.includes('--without-tests')));
const width = Math.max(...steps.map(({ name }) => name.length));
let failed = 0;
for (const { name, command } of steps) {
  const { code, output, seconds, late } = await runProgram(command, { minutes: MINUTES });
  console.log(`${code === 0 ? '✓' : '✗'} ${name.padEnd(width)} ${seconds.toFixed(1).padStart(6)} s`);
  if (code === 0) continue;
  failed++;
  console.log(late ? `${output.trim()}\nended after ${MINUTES} min` : output.trim());
}
if (failed > 0) console.log(`${failed} of ${steps.length} failed`);
process.exitCode = failed === 0 ? 0 : 1;
