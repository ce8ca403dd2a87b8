// npm run build: the CNI executable for this machine, static and small, as build/berth-cni. With --arm64 also
// build/berth-cni-arm64, by zig's C compiler. That comes from PyPI into .toolchain/ (100 MB, once), and only when it is
// asked for so, or where there is no other compiler. --frame-version N --output FILE builds the one of a neighbouring
// version instead, for a test.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

/** A compiler with the arguments that are its own. */
type Compiler = readonly [program: string, ...args: string[]];

const SOURCES = readdirSync('native/shim')
  .filter((name) => name.endsWith('.c'))
  .map((name) => `native/shim/${name}`);
const FLAGS = ['-static', '-Os', '-Wall', '-Wextra', '-Werror', '-Wshadow', '-Wconversion', '-s'];
/** One segment fewer to map at every start of the executable. zig's linker does not know it. */
const ONE_SEGMENT = '-Wl,-z,noseparate-code';
const ZIG = 'ziglang==0.17.0';
const TOOLCHAIN = resolve('.toolchain');

const { values: asked } = parseArgs({
  options: { arm64: { type: 'boolean' }, 'frame-version': { type: 'string' }, output: { type: 'string' } },
});
mkdirSync('build', { recursive: true });
if (asked.output !== undefined) {
  const version = asked['frame-version'];
  const [program, ...args] = ownCompiler();
  build([program, ...args, ...(version === undefined ? [] : [`-DFRAME_VERSION=${Number(version)}`])], asked.output);
} else {
  build(ownCompiler(), 'build/berth-cni');
  if (asked.arm64) build(zigFor('aarch64'), 'build/berth-cni-arm64');
}

/** Compiles beside the place and moves it there whole, so that a runtime never executes half a file. */
function build([program, ...args]: Compiler, output: string): void {
  run(program, [...args, ...FLAGS, '-o', `${output}.new`, ...SOURCES]);
  renameSync(`${output}.new`, output);
}

function ownCompiler(): Compiler {
  if (found('musl-gcc')) return ['musl-gcc', ONE_SEGMENT];
  if (existsSync(`${TOOLCHAIN}/zig/bin/python-zig`) || !found('cc'))
    return zigFor(process.arch === 'arm64' ? 'aarch64' : 'x86_64');
  console.error(
    'berth: no musl-gcc (Debian: musl-tools), so the executable is linked with glibc: larger, and slower to start',
  );
  return ['cc', ONE_SEGMENT];
}

/** zig's C compiler, in a virtual environment of the project's own. It brings musl for every machine. */
function zigFor(machine: string): Compiler {
  const python = `${TOOLCHAIN}/zig/bin/python3`;
  if (!existsSync(`${TOOLCHAIN}/zig/bin/python-zig`)) {
    run('python3', ['-m', 'venv', '--clear', `${TOOLCHAIN}/zig`]);
    run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ZIG]);
  }
  return [python, '-m', 'ziglang', 'cc', '-target', `${machine}-linux-musl`];
}

function found(program: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
}

function run(program: string, args: readonly string[]): void {
  const env = { ...process.env, ZIG_GLOBAL_CACHE_DIR: `${TOOLCHAIN}/zig-cache` };
  const { status, error } = spawnSync(program, args, { stdio: ['ignore', 'inherit', 'inherit'], env });
  if (error !== undefined) throw new Error(`${program}: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}
