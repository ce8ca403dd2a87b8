import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

/** A program with its arguments and what it needs in its environment. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

const BUNDLE = resolve('dist/berth');

/** How tests and demos run the agent: as it is installed (tools/bundle.ts), or from the sources where nobody has bundled it. */
export function agentCommand(config: string): Command {
  const env = { UV_THREADPOOL_SIZE: '48' };
  if (existsSync(BUNDLE)) return { program: BUNDLE, args: ['agent', '--config', config], env };
  return { program: process.execPath, args: [resolve('src/berth.ts'), 'agent', '--config', config], env };
}
