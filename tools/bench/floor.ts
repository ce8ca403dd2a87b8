import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { HOME, PROGRAMS } from './stage.ts';

/** Pods of one turn. */
export const FLOOR_PODS = 100;

const MESSAGES = `${HOME}/messages`;
/** Namespaces that no agent has met: the kernel would tell it of all that happens there, on the floor's time. */
const SANDBOXES = '/run/netns/f';

/** What an ADD costs in C alone (native/bench/floor.c), a pod at a time, so that it can take turns with the agent. */
export class Floor {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  readonly #exit: Promise<unknown>;

  /** Records the messages of so many pods, and waits. */
  constructor() {
    inFloor(process.execPath, ['tools/bench/record.ts', MESSAGES, SANDBOXES, `${FLOOR_PODS}`]);
    const args = [`${PROGRAMS}/bench-floor`, MESSAGES, SANDBOXES, `${HOME}/floor-journal`];
    this.#child = spawn('nsenter', [...INSIDE, ...args]);
    this.#exit = once(this.#child, 'exit'); // it ends by itself after its last pod
    this.#child.stderr.pipe(process.stderr);
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** Makes the next pod; in milliseconds. Throws when the kernel refused anything. */
  async pod(): Promise<number> {
    this.#child.stdin.write('.');
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error('the floor ended before its last pod');
    return Number(value);
  }

  /** Takes its pods away. */
  async end(): Promise<void> {
    this.#child.stdin.end();
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
