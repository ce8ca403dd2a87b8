// npm run build: the CNI executable, static and small. With --arm64 also for that machine, by zig's C compiler from PyPI.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync } from 'node:fs';

const SOURCES = readdirSync('native/shim')
  .filter((name) => name.endsWith('.c'))
  .map((name) => `native/shim/${name}`);
const FLAGS = ['-static', '-Os', '-Wall', '-Wextra', '-Werror', '-s'];
const ZIG = 'ziglang==0.17.0';
const TOOLCHAIN = '.toolchain/zig';

mkdirSync('build', { recursive: true });
build(found('musl-gcc') ? ['musl-gcc'] : zigOrCc(), 'build/berth-cni');
if (process.argv.includes('--arm64')) build([...zig(), '-target', 'aarch64-linux-musl'], 'build/berth-cni-arm64');

/** Compiles beside the place and moves it there whole, so that a runtime never executes half a file. */
function build(compiler: readonly string[], output: string): void {
  const [program = '', ...args] = compiler;
  run(program, [...args, ...FLAGS, '-o', `${output}.new`, ...SOURCES]);
  renameSync(`${output}.new`, output);
}

/** Without musl-gcc: zig when it is there already, else the machine's compiler with its own library. */
function zigOrCc(): readonly string[] {
  if (existsSync(`${TOOLCHAIN}/bin/python-zig`)) return zig();
  console.error(
    'berth: no musl-gcc (Debian: musl-tools), so the executable is linked with glibc: larger, and slower to start',
  );
  return ['cc'];
}

/** zig's C compiler, in a virtual environment of the project's own. */
function zig(): readonly string[] {
  const python = `${TOOLCHAIN}/bin/python3`;
  if (!existsSync(`${TOOLCHAIN}/bin/python-zig`)) {
    run('python3', ['-m', 'venv', TOOLCHAIN]);
    run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ZIG]);
  }
  return [python, '-m', 'ziglang', 'cc'];
}

function found(program: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
}

function run(program: string, args: readonly string[]): void {
  const { status, error } = spawnSync(program, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  if (error !== undefined) throw new Error(`${program}: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}
