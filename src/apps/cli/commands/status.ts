import { familyName } from '../../../base/words.ts';
import { ADMIN, type AgentStatus } from '../../../wire/agent/status.ts';
import { age } from '../age.ts';
import { type AgentOptions, ask } from '../ask.ts';
import { type ExitKind } from '../exit.ts';
import { type Format, print } from '../output.ts';
import { facts, NONE, table } from '../table.ts';
import { type Terminal, toned } from '../terminal.ts';
import { shortCount } from '../words.ts';

/** `berth status`: exit code 4 while an ADD would fail. */
export async function status(
  terminal: Terminal,
  options: AgentOptions & { readonly output: Format },
): Promise<ExitKind> {
  const it = await ask<AgentStatus>(options, ADMIN.status);
  await print(terminal, options.output, it, (value) => statusText(terminal, value));
  return it.ready ? 'ok' : 'found';
}

function statusText(terminal: Terminal, it: AgentStatus): string {
  const now = terminal.now();
  const said = it.ready ? toned(terminal, 'good', 'ready') : toned(terminal, 'bad', 'not ready');
  const repair = it.lastRepair;
  const rows: [string, string][] = [
    ['Node', it.node],
    ['Agent', `${said}, version ${it.version}, pid ${it.pid}, up ${age(it.uptimeMs)}`],
    ['Mode', it.mode],
    ['Attachments', `${it.attachments}`],
    ['Spooled', it.spooled === 0 ? NONE : toned(terminal, 'doubtful', `${it.spooled} DELs wait to be carried out`)],
    ['Journal', it.journal.failing === undefined ? it.journal.path : toned(terminal, 'bad', it.journal.failing)],
    [
      'Repaired',
      repair === undefined ? NONE : `${age(now - repair.at)} ago, ${repair.owner}: ${repair.items.join('; ')}`,
    ],
  ];
  const lists = [
    list(
      'Not well',
      it.degraded.map((line) => toned(terminal, 'bad', line)),
    ),
    list('Recovered at the start', it.recovery),
    list('Repair', it.repairLimits ?? []),
  ];
  return `${facts(rows)}${lists.join('')}\n${pools(it)}`;
}

function pools({ pools: all }: AgentStatus): string {
  const rows = all.map((pool) => [
    familyName(pool.family),
    pool.ranges.join(',') || NONE,
    shortCount(pool.usable),
    `${pool.claimed}`,
    `${pool.cooling}`,
    shortCount(pool.free),
    `${pool.waiting}`,
  ]);
  return rows.length === 0
    ? 'No ranges: every ADD is refused. Set network.ranges, or kubernetes.access to learn them.\n'
    : table(['FAMILY', 'RANGES', 'USABLE', 'CLAIMED', 'COOLING', 'FREE', 'WAITING'], rows);
}

function list(head: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : `${head}:\n${lines.map((line) => `  ${line}\n`).join('')}`;
}
