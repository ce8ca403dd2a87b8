import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { beforeEach, onTestFinished } from 'vitest';

/** With BERTH_TEST_MACHINE=arm64 the executable of that machine is tried, under QEMU where this is another. */
const foreign = process.env['BERTH_TEST_MACHINE'] === 'arm64' && process.arch !== 'arm64';
export const EXECUTABLE = resolve(foreign ? 'build/berth-cni-arm64' : 'build/berth-cni');
const EMULATOR = '/usr/bin/qemu-aarch64-static';
/** What executes it: program and arguments, none with a space in it. */
export const COMMAND: readonly [program: string, ...args: string[]] = foreign ? [EMULATOR, EXECUTABLE] : [EXECUTABLE];

beforeEach(({ skip }) => skip(foreign && !existsSync(EMULATOR), `no ${EMULATOR} (Debian: qemu-user-static)`));

/** What one execution left behind. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly ms: number;
}

/** One execution of the CNI executable, as a runtime makes it. */
export interface Execution {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

export interface Call {
  readonly verb: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string | Uint8Array; // default: CONFIG. 'open': a pipe that nobody writes to or closes
}

/** A configuration as a runtime sends it. */
export const CONFIG = JSON.stringify({ cniVersion: '1.0.0', name: 'berth', type: 'berth-cni' });

/** Builds the executable when it is older than its sources. */
export function buildExecutable(): void {
  const sources = readdirSync('native/shim').map((name) => statSync(`native/shim/${name}`).mtimeMs);
  if (existsSync(EXECUTABLE) && statSync(EXECUTABLE).mtimeMs >= Math.max(...sources)) return;
  const args = ['tools/build.ts', ...(foreign ? ['--arm64'] : [])];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`npm run build: ${stderr}`);
}

/** A directory that is gone after the test. */
export function temporary(): string {
  const directory = mkdtempSync(join(tmpdir(), 'berth-shim-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Starts the executable. Its socket and spool are nowhere unless `env` says where. */
export function start({ verb, env = {}, stdin = CONFIG }: Call): Execution {
  const began = performance.now();
  const [program, ...args] = COMMAND;
  const child = spawn(program, args, {
    env: {
      CNI_COMMAND: verb,
      CNI_CONTAINERID: 'c1',
      CNI_IFNAME: 'eth0',
      CNI_PATH: '/opt/cni/bin',
      BERTH_SOCKET: '/nonexistent/agent.sock',
      BERTH_SPOOL: '/proc/nonexistent',
      BERTH_WAIT_MS: '200',
      ...env,
    },
  });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (bytes: Buffer) => out.push(bytes));
  child.stderr.on('data', (bytes: Buffer) => err.push(bytes));
  child.stdin.on('error', () => {}); // it need not read what it does not want
  if (stdin !== 'open') child.stdin.end(stdin);
  const ended = new Promise<Ended>((fulfil, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      const [stdout, stderr] = [out, err].map((parts) => Buffer.concat(parts).toString());
      fulfil({ code, signal, stdout: stdout ?? '', stderr: stderr ?? '', ms: performance.now() - began });
    });
  });
  return { child, ended };
}

/** One execution from start to end. */
export function execute(call: Call): Promise<Ended> {
  return start(call).ended;
}

/** The CNI error that an execution printed: it must be one, and the exit code must say so. */
export function errorOf({ code, stdout }: Ended): Readonly<Record<string, unknown>> {
  if (code !== 1) throw new Error(`exit code ${code} with ${stdout.slice(0, 200)}`);
  return JSON.parse(stdout) as Record<string, unknown>;
}
