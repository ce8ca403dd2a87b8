import { CliError, EXIT, type ExitKind } from '../exit.ts';
import type { Terminal } from '../terminal.ts';
import type { ClusterQuestions } from './cluster.ts';

/** `kubectl berth on NODE …`: any command of `berth`, in the agent of a node. */
export async function onNode(
  terminal: Terminal,
  cluster: ClusterQuestions,
  of: { readonly node: string; readonly words: readonly string[] },
): Promise<ExitKind> {
  const { node, words } = of;
  const [agent] = (await cluster.agents(node)).filter(({ running }) => running);
  if (agent === undefined)
    throw new CliError('away', `no agent runs on ${node}`, {
      advice: 'kubectl berth status shows what was told before',
    });
  const { code, out, err } = await cluster.inAgent(agent, words);
  terminal.out(out);
  terminal.err(err.replace(/^command terminated with exit code \d+\n/m, '')); // kubectl's own word
  return exitOf(code);
}

function exitOf(code: number): ExitKind {
  const found = Object.entries(EXIT).find(([, it]) => it.code === code);
  return found === undefined ? 'failed' : (found[0] as ExitKind);
}
