import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { gone } from '../../demo/processes.ts';

const RESTART_MS = 1_000;
const LOOK_MS = 10;

/** How a program is started: the process that waits for it in other namespaces, whose only child it is. */
export type Start = () => ChildProcess;

/** A program in other namespaces that can be killed, started anew, and kept running as a service manager does. */
export class Program {
  readonly #start: Start;
  readonly #restartMs: number;
  #child: ChildProcess;
  #ended: (() => void) | undefined; // somebody wants it kept running
  #wanted = true;
  #told: ChildProcess | undefined; //  whose end is known, or our doing

  constructor(start: Start, restartMs = RESTART_MS) {
    [this.#start, this.#restartMs, this.#child] = [start, restartMs, start()];
    this.#watch();
  }

  /** Who waits for it now. */
  get child(): ChildProcess {
    return this.#child;
  }

  /** From now on it is started again a second after it ended by itself, however often; `ended` hears of each time. */
  keep(ended: () => void): void {
    this.#ended = ended;
    if (over(this.#child)) void this.#revive();
  }

  /** Ends it by SIGKILL; then it stays away until `again`. Resolves when it has ended. */
  async kill(): Promise<void> {
    this.#wanted = false;
    const child = this.#child;
    const pid = await onlyChild(child);
    if (pid !== undefined && killed(pid)) this.#told = child; // who waits for it ends with it
    await gone(child);
    this.#tell(child);
  }

  /** Starts anew what was killed. */
  again(): void {
    this.#wanted = true;
    this.#child = this.#start();
    this.#watch();
  }

  #watch(): void {
    this.#child.once('exit', () => void this.#revive());
  }

  async #revive(): Promise<void> {
    const child = this.#child;
    const wanted = () => this.#wanted && this.#ended !== undefined && child === this.#child;
    if (!wanted()) return;
    this.#tell(child);
    await pause(this.#restartMs, undefined, { ref: false });
    if (wanted()) this.again();
  }

  #tell(child: ChildProcess): void {
    if (this.#told === child) return;
    this.#told = child;
    this.#ended?.();
  }
}

/** The process that another one waits for, as soon as it is there; undefined when that has ended. */
export async function onlyChild(waiting: ChildProcess): Promise<number | undefined> {
  while (!over(waiting)) {
    const children = childrenOf(waiting.pid);
    if (children !== '') return Number(children);
    await pause(LOOK_MS);
  }
  return undefined;
}

/** Whether there was somebody to kill. */
function killed(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

function over({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

/** Empty as well when there is no such process. */
function childrenOf(pid: number | undefined): string {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  } catch {
    return '';
  }
}
