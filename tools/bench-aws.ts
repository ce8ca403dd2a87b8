// npm run bench:aws: Berth on EC2 beside a model of aws-node, on the emulator, in one run; and ADD of its aws provider
// beside that of podcidr, in namespaces of our own.
//   npm run bench:aws                 a table, and docs/benchmarks-aws.md with its plot written anew
//   npm run -s bench:aws -- --json    one JSON document on standard output, nothing written
import { spawn } from 'node:child_process';
import { cpus, loadavg, release } from 'node:os';
import { live } from './bench-aws/live.ts';
import { table, writePage } from './bench-aws/page.ts';
import { reportOf } from './bench-aws/report.ts';
import { simulate } from './bench-aws/simulate.ts';

const SPACES = ['--mount', '--net', '--pid', '--fork', '--mount-proc', '--kill-child=KILL', '--propagation', 'private'];

if (process.argv.includes('--inside')) await bench();
else await launch();

async function launch(): Promise<void> {
  if (process.getuid?.() !== 0) {
    console.error('berth: the benchmark needs root: the emulator makes network namespaces');
    process.exit(2);
  }
  const self = [process.execPath, 'tools/bench-aws.ts', '--inside', ...process.argv.slice(2)];
  const child = spawn('unshare', [...SPACES, '--', ...self], { stdio: ['ignore', 'inherit', 'inherit'] });
  process.exitCode = await new Promise<number>((resolve) => child.on('exit', (code) => resolve(code ?? 1)));
}

async function bench(): Promise<void> {
  const tell = (line: string) => console.error(line);
  const load = loadavg()[0]?.toFixed(2) ?? '?';
  const real = await live(tell);
  const simulated = await simulate(tell);
  const processor = cpus()[0]?.model.trim() ?? '?';
  const machine = `${cpus().length} CPUs (${processor}), load ${load} before it began, Linux ${release()}, Node ${process.versions.node}`;
  const report = reportOf({ ...simulated, ...real }, machine);
  if (process.argv.includes('--json')) console.log(JSON.stringify(report));
  else {
    console.log(table(report));
    writePage(report);
  }
}
