import { type ChildProcess, spawn } from 'node:child_process';

/** How a program ended. */
export interface Ended {
  readonly code: number; //      its exit code; 1 when it was ended by a signal
  readonly output: string; //    what it printed, stdout and stderr as they came
  readonly seconds: number;
  readonly late: boolean; //     it was ended, for it took too long
}

export interface RunOptions {
  readonly minutes?: number; // after which it is ended; default: never
  readonly show?: boolean; //   print its output as it comes
  readonly env?: Readonly<Record<string, string>>; // beside our own
}

/** After SIGTERM it may clean up for so long: namespaces, agents. Then all its processes are killed. */
const GRACE_MS = 15_000;

/** Runs a program in a process group of its own, so that nothing of it is left when it is ended. */
export function runProgram([program = '', ...args]: readonly string[], options: RunOptions = {}): Promise<Ended> {
  const { minutes, show = false, env = {} } = options;
  const began = performance.now();
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    env: { ...process.env, ...env },
  });
  let output = '';
  for (const [from, to] of [
    [child.stdout, process.stdout],
    [child.stderr, process.stderr],
  ] as const)
    from.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (show) to.write(text);
    });
  const limit = minutes === undefined ? undefined : endAfter(child, minutes * 60_000);
  const release = endWithUs(child);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      release();
      clearTimeout(limit?.timer);
      const seconds = (performance.now() - began) / 1_000;
      resolve({ code: code ?? 1, output, seconds, late: limit?.late ?? false });
    });
  });
}

function endAfter(child: ChildProcess, ms: number): { readonly timer: NodeJS.Timeout; late: boolean } {
  const limit = {
    late: false,
    timer: setTimeout(() => {
      limit.late = true;
      signalGroup(child, 'SIGTERM');
      setTimeout(() => signalGroup(child, 'SIGKILL'), GRACE_MS).unref();
    }, ms),
  };
  return limit;
}

/** A group of its own does not hear Ctrl-C: it is told. */
function endWithUs(child: ChildProcess): () => void {
  const stop = () => {
    signalGroup(child, 'SIGTERM');
    process.exitCode = 130;
    setTimeout(() => {
      signalGroup(child, 'SIGKILL');
      process.exit();
    }, GRACE_MS).unref();
    child.once('close', () => process.exit());
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop);
  return () => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, stop);
  };
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // gone already
  }
}
