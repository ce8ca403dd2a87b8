// berth emulator …: a process of its own, which src never imports.
import { CommandError } from './command/ask.ts';
import { program } from './command/program.ts';

try {
  await program().parseAsync(process.argv);
} catch (error) {
  if (!(error instanceof CommandError)) throw error;
  process.stderr.write(`berth emulator: ${error.message}\n`);
  process.exitCode = 1;
}
