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
  readonly lowest?: boolean; // it computes when nobody else wants to
}

/** After SIGTERM it may clean up for so long: namespaces, agents. Then all its processes are killed. */
const GRACE_MS = 15_000;

/**
 * Linux shares processors out among sessions first (sched(7), autogroup), and looks at the policies of processes only
 * within one.
 */
const LOWEST = '{ echo 19 >/proc/self/autogroup; } 2>/dev/null; exec chrt --idle 0 "$@"';

/** Runs a program in a process group and session of its own, so that nothing of it is left when it is ended. */
export function runProgram(words: readonly string[], options: RunOptions = {}): Promise<Ended> {
  const { minutes, show = false, env = {}, lowest = false } = options;
  const [program = '', ...args] = lowest ? ['sh', '-c', LOWEST, 'sh', ...words] : words;
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

const running = new Set<ChildProcess>();

/** A group of its own does not hear Ctrl-C: it is told. We end when the last one has. */
function endWithUs(child: ChildProcess): () => void {
  running.add(child);
  const stop = () => {
    signalGroup(child, 'SIGTERM');
    process.exitCode = 130;
    setTimeout(() => {
      signalGroup(child, 'SIGKILL');
      process.exit();
    }, GRACE_MS).unref();
    child.once('close', () => {
      if (running.size === 0) process.exit();
    });
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop);
  return () => {
    running.delete(child);
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
