import { Argument, Command, Option } from 'commander';
import { LOG_LEVELS } from '../../base/log.ts';
import { VERSION } from '../../base/version.ts';
import { CONTROLLER_CONFIG_PATH, DEFAULT_CONFIG_PATH } from '../../io/config/default-path.ts';
import type { ExitKind } from './exit.ts';
import { kubectlCommands } from './kubectl/program.ts';
import { FORMATS } from './output.ts';
import type { Terminal } from './terminal.ts';

/** What a command answers is kept for `main`: commander only waits for it. */
export type Finish = (kind: ExitKind) => void;

const QUERY = 'a pod (namespace/name or name), the start of a container id, or an address';

/** The command line of `berth`: words only. What a command needs is loaded when it is called. */
export function program(terminal: Terminal, finish: Finish): Command {
  const berth = new Command('berth')
    .description('VPC-native pod networking: the agent of a node, and what explains it.')
    .version(VERSION, '-V, --version')
    .helpCommand('help [command]', 'explain a command')
    .enablePositionalOptions()
    .showHelpAfterError('(see "berth help")');
  agent(berth);
  emulator(berth);
  looking(berth, terminal, finish);
  doing(berth, terminal, finish);
  configuring(berth, terminal, finish);
  installing(berth, terminal, finish);
  berth.addCommand(kubectlCommands(terminal, finish));
  return berth;
}

/** Here for the help only: `src/berth.ts` starts both before this program is loaded. */
function agent(berth: Command): void {
  berth.command('agent').description('run the agent of this node until it is told to stop').addOption(configOption());
  berth
    .command('controller')
    .description('run a replica of the controller of a cluster until it is told to stop')
    .addOption(
      new Option('--config <file>', "the controller's configuration")
        .env('BERTH_CONFIG')
        .default(CONTROLLER_CONFIG_PATH),
    );
}

/** Here for the help only: it has a program of its own. */
function emulator(berth: Command): void {
  berth.command('emulator').description('a cloud network on this machine: its API, its metadata and its packets');
}

function looking(berth: Command, terminal: Terminal, finish: Finish): void {
  asking(berth, 'status', 'what the agent is, has and misses').action(async (options) =>
    finish(await (await import('./commands/status.ts')).status(terminal, options)),
  );
  asking(berth, 'pods', 'who is attached', ['name'])
    .option('-n, --namespace <namespace>', 'only pods of this namespace')
    .option('--no-headers', 'no line of column heads')
    .action(async (options) => finish(await (await import('./commands/pods.ts')).pods(terminal, options)));
  asking(berth, 'nics', 'the NICs of this node and the addresses that they hold').action(async (options) =>
    finish(await (await import('./commands/nics.ts')).nics(terminal, options)),
  );
  asking(berth, 'pool', 'the addresses of the cloud: what is aimed at, what comes next, and what is in the way').action(
    async (options) => finish(await (await import('./commands/pool.ts')).pool(terminal, options)),
  );
  asking(berth.command('cloud').description('the cloud of this node'), 'calls', 'what was asked of the cloud').action(
    async (options) => finish(await (await import('./commands/cloud-calls.ts')).cloudCalls(terminal, options)),
  );
  asking(berth, 'explain', "a pod's plan beside what the kernel holds")
    .argument('<query>', QUERY)
    .action(async (query, options) =>
      finish(await (await import('./commands/explain.ts')).explain(terminal, query, options)),
    );
  asking(berth, 'why', 'the decisions about a pod or an address, also when it is gone')
    .argument('<query>', QUERY)
    .action(async (query, options) => finish(await (await import('./commands/why.ts')).why(terminal, query, options)));
  berth
    .command('check')
    .description('look for what is wrong on this node, with or without an agent')
    .addOption(outputOption())
    .addOption(configOption())
    .addOption(
      new Option('--socket <path>', "the agent's admin socket; default: as configured").env('BERTH_ADMIN_SOCKET'),
    )
    .addOption(confDirOption())
    .addOption(binDirOption())
    .action(async (options) => finish(await (await import('./commands/check.ts')).check(terminal, options)));
  asking(berth, 'version', 'of this program and of the agent')
    .option('--client', 'do not ask the agent', false)
    .action(async (options) => finish(await (await import('./commands/version.ts')).version(terminal, options)));
}

function doing(berth: Command, terminal: Terminal, finish: Finish): void {
  asking(berth, 'gc', 'remove what belongs to no living sandbox')
    .option('--dry-run', 'only say what would be removed', false)
    .action(async (options) => finish(await (await import('./commands/gc.ts')).gc(terminal, options)));
  berth
    .command('log-level')
    .description('what the running agent logs, until it starts again')
    .addArgument(new Argument('<level>', 'the least level').choices([...LOG_LEVELS]))
    .addOption(socketOption())
    .action(async (level, options) =>
      finish(await (await import('./commands/log-level.ts')).logLevel(terminal, level, options)),
    );
  berth
    .command('bundle')
    .description('pack what a supporter wants to see into one archive, without secrets')
    .addOption(socketOption())
    .addOption(configOption())
    .addOption(confDirOption())
    .addOption(binDirOption())
    .option('--file <path>', 'the archive, - for standard output; default: berth-<node>-<time>.tar.gz here')
    .action(async (options) => finish(await (await import('./commands/bundle.ts')).bundle(terminal, options)));
  berth
    .command('completion')
    .description('print the completion of a shell: source <(berth completion bash)')
    .addArgument(new Argument('<shell>').choices(['bash', 'zsh']))
    .action(async (shell) =>
      finish(await (await import('./commands/completion.ts')).completion(terminal, berth, shell)),
    );
}

function configuring(berth: Command, terminal: Terminal, finish: Finish): void {
  const config = berth.command('config').description('the configuration of the agent');
  config
    .command('print')
    .description('every key, with the defaults filled in')
    .addOption(new Option('-o, --output <format>').choices(['yaml', 'json']).default('yaml'))
    .addOption(configOption())
    .addOption(socketOption())
    .option('--running', "the agent's own, not the file's", false)
    .action(async (options) => finish(await (await import('./commands/config.ts')).configPrint(terminal, options)));
  config
    .command('check')
    .description('would the agent take the file?')
    .addOption(outputOption())
    .addOption(configOption())
    .action(async (options) => finish(await (await import('./commands/config.ts')).configCheck(terminal, options)));
}

function installing(berth: Command, terminal: Terminal, finish: Finish): void {
  berth
    .command('install')
    .description('put Berth on this node, start it, and tell the runtime once it serves')
    .option('--prefix <path>', 'where it lives', '/opt/berth')
    .option('--root <path>', 'install into this directory as if it were /', '/')
    .option('--range <range...>', "this node's ranges, for a configuration that is not there yet", [])
    .option('--network <name>', 'the name of the CNI network', 'berth')
    .option('--conflist <file>', 'the name of the CNI configuration: the first by name wins', '10-berth.conflist')
    .addOption(confDirOption())
    .addOption(binDirOption())
    .addOption(
      new Option('--cni-version <version>', 'of the list; default: as the runtime takes it').choices([
        '1.0.0',
        '1.1.0',
      ]),
    )
    .addOption(configOption())
    .option('--wait <seconds>', 'how long the agent may take to serve', '60')
    .option('--from <path>', 'a directory with the bundle; default: where this program is')
    .action(async (options) => finish(await (await import('./commands/install.ts')).install(terminal, options)));
  berth
    .command('uninstall')
    .description('take everything away that install brought, and what the agent made')
    .option('--prefix <path>', 'where it lives', '/opt/berth')
    .option('--root <path>', 'the directory that it was installed into', '/')
    .addOption(configOption())
    .option('--force', 'also while pods are attached: they lose their network', false)
    .option('--purge', 'also a configuration that was edited since', false)
    .action(async (options) => finish(await (await import('./commands/uninstall.ts')).uninstall(terminal, options)));
}

/** A command that asks the agent. */
function asking(berth: Command, name: string, about: string, formats: readonly string[] = []): Command {
  return berth.command(name).description(about).addOption(outputOption(formats)).addOption(socketOption());
}

function outputOption(more: readonly string[] = []): Option {
  return new Option('-o, --output <format>', 'how it is printed').choices([...FORMATS, ...more]).default('table');
}

function socketOption(): Option {
  return new Option('--socket <path>', "the agent's admin socket")
    .env('BERTH_ADMIN_SOCKET')
    .default('/run/berth/admin.sock');
}

function configOption(): Option {
  return new Option('--config <file>', "the agent's configuration").env('BERTH_CONFIG').default(DEFAULT_CONFIG_PATH);
}

function confDirOption(): Option {
  return new Option('--conf-dir <path>', 'where the runtime looks for configurations')
    .env('BERTH_CONF_DIR')
    .default('/etc/cni/net.d');
}

function binDirOption(): Option {
  return new Option('--bin-dir <path>', 'where the runtime looks for executables')
    .env('BERTH_BIN_DIR')
    .default('/opt/cni/bin');
}
