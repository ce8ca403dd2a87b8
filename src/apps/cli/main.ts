import { CommanderError, type Command } from 'commander';
import { CliError, EXIT, type ExitKind } from './exit.ts';
import { program } from './program.ts';
import { type Terminal, toned } from './terminal.ts';

/** Runs one command of `berth` and answers the exit code. `args` are those behind the program's name. */
export async function runCli(args: readonly string[], terminal: Terminal): Promise<number> {
  let kind: ExitKind = 'ok';
  const berth = program(terminal, (it) => {
    kind = it;
  });
  for (const command of [berth, ...everyCommand(berth)]) {
    command.exitOverride();
    command.configureOutput({ writeOut: (text) => terminal.out(text), writeErr: (text) => terminal.err(text) });
  }
  try {
    await berth.parseAsync(args, { from: 'user' });
    return EXIT[kind].code;
  } catch (error) {
    return EXIT[told(terminal, error)].code;
  }
}

function everyCommand(of: Command): readonly Command[] {
  return of.commands.flatMap((command) => [command, ...everyCommand(command)]);
}

/** Says what went wrong and what to do; what is none of ours is a defect and is thrown on. */
function told(terminal: Terminal, error: unknown): ExitKind {
  if (error instanceof CommanderError) return error.exitCode === 0 || error.code === 'commander.help' ? 'ok' : 'usage';
  if (!(error instanceof CliError)) throw error;
  terminal.err(`berth: ${error.message}\n`);
  if (error.advice !== '') terminal.err(`${toned(terminal, 'quiet', `-> ${error.advice}`)}\n`);
  return error.kind;
}
