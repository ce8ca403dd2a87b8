import { CliError, EXIT, type ExitKind } from '../exit.ts';
import { type Terminal, toned } from '../terminal.ts';
import type { AgentPod, ClusterQuestions, PodFacts } from './cluster.ts';

/** So many agents are asked about a pod that is gone, so many at once. */
const MOST_AGENTS = 200;
const AT_ONCE = 8;

/** `kubectl berth why`: where the pod is, and what the agent there decided about it; else what it told before. */
export async function kubectlWhy(
  terminal: Terminal,
  cluster: ClusterQuestions,
  of: { readonly query: string; readonly namespace: string | undefined },
): Promise<ExitKind> {
  const { query, ...asked } = queryOf(of);
  const isAddress = query.includes(':') || /^\d+(\.\d+){3}$/.test(query);
  const pod = isAddress ? await cluster.podOfAddress(query) : await cluster.pod(query, asked.namespace);
  if (pod === undefined) {
    const name = asked.namespace === undefined ? query : `${asked.namespace}/${query}`;
    return ofGone(terminal, cluster, name);
  }
  const name = `${pod.namespace}/${pod.name}`;
  if (pod.hostNetwork) {
    terminal.out(`${name} has the network of its node ${pod.node}: Berth gives it nothing.\n`);
    return 'ok';
  }
  if (pod.node === '') {
    terminal.out(`${name} is bound to no node yet: ${pod.waits || 'the scheduler has not looked at it'}.\n`);
    return 'ok';
  }
  return ofBound(terminal, cluster, pod);
}

async function ofBound(terminal: Terminal, cluster: ClusterQuestions, pod: PodFacts): Promise<ExitKind> {
  const [agent] = (await cluster.agents(pod.node)).filter(({ running }) => running);
  const name = `${pod.namespace}/${pod.name}`;
  const said = agent && (await cluster.inAgent(agent, ['why', name]));
  terminal.out(`${name} is on ${pod.node}.\n`);
  if (said !== undefined && said.code === EXIT.ok.code) {
    terminal.out(said.out);
    return 'ok';
  }
  if (said?.code === EXIT.nobody.code) terminal.out(`The agent there has decided nothing about it since it started.\n`);
  else tellAway(terminal, pod.node, said?.err);
  return ofObjects(terminal, cluster, pod);
}

/** What the node's agent told before: Events of the pod, and its BerthNode. */
async function ofObjects(terminal: Terminal, cluster: ClusterQuestions, pod: PodFacts): Promise<ExitKind> {
  const events = await cluster.events(pod);
  for (const line of events) terminal.out(`${line}\n`);
  const [row] = await cluster.nodeRows(pod.node);
  if (row === undefined) terminal.out(`${pod.node} has no BerthNode: no agent has served there yet.\n`);
  for (const problem of row?.problems ?? []) terminal.out(`${pod.node}: ${problem}\n`);
  return events.length > 0 || row !== undefined ? 'ok' : 'away';
}

/** Nobody knows where it was: every agent is asked. */
async function ofGone(terminal: Terminal, cluster: ClusterQuestions, query: string): Promise<ExitKind> {
  const agents = (await cluster.agents()).filter(({ running }) => running);
  if (agents.length > MOST_AGENTS)
    throw new CliError('nobody', `there is no pod ${query}, and too many nodes to ask all of them`, {
      advice: `say which: kubectl berth on NODE why ${query}`,
    });
  const found: string[] = [];
  const left = [...agents];
  const ask = async () => {
    for (let agent = left.pop(); agent !== undefined; agent = left.pop())
      found.push(...(await told(cluster, agent, query)));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, ask));
  if (found.length === 0)
    throw new CliError('nobody', `there is no pod ${query}, and no agent remembers one`, {
      advice: 'an agent remembers its last decisions until it starts again; name a pod as namespace/name',
    });
  terminal.out(`There is no pod ${query} now.\n${found.toSorted().join('')}`);
  return 'ok';
}

async function told(cluster: ClusterQuestions, agent: AgentPod, query: string): Promise<readonly string[]> {
  const { code, out } = await cluster.inAgent(agent, ['why', query]);
  return code === EXIT.ok.code ? [`On ${agent.node}:\n${out}`] : [];
}

/** Says that an agent cannot be asked. */
export function tellAway(terminal: Terminal, node: string, because: string | undefined): void {
  const why = because?.trim() || 'none runs there';
  terminal.err(toned(terminal, 'doubtful', `The agent of ${node} cannot be asked (${why}); this was told before:\n`));
}

/** "pod/x", "x", "namespace/x", as people write them. */
function queryOf(of: { readonly query: string; readonly namespace: string | undefined }) {
  const parts = of.query.replace(/^(pods?|po)\//, '').split('/');
  const [first = '', second] = parts;
  return second === undefined ? { query: first, namespace: of.namespace } : { query: second, namespace: first };
}
