import type { ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** A process as /proc tells it; its number may be given anew, its number and start time may not. */
export interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly since: string;
  readonly command: string; // its words, with spaces between
}

/** All processes that live: those that only wait to be fetched by their parents do not. */
export function processes(): readonly Process[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => read(Number(name)) ?? []);
}

/** A process and all that it has started, and these. */
export function family(of: number): readonly Process[] {
  const all = processes();
  const found = all.filter(({ pid }) => pid === of);
  for (const parent of found) found.push(...all.filter((it) => it.parent === parent.pid));
  return found;
}

/** Those of some processes that still live. */
export function living(some: readonly Process[]): readonly Process[] {
  const alive = new Set(processes().map(({ pid, since }) => `${pid} ${since}`));
  return some.filter(({ pid, since }) => alive.has(`${pid} ${since}`));
}

/** Waits until it says something; fails with all that it said when it ends before. */
export function says(child: ChildProcess, words: string): Promise<void> {
  let said = '';
  return new Promise((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (bytes) => {
        said += String(bytes);
        if (said.includes(words)) resolve();
      });
    child.once('exit', (code) => reject(new Error(`it ended with ${code}:\n${said}`)));
  });
}

function read(pid: number): Process | undefined {
  try {
    // state, parent, …, start time: fields 3, 4 and 22 of proc(5), behind the name in brackets
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    const [state = '', parent = ''] = fields;
    if (state === 'Z' || state === 'X') return undefined;
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    return { pid, parent: Number(parent), since: fields[19] ?? '', command };
  } catch {
    return undefined; // it has ended meanwhile
  }
}
