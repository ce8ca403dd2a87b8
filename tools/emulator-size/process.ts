import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** An emulator in a process of its own, as a person starts it. Close it. */
export interface Emulated {
  readonly port: number;
  readonly readyMs: number; // from its start until it said that it is ready
  readonly admin: string; //   the operator's socket
  /** What its memory holds, in MiB: resident, with all that Node itself takes. */
  residentMiB(): number;
  close(): Promise<void>;
}

/** Where tools/run.sh keeps what was compiled. */
const CACHE = 'node_modules/.cache/berth';

/** Starts `berth emulator start` and waits until it says that it is ready. */
export async function emulated(words: readonly string[], cache = CACHE): Promise<Emulated> {
  const folder = mkdtempSync(join(tmpdir(), 'berth-size-'));
  const admin = join(folder, 'admin.sock');
  const at = ['--admin', admin, 'start', '--port', '0', '--metadata-port', '0'];
  const began = performance.now();
  const child = spawn(process.execPath, ['src/berth.ts', 'emulator', ...at, ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_COMPILE_CACHE: cache },
  });
  const [out] = await Promise.all([until(child, 'stdout', /METADATA=/), until(child, 'stderr', /ready after/)]);
  const readyMs = performance.now() - began;
  return {
    port: Number(/ENDPOINT_URL_EC2=http:\/\/[^:]+:(\d+)/.exec(out)?.[1]),
    readyMs,
    admin,
    residentMiB: () => {
      const kib = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1];
      return Number(kib) / 1024;
    },
    close: async () => {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** What it printed there up to a pattern. Throws when it ends before. */
function until(child: ChildProcess, where: 'stdout' | 'stderr', pattern: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    child[where]?.setEncoding('utf8').on('data', (part: string) => {
      text += part;
      if (pattern.test(text)) resolve(text);
    });
    child.once('exit', (code) => reject(new Error(`the emulator ended with ${code}: ${text}`)));
  });
}
