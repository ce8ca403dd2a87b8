// The one program. The agent is started without loading the command line, and the command line without loading the
// agent. The emulator is a third, which the two others do not load.

const args = process.argv.slice(2);
const asksHelp = args.some((arg) => arg === '--help' || arg === '-h');

if (args[0] === 'agent' && !asksHelp) {
  const { agentCommand } = await import('./apps/node-agent/command.ts');
  await agentCommand(args.slice(1));
} else if (args[0] === 'emulator') {
  const { loadEmulator } = await import('./apps/cli/emulator.ts');
  await (await loadEmulator()).run(args.slice(1));
} else {
  const { runCli } = await import('./apps/cli/main.ts');
  const { processTerminal } = await import('./apps/cli/terminal.ts');
  process.exitCode = await runCli(args, processTerminal());
}
