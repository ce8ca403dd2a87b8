import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** One execution of a plugin as it looked from outside. */
export interface PluginExit {
  readonly exitCode: number; // -1 when a signal ended it
  readonly signal: string;
  readonly stdout: string;
  readonly stderr: string;
  readonly ms: number; // from the execution to the end of both outputs
}

export interface Execution {
  readonly path: string;
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: string;
  readonly deadlineMs: number; // then it is killed, as a runtime's context does
  /** Called with a way to kill it, as soon as it runs. */
  readonly started?: (kill: () => void) => void;
}

/** The error a plugin printed, or what libcni makes of one that printed none. */
export class PluginError extends Error {
  readonly code: number;
  readonly details: string;
  readonly exit: PluginExit;
  constructor(plugin: string, said: { code: number; msg: string; details: string }, exit: PluginExit) {
    super(`${plugin}: ${said.msg}${said.details === '' ? '' : `; ${said.details}`} (code ${said.code})`);
    this.name = 'PluginError';
    this.code = said.code;
    this.details = said.details;
    this.exit = exit;
  }
}

/**
 * Executes a plugin and waits for its end. Tries a file that is just being written five times, once a second, as libcni
 * does.
 */
export async function execute(execution: Execution): Promise<PluginExit> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await once(execution);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ETXTBSY' || attempt === 5) throw error;
      await sleep(1_000);
    }
  }
}

/** The first executable of this name in the directories. Throws when there is none. */
export function findPlugin(type: string, directories: readonly string[]): string {
  if (type === '' || type.includes('/')) throw new Error(`"${type}" is no name of a plugin`);
  for (const directory of directories) {
    const path = join(directory, type);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // not in this one
    }
  }
  throw new Error(`no plugin "${type}" in ${directories.join(', ')}`);
}

/** Throws PluginError unless the plugin ended with 0. */
export function orPluginError(plugin: string, exit: PluginExit): PluginExit {
  if (exit.exitCode === 0) return exit;
  const said = parsedError(exit);
  throw new PluginError(plugin, said, exit);
}

function once(execution: Execution): Promise<PluginExit> {
  return new Promise((resolve, reject) => {
    const begin = performance.now();
    const child = spawn(execution.path, [], { env: execution.env, stdio: 'pipe' });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    const timer = setTimeout(() => child.kill('SIGKILL'), execution.deadlineMs);
    child.stdout.on('data', (part: Buffer) => stdout.push(part));
    child.stderr.on('data', (part: Buffer) => stderr.push(part));
    child.stdin.on('error', () => {}); // it may end without reading: a pipe nobody reads is no failure of the call
    child.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.on('close', (exitCode, signal) => {
      clearTimeout(timer);
      resolve({
        exitCode: exitCode ?? -1,
        signal: signal ?? '',
        stdout: Buffer.concat(stdout).toString(),
        stderr: Buffer.concat(stderr).toString(),
        ms: performance.now() - begin,
      });
    });
    child.stdin.end(execution.stdin);
    execution.started?.(() => child.kill('SIGKILL'));
  });
}

function parsedError(exit: PluginExit): { code: number; msg: string; details: string } {
  const ending = exit.signal === '' ? `exit code ${exit.exitCode}` : exit.signal;
  if (exit.stdout === '')
    return { code: 0, msg: `no error message (${ending}) ${exit.stderr.slice(0, 300)}`, details: '' };
  try {
    const said = JSON.parse(exit.stdout) as { code?: unknown; msg?: unknown; details?: unknown };
    const text = (value: unknown) => (typeof value === 'string' ? value : '');
    return { code: typeof said.code === 'number' ? said.code : 0, msg: text(said.msg), details: text(said.details) };
  } catch {
    return { code: 0, msg: `an error that is no JSON (${ending}): ${exit.stdout.slice(0, 300)}`, details: '' };
  }
}
