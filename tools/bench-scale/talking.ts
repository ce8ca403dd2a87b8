import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { gone } from '../demo/processes.ts';

const LIMIT_MS = 240_000;

/** A process that says lines of JSON. */
export class Talking {
  readonly #child: ChildProcess;
  readonly #said: unknown[] = [];
  #hear: () => void = () => {};

  constructor(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    this.#child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, ...env } });
    process.once('exit', () => this.#child.kill('SIGKILL')); // it ends with us
    const { stdout } = this.#child;
    if (stdout === null) throw new Error(`${program} says nothing`);
    createInterface({ input: stdout }).on('line', (line) => {
      this.#said.push(JSON.parse(line));
      this.#hear();
    });
  }

  /** The next line. Rejects when none comes. */
  async next<T>(): Promise<T> {
    if (this.#said.length === 0)
      await new Promise<void>((resolve, reject) => {
        const late = setTimeout(() => reject(new Error('a process said nothing')), LIMIT_MS);
        this.#child.once('exit', () => reject(new Error('a process ended early')));
        this.#hear = () => {
          clearTimeout(late);
          resolve();
        };
      });
    return this.#said.shift() as T;
  }

  /** What it uses, and the most it has ever used. */
  memory(): Memory {
    return memoryOf(this.#child.pid ?? 0);
  }

  async end(): Promise<void> {
    this.#child.kill('SIGKILL');
    await gone(this.#child);
  }
}

export interface Memory {
  readonly rssMb: number;
  readonly peakMb: number;
}

/** Of a process, as the kernel tells it. */
export function memoryOf(pid: number): Memory {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const of = (field: string) => Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 1024;
  return { rssMb: of('VmRSS'), peakMb: of('VmHWM') };
}
