import { Argument, Command, Option } from 'commander';
import { defaultSocket } from './ask.ts';

const KINDS = [
  ...([
    'throttle',
    'deny',
    'error',
    'hang',
    'slow',
    'lose',
    'exhaust',
    'limit',
    'lag',
    'hide',
    'lapse',
    'cut',
  ] as const),
] as const;

/** The command line of `berth emulator`. What a command needs is loaded when it is called. */
export function program(): Command {
  const emulator = new Command('berth emulator')
    .description('A cloud network on this machine: its API, its metadata and its packets.')
    .exitOverride() // those below inherit it
    .addOption(
      new Option('--admin <path>', "the operator's socket")
        .env('BERTH_EMULATOR')
        .default(defaultSocket(), '/tmp/berth-emulator-<uid>.sock'),
    )
    .helpCommand('help [command]', 'explain a command')
    .showHelpAfterError('(see "berth emulator help")');
  starting(emulator);
  looking(emulator);
  troubling(emulator);
  return emulator;
}

function starting(emulator: Command): void {
  emulator
    .command('start')
    .description('run until it is told to stop: a VPC of two zones and three instances, or what a file says')
    .option('--topology <file>', 'JSON: zones, VPCs, subnets, instances')
    .option('--state <file>', 'read at the start if it is there, and written at the end')
    .option('--host <address>', 'where API and metadata listen', '127.0.0.1')
    .option('--port <number>', 'of the API; 0: any', '4580')
    .option('--metadata-port <number>', 'of metadata for tools; 0: any', '4581')
    .option('--region <name>', 'where the cloud is said to be', 'us-east-1')
    .option('--type <name>', 'of the three instances', 'm5.large')
    .option('--no-packets', 'only API and metadata: needs no rights')
    .option('--no-delays', 'nothing takes time and nothing is seen late')
    .option('--no-quota', 'calls are not counted')
    .option('--seed <number>', 'the same seed gives the same ids and addresses')
    .action(async (_, command: Command) => (await import('./start.ts')).startCommand(command.optsWithGlobals()));
  emulator
    .command('exec')
    .description('run a command in an instance: berth emulator exec node-1 -- ip address')
    .argument('<instance>', 'its name or id; "internet": the host beyond the gateway')
    .argument('<words...>', 'the command')
    .action(async (name, words, _, command: Command) => {
      process.exitCode = await (await import('./exec.ts')).execCommand(command.optsWithGlobals(), name, words);
    });
}

function looking(emulator: Command): void {
  emulator
    .command('describe')
    .description('what there is: VPCs, subnets, instances, NICs and their addresses')
    .option('--json', 'as JSON', false)
    .action(async (_, command: Command) => (await import('./look.ts')).describe(command.optsWithGlobals()));
  emulator
    .command('drops')
    .description('the packets that were dropped, and why')
    .option('--json', 'as JSON', false)
    .option('--forget', 'from now on only what is dropped later', false)
    .action(async (_, command: Command) => (await import('./look.ts')).drops(command.optsWithGlobals()));
  emulator
    .command('calls')
    .description('how often each action was called, and how it ended')
    .option('--json', 'as JSON', false)
    .option('--forget', 'from now on only what is called later', false)
    .action(async (_, command: Command) => (await import('./look.ts')).calls(command.optsWithGlobals()));
  emulator
    .command('save')
    .description('print the whole state, for start --state or load')
    .action(async (_, command: Command) => (await import('./look.ts')).saveState(command.optsWithGlobals()));
  emulator
    .command('load')
    .description('go on from a state')
    .argument('<file>')
    .action(async (file, _, command: Command) =>
      (await import('./look.ts')).loadState(command.optsWithGlobals(), file),
    );
  emulator
    .command('pass')
    .description('let time pass at once: what is due until then happens')
    .argument('<seconds>')
    .action(async (seconds, _, command: Command) =>
      (await import('./look.ts')).passTime(command.optsWithGlobals(), Number(seconds)),
    );
}

function troubling(emulator: Command): void {
  emulator
    .command('fault')
    .description(
      'let something go wrong; "clear" ends one or all, "list" tells them, "detach" and "unassign" do it once',
    )
    .addArgument(new Argument('<what>').choices([...KINDS, 'list', 'clear', 'detach', 'unassign']))
    .argument('[words...]', 'clear: names; detach: a NIC; unassign: a NIC and addresses; cut: a zone; hide: a NIC')
    .option('--action <name>', 'only calls of this action')
    .option('--instance <name>', 'only calls from or about this instance')
    .option('--subnet <id>', 'only calls about this subnet')
    .option('--times <number>', 'so often, then no more')
    .option('--for <seconds>', 'so long, then no more')
    .option('--chance <fraction>', 'not always: 0 to 1')
    .option('--name <name>', 'what the fault is called, to end it')
    .option('--status <number>', 'error: the HTTP status', '500')
    .option('--by <seconds>', 'slow, lag: how much', '5')
    .addOption(
      new Option(
        '--of <what>',
        'exhaust: address or prefix; limit: nics or addresses; lag, hide: describe or metadata',
      ),
    )
    .action(async (what, words, _, command: Command) =>
      (await import('./fault.ts')).faultCommand(command.optsWithGlobals(), what, words),
    );
}
