import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';

/** A program and its arguments. */
export type Launch = readonly [program: string, args: readonly string[]];

/** What has to be launched so that a program runs somewhere: in a namespace, in a machine. */
export type Enter = (program: string, args: readonly string[]) => Launch;

/** Runs a program to its end. Throws with what it said when it fails. */
export function run(program: string, args: readonly string[], input?: string): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8', input, timeout: 30_000 });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${(stderr || stdout).trim()}`);
  return stdout;
}

/** The way into a network namespace by name. */
export function into(netns: string): Enter {
  return (program, args) => ['nsenter', [`--net=/run/netns/${netns}`, '--', program, ...args]];
}

/** Resolves when a process has ended, at once when it has already. */
export function gone(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => child.once('exit', () => resolve()));
}

/** A process of the demo that answers JSON lines. */
export class Talker {
  readonly #child: ChildProcess;
  readonly #waiting: ((line: string) => void)[] = [];

  private constructor(child: ChildProcess) {
    this.#child = child;
    if (child.stdout !== null)
      createInterface({ input: child.stdout }).on('line', (line) => this.#waiting.shift()?.(line));
  }

  /** Starts a Node program somewhere and waits for its first line. */
  static async start(enter: Enter, file: string): Promise<Talker> {
    const [program, args] = enter(process.execPath, [file]);
    const talker = new Talker(spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] }));
    await talker.#next();
    return talker;
  }

  /** One question, one answer; questions of one talker are answered one after the other. */
  async ask(question: object): Promise<{ saw?: string; error?: string }> {
    this.#child.stdin?.write(`${JSON.stringify(question)}\n`);
    return JSON.parse(await this.#next()) as { saw?: string; error?: string };
  }

  stop(): void {
    this.#child.stdin?.end();
  }

  #next(): Promise<string> {
    return new Promise((resolve, reject) => {
      const gone = () => reject(new Error('a process of the demo ended early'));
      this.#child.once('exit', gone);
      this.#waiting.push((line) => {
        this.#child.off('exit', gone);
        resolve(line);
      });
    });
  }
}
