import { ADMIN, type PodRow } from '../../../wire/agent/status.ts';
import { age } from '../age.ts';
import { type AgentOptions, ask } from '../ask.ts';
import { type ExitKind } from '../exit.ts';
import { type Format, print } from '../output.ts';
import { NONE, table } from '../table.ts';
import { type Terminal } from '../terminal.ts';

export interface PodsOptions extends AgentOptions {
  readonly output: Format | 'name';
  readonly namespace?: string;
  readonly headers: boolean;
}

const HEADS = ['POD', 'CONTAINER', 'NETWORK', 'IFNAME', 'ADDRESSES', 'MODE', 'ADD', 'AGE'];
const SHORT_ID = 13; // letters: as crictl shows container ids

/** `berth pods`: who is attached, by name. */
export async function pods(terminal: Terminal, options: PodsOptions): Promise<ExitKind> {
  const all = await ask<readonly PodRow[]>(options, ADMIN.pods);
  const { namespace, output } = options;
  const wanted = namespace === undefined ? all : all.filter(({ pod }) => pod?.startsWith(`${namespace}/`));
  const rows = wanted.toSorted((a, b) => order(a, b));
  if (output === 'name') {
    terminal.out(rows.map((row) => `${row.pod ?? row.container}\n`).join(''));
    return 'ok';
  }
  await print(terminal, output, rows, () =>
    table(
      HEADS,
      rows.map((row) => cells(row, terminal.now())),
      options.headers,
    ),
  );
  if (rows.length === 0 && output === 'table')
    terminal.err(`No pods attached${namespace === undefined ? '' : ` in namespace ${namespace}`}.\n`);
  return 'ok';
}

function order(a: PodRow, b: PodRow): number {
  const key = (row: PodRow) => `${row.pod ?? '~'} ${row.container} ${row.ifname}`; // those without a name come last
  return key(a) < key(b) ? -1 : 1;
}

function cells(row: PodRow, now: number): string[] {
  return [
    row.pod ?? NONE,
    row.container.slice(0, SHORT_ID),
    row.network,
    row.ifname,
    row.addresses.join(',') || NONE,
    row.mode,
    row.addMs === undefined ? '<unknown>' : `${row.addMs.toFixed(1)}ms`,
    age(now - row.since),
  ];
}
