import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { HOME, PROGRAMS } from './stage.ts';
import { run } from '../demo/processes.ts';

/** Pods of one turn. */
export const FLOOR_PODS = 100;

const MESSAGES = `${HOME}/messages`;
/** Namespaces that no agent has met: the kernel would tell it of all that happens there, on the floor's time. */
const SANDBOXES = '/run/netns/f';

/**
 * What an ADD costs in C alone (native/bench/floor.c). It makes its pods in turns with the agent: the driver asks for
 * one between two ADDs.
 */
export class Floor {
  /** Where the driver asks for a pod, and where it hears how long that took: paths of fifos. */
  readonly turns = `${HOME}/floor-turns`;
  readonly answers = `${HOME}/floor-answers`;
  readonly #child: ChildProcess;
  readonly #exit: Promise<unknown>;

  /** Records the messages of so many pods, and waits. */
  constructor() {
    inFloor(process.execPath, ['tools/bench/record.ts', MESSAGES, SANDBOXES, `${FLOOR_PODS}`]);
    run('rm', ['-f', this.turns, this.answers]);
    run('mkfifo', [this.turns, this.answers]);
    const [input, output] = [openSync(this.turns, 'r+'), openSync(this.answers, 'r+')];
    const args = [`${PROGRAMS}/bench-floor`, MESSAGES, SANDBOXES, `${HOME}/floor-journal`];
    this.#child = spawn('nsenter', [...INSIDE, ...args], { stdio: [input, output, 'inherit'] });
    this.#exit = once(this.#child, 'exit'); // it ends by itself after its last pod
    closeSync(input);
    closeSync(output);
  }

  /** Takes its pods away. */
  async end(): Promise<void> {
    this.#child.kill();
    await this.#exit;
    const links = inFloor('ip', ['-o', 'link', 'show'])
      .split('\n')
      .flatMap((line) => /\d+: (bth\w+)/.exec(line)?.[1] ?? []);
    for (const link of links) inFloor('ip', ['link', 'delete', link]);
  }
}

const INSIDE = ['--net=/run/netns/floor', '--'];

function inFloor(program: string, args: readonly string[]): string {
  return execFileSync('nsenter', [...INSIDE, program, ...args], { encoding: 'utf8' });
}
