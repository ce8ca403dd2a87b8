import { execFile } from 'node:child_process';

/** A command that failed, with what it said. */
export class CommandError extends Error {
  constructor(command: string, said: string) {
    super(`${command}: ${said.trim().slice(0, 500)}`);
    this.name = 'CommandError';
  }
}

/**
 * Runs a command, words separated by blanks, and answers what it printed. Killed after ten seconds. Throws
 * CommandError.
 */
export function run(command: string): Promise<string> {
  const [file = '', ...words] = command.split(' ');
  return new Promise((resolve, reject) => {
    execFile(file, words, { timeout: 10_000, killSignal: 'SIGKILL', maxBuffer: 64 << 20 }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new CommandError(command, stderr || error.message));
    });
  });
}

/** As `run`, for a command that prints a JSON list; nothing printed is an empty list. */
export async function runJson<T>(command: string): Promise<readonly T[]> {
  const text = await run(command);
  return text.trim() === '' ? [] : (JSON.parse(text) as readonly T[]);
}
