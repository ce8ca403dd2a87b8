import { existsSync, readdirSync, statSync } from 'node:fs';
import { resolve } from 'node:path';

/** A program with its arguments. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
}

/** What an agent needs in its environment besides. */
export interface AgentCommand extends Command {
  readonly env: Readonly<Record<string, string>>;
}

const BUNDLE = resolve('dist/berth');

/**
 * How tests and demos run berth, from any folder: as it is installed (tools/bundle.ts), or from the sources where
 * nobody has bundled these.
 */
export function berthCommand(...words: readonly string[]): Command {
  if (isFresh()) return { program: BUNDLE, args: words };
  return { program: process.execPath, args: [resolve('src/berth.ts'), ...words] };
}

/** The same for the agent. */
export function agentCommand(config: string): AgentCommand {
  return { ...berthCommand('agent', '--config', config), env: { UV_THREADPOOL_SIZE: '48' } };
}

/** Whether there is a bundle, of the sources as they are now. */
function isFresh(): boolean {
  if (!existsSync(BUNDLE)) return false;
  const since = statSync(BUNDLE).mtimeMs;
  const sources = ['src', 'emulator'].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => `${folder}/${name}`),
  );
  const made = sources.filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'));
  return made.every((name) => statSync(name).mtimeMs <= since);
}
