import { Command, Option } from 'commander';
import type { ExitKind } from '../exit.ts';
import { FORMATS, type Format } from '../output.ts';
import type { Terminal } from '../terminal.ts';
import { ClusterQuestions } from './cluster.ts';
import { kubectlOf } from './kubectl.ts';

type Finish = (kind: ExitKind) => void;

interface ClusterOptions {
  readonly kubectl: string;
  readonly context?: string;
  readonly kubeconfig?: string;
  readonly berthNamespace: string;
}

/** The commands that ask a cluster: `berth kubectl …`, and as a plugin `kubectl berth …`. */
export function kubectlCommands(terminal: Terminal, finish: Finish): Command {
  const root = new Command('kubectl')
    .description('ask the agents of a cluster; as a plugin: kubectl berth …')
    .enablePositionalOptions();
  of(root.command('why'), 'why a pod has, had or does not get its network')
    .argument('<query>', 'a pod (pod/name, name or namespace/name) or an address')
    .option('-n, --namespace <namespace>', "the pod's namespace; default: that of kubectl's context")
    .action(async (query: string, options: ClusterOptions & { readonly namespace?: string }) => {
      const { kubectlWhy } = await import('./why.ts');
      finish(await kubectlWhy(terminal, questions(options), { query, namespace: options.namespace }));
    });
  shown(root, 'status', 'all nodes, and what is wrong with them', async (cluster, output) => {
    finish(await (await import('./tables.ts')).clusterStatus(terminal, cluster, output));
  });
  shown(root, 'pools', 'the addresses of all nodes', async (cluster, output) => {
    finish(await (await import('./tables.ts')).clusterPools(terminal, cluster, output));
  });
  shown(root, 'nics', 'the NICs of all nodes', async (cluster, output) => {
    finish(await (await import('./tables.ts')).clusterNics(terminal, cluster, output));
  });
  of(root.command('on'), 'a command of berth in the agent of a node: on node-1 explain default/web')
    .argument('<node>', 'the name of a node')
    .argument('<words...>', 'the command with its options')
    .passThroughOptions()
    .allowUnknownOption()
    .action(async (node: string, words: readonly string[], options: ClusterOptions) => {
      finish(await (await import('./on.ts')).onNode(terminal, questions(options), { node, words }));
    });
  return root;
}

function shown(
  root: Command,
  name: string,
  about: string,
  show: (cluster: ClusterQuestions, output: Format) => Promise<void>,
): void {
  of(root.command(name), about)
    .addOption(new Option('-o, --output <format>', 'how it is printed').choices([...FORMATS]).default('table'))
    .action((options: ClusterOptions & { readonly output: Format }) => show(questions(options), options.output));
}

/** What every one of them may be told. */
function of(command: Command, about: string): Command {
  return command
    .description(about)
    .option('--context <name>', "kubectl's")
    .option('--kubeconfig <path>', "kubectl's")
    .option('--berth-namespace <namespace>', 'where Berth is installed', 'kube-system')
    .addOption(new Option('--kubectl <program>', 'what is run').env('BERTH_KUBECTL').default('kubectl'));
}

function questions({ kubectl, context, kubeconfig, berthNamespace }: ClusterOptions): ClusterQuestions {
  const first = [
    ...(context === undefined ? [] : ['--context', context]),
    ...(kubeconfig === undefined ? [] : ['--kubeconfig', kubeconfig]),
  ];
  return new ClusterQuestions(kubectlOf(kubectl, first), berthNamespace);
}
