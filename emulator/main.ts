// berth emulator …: a program of its own. src/berth.ts finds it by its place, and knows nothing else of it.
import { CommanderError } from 'commander';
import { CommandError } from './command/ask.ts';
import { program } from './command/program.ts';

export { program };

/** Runs one command; `args` are those behind "emulator". What it ends with is left in `process.exitCode`. */
export async function run(args: readonly string[]): Promise<void> {
  try {
    await program().parseAsync(args, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? 0 : 2; // as for the rest of berth: docs/cli.md
      return;
    }
    if (!(error instanceof CommandError)) throw error;
    process.stderr.write(`berth emulator: ${error.message}\n`);
    process.exitCode = 1;
  }
}
