import { age } from '../age.ts';
import type { ExitKind } from '../exit.ts';
import { type Format, print } from '../output.ts';
import { NONE, table } from '../table.ts';
import { type Terminal, toned } from '../terminal.ts';
import { needName, shortCount } from '../words.ts';
import type { ClusterQuestions, NodeRow } from './cluster.ts';

/** `kubectl berth status`: all nodes, what is wrong with them, and who leads. Exit code 4 while a node is not well. */
export async function clusterStatus(terminal: Terminal, cluster: ClusterQuestions, output: Format): Promise<ExitKind> {
  const [rows, agents, leader] = await Promise.all([cluster.nodeRows(), cluster.agents(), cluster.leader()]);
  const away = agents.filter(({ running }) => !running).map(({ node, name }) => ({ node, name }));
  const all = { nodes: rows, away, ...(leader === undefined ? {} : { leader }) };
  await print(terminal, output, all, () => statusText(terminal, { rows, away, leader }));
  return away.length === 0 && rows.every(({ ready }) => ready) ? 'ok' : 'found';
}

function statusText(
  terminal: Terminal,
  of: {
    readonly rows: readonly NodeRow[];
    readonly away: readonly { readonly node: string; readonly name: string }[];
    readonly leader: string | undefined;
  },
): string {
  const { rows, away, leader } = of;
  const heads = ['NODE', 'READY', 'NICS', 'USED', 'FREE', 'COOLING', 'LAST REFUSAL', 'VERSION'];
  const lines = rows.map((row) => [
    row.node,
    row.ready ? toned(terminal, 'good', 'yes') : toned(terminal, 'bad', 'no'),
    `${row.nics}`,
    `${row.used}`,
    shortCount(row.free),
    `${row.cooling}`,
    refusalText(terminal, row),
    row.version,
  ]);
  const problems = rows.flatMap(({ node, problems: all }) => all.map((it) => `${node}: ${it}\n`));
  const gone = away.map(({ node, name }) => `${node}: its agent ${name} does not run\n`);
  const who = leader === undefined ? 'No replica of the controller leads.\n' : `The controller that leads: ${leader}\n`;
  const wrong = [...gone, ...problems].map((line) => toned(terminal, 'bad', line)).join('');
  const none = rows.length === 0 ? 'No agent has told anything yet.\n' : '';
  return `${table(heads, lines)}${none}\n${who}${wrong}`;
}

function refusalText(terminal: Terminal, { lastRefusal }: NodeRow): string {
  if (lastRefusal === undefined) return NONE;
  const { why, at, pod } = lastRefusal;
  return `${why}${pod === undefined ? '' : ` (${pod})`}, ${age(terminal.now() - Date.parse(at))} ago`;
}

/** `kubectl berth pools`: the addresses of all nodes, a line for each family. */
export async function clusterPools(terminal: Terminal, cluster: ClusterQuestions, output: Format): Promise<ExitKind> {
  const rows = await cluster.nodeRows();
  const all = rows.map(({ node, provider, families }) => ({ node, provider, families }));
  const heads = ['NODE', 'PROVIDER', 'FAMILY', 'HELD', 'USED', 'FREE', 'COOLING', 'COMING', 'WAITING'];
  const lines = all.flatMap(({ node, provider, families }) =>
    families.map((it) => [
      ...[node, provider, needName(it), shortCount(it.held), `${it.used}`, shortCount(it.free)],
      ...[it.cooling, it.coming, it.waiting].map(String),
    ]),
  );
  await print(terminal, output, all, () => table(heads, lines));
  return 'ok';
}

/** `kubectl berth nics`: the NICs of all nodes that are on a cloud. */
export async function clusterNics(terminal: Terminal, cluster: ClusterQuestions, output: Format): Promise<ExitKind> {
  const all = (await cluster.nodeRows()).map(({ node, provider, nicList }) => ({ node, provider, nics: nicList }));
  const heads = ['NODE', 'NIC', 'DEVICE', 'SUBNET', 'STATE', 'USED', 'FREE', 'COOLING'];
  const lines = all.flatMap(({ node, nics }) =>
    nics.map((it) => [node, it.id, `${it.device}`, it.subnet, it.state, ...[it.used, it.free, it.cooling].map(String)]),
  );
  await print(terminal, output, all, () => table(heads, lines));
  if (lines.length === 0 && output === 'table') terminal.err('No node tells of NICs: they are on no cloud.\n');
  return 'ok';
}
