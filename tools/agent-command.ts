import { existsSync, readdirSync, statSync } from 'node:fs';
import { resolve } from 'node:path';

/** A program with its arguments and what it needs in its environment. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

const BUNDLE = resolve('dist/berth');

/**
 * How tests and demos run the agent: as it is installed (tools/bundle.ts), or from the sources where nobody has bundled
 * these.
 */
export function agentCommand(config: string): Command {
  const env = { UV_THREADPOOL_SIZE: '48' };
  if (isFresh()) return { program: BUNDLE, args: ['agent', '--config', config], env };
  return { program: process.execPath, args: [resolve('src/berth.ts'), 'agent', '--config', config], env };
}

/** Whether there is a bundle, of the sources as they are now. */
function isFresh(): boolean {
  if (!existsSync(BUNDLE)) return false;
  const since = statSync(BUNDLE).mtimeMs;
  const sources = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  return sources.every((name) => name.endsWith('.test.ts') || statSync(`src/${name}`).mtimeMs <= since);
}
