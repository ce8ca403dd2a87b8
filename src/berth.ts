import { VERSION } from './base/version.ts';
import { DEFAULT_CONFIG_PATH } from './io/config/default-path.ts';

// The one program. The agent is started without loading the command line, and the command line without loading the agent.

const args = process.argv.slice(2);
const asksHelp = args.some((arg) => arg === '--help' || arg === '-h');

if (args[0] === 'agent' && !asksHelp) await agent(args.slice(1));
else await commandLine();

async function agent(options: readonly string[]): Promise<void> {
  const [option = '--config', configPath = process.env['BERTH_CONFIG'] ?? DEFAULT_CONFIG_PATH, ...more] =
    options.flatMap((it) => (it.startsWith('--config=') ? ['--config', it.slice('--config='.length)] : [it]));
  if (option !== '--config' || more.length > 0) {
    process.stderr.write('usage: berth agent [--config FILE]\n');
    process.exitCode = 2;
    return;
  }
  const { runAgent } = await import('./apps/node-agent/main.ts');
  try {
    await runAgent({ configPath, version: VERSION });
  } catch (error) {
    if (!(error instanceof Error) || !('kind' in error)) throw error; // a defect: with its stack
    process.stderr.write(`berth: ${error.message}\n`);
    process.exit(1); // some doors may be open already
  }
}

async function commandLine(): Promise<void> {
  const { runCli } = await import('./apps/cli/main.ts');
  const { processTerminal } = await import('./apps/cli/terminal.ts');
  process.exitCode = await runCli(args, processTerminal());
}
