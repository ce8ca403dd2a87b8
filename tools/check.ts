// npm run check: everything that needs no namespace and no root, in under a minute. --without-tests leaves the unit tests out.
import { spawn } from 'node:child_process';

interface Step {
  readonly name: string;
  readonly command: readonly string[];
  readonly test?: boolean;
}

const STEPS: readonly Step[] = [
  { name: 'sealed floors compile', command: ['tsc', '-p', 'tsconfig.sealed.json'] },
  { name: 'everything compiles', command: ['tsc', '-p', 'tsconfig.json'] },
  { name: 'lint', command: ['oxlint', '--type-aware', '--deny-warnings'] },
  { name: 'form', command: ['biome', 'format'] },
  { name: 'layers', command: ['node', 'tools/check-layers.ts'] },
  { name: 'docs', command: ['node', 'tools/check-docs.ts'] },
  { name: 'unit tests', command: ['vitest', 'run', 'src', 'tools', '--reporter=dot'], test: true },
];

const steps = STEPS.filter(({ test = false }) => !(test && process.argv.includes('--without-tests')));
let failed = 0;
for (const { name, command } of steps) {
  const began = performance.now();
  const { code, output } = await run(command);
  const seconds = ((performance.now() - began) / 1_000).toFixed(1);
  console.log(`${code === 0 ? '✓' : '✗'} ${name} (${seconds} s)`);
  if (code === 0) continue;
  failed++;
  console.log(output.trim());
}
process.exitCode = failed === 0 ? 0 : 1;

function run([program = '', ...args]: readonly string[]): Promise<{ code: number; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (bytes: Buffer) => (output += bytes.toString()));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code: code ?? 1, output }));
  });
}
