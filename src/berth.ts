// The one program. Agent, controller and command line are each started without loading the others. The emulator is a
// program of its own.

const args = process.argv.slice(2);
const asksHelp = args.some((arg) => arg === '--help' || arg === '-h');

if (args[0] === 'agent' && !asksHelp) {
  const { agentCommand } = await import('./apps/node-agent/command.ts');
  await agentCommand(args.slice(1));
} else if (args[0] === 'controller' && !asksHelp) {
  const { controllerCommand } = await import('./apps/controller/command.ts');
  await controllerCommand(args.slice(1));
} else if (args[0] === 'emulator') {
  const { loadEmulator } = await import('./apps/cli/emulator.ts');
  await (await loadEmulator()).run(args.slice(1));
} else {
  const { runCli } = await import('./apps/cli/main.ts');
  const { processTerminal } = await import('./apps/cli/terminal.ts');
  process.exitCode = await runCli(args, processTerminal());
}
